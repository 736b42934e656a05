#pragma once

#include <optional>
#include <string>
#include <vector>
#include <weir/cpp/field_memory.hpp>
#include <weir/cpp/sink.hpp>

#include "dialect.hpp"
#include "target.hpp"

namespace weir::mysql {

using Memory = FieldMemory;

/// Where a field lands.
struct Landing {
    std::size_t field;  ///< among the fields
    TargetColumn column;
};

/// How a batch of certain fields lands in the target: what has to be done first, and then the
/// columns. A value.
struct Fit {
    std::vector<std::string> actions;     ///< for people
    std::vector<std::string> retyped;     ///< of them: columns that go on with another type
    std::vector<std::string> needed;      ///< types of columns made now, in the order of the fields
    std::vector<std::string> statements;  ///< SQL that does them; then look and fit again
    std::vector<Landing> landings;        ///< fields that are written; empty: there is no table yet
    std::vector<std::string> key;         ///< columns; empty: rows are appended
    std::optional<std::size_t> version;   ///< Target::version of an upsert, by landing
    std::string deleted_at;               ///< the column that says a row is gone; empty: none
    bool has_other_keys = false;          ///< unique indexes that are not on the key
    std::string mark;                     ///< TargetTable::mark
};

struct FitRequest {
    Target const& target;
    Seat const& seat;
    std::vector<FieldView> const& fields;
    std::string const& owner;  ///< fingerprint of the job that a new table belongs to
    std::string const& spec;   ///< the host's note
    Memory const* memory;      ///< null: nothing is remembered
    Dialect const& dialect;
    std::vector<FieldView> const* before = nullptr;  ///< fields of batches before, in this run
    bool is_look = false;    ///< nothing is added: columns that are wanted land all the same
    bool reads_all = false;  ///< every record of the source is written
};

/// Compares the fields with the target as it stands. Changes nothing. Throws E_SCHEMA with the name
/// of what does not fit and what to do about it, E_CONFIG for a name that no column or table may
/// have.
Fit fit(TargetTable const* table, FitRequest const& request);

/// The column of Target::deleted_at, or its default.
std::string deletion_column(Target const& target);

/// Refuses, with E_CONFIG, a name that no table of a copy may have.
void check_target_name(std::string const& name);

/// 16 digits that are other for other texts.
std::string fingerprint(std::initializer_list<std::string_view> texts);

}  // namespace weir::mysql
