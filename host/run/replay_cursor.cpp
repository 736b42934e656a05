#include "host/run/replay_cursor.hpp"

#include <nlohmann/json.hpp>

namespace weir::host {

std::string ReplayCursor::text() const {
    return nlohmann::json{{"run", run_id}, {"written", written}, {"last", last}}.dump();
}

ReplayCursor ReplayCursor::parse(std::string const& text) {
    nlohmann::json const json = nlohmann::json::parse(text, nullptr, false);
    ReplayCursor cursor;
    if (!json.is_object()) return cursor;
    auto const text_of = [&](char const* name) {
        return json.contains(name) && json[name].is_string() ? json[name].get<std::string>() : "";
    };
    cursor.run_id = text_of("run");
    cursor.last = text_of("last");
    if (json.contains("written") && json["written"].is_array())
        for (nlohmann::json const& id : json["written"])
            if (id.is_string()) cursor.written.push_back(id);
    return cursor;
}

}  // namespace weir::host
