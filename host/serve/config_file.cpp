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
#include "weir/cpp/nearest.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;

constexpr std::size_t file_bytes_max = 16u << 20;
constexpr std::size_t nodes_spare = 100'000;  // aliases may repeat what they name
constexpr int depth_max = 64;

TextPlace place_at(YAML::Mark const& mark) {
    return mark.is_null() ? TextPlace{1, 1} : TextPlace{mark.line + 1, mark.column + 1};
}

/// Ends the reading. Thrown and caught in this file only.
struct Unreadable {
    PlacedFinding why;
};

[[noreturn]] void refuse(YAML::Mark const& mark, std::string const& at, char const* code,
                         std::string sentence) {
    throw Unreadable{{{at, code, std::move(sentence)}, place_at(mark)}};
}

/// Turns one file's YAML into JSON, and collects what is wrong with it.
class Reading {
public:
    explicit Reading(std::size_t bytes) : nodes_max_{nodes_spare + bytes} {}

    /// `at`: its JSON Pointer, when the places of what is in it shall be known.
    Json json(YAML::Node const& node, std::string const& at = {}, int depth = 0) {
        if (++nodes_ > nodes_max_ || depth > depth_max)
            refuse(node.Mark(), at, "config.too_large", "the file holds too much");
        if (node.IsNull() || !node.IsDefined()) return nullptr;
        if (!node.Tag().empty() && node.Tag() != "?" && node.Tag() != "!")
            refuse(node.Mark(), at, "config.tag",
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
                refuse(each.first.Mark(), at, "config.twice",
                       fmt::format("\"{}\" stands here twice", name));
            std::string const place = at.empty() ? at : at + "/" + pointer_part(name);
            object[name] = json(each.second, place, depth + 1);
            note(place, each.first.Mark());
        }
        return object;
    }

    std::map<std::string, TextPlace> const& places() const { return places_; }

    /// Every key of `node`, which stands at `at`, is one of `known`. False: it is no object.
    bool check_names(YAML::Node const& node, std::vector<std::string> const& known,
                     std::string const& at) {
        if (!node || node.IsNull()) return false;
        std::string const what = at.empty() ? "the file" : at.substr(1);
        if (!node.IsMap()) {
            wrong(node.Mark(), at, "config.type", fmt::format("{} is no object", what));
            return false;
        }
        for (auto const& each : node) {
            std::string const name = each.first.Scalar();
            if (std::find(known.begin(), known.end(), name) != known.end()) continue;
            wrong(each.first.Mark(), at + "/" + pointer_part(name), "config.unknown",
                  fmt::format("{} has no \"{}\"", what, name),
                  did_you_mean(nearest(name, known)));
        }
        return true;
    }

    void wrong(YAML::Mark const& mark, std::string const& at, std::string const& code,
               std::string sentence, std::string suggestion = {}) {
        add({{at, code, std::move(sentence), std::move(suggestion)}, place_at(mark)});
    }
    void add(PlacedFinding finding) {
        if (wrong_.size() < findings_max) wrong_.push_back(std::move(finding));
    }
    std::vector<PlacedFinding> take_wrong() { return std::move(wrong_); }

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

    std::size_t const nodes_max_;
    std::size_t nodes_ = 0;
    std::vector<PlacedFinding> wrong_;
    std::map<std::string, TextPlace> places_;
};

void take_objects(Reading& reading, YAML::Node const& node, std::string const& at,
                  std::map<std::string, Json>& into) {
    if (!node || node.IsNull()) return;
    if (!node.IsMap())
        return reading.wrong(node.Mark(), at, "config.type",
                             fmt::format("{} is no object of names", at.substr(1)));
    Json const all = reading.json(node, at);
    for (auto const& [name, object] : all.items()) {
        if (object.is_object())
            into[name] = object;
        else
            reading.wrong(node[name].Mark(), at + "/" + pointer_part(name), "config.type",
                          fmt::format("{} \"{}\" is no object", at.substr(1), name));
    }
}

/// log := {"level"?: "debug", "format"?: "text"|"json"}
void read_log(Reading& reading, YAML::Node const& log, ConfigFile& config) {
    if (!reading.check_names(log, {"level", "format"}, "/host/log")) return;
    if (YAML::Node const level = log["level"]; level) {
        config.log_level = level_named(level.Scalar());
        if (!config.log_level)
            reading.wrong(level.Mark(), "/host/log/level", "config.enum",
                          "level is trace, debug, info, warning or error");
    }
    if (YAML::Node const format = log["format"]; format) {
        config.log_format = format.Scalar();
        if (config.log_format != "text" && config.log_format != "json")
            reading.wrong(format.Mark(), "/host/log/format", "config.enum",
                          "format is text or json");
    }
}

void read_host(Reading& reading, YAML::Node const& host, std::filesystem::path const& folder,
               ConfigFile& config) {
    if (!reading.check_names(
            host, {"listen", "data_dir", "drain_ms", "file_roots", "log", "plugins_lock"}, "/host"))
        return;
    if (host["listen"]) config.listen = host["listen"].Scalar();
    if (host["data_dir"])
        config.data_dir = (folder / host["data_dir"].Scalar()).lexically_normal().string();
    if (host["plugins_lock"])
        config.plugins_lock = (folder / host["plugins_lock"].Scalar()).lexically_normal().string();
    if (YAML::Node const drain = host["drain_ms"]; drain) {
        Json const value = reading.json(drain);
        if (value.is_number_integer() && value >= 0)
            config.drain_ms = value.get<std::int64_t>();
        else
            reading.wrong(drain.Mark(), "/host/drain_ms", "config.type",
                          "drain_ms is a number of milliseconds");
    }
    if (YAML::Node const roots = host["file_roots"]; roots) {
        if (!roots.IsSequence())
            reading.wrong(roots.Mark(), "/host/file_roots", "config.type",
                          "file_roots is a list of directories");
        config.file_roots.emplace();
        for (YAML::Node const& each : roots)
            config.file_roots->push_back((folder / each.Scalar()).lexically_normal());
    }
    read_log(reading, host["log"], config);
}

/// One of PluginLimits; `what` says what is counted, and the default.
void read_limit(Reading& reading, YAML::Node const& plugins, char const* name, char const* what,
                std::optional<std::int64_t>& out) {
    YAML::Node const limit = plugins[name];
    if (!limit) return;
    Json const value = reading.json(limit);
    if (value.is_number_integer() && value >= 1 && value <= PluginLimits::most)
        out = value.get<std::int64_t>();
    else
        reading.wrong(limit.Mark(), std::string{"/plugins/"} + name, "config.type",
                      fmt::format("{} is a number of {}", name, what));
}

/// plugins := {"in_process"?: [id], "call_ms"?: n, "memory_mb"?: n}
void read_plugins(Reading& reading, YAML::Node const& plugins, ConfigFile& config) {
    if (!reading.check_names(plugins, {"in_process", "call_ms", "memory_mb"}, "/plugins")) return;
    read_limit(reading, plugins, "call_ms",
               "milliseconds, 1 at least; default: 3600000, an hour", config.plugin_limits.call_ms);
    read_limit(reading, plugins, "memory_mb", "MiB, 1 at least; default: 4096",
               config.plugin_limits.memory_mb);
    YAML::Node const ids = plugins["in_process"];
    if (!ids) return;
    if (!ids.IsSequence())
        return reading.wrong(ids.Mark(), "/plugins/in_process", "config.type",
                             "in_process is a list of ids of plugins");
    for (YAML::Node const& each : ids) config.in_process.push_back(each.Scalar());
}

void read_http(Reading& reading, YAML::Node const& http, ConfigFile& config) {
    if (!http || http.IsNull()) return;
    std::vector<Finding> found;
    config.http = read_http_settings(reading.json(http), found);
    for (Finding& each : found) {
        YAML::Node const at =
            http.IsMap() && !each.pointer.empty() ? http[each.pointer.substr(1)] : http;
        reading.add({{"/http" + each.pointer, each.code, each.detail, each.suggestion},
                     place_at(at ? at.Mark() : http.Mark())});
    }
}

void read_document(Reading& reading, YAML::Node const& root, std::filesystem::path const& folder,
                   ConfigFile& config) {
    if (!reading.check_names(
            root, {"version", "host", "http", "plugins", "integrations", "connections", "jobs"},
            ""))
        return;
    if (YAML::Node const version = root["version"]; version && reading.json(version) != 1)
        reading.wrong(version.Mark(), "/version", "config.version",
                      "version is 1, no other is known to this version of Weir");
    read_host(reading, root["host"], folder, config);
    read_http(reading, root["http"], config);
    read_plugins(reading, root["plugins"], config);
    take_objects(reading, root["integrations"], "/integrations", config.integrations);
    take_objects(reading, root["connections"], "/connections", config.connections);
    take_objects(reading, root["jobs"], "/jobs", config.jobs);
    for (char const* const section : {"host", "http", "plugins"})
        if (root[section]) config.settings.emplace_back(section);
}

}  // namespace

Result<ConfigFile> ConfigFile::read(std::filesystem::path const& file) {
    std::ifstream in{file, std::ios::binary};
    std::string const text{std::istreambuf_iterator<char>{in}, {}};
    if (!in)
        return Error{WEIR_E_CONFIG, "config.not_readable",
                     fmt::format("the file {} cannot be read", file.string()), "--config"};
    return parse(text, file.parent_path());
}

ConfigFile ConfigFile::parse(std::string const& text, std::filesystem::path const& folder) {
    ConfigFile config;
    Reading reading{text.size()};
    try {
        if (text.size() > file_bytes_max)
            refuse({}, "", "config.too_large", "the file is larger than 16 MiB");
        read_document(reading, YAML::Load(text), folder, config);
    } catch (YAML::Exception const& error) {
        reading.wrong(error.mark, "", "config.syntax", error.msg);
        config.is_whole = false;
    } catch (Unreadable const& unreadable) {
        reading.add(unreadable.why);
        config.is_whole = false;
    }
    config.places = reading.places();
    config.wrong = reading.take_wrong();
    return config;
}

Result<void> ConfigFile::check(std::string const& file) const {
    if (wrong.empty()) return {};
    auto const& [finding, place] = wrong.front();
    return Error{WEIR_E_CONFIG, finding.code, finding.detail,
                 fmt::format("{}:{}:{}", file, place.line, place.column)}
        .suggest(finding.suggestion);
}

Json ConfigFile::configuration() const {
    return {{"integrations", integrations}, {"connections", connections}, {"jobs", jobs}};
}

Json ConfigFile::lines() const {
    Json const all = configuration();
    Json out = Json::object();
    for (auto const& [section, documents] : all.items())
        for (auto const& [id, document] : documents.items())
            out[section][id] = place_of("/" + section + "/" + pointer_part(id)).line;
    return out;
}

TextPlace ConfigFile::place_of(std::string pointer) const {
    while (!pointer.empty()) {
        if (auto const found = places.find(pointer); found != places.end()) return found->second;
        pointer.erase(pointer.rfind('/'));
    }
    return {1, 1};
}

}  // namespace weir::host
