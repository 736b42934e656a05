#pragma once

#include <optional>
#include <string>
#include <weir/cpp/view.hpp>

#include "catalog.hpp"
#include "dialect.hpp"

namespace weir::adbc {

/// How staged values become those of a column that is there.
struct Landing {
    std::string cast = {};    ///< to this type; empty: they are of it, or of one within it
    std::string shape = {};   ///< RE2: what the whole text of a value has to be for the cast to
                              ///< keep all of it; empty: anything that the cast takes
    std::string back = {};    ///< cast to this, it has to be what it was; empty: not looked at
    bool is_literal = false;  ///< they are SQL literals: quotes come off first

    /// SQL: what the staged column `name` becomes, and whether that would lose something.
    std::string value(std::string const& name) const;
    std::string is_lost(std::string const& name) const;
};

/// Nothing where the column cannot hold what comes, or not exactly. Where only some values fit
/// (65536 into SMALLINT, '1.25' into DECIMAL(9, 1)) each row is looked at: DuckDB has TRY_CAST.
std::optional<Landing> landing(Dialect const& dialect, TableColumn const& column,
                               FieldView const& from, Field const& field);

/// The type to cast to where a column of `type` is made for the field.
std::string cast_of(Field const& field, std::string const& type);

}  // namespace weir::adbc
