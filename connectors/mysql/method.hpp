#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "catalog.hpp"

namespace weir::mysql {

/// How a delta makes sure that nothing appears behind its position.
enum class Method : std::uint8_t {
    fence,    ///< waits for those who were at work when it looked
    lookback  ///< goes by time: who writes is not visible
};

/// What holds of a delta that goes by one field. A value.
struct Rule {
    Method method = Method::fence;
    std::int64_t lookback_ms = 0;  ///< what is younger than that is not settled
    std::string guarantee = {};    ///< "settled", "lookback 10m" or "unproven"
    std::string caveat = {};       ///< what a person should know; empty: nothing
    std::string refusal = {};      ///< why the field cannot be gone by; empty: it can
};

/// How a delta of `table` goes by `field`, with the lookback that the user named; pure. The field
/// has passed check_tracking().
Rule rule_of(Table const& table, SourceField const& field,
             std::optional<std::int64_t> lookback_ms = {});

/// "10m", "65m", "90s", "250ms".
std::string duration_text(std::int64_t ms);

/// Throws E_CONFIG `source.cursor_unsafe` where the rule refuses.
void check_rule(Rule const& rule, Table const& table, SourceField const& field);

}  // namespace weir::mysql
