#pragma once

#include <optional>
#include <string>
#include <vector>
#include <weir/cpp/sink.hpp>

#include "encode.hpp"
#include "memory.hpp"
#include "target.hpp"

namespace weir::postgres {

/// Where a table lies: its schema and its bare name. A value.
struct Place {
    std::string schema, table;
    bool is_parent = false;  ///< other tables inherit from it: their rows are not touched
    std::string sql() const;
    std::string rows_sql() const { return (is_parent ? "ONLY " : "") + sql(); }
};

/// In the schema that the target names (Target::structure), else in that of the configuration.
Place place_in(Settings const& settings, Target const& target);

/// How a batch of certain fields lands in the target: what has to be done first, and then the
/// columns. A value.
struct Fit {
    std::vector<std::string> actions;     ///< for people
    std::vector<std::string> retyped;     ///< of them: columns that go on with another type
    std::vector<std::string> statements;  ///< SQL that does them; then look and fit again
    std::vector<std::string> loosened;    ///< columns that take nulls when they are done
    std::vector<Landing> landings;        ///< fields that are written; empty: there is no table yet
    std::vector<std::string> key;         ///< columns; empty: rows are appended
    std::optional<std::size_t> version;   ///< Target::version of an upsert, by landing
    std::string deleted_at;               ///< the column that says a row is gone; empty: none
    std::string identity;                 ///< TargetTable::identity
    bool has_key = false;                 ///< a unique index lies on the key
    std::vector<std::string> numbered;    ///< columns that the server may number, indexed
};

struct FitRequest {
    Target const& target;
    Place const& place;
    std::vector<FieldView> const& fields;
    std::vector<std::string> const& types;  ///< of column_types(), in the order of the fields
    std::string const& owner;               ///< fingerprint of the job that a new table belongs to
    std::string const& spec;                ///< the host's note
    Memory const* memory;                   ///< null: nothing is remembered
    std::vector<FieldView> const* before = nullptr;  ///< fields of batches before, in this run
    bool reads_all = false;                 ///< every record of the source is written
};

/// Compares the fields with the target as it stands. Changes nothing. Throws E_SCHEMA with the name
/// of what does not fit and what to do about it, E_CONFIG for a name that no column or table may
/// have.
Fit fit(TargetTable const* table, FitRequest const& request);

/// The column of Target::deleted_at, or its default.
std::string deletion_column(Target const& target);

/// The source's table is a parent, and the rows of its children come with it (Target::structure).
bool comes_with_children(Target const& target);

/// Refuses, with E_CONFIG, a name that no table of a copy may have.
void check_target_name(std::string const& name);

/// 16 digits that are other for other texts.
std::string fingerprint(std::initializer_list<std::string_view> texts);

}  // namespace weir::postgres
