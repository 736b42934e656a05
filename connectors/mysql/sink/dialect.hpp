#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "connectors/mysql/connection.hpp"

namespace weir::mysql {

/// What types the server that is written has. A value.
struct Dialect {
    bool is_mariadb = true;
    std::set<std::string, std::less<>> collations;

    /// A collation as this server spells it; empty: it has none like it.
    std::string collation(std::string_view name) const;
    /// The one that tells all texts apart, blanks at their end too; in MySQL before 8.0.17, which
    /// has none, all but those.
    std::string key_collation() const;
};

/// Texts that differ in blanks at their end are equal by it.
bool pads(std::string_view collation);

Dialect dialect_of(Connection& connection, Wait const& wait);

}  // namespace weir::mysql
