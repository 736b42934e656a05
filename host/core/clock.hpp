#pragma once

#include <cstdint>

namespace weir::host {

/// The one place that reads a clock. Tests pass their own. Thread-safe.
class Clock {
public:
    virtual ~Clock() = default;
    virtual std::int64_t unix_us() const = 0;       ///< microseconds since 1970-01-01 UTC
    virtual std::int64_t monotonic_ns() const = 0;  ///< does not step
};

/// The machine's clocks.
class SystemClock final : public Clock {
public:
    std::int64_t unix_us() const override;
    std::int64_t monotonic_ns() const override;
};

}  // namespace weir::host
