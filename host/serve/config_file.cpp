#include "host/serve/config_file.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <set>
#include <vector>

#include "host/core/text.hpp"
#include "host/serve/loggers.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;

constexpr std::size_t file_bytes_max = 1u << 20;
constexpr std::size_t nodes_max = 100'000;  // aliases may repeat what they name
constexpr int depth_max = 64;

/// Turns one file's YAML into JSON; what is wrong is thrown as an Error with its place.
class Reading {
public:
    explicit Reading(std::string file) : file_{std::move(file)} {}

    /// `at`: its JSON Pointer, when the places of what is in it shall be known.
    Json json(YAML::Node const& node, std::string const& at = {}, int depth = 0) {
        if (++nodes_ > nodes_max || depth > depth_max)
            throw wrong(node.Mark(), "config.too_large", "the file holds too much");
        if (node.IsNull() || !node.IsDefined()) return nullptr;
        if (!node.Tag().empty() && node.Tag() != "?" && node.Tag() != "!")
            throw wrong(node.Mark(), "config.tag",
                        fmt::format("the tag {} means nothing here", node.Tag()));
        if (node.IsScalar()) return scalar(node);
        if (node.IsSequence()) {
            Json list = Json::array();
            for (YAML::Node const& each : node) {
                std::string const place =
                    at.empty() ? at : at + "/" + std::to_string(list.size());
                list.push_back(json(each, place, depth + 1));
                note(place, each.Mark());
            }
            return list;
        }
        Json object = Json::object();
        for (auto const& each : node) {
            std::string const name = each.first.Scalar();
            if (object.contains(name))
                throw wrong(each.first.Mark(), "config.twice",
                            fmt::format("\"{}\" stands here twice", name));
            std::string const place = at.empty() ? at : at + "/" + pointer_part(name);
            object[name] = json(each.second, place, depth + 1);
            note(place, each.first.Mark());
        }
        return object;
    }

    std::map<std::string, TextPlace> const& places() const { return places_; }

    /// Every key of `node` is one of `known`.
    void check_names(YAML::Node const& node, std::vector<std::string> const& known,
                     char const* what) {
        if (!node.IsDefined() || node.IsNull()) return;
        if (!node.IsMap())
            throw wrong(node.Mark(), "config.type", fmt::format("{} is no object", what));
        for (auto const& each : node) {
            std::string const name = each.first.Scalar();
            if (std::find(known.begin(), known.end(), name) != known.end()) continue;
            std::string const near = nearest(name, known);
            Error const error = wrong(each.first.Mark(), "config.unknown",
                                      fmt::format("{} has no \"{}\"", what, name));
            throw near.empty() ? error : error.suggest(fmt::format("did you mean {}?", near));
        }
    }

    Error wrong(YAML::Mark const& mark, char const* code, std::string const& sentence) const {
        std::string const place =
            mark.is_null() ? file_ : fmt::format("{}:{}:{}", file_, mark.line + 1, mark.column + 1);
        return Error{WEIR_E_CONFIG, code, sentence, place};
    }

private:
    /// Only what JSON would call a number or a truth is one: no, 012 and 1e3 stay text.
    static Json scalar(YAML::Node const& node) {
        std::string const& text = node.Scalar();
        if (node.Tag() == "!") return text;  // it stood in quotes
        if (text == "true") return true;
        if (text == "false") return false;
        std::string_view const digits = std::string_view{text}.substr(text.starts_with('-'));
        bool const is_number = !digits.empty() &&
                               digits.find_first_not_of("0123456789") == digits.npos &&
                               (digits == "0" || digits.front() != '0');
        std::int64_t whole = 0;
        if (is_number &&
            std::from_chars(text.data(), text.data() + text.size(), whole).ec == std::errc{})
            return whole;
        return text;
    }

    void note(std::string const& place, YAML::Mark const& mark) {
        if (!place.empty()) places_[place] = {mark.line + 1, mark.column + 1};
    }
    static std::string pointer_part(std::string const& name) {
        std::string out;
        for (char const c : name) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string{c};
        return out;
    }

    std::string file_;
    std::size_t nodes_ = 0;
    std::map<std::string, TextPlace> places_;
};

void take_objects(Reading& reading, YAML::Node const& node, char const* what,
                  std::map<std::string, Json>& into) {
    if (!node.IsDefined() || node.IsNull()) return;
    if (!node.IsMap())
        throw reading.wrong(node.Mark(), "config.type",
                            fmt::format("{} is no object of names", what));
    Json const all = reading.json(node, std::string{"/"} + what);
    for (auto const& [name, object] : all.items()) {
        if (!object.is_object())
            throw reading.wrong(node[name].Mark(), "config.type",
                                fmt::format("{} \"{}\" is no object", what, name));
        into[name] = object;
    }
}

/// log := {"level"?: "debug", "format"?: "text"|"json"}
void read_log(Reading& reading, YAML::Node const& log, ConfigFile& config) {
    if (!log) return;
    reading.check_names(log, {"level", "format"}, "host.log");
    if (!log.IsMap()) return;
    if (YAML::Node const level = log["level"]; level) {
        config.log_level = level_named(level.Scalar());
        if (!config.log_level)
            throw reading.wrong(level.Mark(), "config.enum",
                                "level is trace, debug, info, warning or error");
    }
    if (YAML::Node const format = log["format"]; format) {
        config.log_format = format.Scalar();
        if (config.log_format != "text" && config.log_format != "json")
            throw reading.wrong(format.Mark(), "config.enum", "format is text or json");
    }
}

ConfigFile read_document(Reading& reading, YAML::Node const& root,
                         std::filesystem::path const& folder) {
    ConfigFile config;
    if (root.IsNull()) return config;
    reading.check_names(root, {"version", "host", "http", "integrations", "connections", "jobs"},
                        "the file");
    if (YAML::Node const version = root["version"]; version && reading.json(version) != 1)
        throw reading.wrong(version.Mark(), "config.version",
                            "version is 1, no other is known to this version of Weir");
    YAML::Node const host = root["host"];
    reading.check_names(host, {"listen", "data_dir", "drain_ms", "file_roots", "log"}, "host");
    if (host && host.IsMap()) {
        if (host["listen"]) config.listen = host["listen"].Scalar();
        if (host["data_dir"])
            config.data_dir =
                (folder / host["data_dir"].Scalar()).lexically_normal().string();
        if (YAML::Node const drain = host["drain_ms"]; drain) {
            Json const value = reading.json(drain);
            if (!value.is_number_integer() || value < 0)
                throw reading.wrong(drain.Mark(), "config.type",
                                    "drain_ms is a number of milliseconds");
            config.drain_ms = value.get<std::int64_t>();
        }
        if (YAML::Node const roots = host["file_roots"]; roots) {
            if (!roots.IsSequence())
                throw reading.wrong(roots.Mark(), "config.type",
                                    "file_roots is a list of directories");
            config.file_roots.emplace();
            for (YAML::Node const& each : roots)
                config.file_roots->push_back((folder / each.Scalar()).lexically_normal());
        }
        read_log(reading, host["log"], config);
    }
    if (YAML::Node const http = root["http"]; http && !http.IsNull()) {
        Result<HttpSettings> settings = read_http_settings(reading.json(http));
        if (!settings) {
            Error const wrong = settings.error();
            YAML::Node const at = http.IsMap() && http[wrong.where] ? http[wrong.where] : http;
            throw reading.wrong(at.Mark(), wrong.code.c_str(), wrong.message)
                .suggest(wrong.suggestion);
        }
        config.http = std::move(*settings);
    }
    take_objects(reading, root["integrations"], "integrations", config.integrations);
    take_objects(reading, root["connections"], "connections", config.connections);
    take_objects(reading, root["jobs"], "jobs", config.jobs);
    for (char const* const section : {"host", "http"})
        if (root[section]) config.settings.emplace_back(section);
    config.places = reading.places();
    return config;
}

}  // namespace

Result<ConfigFile> ConfigFile::read(std::filesystem::path const& file) {
    std::ifstream in{file, std::ios::binary};
    std::string const text{std::istreambuf_iterator<char>{in}, {}};
    if (!in)
        return Error{WEIR_E_CONFIG, "config.not_readable",
                     fmt::format("the file {} cannot be read", file.string()), "--config"};
    return parse(text, file.string(), file.parent_path());
}

Result<ConfigFile> ConfigFile::parse(std::string const& text, std::string const& name,
                                     std::filesystem::path const& folder) {
    Reading reading{name};
    try {
        if (text.size() > file_bytes_max)
            throw reading.wrong({}, "config.too_large", "the file is larger than 1 MiB");
        return read_document(reading, YAML::Load(text), folder);
    } catch (YAML::Exception const& error) {
        return reading.wrong(error.mark, "config.syntax", error.msg);
    } catch (Error const& error) {
        return error;
    }
}

Json ConfigFile::configuration() const {
    return {{"integrations", integrations}, {"connections", connections}, {"jobs", jobs}};
}

TextPlace ConfigFile::place_of(std::string pointer) const {
    while (!pointer.empty()) {
        if (auto const found = places.find(pointer); found != places.end()) return found->second;
        pointer.erase(pointer.rfind('/'));
    }
    return {1, 1};
}

}  // namespace weir::host
