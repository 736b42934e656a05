#include "host/cli/settings.hpp"

#include <fmt/format.h>

namespace weir::host {

namespace {

using Json = nlohmann::json;

bool is_of(Json const& value, std::string const& type) {
    if (type == "integer") return value.is_number_integer();
    if (type == "number") return value.is_number();
    if (type == "boolean") return value.is_boolean();
    if (type == "array") return value.is_array();
    return type == "object" && value.is_object();
}

Json typed(std::string const& text, Json const& property) {
    Json type = property.value("type", Json());
    if (type.is_array() && !type.empty()) type = Json(type.front());  // [T, "null"]
    if (!type.is_string() || type == "string") return text;
    Json value = Json::parse(text, nullptr, false);
    return is_of(value, type) ? value : Json(text);
}

}  // namespace

Result<Json> config_of_settings(std::vector<std::string> const& settings, Json const& schema) {
    Json const properties = schema.value("properties", Json::object());
    Json config = Json::object();
    for (std::string const& setting : settings) {
        std::size_t const sign = setting.find('=');
        if (sign == 0 || sign == std::string::npos)
            return Error{WEIR_E_CONFIG, "usage",
                         fmt::format("\"{}\" is no setting: write name=value", setting)}
                .suggest("url='${env:SHOP_URL}'");
        std::string const name = setting.substr(0, sign);
        config[name] = typed(setting.substr(sign + 1), properties.value(name, Json::object()));
    }
    return config;
}

}  // namespace weir::host
