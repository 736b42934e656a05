#pragma once

#include <cstdint>

#include "position.hpp"

namespace weir::sqlite {

/// Whether a smaller position may still appear beside a tracking value.
///
/// Somebody may still write a row of the same second with a smaller key. A value is settled once
/// the clock has passed it by a quarter of a second, or by one step of its own precision, if that
/// is longer. Text that is no time and numbers that are no time of about now are plain values,
/// which nobody writes twice: settled.
enum class Age {
    settled,
    fresh,   ///< will be settled in `wait_us`, a good second at most
    coarse,  ///< the step is too long to wait for: `2024-02-29` today
    future   ///< far ahead of the clock; says nothing about what comes
};
struct Freshness {
    Age age = Age::settled;
    std::int64_t wait_us = 0;
};

/// `now_us` by the clock of the host. A time without a zone may be of any zone.
Freshness freshness_of(Value const& tracking, std::int64_t now_us);

}  // namespace weir::sqlite
