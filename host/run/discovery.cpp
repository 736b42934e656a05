#include "host/run/discovery.hpp"

#include <fmt/format.h>

#include <map>

#include "host/core/text.hpp"
#include "weir/cpp/nearest.hpp"

namespace weir::host {

namespace {

/// The stream whose name is nearest; where none is near, the one whose last part is.
std::string nearest_stream(std::string const& name, std::vector<FoundStream> const& streams) {
    std::vector<std::string> names, last_parts;
    for (FoundStream const& stream : streams) {
        names.push_back(stream.name);
        last_parts.push_back(stream.meta.value("target", stream.name));
    }
    if (std::string near = nearest(name, names); !near.empty()) return near;
    std::string const last = nearest(name, last_parts);
    for (std::size_t i = 0; i < names.size() && !last.empty(); ++i)
        if (last_parts[i] == last) return names[i];
    return {};
}

}  // namespace

Result<std::vector<FoundStream>> find_streams(SourceProxy& source, CallContext const& call,
                                              std::string const& name) {
    auto found = source.discover(call, name);
    if (!found || !found->empty()) return found;
    auto all = source.discover(call, std::nullopt);
    if (!all) return all.error();
    Error error{WEIR_E_NOT_FOUND, "source.stream_not_found",
                is_pattern(name) ? fmt::format("no stream matches {}", name)
                                 : fmt::format("there is no stream {} in the source", name),
                name};
    return error.suggest(did_you_mean(nearest_stream(name, *all),
                                      "weir discover URL lists the streams there are"));
}

bool is_pattern(std::string_view name) {
    bool quoted = false;
    for (char c : name) {
        if (c == '"') quoted = !quoted;
        if (!quoted && (c == '*' || c == '?')) return true;
    }
    return false;
}

nlohmann::ordered_json to_json(FoundStream const& stream) {
    nlohmann::ordered_json json{{"stream", stream.name}};
    for (auto const& [name, value] : stream.meta.items()) json[name] = value;
    return json;
}

nlohmann::json fields_json(nlohmann::json const& meta, ArrowSchema const& schema) {
    std::map<std::string, nlohmann::json> types;
    for (auto const& field : meta.value("fields", nlohmann::json::array()))
        if (field.is_object() && field.contains("type"))
            types[field.value("name", "")] = field["type"];
    nlohmann::json fields = nlohmann::json::array();
    for (std::int64_t i = 0; i < schema.n_children; ++i) {
        std::string const name = schema.children[i]->name;
        auto const type = types.find(name);
        fields.push_back({{"name", name},
                          {"type", type == types.end() ? nlohmann::json(schema.children[i]->format)
                                                       : type->second}});
    }
    return fields;
}

}  // namespace weir::host
