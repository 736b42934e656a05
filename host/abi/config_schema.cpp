#include "host/abi/config_schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <regex>

#include "host/core/text.hpp"
#include "weir/cpp/nearest.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;

/// The longest text that a pattern is tried on: std::regex recurses per character.
constexpr std::size_t pattern_bytes_max = 4096;

std::string escape(std::string_view name) {
    std::string out;
    for (char c : name) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string{c};
    return out;
}

std::string shown(std::string const& where) {
    return where.empty() ? "the configuration" : where.substr(1);
}

bool has_type(Json const& value, std::string_view type) {
    if (type == "string") return value.is_string();
    if (type == "integer") return value.is_number_integer();
    if (type == "number") return value.is_number();
    if (type == "boolean") return value.is_boolean();
    if (type == "array") return value.is_array();
    if (type == "object") return value.is_object();
    return type == "null" && value.is_null();
}

std::vector<std::string> types_of(Json const& schema) {
    auto const found = schema.find("type");
    if (found == schema.end()) return {};
    if (found->is_string()) return {found->get<std::string>()};
    std::vector<std::string> out;
    if (found->is_array())
        for (Json const& type : *found)
            if (type.is_string()) out.push_back(type.get<std::string>());
    return out;
}

std::string in_words(std::string_view type) {
    if (type == "string") return "text";
    if (type == "integer") return "a whole number";
    if (type == "number") return "a number";
    if (type == "boolean") return "true or false";
    if (type == "array") return "a list";
    if (type == "object") return "an object";
    return "null";
}

std::size_t code_points(std::string const& text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    }));
}

/// Checks one value and fills in defaults below it; collects what is wrong, up to `most`.
class ConfigCheck {
public:
    explicit ConfigCheck(std::size_t most) : most_{most} {}

    void check(Json const& schema, Json& value, std::string const& where, bool is_secret) {
        if (faults_.size() >= most_) return;
        bool const is_hidden = is_secret || schema.value("writeOnly", false);
        Place const at{where, is_hidden};
        if (add(check_type(schema, value, at))) return;
        if (add(check_choices(schema, value, at))) return;
        if (value.is_number()) add(check_number(schema, value, at));
        if (value.is_string()) add(check_text(schema, value, at));
        if (value.is_array()) check_list(schema, value, at);
        if (value.is_object()) check_object(schema, value, at);
    }

    std::vector<Error> const& faults() const { return faults_; }

private:
    bool add(std::optional<Error> fault) {
        if (!fault) return false;
        if (faults_.size() < most_) faults_.push_back(*std::move(fault));
        return true;
    }

    struct Place {
        std::string const& where;
        bool is_hidden;
    };

    static std::string quoted(Json const& value, Place const& at) {
        constexpr std::size_t quoted_max = 80;
        if (at.is_hidden) return "the value given";
        std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
        if (text.size() > quoted_max) text = text.substr(0, quoted_max) + "…";
        return text;
    }
    static Error wrong(char const* code, Place const& at, std::string_view sentence) {
        return Error{WEIR_E_CONFIG, fmt::format("config.{}", code),
                     fmt::format("{} {}", shown(at.where), sentence), at.where};
    }

    static std::optional<Error> check_type(Json const& schema, Json const& value, Place const& at) {
        std::vector<std::string> const types = types_of(schema);
        if (types.empty()) return std::nullopt;
        std::vector<std::string> words;
        for (std::string const& type : types) {
            if (has_type(value, type)) return std::nullopt;
            words.push_back(in_words(type));
        }
        return wrong(
            "type", at,
            fmt::format("must be {}, not {}", fmt::join(words, " or "), quoted(value, at)));
    }

    static std::optional<Error> check_choices(Json const& schema, Json const& value,
                                              Place const& at) {
        if (auto const fixed = schema.find("const"); fixed != schema.end() && *fixed != value)
            return wrong("const", at,
                         fmt::format("must be {}, not {}", fixed->dump(), quoted(value, at)));
        auto const choices = schema.find("enum");
        if (choices == schema.end() || !choices->is_array()) return std::nullopt;
        std::vector<std::string> names, words;
        for (Json const& choice : *choices) {
            if (choice == value) return std::nullopt;
            words.push_back(choice.dump());
            if (choice.is_string()) names.push_back(choice.get<std::string>());
        }
        Error const error = wrong(
            "enum", at,
            fmt::format("must be one of {}, not {}", fmt::join(words, ", "), quoted(value, at)));
        if (!value.is_string() || at.is_hidden) return error;
        return error.suggest(nearest(value.get<std::string>(), names));
    }

    static std::optional<Error> check_number(Json const& schema, Json const& value,
                                             Place const& at) {
        if (auto const least = schema.find("minimum"); least != schema.end() && value < *least)
            return wrong(
                "minimum", at,
                fmt::format("must be at least {}, not {}", least->dump(), quoted(value, at)));
        if (auto const most = schema.find("maximum"); most != schema.end() && value > *most)
            return wrong(
                "maximum", at,
                fmt::format("must be at most {}, not {}", most->dump(), quoted(value, at)));
        return std::nullopt;
    }

    static std::optional<Error> check_text(Json const& schema, Json const& value, Place const& at) {
        auto const& text = value.get_ref<std::string const&>();
        std::size_t const size = code_points(text);
        if (auto const least = schema.find("minLength");
            least != schema.end() && size < least->get<std::size_t>())
            return wrong("minLength", at,
                         least->get<std::size_t>() == 1
                             ? "must not be empty"
                             : fmt::format("must have at least {} characters", least->dump()));
        if (auto const most = schema.find("maxLength");
            most != schema.end() && size > most->get<std::size_t>())
            return wrong("maxLength", at,
                         fmt::format("must have at most {} characters", most->dump()));
        auto const pattern = schema.find("pattern");
        if (pattern == schema.end()) return std::nullopt;
        bool const fits = text.size() <= pattern_bytes_max &&
                          std::regex_search(text, std::regex{pattern->get<std::string>()});
        if (fits) return std::nullopt;
        return wrong(
            "pattern", at,
            fmt::format("must match {}, not {}", pattern->get<std::string>(), quoted(value, at)));
    }

    void check_list(Json const& schema, Json& value, Place const& at) {
        auto const items = schema.find("items");
        if (items == schema.end()) return;
        for (std::size_t i = 0; i < value.size(); ++i)
            check(*items, value[i], fmt::format("{}/{}", at.where, i), at.is_hidden);
    }

    void check_object(Json const& schema, Json& value, Place const& at) {
        static Json const nothing = Json::object();
        auto const found = schema.find("properties");
        Json const& properties = found == schema.end() ? nothing : *found;
        check_names(schema, properties, value, at);
        for (auto const& [name, property] : properties.items()) {
            if (!value.contains(name)) {
                if (property.contains("default")) value[name] = property["default"];
                continue;
            }
            std::string const where = at.where + "/" + escape(name);
            check(property, value[name], where, at.is_hidden);
        }
    }

    void check_names(Json const& schema, Json const& properties, Json const& value,
                     Place const& at) {
        bool const is_closed = schema.contains("additionalProperties") &&
                               schema["additionalProperties"] == Json(false);
        std::vector<std::string> known;
        for (auto const& [name, property] : properties.items()) known.push_back(name);
        for (auto const& [name, given] : value.items()) {
            if (!is_closed || properties.contains(name)) continue;
            Error const error{WEIR_E_CONFIG, "config.unknown",
                              fmt::format("{} is not known; {}", shown(at.where + "/" + name),
                                          known.empty() ? std::string{"no field is taken here"}
                                                        : fmt::format("known are {}",
                                                                      fmt::join(known, ", "))),
                              at.where + "/" + escape(name)};
            add(error.suggest(nearest(name, known)));
        }
        auto const required = schema.find("required");
        if (required == schema.end()) return;
        for (Json const& name : *required) {
            std::string const missing = name.get<std::string>();
            bool const has_default =
                properties.contains(missing) && properties[missing].contains("default");
            if (value.contains(missing) || has_default) continue;
            add(Error{WEIR_E_CONFIG, "config.required",
                      fmt::format("{} is missing", shown(at.where + "/" + missing)),
                      at.where + "/" + escape(missing)});
        }
    }

    std::size_t const most_;
    std::vector<Error> faults_;
};

}  // namespace

std::vector<Error> config_faults(nlohmann::json const& schema, nlohmann::json& config,
                                 std::size_t most) {
    try {
        ConfigCheck check{most};
        check.check(schema, config, "", false);
        return check.faults();
    } catch (std::exception const& error) {
        // Both throw for what check_schema_profile() would have found.
        return {Error{WEIR_E_INTERNAL, "plugin.config_schema",
                      fmt::format("the configuration schema does not work: {}", error.what())}};
    }
}

Result<nlohmann::json> check_config(nlohmann::json const& schema, nlohmann::json config) {
    std::vector<Error> const faults = config_faults(schema, config, 1);
    if (!faults.empty()) return faults.front();
    return config;
}

}  // namespace weir::host
