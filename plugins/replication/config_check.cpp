#include "config_check.hpp"

#include <algorithm>
#include <weir/cpp/nearest.hpp>

namespace weir::replication {
namespace {

bool holds_reference(Json const& value) {
    return value.is_string() && value.get_ref<std::string const&>().find("${") != std::string::npos;
}

bool is_of_type(Json const& value, std::string const& type) {
    if (type == "string") return value.is_string();
    if (type == "integer") return value.is_number_integer();
    if (type == "number") return value.is_number();
    if (type == "boolean") return value.is_boolean();
    if (type == "array") return value.is_array();
    if (type == "object") return value.is_object();
    return true;
}

/// The name of the type that `schema` wants, when `value` has another one.
std::string other_type(Json const& value, Json const& schema) {
    Json const type = schema.value("type", Json());
    if (type.is_array()) {
        if (value.is_null()) return {};
        return is_of_type(value, type.at(0)) ? "" : type.at(0).get<std::string>();
    }
    if (!type.is_string() || is_of_type(value, type)) return {};
    return type;
}

std::string shown(Json const& value, Json const& schema) {
    constexpr std::size_t chars_max = 80;
    if (schema.value("writeOnly", false) || value.is_structured()) return "a value";
    std::string const text = value.dump();
    return text.size() > chars_max ? "a value" : text;
}

void check_value(Json const& value, Json const& schema, std::string const& at, Findings& findings);

void check_object(Json const& config, Json const& schema, std::string const& at,
                  Findings& findings) {
    Json const properties = schema.value("properties", Json::object());
    std::vector<std::string> names;
    for (auto const& [name, property] : properties.items()) names.push_back(name);
    for (auto const& [name, value] : config.items()) {
        std::string const pointer = at + "/" + pointer_part(name);
        if (properties.contains(name)) {
            check_value(value, properties[name], pointer, findings);
        } else if (!schema.value("additionalProperties", true)) {
            findings.add({pointer, "replication.unknown_field",
                          "there is no field \"" + name + "\"; there are " + listed(names),
                          nearest(name, names)});
        }
    }
    for (Json const& name : schema.value("required", Json::array()))
        if (!config.contains(name.get<std::string>()))
            findings.add({at + "/" + pointer_part(name.get<std::string>()),
                          "replication.missing_field",
                          name.get<std::string>() + " is missing",
                          {}});
}

void check_value(Json const& value, Json const& schema, std::string const& at, Findings& findings) {
    if (holds_reference(value)) return;
    if (std::string const wanted = other_type(value, schema); !wanted.empty()) {
        findings.add(
            {at, "replication.wrong_type", shown(value, schema) + " is not of type " + wanted, {}});
        return;
    }
    Json const choices = schema.value("enum", Json::array());
    if (!choices.empty() && std::find(choices.begin(), choices.end(), value) == choices.end()) {
        std::vector<std::string> words;
        for (Json const& choice : choices)
            words.push_back(choice.is_string() ? choice.get<std::string>() : choice.dump());
        findings.add({at, "replication.bad_value",
                      shown(value, schema) + " is not one of " + listed(words),
                      value.is_string() ? nearest(value.get<std::string>(), words) : ""});
    }
    bool const low = schema.contains("minimum") && value.is_number() && value < schema["minimum"];
    bool const high = schema.contains("maximum") && value.is_number() && value > schema["maximum"];
    if (low || high)
        findings.add({at,
                      "replication.bad_value",
                      shown(value, schema) + (low ? " is below " : " is above ") +
                          schema[low ? "minimum" : "maximum"].dump(),
                      {}});
    if (value.is_object()) check_object(value, schema, at, findings);
    if (value.is_array() && schema.contains("items"))
        for (std::size_t i = 0; i < value.size(); ++i)
            check_value(value[i], schema["items"], at + "/" + std::to_string(i), findings);
}

}  // namespace

void check_config(Json const& config, Json const& schema, std::string const& at,
                  Findings& findings) {
    check_object(config, schema, at, findings);
}

}  // namespace weir::replication
