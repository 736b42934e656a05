#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "host/abi/plugin_limits.hpp"
#include "host/core/error.hpp"
#include "host/core/finding.hpp"
#include "host/serve/http_settings.hpp"

namespace weir::host {

/// Where something stands in a text, from 1.
struct TextPlace {
    int line = 0, column = 0;
};

/// One thing that is wrong with a text, and where it stands.
struct PlacedFinding {
    Finding finding;
    TextPlace place;
};

/// `weir.yaml`: settings of the host, and what should exist once it has started. YAML or JSON.
struct ConfigFile {
    std::optional<std::string> listen, data_dir;  ///< a relative data_dir: beside the file
    /// Which libraries may be loaded; relative: beside the file.
    std::optional<std::string> plugins_lock;
    std::optional<std::int64_t> drain_ms;
    /// Below which tokens without `admin` may name files; relative ones: beside the file.
    std::optional<std::vector<std::filesystem::path>> file_roots;
    /// Ids of plugins of others that run in the host's process all the same.
    std::vector<std::string> in_process;
    PluginLimits plugin_limits;
    HttpSettings http;
    std::optional<std::int32_t> log_level;
    std::optional<std::string> log_format;  ///< "text" or "json"
    /// By id; each is the document of the API without its "id".
    std::map<std::string, nlohmann::json> integrations, connections, jobs;

    /// E_CONFIG "config.not_readable". What is wrong in it stands in `wrong`.
    static Result<ConfigFile> read(std::filesystem::path const& file);
    /// Of a text of at most 16 MiB, aliases expanded to little more. `folder` is what a data_dir is
    /// beside. All that is wrong stands in `wrong`: what is no YAML, a key twice or a tag ends the
    /// reading; names that nothing knows and values of another type do not.
    static ConfigFile parse(std::string const& text, std::filesystem::path const& folder);
    /// The first of `wrong`, `where` = file:line:column; nothing: all is well.
    Result<void> check(std::string const& file) const;

    /// {"integrations","connections","jobs"}, as config/1 takes it.
    nlohmann::json configuration() const;
    /// {"connections":{id:n},…}: the line of each of them, as config/1 takes it.
    nlohmann::json lines() const;
    /// Where `pointer` stands, or what is nearest around it.
    TextPlace place_of(std::string pointer) const;

    std::vector<PlacedFinding> wrong;         ///< "config.…"; at most findings_max
    bool is_whole = true;                     ///< false: the reading ended before its end
    std::map<std::string, TextPlace> places;  ///< of members of the three, by JSON Pointer
    std::vector<std::string> settings;        ///< sections that count only when the host starts
};

}  // namespace weir::host
