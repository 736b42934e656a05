#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "host/core/error.hpp"
#include "host/serve/http_settings.hpp"

namespace weir::host {

/// Where something stands in a text, from 1.
struct TextPlace {
    int line = 0, column = 0;
};

/// `weir.yaml`: settings of the host, and what should exist once it has started. YAML or JSON.
struct ConfigFile {
    std::optional<std::string> listen, data_dir;  ///< a relative data_dir: beside the file
    std::optional<std::int64_t> drain_ms;
    /// Below which tokens without `admin` may name files; relative ones: beside the file.
    std::optional<std::vector<std::filesystem::path>> file_roots;
    HttpSettings http;
    std::optional<std::int32_t> log_level;
    std::optional<std::string> log_format;  ///< "text" or "json"
    /// By id; each is the document of the API without its "id".
    std::map<std::string, nlohmann::json> integrations, connections, jobs;

    /// E_CONFIG "config.…", `where` = file:line:column, when it cannot be read, is no YAML, holds a
    /// key twice, a tag, or a name that nothing knows. File: at most 1 MiB, aliases expanded too.
    static Result<ConfigFile> read(std::filesystem::path const& file);
    /// The same of a text. `name` stands for it in errors, `folder` is what a data_dir is beside.
    static Result<ConfigFile> parse(std::string const& text, std::string const& name,
                                    std::filesystem::path const& folder);

    /// {"integrations","connections","jobs"}, as config/1 takes it.
    nlohmann::json configuration() const;
    /// Where `pointer` stands, or what is nearest around it.
    TextPlace place_of(std::string pointer) const;

    std::map<std::string, TextPlace> places;  ///< of members of the three, by JSON Pointer
    std::vector<std::string> settings;        ///< sections that count only when the host starts
};

}  // namespace weir::host
