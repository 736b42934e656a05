#include "host/cli/suite_options.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "host/abi/utf8.hpp"

namespace weir::host {
namespace {

using Json = nlohmann::ordered_json;

Result<Json> json_of(std::string const& text, char const* option) {
    Json json = Json::parse(text, nullptr, false);
    if (json.is_object()) return json;
    return Error{WEIR_E_CONFIG, "usage",
                 fmt::format("{} is no JSON object: {}", option, text), option};
}

/// The options that lie beside the library; none where no such file is.
Result<Json> options_beside(std::filesystem::path const& library) {
    std::filesystem::path path = library;
    path.replace_extension(".test.json");
    std::ifstream in{path, std::ios::binary};
    if (!in) return Json::object();
    Json const json = Json::parse(in, nullptr, false);
    auto const wrong = [&](std::string const& what, std::string const& where) {
        return Error{WEIR_E_CONFIG, "usage", path.string() + ": " + what, where};
    };
    if (!json.is_object()) return wrong("no JSON object", "");
    Json const known{{"config", Json::object()}, {"url", ""},     {"component", ""},
                     {"make", ""},               {"content", ""}, {"drop", ""},
                     {"stream", ""},             {"cursor", ""},  {"key", Json::array()},
                     {"broken", Json::array()},  {"secrets", Json::array()}};
    for (auto const& [name, value] : json.items()) {
        if (!known.contains(name)) return wrong(name + " is not known", "/" + name);
        bool is_right = value.type() == known[name].type();
        for (Json const& each : value.is_array() ? value : Json::array())
            is_right = is_right && (name == "broken" ? each.is_object() : each.is_string());
        if (!is_right) return wrong(name + " is of another type than its option", "/" + name);
    }
    return json;
}

}  // namespace

Result<std::string> specification(SuiteOptions const& suite) {
    if (!is_utf8(std::filesystem::absolute(suite.file).string()))
        return Error{WEIR_E_CONFIG, "usage",
                     fmt::format("the path {} is no UTF-8: give the file a name that is",
                                 mend_utf8(suite.file)),
                     "FILE"};
    Result<Json> spec = options_beside(suite.file);
    if (!spec) return spec.error();
    (*spec)["library"] = std::filesystem::absolute(suite.file).string();
    for (auto const& [name, text] : {std::pair{"component", &suite.component},
                                     {"make", &suite.make},
                                     {"content", &suite.content},
                                     {"drop", &suite.drop},
                                     {"stream", &suite.stream},
                                     {"cursor", &suite.cursor}})
        if (!text->empty()) (*spec)[name] = *text;
    for (auto const& [name, texts] :
         {std::pair{"key", &suite.key}, {"secrets", &suite.secrets}})
        if (!texts->empty()) (*spec)[name] = *texts;
    std::string url = suite.url;
    if (!suite.config.empty()) {
        Result<Json> config = json_of(suite.config, "--config");
        if (!config) return config.error();
        (*spec)["config"] = std::move(*config);
    } else if (url.empty()) {
        url = spec->value("url", "");
    }
    if (!url.empty()) (*spec)["config"]["url"] = url;
    spec->erase("url");
    if (!suite.broken.empty()) (*spec)["broken"] = Json::array();
    for (std::string const& text : suite.broken) {
        Result<Json> broken = json_of(text, "--broken");
        if (!broken) return broken.error();
        (*spec)["broken"].push_back(std::move(*broken));
    }
    return spec->dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace weir::host
