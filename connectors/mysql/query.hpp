#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "catalog.hpp"
#include "position.hpp"
#include "too_large.hpp"
#include "tracking.hpp"

namespace weir::mysql {

/// Stands behind the first word of what only looks, so that reads do not wait for each other.
inline constexpr char by_weir[] = " /* weir */";

enum class Order : std::uint8_t {
    none,              ///< one pass, as the server likes
    key,               ///< resumable by (key…)
    tracking,          ///< by (tracking, key…), rows without a tracking value left out
    tracking_and_null  ///< the same, those rows first
};

/// One column of the order of a read, and how its values stand in positions: numbers and times as
/// the server prints them, bytes in hex, enumerations by number, since that is how they sort.
struct Place {
    SourceField const* field;
    Form form;
    std::size_t column;  ///< in what the server sends

    bool is_unsigned() const { return field->type.is_unsigned || field->type.name == "year"; }
};

/// One read as SQL. Names are qualified by `t`, because ORDER BY prefers an output column, and
/// the source alone compares.
struct Query {
    Table const* table = nullptr;
    std::vector<SourceField const*> fields;  ///< as they are handed on
    std::vector<SourceField const*> key;     ///< unique; empty: none
    SourceField const* tracking = nullptr;
    Order order = Order::none;
    std::optional<Position> after;  ///< in `order`; empty: all but rows without a tracking value
    bool is_bounded = false;        ///< no row behind `upto`; without one, none but the null ones
    std::optional<Position> upto;   ///< (tracking, key…)
    /// Of the rows that are wanted, in the order of `key`, as weir_read has them; empty: all.
    std::vector<std::vector<std::string>> keys;
    std::int64_t limit = INT64_MAX;
    std::optional<Weighing> weighing;  ///< its column is the last that is sent

    /// Without a key rows of one tracking value cannot be told apart: the reader takes all of the
    /// last one, and `limit` is its business.
    bool limits_ties() const { return order >= Order::tracking && key.empty(); }
    /// The columns of the order; a tracking field that is part of the key stands there once.
    std::vector<Place> places() const;
    /// How many columns the server sends: `fields`, behind them those of the order that are not
    /// among them, and the one of `weighing`.
    std::size_t sent() const;
    std::string sql() const;
    /// The columns of (tracking, key…), behind `before` others.
    std::vector<Place> mark_places(std::size_t before) const;
    /// Of the row of the greatest (tracking, key…) under `within`: the values of `flags`, which are
    /// conditions, as "1" and "0", and that place behind them.
    std::string last_sql(std::string const& within, std::vector<std::string> const& flags) const;
    /// Whether a row lies before `position`.
    std::string before_sql(std::optional<Position> const& position) const;
    /// Answers a row if there is one under `condition`.
    std::string exists_sql(std::string const& condition) const;
    /// Waits until the newest rows, so many of them, are those of transactions that are over.
    std::string locking_sql(int rows) const;
    /// The tracking field as the conditions have it.
    std::string tracking_sql() const;

private:
    std::vector<SourceField const*> ordered_by() const;
    std::string bound_sql() const;
    std::string among_sql() const;
};

}  // namespace weir::mysql
