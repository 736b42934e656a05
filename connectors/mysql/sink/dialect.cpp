#include "dialect.hpp"

namespace weir::mysql {
namespace {

constexpr std::string_view of_mariadb = "utf8mb4_nopad_bin", of_mysql = "utf8mb4_0900_bin";

}  // namespace

std::string Dialect::collation(std::string_view name) const {
    if (collations.contains(name)) return std::string{name};
    if (name == of_mariadb || name == of_mysql) return key_collation();
    std::size_t const bar = name.find('_');
    if (bar == name.npos) return {};
    // MariaDB lists a collation of several character sets without any: "uca1400_ai_ci".
    if (is_mariadb && collations.contains(name.substr(bar + 1))) return std::string{name};
    // One character set has an old name and a new one.
    std::string_view const charset = name.substr(0, bar);
    std::string const other = charset == "utf8"      ? "utf8mb3"
                              : charset == "utf8mb3" ? "utf8"
                                                     : "";
    if (other.empty()) return {};
    std::string renamed = other + std::string{name.substr(bar)};
    return collations.contains(renamed) ? renamed : "";
}

std::string Dialect::key_collation() const {
    std::string_view const exact = is_mariadb ? of_mariadb : of_mysql;
    return std::string{collations.contains(exact) ? exact : "utf8mb4_bin"};
}

bool pads(std::string_view collation) {
    return !collation.empty() && collation.find("_nopad_") == collation.npos &&
           collation.find("_0900_") == collation.npos && collation != "binary";
}

Dialect dialect_of(Connection& connection, Wait const& wait) {
    Dialect out{connection.is_mariadb(), {}};
    Answer const found = connection.run(
        "SELECT COLLATION_NAME FROM information_schema.COLLATIONS", wait);
    for (std::size_t row = 0; row < found.rows(); ++row) out.collations.insert(found.text(row, 0));
    return out;
}

}  // namespace weir::mysql
