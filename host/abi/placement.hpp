#pragma once

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/abi/plugin_limits.hpp"
#include "host/abi/plugins_lock.hpp"
#include "host/core/error.hpp"
#include "weir/service.h"
#include "weir/sink.h"
#include "weir/source.h"

namespace weir::host {

/// A loaded library whose code runs in another process, behind tables like those of one in this.
/// Thread-safe.
class Contained {
public:
    struct Tables {
        weir_source const* source = nullptr;
        weir_sink const* sink = nullptr;
        weir_lifecycle const* lifecycle = nullptr;
        weir_service const* service = nullptr;
    };

    virtual ~Contained() = default;
    /// Of a component of its manifest; valid as long as this.
    virtual Tables tables(std::string const& component) const = 0;
    /// As weir_component.create and destroy.
    virtual weir_status create(std::string const& component, weir_host const* host,
                               char const* config_json, weir_instance** out,
                               weir_error* error) = 0;
    virtual void destroy(weir_instance* instance) = 0;
    /// What it says of itself, as weir-runner --describe writes it.
    virtual std::string const& manifest() const = 0;
    /// Of the process now; 0: it has ended.
    virtual std::int64_t pid() const = 0;
    /// Why it is started no more: E_CONFIG "plugin.quarantined".
    virtual std::optional<Error> given_up() const = 0;
};

/// The process of a library ended, which nobody had asked for. `set_aside`: it was once too often,
/// and it is started no more.
struct Loss {
    std::string plugin, library;  ///< its id, and the file name
    std::string how;              ///< "signal 9 (Killed) ended it"
    std::size_t losses = 0, losses_max = 0;  ///< within the time that counts, this one included
    std::optional<Error> set_aside;
};
/// Hears of it on whichever thread noticed; must be quick, and call nothing of the library.
using OnLoss = std::function<void(Loss const&)>;

/// Which libraries run in this process, and what starts the others.
struct Placement {
    /// Where what comes with Weir lies; ids of others that are trusted like it.
    std::vector<std::filesystem::path> own_directories;
    std::vector<std::string> in_process;
    /// Empty: all run in this process.
    std::function<Result<std::shared_ptr<Contained>>(
        std::filesystem::path const& library, PluginLimits const& limits, OnLoss const& on_loss)>
        contain;
    PluginLimits limits = {};
    OnLoss on_loss = {};

    bool contains(std::filesystem::path const& library, std::string const& id) const {
        auto const has = [](auto const& all, auto const& one) {
            return std::find(all.begin(), all.end(), one) != all.end();
        };
        std::error_code ignored;
        auto const folder =
            std::filesystem::weakly_canonical(library.parent_path(), ignored);
        return contain && !has(in_process, id) && !has(own_directories, folder);
    }
};

/// What may be loaded, and where it runs then.
struct LoadRules {
    PluginsLock lock = {};
    Placement placement = {};
};

}  // namespace weir::host
