#include "zone.hpp"

#include <date/tz.h>

#include <algorithm>
#include <weir/cpp/error.hpp>

#include "spelling.hpp"

namespace weir::cron {

namespace {

std::vector<std::string> zone_names() {
    std::vector<std::string> names;
    for (date::time_zone const& zone : date::get_tzdb().zones) names.push_back(zone.name());
    return names;
}

Error unknown(std::string const& name, std::string suggestion) {
    return Error{WEIR_E_CONFIG, "there is no time zone " + in_quotes(name) + "; give an IANA name",
                 "/timezone"}
        .coded("cron.unknown_zone")
        .suggest(std::move(suggestion));
}

}  // namespace

Zone Zone::named(std::string const& name) {
    Zone zone;
    if (name == "UTC") return zone;
    zone.name_ = name;
    try {
        // "localtime" and the like lie beside the zones and mean another one on each machine.
        auto const& zones = date::get_tzdb().zones;
        auto const has_name = [&](date::time_zone const& each) { return each.name() == name; };
        bool const is_known = name != "localtime" && name != "posixrules" &&
                              std::any_of(zones.begin(), zones.end(), has_name);
        if (!is_known) throw unknown(name, nearest(name, zone_names()));
        zone.zone_ = date::locate_zone(name);
        zone.at(0);  // reads the file
    } catch (std::runtime_error const& error) {
        throw Error{WEIR_E_CONFIG,
                    "the time zone " + in_quotes(name) + " cannot be read (" + error.what() +
                        "); install the package tzdata, or use UTC",
                    "/timezone"}
            .coded("cron.zone_unreadable");
    }
    return zone;
}

Zone::Stretch Zone::at(Seconds utc) const {
    constexpr Seconds far = Seconds{1} << 40;
    if (!zone_) return {-far, far, 0};
    date::sys_info const info = zone_->get_info(date::sys_seconds{std::chrono::seconds{utc}});
    return {std::max(-far, info.begin.time_since_epoch().count()),
            std::min(far, info.end.time_since_epoch().count()), info.offset.count()};
}

}  // namespace weir::cron
