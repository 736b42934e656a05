#include "host/run/discovery.hpp"

#include <map>
#include <string>

namespace weir::host {

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
