#pragma once

#include <memory>
#include <string>

#include "posix_rule.hpp"

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

    using Stretch = PosixRule::Stretch;
    Stretch at(Seconds utc) const;

private:
    std::string name_ = "UTC";
    date::time_zone const* zone_ = nullptr;  ///< null: UTC
    // For what lies behind the last change in the table, which ends in 2037 for most zones.
    std::shared_ptr<PosixRule const> rule_;
};

}  // namespace weir::cron
