#include "host/serve/file_schema.hpp"

#include "host/abi/definitions.hpp"
#include "host/serve/http_settings.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;

constexpr char frame[] = R"json({
  "$schema": "http://json-schema.org/draft-07/schema#", "title": "weir.yaml",
  "type": "object", "additionalProperties": false,
  "properties": {
    "version": {"const": 1},
    "host": {"type": "object", "additionalProperties": false, "properties": {
      "listen": {"type": "string", "examples": ["127.0.0.1:7070"]},
      "data_dir": {"type": "string", "description": "beside the file"},
      "plugins_lock": {"type": "string",
        "description": "names the libraries that may be loaded; default: plugins.lock of data_dir"},
      "drain_ms": {"type": "integer", "minimum": 0},
      "file_roots": {"type": "array", "items": {"type": "string"},
        "description": "below which tokens without admin may name files; default: data_dir"},
      "log": {"type": "object", "additionalProperties": false, "properties": {
        "level": {"enum": ["trace", "debug", "info", "warning", "error"]},
        "format": {"enum": ["text", "json"]}}}}},
    "plugins": {"type": "object", "additionalProperties": false, "properties": {
      "in_process": {"type": "array", "items": {"type": "string"},
        "description": "ids of others' plugins that run in the host's process"},
      "call_ms": {"type": "integer", "minimum": 1, "maximum": 1099511627776, "default": 3600000,
        "description": "ends the process of a plugin when one call takes longer"},
      "memory_mb": {"type": "integer", "minimum": 1, "maximum": 1099511627776, "default": 4096,
        "description": "ends the process of a plugin when it holds more MiB"}}}}})json";

/// A document as it stands in the file: its id is the name it stands by.
Json without_id(Json schema) {
    if (schema.contains("properties")) schema["properties"].erase("id");
    Json required = Json::array();
    for (Json const& name : schema.value("required", Json::array()))
        if (name != "id") required.push_back(name);
    schema.erase("required");
    if (!required.empty()) schema["required"] = std::move(required);
    return schema;
}

/// With the configuration of each connector, where it is the one that is named.
Json with_connectors(Json schema, Json const& connectors) {
    Json types = Json::array();
    for (Json const& each : connectors.value("items", Json::array())) {
        Json config = each.at("config_schema");
        // What an integration or a connection leaves out, the other may say.
        config.erase("required");
        types.push_back(each.at("type"));
        schema["allOf"].push_back(
            {{"if",
              {{"required", {"connector"}},
               {"properties", {{"connector", {{"const", each.at("type")}}}}}}},
             {"then", {{"properties", {{"config", std::move(config)}}}}}});
    }
    if (!types.empty()) schema["properties"]["connector"] = {{"enum", std::move(types)}};
    return schema;
}

}  // namespace

Json file_schema(Json const& connectors, Json const& documents) {
    Json out = Json::parse(frame);
    Json& properties = out["properties"];
    properties["http"] = {{"type", "object"}, {"additionalProperties", false}};
    for (std::string const& name : http_setting_names())
        properties["http"]["properties"][name] = Json::object();
    Result<Json> const known = with_definitions(documents);
    for (auto const& [section, name] :
         {std::pair{"integrations", "integration"}, std::pair{"connections", "connection"},
          std::pair{"jobs", "job"}}) {
        Json schema{{"type", "object"}};
        if (known && known->is_object() && known->contains(name))
            schema = without_id((*known)[name]);
        if (section != std::string_view{"jobs"})
            schema = with_connectors(std::move(schema), connectors);
        properties[section] = {{"type", "object"}, {"additionalProperties", std::move(schema)}};
    }
    return out;
}

}  // namespace weir::host
