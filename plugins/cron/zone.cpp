#include "zone.hpp"

#include <date/tz.h>

#include <algorithm>
#include <fstream>
#include <iterator>
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

/// The last line of the zone's file, between line breaks; empty when there is none.
std::string last_line(std::string const& name) {
    // The names come from this directory, where the date library looks first on Debian.
    std::ifstream file{"/usr/share/zoneinfo/" + name, std::ios::binary};
    std::string const bytes{std::istreambuf_iterator<char>{file}, {}};
    if (bytes.size() < 2 || bytes.back() != '\n') return {};
    std::size_t const before = bytes.rfind('\n', bytes.size() - 2);
    if (before == bytes.npos) return {};
    return bytes.substr(before + 1, bytes.size() - before - 2);
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
        if (std::optional<PosixRule> const rule = PosixRule::parse(last_line(name)))
            zone.rule_ = std::make_shared<PosixRule const>(*rule);
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
    constexpr Seconds far = Seconds{1} << 39;
    if (!zone_) return {-far, far, 0};
    date::sys_info const info = zone_->get_info(date::sys_seconds{std::chrono::seconds{utc}});
    Stretch out{std::max(-far, info.begin.time_since_epoch().count()),
                std::min(far, info.end.time_since_epoch().count()), info.offset.count()};
    if (out.end < far || !rule_) return out;
    Stretch const ruled = rule_->at(utc);
    return {std::max(out.begin, ruled.begin), ruled.end, ruled.offset};
}

}  // namespace weir::cron
