#pragma once

#include <optional>
#include <string>

#include "scan.hpp"

namespace weir::sqlite {

/// A record that is larger than a read takes: its largest field and the size of that.
struct TooLarge {
    std::string field;
    std::uint64_t bytes = 0;
    /// As `refused_field` of the SDK wants it.
    std::string reason() const;
};

/// Fetches rows one by one, for a scan that met one that is too large: SQLite ends a statement
/// there. The scan goes over their identities alone then, and a large row costs itself only.
class RowFetch {
public:
    /// Whether its rows have identities: those of a view have none.
    static bool can(Table const& table);
    /// `row_bytes_max`: the limit that was set for the connection.
    RowFetch(Database& db, Scan const& scan, std::size_t row_bytes_max);

    /// What the scan is to select behind all else.
    std::string identity_list() const;
    /// The fields of the row whose identity stands in `scan` from column `at` on; what row() has
    /// holds until the next call.
    void fetch(Statement& scan, int at);
    Statement const& row() const { return *row_; }
    /// Why the row cannot be had: row() then has its small values only.
    std::optional<TooLarge> const& too_large() const { return too_large_; }

private:
    void bind(Statement& statement, Statement const& scan, int at) const;
    std::string condition() const;
    bool is_in_key(std::string const& column) const;
    TooLarge weigh(Statement const& scan, int at);

    Database& db_;
    Scan const& scan_;
    std::size_t row_bytes_max_;
    std::vector<std::string> identity_;  // names of columns, quoted
    std::vector<std::string> collations_;
    Statement whole_, small_;
    Statement const* row_ = nullptr;
    std::optional<TooLarge> too_large_;
};

/// The name by which a table's rows are numbered; empty: they are not, or it is hidden.
std::string rowid_name(Table const& table);

}  // namespace weir::sqlite
