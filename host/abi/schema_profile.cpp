#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <regex>
#include <string_view>

#include "host/abi/config_schema.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;

constexpr std::array type_names{"string", "integer", "number", "boolean", "array", "object"};
constexpr std::array keywords{"type",
                              "properties",
                              "required",
                              "enum",
                              "const",
                              "default",
                              "minimum",
                              "maximum",
                              "minLength",
                              "maxLength",
                              "pattern",
                              "items",
                              "additionalProperties"};
constexpr std::array hints{"title", "description", "examples", "writeOnly", "format", "$schema"};

template <std::size_t N>
bool is_one_of(std::array<char const*, N> const& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// Collects what is outside the profile; one instance per schema.
class ProfileCheck {
public:
    explicit ProfileCheck(std::vector<std::string>& findings) : findings_{findings} {}

    void check(Json const& schema, std::string const& at, int depth) {
        constexpr int depth_max = 16;
        if (!schema.is_object()) return add(at, "is no object");
        if (depth > depth_max) return add(at, fmt::format("is nested deeper than {}", depth_max));
        for (auto const& [key, value] : schema.items())
            if (!is_one_of(keywords, key) && !is_one_of(hints, key) && !key.starts_with("x-"))
                add(at + "/" + key, "is a keyword outside the profile");
        check_type(schema, at);
        check_numbers(schema, at);
        check_names(schema, at);
        check_pattern(schema, at);
        if (auto const list = schema.find("enum"); list != schema.end())
            if (!list->is_array() || list->empty()) add(at + "/enum", "is no list of values");
        if (auto const more = schema.find("additionalProperties");
            more != schema.end() && *more != Json(false))
            add(at + "/additionalProperties", "may only be false");
        if (auto const items = schema.find("items"); items != schema.end())
            check(*items, at + "/items", depth + 1);
        if (auto const properties = schema.find("properties"); properties != schema.end()) {
            if (!properties->is_object()) return add(at + "/properties", "is no object");
            for (auto const& [name, property] : properties->items())
                check(property, at + "/properties/" + name, depth + 1);
        }
    }

private:
    void add(std::string const& at, std::string_view what) {
        findings_.push_back(fmt::format("{} {}", at.empty() ? "/" : at, what));
    }

    void check_type(Json const& schema, std::string const& at) {
        auto const type = schema.find("type");
        if (type == schema.end()) return add(at, "has no type");
        bool const is_single = type->is_string() && is_one_of(type_names, type->get<std::string>());
        bool const is_nullable = type->is_array() && type->size() == 2 && (*type)[0].is_string() &&
                                 is_one_of(type_names, (*type)[0].get<std::string>()) &&
                                 (*type)[1] == "null";
        if (!is_single && !is_nullable)
            add(at + "/type", "is neither one type nor [type, \"null\"]");
    }

    void check_numbers(Json const& schema, std::string const& at) {
        for (char const* key : {"minimum", "maximum"})
            if (schema.contains(key) && !schema[key].is_number())
                add(fmt::format("{}/{}", at, key), "is no number");
        for (char const* key : {"minLength", "maxLength"})
            if (schema.contains(key) && !schema[key].is_number_unsigned())
                add(fmt::format("{}/{}", at, key), "is no length");
        if (schema.contains("writeOnly") && !schema["writeOnly"].is_boolean())
            add(at + "/writeOnly", "is neither true nor false");
    }

    void check_names(Json const& schema, std::string const& at) {
        auto const required = schema.find("required");
        if (required == schema.end()) return;
        if (!required->is_array()) return add(at + "/required", "is no list of names");
        for (Json const& name : *required) {
            bool const is_property = name.is_string() && schema.contains("properties") &&
                                     schema["properties"].is_object() &&
                                     schema["properties"].contains(name.get<std::string>());
            if (!is_property)
                add(at + "/required", fmt::format("names {}, which is no property", name.dump()));
        }
    }

    void check_pattern(Json const& schema, std::string const& at) {
        auto const pattern = schema.find("pattern");
        if (pattern == schema.end()) return;
        if (!pattern->is_string()) return add(at + "/pattern", "is no text");
        try {
            std::regex const tried{pattern->get<std::string>()};
        } catch (std::regex_error const&) {
            add(at + "/pattern", "is no regular expression");
        }
    }

    std::vector<std::string>& findings_;
};

void check_defaults(Json const& schema, std::string const& at, std::vector<std::string>& findings) {
    if (!schema.contains("properties")) return;
    for (auto const& [name, property] : schema["properties"].items()) {
        std::string const place = at + "/properties/" + name;
        if (property.contains("default"))
            if (auto const fits = check_config(property, property["default"]); !fits)
                findings.push_back(fmt::format("{}/default does not fit its own schema", place));
        check_defaults(property, place, findings);
    }
}

}  // namespace

std::vector<std::string> check_schema_profile(nlohmann::json const& schema) {
    std::vector<std::string> findings;
    ProfileCheck{findings}.check(schema, "", 0);
    if (schema.is_object() && schema.value("type", Json()) != "object")
        findings.push_back("/type must be \"object\" at the root");
    if (findings.empty()) check_defaults(schema, "", findings);
    return findings;
}

}  // namespace weir::host
