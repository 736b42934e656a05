#pragma once

#include <string>

#include "pattern.hpp"

namespace date {
class time_zone;
}

namespace weir::cron {

/// A time zone of the IANA database, as the system's files had it when the program started. A
/// value; cheap to copy, thread-safe.
class Zone {
public:
    /// UTC, which needs no file.
    Zone() = default;
    /// Throws E_CONFIG "cron.unknown_zone" at /timezone with the nearest name.
    static Zone named(std::string const& name);

    std::string const& name() const { return name_; }

    /// A stretch of UTC [begin, end) in which wall clocks are ahead of UTC by `offset` seconds.
    struct Stretch {
        Seconds begin, end, offset;
    };
    Stretch at(Seconds utc) const;

private:
    std::string name_ = "UTC";
    date::time_zone const* zone_ = nullptr;  ///< null: UTC
};

}  // namespace weir::cron
