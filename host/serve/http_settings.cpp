#include "host/serve/http_settings.hpp"

#include <fmt/format.h>

#include <functional>
#include <map>

#include "host/core/text.hpp"
#include "weir/cpp/nearest.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;
using Take = std::function<bool(Json const& value)>;

/// A whole number of at least 1.
template <class Number>
Take number(Number& into) {
    return [&into](Json const& value) {
        constexpr std::int64_t most = 1'000'000'000;
        if (!value.is_number_integer() || value < 1 || value > most) return false;
        into = static_cast<Number>(value.get<std::int64_t>());
        return true;
    };
}

Take truth(bool& into) {
    return [&into](Json const& value) {
        if (!value.is_boolean()) return false;
        into = value.get<bool>();
        return true;
    };
}

Take texts(std::vector<std::string>& into) {
    return [&into](Json const& value) {
        if (!value.is_array()) return false;
        for (Json const& each : value) {
            if (!each.is_string()) return false;
            into.push_back(each.get<std::string>());
        }
        return true;
    };
}

/// {cert, key}, both of them.
Take files(http::TlsFiles& into) {
    return [&into](Json const& value) {
        bool const fits = value.is_object() && value.size() == 2 && value.contains("cert") &&
                          value.contains("key") && value["cert"].is_string() &&
                          value["key"].is_string();
        if (fits) into = {value["cert"], value["key"]};
        return fits;
    };
}

std::map<std::string, Take> members_of(HttpSettings& out) {
    http::ServerLimits& limits = out.limits;
    return {{"require_if_match", truth(out.requires_if_match)},
            {"public_metrics", truth(out.public_metrics)},
            {"hosts", texts(out.hosts)},
            {"trusted_proxies", texts(out.trusted_proxies)},
            {"tls", files(out.tls)},
            {"head_bytes_max", number(limits.head_bytes_max)},
            {"fields_max", number(limits.fields_max)},
            {"target_bytes_max", number(limits.target_bytes_max)},
            {"head_ms_max", number(limits.head_ms_max)},
            {"body_ms_max", number(limits.body_ms_max)},
            {"idle_ms_max", number(limits.idle_ms_max)},
            {"write_ms_max", number(limits.write_ms_max)},
            {"connections_max", number(limits.connections_max)},
            {"connections_per_address_max", number(limits.connections_per_address_max)},
            {"streams_max", number(limits.streams_max)},
            {"workers", number(limits.workers)},
            {"queue_max", number(limits.queue_max)},
            {"requests_per_s", number(limits.requests_per_s)},
            {"requests_burst", number(limits.requests_burst)},
            {"costly_per_s", number(limits.costly_per_s)},
            {"costly_burst", number(limits.costly_burst)},
            {"wrong_tokens_per_min", number(limits.wrong_tokens_per_min)}};
}

}  // namespace

std::vector<std::string> http_setting_names() {
    HttpSettings unused;
    std::vector<std::string> names;
    for (auto const& [name, take] : members_of(unused)) names.push_back(name);
    return names;
}

HttpSettings read_http_settings(Json const& object, std::vector<Finding>& findings) {
    HttpSettings out;
    if (object.is_null()) return out;
    if (!object.is_object()) {
        findings.push_back({"", "config.type", "http is no object"});
        return out;
    }
    std::map<std::string, Take> const members = members_of(out);
    std::vector<std::string> const names = http_setting_names();
    for (auto const& [name, value] : object.items()) {
        std::string const at = "/" + pointer_part(name);
        auto const member = members.find(name);
        if (member == members.end()) {
            findings.push_back({at, "config.unknown", fmt::format("http has no \"{}\"", name),
                                did_you_mean(nearest(name, names))});
        } else if (!member->second(value)) {
            findings.push_back({at, "config.type",
                                fmt::format("http.{} cannot be {}", name, value.dump())});
        }
    }
    // A body is read whole, so its head must fit into the buffer that bounds the parser.
    constexpr std::size_t head_bytes_most = 16'384 - 64;
    if (out.limits.head_bytes_max > head_bytes_most)
        findings.push_back({"/head_bytes_max", "config.type",
                            fmt::format("http.head_bytes_max is at most {}", head_bytes_most)});
    return out;
}

}  // namespace weir::host
