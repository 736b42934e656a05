#pragma once

#include <map>
#include <optional>
#include <string>
#include <weir/cpp/config.hpp>

namespace weir::adbc {

/// Which driver, and what it is told. A value.
///
/// url := "adbc:" path of the driver ["?" name "=" value {"&" name "=" value}], percent-encoded;
/// `entrypoint` and `schema` are ours, all else are options of the driver's database.
struct Settings {
    std::string driver;                          ///< absolute
    std::string entrypoint;                      ///< empty: as the driver's kind has it
    std::string schema;                          ///< of names that say none; empty: the driver's
    std::map<std::string, std::string> options;  ///< secrets among them

    static Settings of(Config const& config);

    /// The database where it is a file, as DuckDB's is.
    std::optional<std::string> file() const;
    /// The system meant; no secret.
    std::string identity() const;
    /// What tells two databases apart; and what one is opened with.
    std::string key() const;
    std::string whole() const;
    /// `text` of the driver without the values of secret options.
    std::string scrub(std::string text) const;
};

}  // namespace weir::adbc
