#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "host/core/error.hpp"
#include "host/serve/http_settings.hpp"

namespace weir::host {

/// `weir.yaml`: settings of the host, and what should exist once it has started. YAML or JSON.
struct ConfigFile {
    std::optional<std::string> listen, data_dir;  ///< a relative data_dir: beside the file
    std::optional<std::int64_t> drain_ms;
    HttpSettings http;
    std::optional<std::int32_t> log_level;
    std::optional<std::string> log_format;  ///< "text" or "json"
    /// By id; each is the document of the API without its "id".
    std::map<std::string, nlohmann::json> integrations, connections, jobs;

    /// E_CONFIG "config.…", `where` = file:line:column, when it cannot be read, is no YAML, holds a
    /// key twice, a tag, or a name that nothing knows. File: at most 1 MiB, aliases expanded too.
    static Result<ConfigFile> read(std::filesystem::path const& file);
};

}  // namespace weir::host
