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
    std::string also;               ///< a further condition
    std::int64_t limit = INT64_MAX;

    /// Whether the binary form pays, and can be taken: see native.hpp.
    bool wants_native() const;

    /// The columns of the order; a tracking field that is part of the key stands there once.
    std::vector<SourceField const*> ordered_by() const;
    /// What COPY sends: `fields`, and behind them those of the order that are not among them.
    std::vector<SourceField const*> sent() const;
    std::string copy_sql() const;
    /// The condition on rows that a delta which begins behind `mark` will not bring again.
    std::string settled_by(std::optional<Position> const& mark) const;
    /// The greatest (tracking, key…) that lies within `horizon`.
    std::string probe_sql(Horizon const& horizon) const;
};

}  // namespace weir::postgres
