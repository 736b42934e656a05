#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "connectors/mysql/connection.hpp"
#include "fit.hpp"

namespace weir::mysql {

/// Rows that exchange what is unique in them (a <-> b): InnoDB looks at each as it comes, and
/// refuses it for as long as another one has not given up its value.
///
/// Those whose key is there already leave the target, all at once, and come again with the columns
/// of others that they had. Meanwhile foreign keys do not look: nothing cascades to rows that refer
/// to them, and these find the same key again. One that is refused even then clashes with a row
/// that is none of them: it stays as it was, and the others are tried without it.
///
/// Left alone is a table that has triggers, or whose triggers the user may not see: they would see
/// rows go that never went. So is one to which others refer by more than its key, and one from
/// which the user may delete nothing.
///
/// Needs an open transaction.
class Exchange {
public:
    /// `from`: the temporary table, as SQL; its rows have numbers.
    Exchange(Connection& connection, Seat const& seat, Fit const& fit, std::string from);

    /// Brings in all rows of the table, or none of them.
    bool all(Wait const& wait);
    /// Takes out of `rows`, which ascend, those that are in the target now.
    void among(std::vector<std::int64_t>& rows, Wait const& wait);

private:
    bool may(Wait const& wait);
    void look(Wait const& wait);
    void look_at_columns(Wait const& wait);
    bool leave(std::string const& which, Wait const& wait);
    std::optional<Said> come(std::string const& which, Wait const& wait);
    std::vector<std::int64_t> come_each(std::vector<std::int64_t> rows, Wait const& wait);
    std::optional<Said> attempt(std::string const& sql, Wait const& wait);
    void run(std::string const& sql, Wait const& wait);

    Connection& connection_;
    Seat const& seat_;
    Fit const& fit_;
    std::string const from_, away_;
    std::optional<bool> may_;  // unknown before it was looked
    std::string checks_;       // foreign_key_checks, as they are
    std::string keep_;         // ", t.`own` AS k0": what others have in a row
    std::string others_;       // ", `own`, `touched`"
    std::string kept_;         // ", k.k0, NOW(6)"
};

}  // namespace weir::mysql
