#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "catalog.hpp"
#include "position.hpp"
#include "tracking.hpp"

namespace weir::postgres {

enum class Order : std::uint8_t {
    none,              ///< one pass, as the server likes
    key,               ///< resumable by (key…)
    tracking,          ///< by (tracking, key…), rows without a tracking value left out
    tracking_and_null  ///< the same, those rows first
};

/// One read as SQL. Names are qualified by `t`, because ORDER BY prefers an output column, and
/// values are typed literals, because the source alone compares.
struct Query {
    Table const* table = nullptr;
    std::vector<SourceField const*> fields;  ///< as they are handed on
    std::vector<SourceField const*> key;     ///< unique; empty: none
    SourceField const* tracking = nullptr;
    Order order = Order::none;
    std::optional<Position> after;  ///< in `order`; empty: all but rows without a tracking value
    bool and_null = false;          ///< by tracking: rows without a value too, at the end
    bool is_bounded = false;        ///< no row behind `upto`; without one, none but the null ones
    std::optional<Position> upto;   ///< (tracking, key…); of a part the key
    std::vector<Position> keys;     ///< of the rows that are wanted, by `key`; empty: all
    std::string newer_than;         ///< a transaction: no row of an older one
    std::int64_t limit = INT64_MAX;
    /// COPY sends a text behind each row: see sizes_sql(). Where it is no null, the row comes
    /// without its large values, but for those of the order.
    bool is_measured = false;
    std::size_t row_bytes_max = SIZE_MAX;

    /// Whether the binary form pays, and can be taken: see native.hpp.
    bool wants_native() const;

    /// The columns of the order; a tracking field that is part of the key stands there once.
    std::vector<SourceField const*> ordered_by() const;
    /// What COPY sends: `fields`, and behind them those of the order that are not among them.
    std::vector<SourceField const*> sent() const;
    std::string copy_sql() const;
    /// Of the row of the greatest (tracking, key…) under `within`: the values of `flags`, which are
    /// conditions, and that place behind them.
    std::string last_sql(std::string const& within, std::vector<std::string> const& flags) const;
    /// Whether a row lies before `position`.
    std::string before_sql(std::optional<Position> const& position) const;
    /// Whether a row lies at `position` or before it, which is a place.
    std::string reached_sql(Position const& position) const;
    /// Whether there is a row under `condition`.
    std::string exists_sql(std::string const& condition) const;
    /// Rows of transactions that were not over when `xmin` was the oldest, and some older ones.
    static std::string newer_sql(std::string const& xmin);
    /// The tracking field as the conditions have it.
    std::string tracking_sql() const;

private:
    std::string range_sql() const;
    std::string bound_sql() const;
    std::string among_sql() const;
};

}  // namespace weir::postgres
