#pragma once

#include <optional>
#include <string>
#include <vector>
#include <weir/cpp/sink.hpp>

#include "catalog.hpp"
#include "landing.hpp"

namespace weir::adbc {

/// One field as it is staged and as it lands.
struct FitColumn {
    std::string name;  ///< as the target has it
    Field staged;      ///< named as the source names it
    Landing lands;
    bool nullable = true;
};

/// What a target lacks for some fields, and how they land in it. A value.
struct Fit {
    std::string table;                     ///< qualified
    std::vector<std::string> actions;      ///< for people
    std::vector<std::string> statements;   ///< that do them, in one transaction
    std::vector<FitColumn> columns;
    std::vector<std::size_t> key;          ///< places in columns; empty: rows are appended
    std::optional<std::size_t> version;
    std::string mark;                      ///< once the statements have run
};

/// Holds `fields` against the target. `db` null: the database is missing. Throws E_SCHEMA or
/// E_CONFIG where they cannot fit.
Fit fit(Connection* db, Call const& call, Dialect const& dialect, std::string const& schema,
        Target const& target, std::vector<FieldView> const& fields, std::string const& owner);

}  // namespace weir::adbc
