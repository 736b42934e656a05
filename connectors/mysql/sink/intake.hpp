#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "connectors/mysql/connection.hpp"
#include "fit.hpp"

namespace weir::mysql {

/// The number of a row in a temporary table, where it has one. No column may have that name.
inline constexpr char row_column[] = "_weir_row";

/// How the rows of a temporary table come into the target, within the open transaction.
///
/// All at once; only where the target refuses a row are they tried in parts. One that may have
/// come too early, since another has what is unique in it or it refers to another, waits until the
/// others are in; rows that exchange such values go and come together (exchange.hpp).
class Intake {
public:
    /// Told of a row that the target refuses even then, by its number, and why. May throw.
    using Refuse = std::function<void(std::int64_t row, Said const& said)>;

    Intake(Connection& connection, Seat const& seat, Fit const& fit);

    /// Brings in all rows of `from`, or none of them: then a row is why.
    std::optional<Said> attempt(std::string const& from, Wait const& wait);
    /// The rows of `numbered`, which were refused together for `first`.
    void each(std::string const& numbered, Said const& first, Wait const& wait,
              Refuse const& refuse);

private:
    struct Range {
        std::int64_t begin, end;
    };

    std::optional<Said> attempt(std::string const& numbered, Range range, Wait const& wait);
    std::vector<std::int64_t> search(std::string const& numbered, Wait const& wait,
                                     Refuse const& refuse);
    void run(std::string const& sql, Wait const& wait);

    Connection& connection_;
    Seat const& seat_;
    Fit const& fit_;
};

}  // namespace weir::mysql
