#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "host/abi/placement.hpp"
#include "host/core/clock.hpp"
#include "host/core/error.hpp"
#include "host/core/limits.hpp"

namespace weir::host {

/// What `weir serve` was asked for.
struct ServeRequest {
    std::string config;                               ///< file; empty: none
    std::string data_dir, listen, token_file;         ///< empty: by the file, else the default
    std::optional<std::string> admin_token;           ///< instead of a file
    std::vector<std::filesystem::path> library_dirs;  ///< of connectors and plugins
    std::filesystem::path runner;                     ///< weir-runner
    std::string plugins_lock;  ///< must be there; empty: by the file, else of data_dir if it is
    Placement placement;  ///< what its limits leave open is by the file
    bool watch = false;  ///< libraries whose files change are reloaded, new ones loaded
    std::int64_t drain_ms = 30'000;
    /// Set by SIGHUP: read the configuration and the files of TLS again.
    std::atomic<bool>* hangups = nullptr;
    std::optional<std::int32_t> log_level;  ///< nothing: by the file, else info
    std::string log_format;                 ///< "text" or "json"; empty: by the file, else text
};

/// How the server speaks to the terminal it was started on.
struct ServeVoice {
    struct Doors {
        std::string url;         ///< its address
        std::string login;       ///< a link that signs a browser in, once; empty: none can come
        std::string token_file;  ///< that holds the token
    };
    /// Once, when it answers.
    std::function<void(Doors const& doors, std::uint16_t port)> ready;
    /// Before anything else: whether lines are told as JSON.
    std::function<void(bool as_json)> format;
    /// One line of the log that is to be told.
    std::function<void(std::int32_t level, std::string_view who, std::string_view line)> log;
};

/// Runs the server until `stop` turns true, then drains. What kept it from starting is an error.
Result<void> serve(ServeRequest const& request, ServeVoice const& voice, Clock const& clock,
                   Limits const& limits, std::atomic<bool> const& stop);

/// All that is wrong with the file `request.config` names, by the connectors and plugins of
/// `request.library_dirs` and a state of its own that nobody keeps: {"errors":[{"pointer","code",
/// "detail","suggestion"?,"line","column"}]}, or {"actions",…} as config/1 plans it. Sources that
/// the file names are asked what they have. An Error: it could not be looked at.
Result<nlohmann::json> validate_config(ServeRequest const& request, Clock const& clock,
                                       Limits const& limits);

}  // namespace weir::host
