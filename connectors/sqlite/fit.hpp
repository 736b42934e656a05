#pragma once

#include <optional>
#include <string>
#include <vector>
#include <weir/cpp/field_memory.hpp>
#include <weir/cpp/sink.hpp>

#include "storage.hpp"
#include "table.hpp"

namespace weir::sqlite {

struct Landing;

/// What is remembered of the last run. A value.
// memory := {…, "declared": {column: type…}}
struct Memory : FieldMemory {
    static Memory parse(std::string_view text) { return {FieldMemory::parse(text)}; }
    /// A field that `before` knows to be of any class stays so.
    static Memory of(std::string const& spec, std::vector<FieldView> const& fields,
                     Memory const& before);
    /// The columns that were written, as the table declares them: whoever declares one anew has
    /// seen what the source made of it.
    void keep_declared(std::vector<Landing> const& landings);
    std::string declared(std::string const& column) const;  ///< empty: not known
    /// Case aside, as SQLite has it.
    Entry const* find(std::string_view name) const;
};

/// One field and the column it goes to.
struct Landing {
    std::string column;    ///< as the table spells it
    std::string declared;  ///< its type there
    Storage storage = Storage::text;
    std::string collation = "BINARY";
    bool has_own_type = true;  ///< equal values are equal bytes: the column holds one storage class
};

/// The field that says which of two records of one key is newer.
struct Version {
    std::size_t at = 0;       ///< its place within the fields
    bool is_decimal = false;  ///< its text is a number
};

/// How a batch of certain fields lands in the target: what has to be done first, and then the
/// columns. A value.
struct Fit {
    std::vector<std::string> actions;     ///< for people
    std::vector<std::string> retyped;     ///< of them: columns that go on with another type
    std::vector<std::string> statements;  ///< SQL that does them
    std::vector<Landing> landings;        ///< in the order of the fields
    std::vector<std::size_t> key;         ///< places of the key within the fields
    std::optional<Version> version;       ///< Target::version, of an upsert
    std::string deleted_at;               ///< the column that says a row is gone; empty: none
    std::string table;                    ///< the target's name
    std::string mark;                     ///< see Table::mark
    bool has_key = false;                 ///< a unique index lies on the key
    bool has_extra = false;               ///< the table has columns that the batch has not
};

struct FitRequest {
    Target const& target;
    std::vector<FieldView> const& fields;
    std::string const& owner;  ///< fingerprint of the job that a new table belongs to
    std::string const& spec;   ///< the host's note
    Memory const* memory;      ///< null: nothing is remembered
    bool reads_all = false;    ///< every record of the source is written
};

/// Compares the fields with the target as it stands; `db` null: there is no database yet. Changes
/// nothing. Throws E_SCHEMA with the name of what does not fit and what to do about it, E_CONFIG
/// for a name that no column or table may have.
Fit fit(Database* db, FitRequest const& request);

/// The column of Target::deleted_at, or its default.
std::string deletion_column(Target const& target);

/// Refuses, with E_CONFIG, a name that no table of a copy may have.
void check_target_name(std::string const& name);

/// The columns of a table that Weir makes.
std::string column_definitions(std::vector<FieldView> const& fields,
                               std::vector<std::size_t> const& key);

}  // namespace weir::sqlite
