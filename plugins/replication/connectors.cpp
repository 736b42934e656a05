#include "connectors.hpp"

#include <algorithm>
#include <array>
#include <weir/cpp/nearest.hpp>

namespace weir::replication {
namespace {

Json first_of(Json const& object, std::initializer_list<char const*> names) {
    for (char const* const name : names)
        if (object.contains(name) && !object[name].is_null()) return object[name];
    return nullptr;
}

/// Schemes whose connector has another name.
std::string alias(std::string const& scheme) {
    if (scheme == "postgresql") return "postgres";
    if (scheme == "mariadb") return "mysql";
    if (scheme == "https") return "http";
    return scheme;
}

}  // namespace

Connectors::Connectors(Call const& call, Context const& context) : context_{context} {
    Json const answer = context.ask(call, "connectors/1", "list", Json::object());
    for (Json const& item : answer.value("items", Json::array())) {
        Json const type = first_of(item, {"type", "id"});
        if (type.is_string()) by_type_[type.get<std::string>()] = item;
    }
}

bool Connectors::has(std::string const& type) const { return by_type_.contains(type); }

bool Connectors::lacks(std::string const& type, std::string const& role) const {
    if (!has(type) || !by_type_[type].contains("roles")) return false;
    Json const& roles = by_type_[type]["roles"];
    return std::find(roles.begin(), roles.end(), Json(role)) == roles.end();
}

bool Connectors::cannot_reconcile(Call const& call, std::string const& type) const {
    if (!has(type) || lacks(type, "sink")) return false;
    try {
        return !context_.ask(call, "connectors/1", "sink", {{"type", type}}).value("sweeps", true);
    } catch (Error const&) {
        return false;  // its library cannot be loaded now: a run will say so
    }
}

Json Connectors::schema(std::string const& type) const {
    if (!has(type)) return unknown_schema();
    Json const schema = first_of(by_type_[type], {"config_schema", "schema", "config"});
    return schema.is_object() ? schema : unknown_schema();
}

std::vector<std::string> Connectors::names() const {
    std::vector<std::string> out;
    for (auto const& [name, item] : by_type_.items()) out.push_back(name);
    return out;
}

void Connectors::check(std::string const& type, std::string const& said, std::string const& pointer,
                       Findings& findings) const {
    static constexpr std::array known{"postgres", "mysql", "sqlite",   "http",
                                      "csv",      "jsonl", "generator"};
    if (has(type)) return;
    if (std::find(known.begin(), known.end(), type) != known.end())
        return findings.add(
            {pointer, "connector.not_loaded",
             "the connector \"" + type + "\" is not loaded here; there are " + listed(names())});
    findings.add({pointer, "connector.unknown",
                  "there is no connector \"" + said + "\"; there are " + listed(names()),
                  nearest(said, names())});
}

std::string Connectors::for_url(std::string const& url) const {
    std::string const scheme = alias(url.substr(0, url.find(':')));
    if (url.find(':') == url.npos) return {};
    for (auto const& [type, item] : by_type_.items()) {
        Json const schemes = item.value("schemes", Json::array());
        if (std::find(schemes.begin(), schemes.end(), scheme) != schemes.end()) return type;
    }
    return has(scheme) ? scheme : std::string{};
}

Json const& unknown_schema() {
    static Json const schema = Json::parse(R"({"type":"object","properties":{
        "password":{"type":"string","writeOnly":true},"token":{"type":"string","writeOnly":true},
        "secret":{"type":"string","writeOnly":true},"apiKey":{"type":"string","writeOnly":true},
        "accessToken":{"type":"string","writeOnly":true}}})");
    return schema;
}

}  // namespace weir::replication
