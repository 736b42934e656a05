#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/abi/generation.hpp"
#include "host/abi/manifest.hpp"
#include "host/core/error.hpp"
#include "weir/service.h"
#include "weir/sink.h"
#include "weir/source.h"

namespace weir::host {

/// A component whose library is loaded: its static, checked tables. `source`, `sink` and `service`
/// are there as its roles say; `lifecycle` may be null. Cheap to copy.
struct Component {
    std::shared_ptr<Generation> generation;
    std::shared_ptr<ComponentInfo const> info;
    weir_component const* table = nullptr;
    weir_source const* source = nullptr;
    weir_sink const* sink = nullptr;
    weir_lifecycle const* lifecycle = nullptr;
    weir_service const* service = nullptr;
};

/// A library that was not loaded, and why.
struct Refusal {
    std::filesystem::path path;
    Error error;
};

/// Which connectors and services there are, and the library of each once it is needed.
///
/// scan() reads manifests; a library is loaded when its component is asked for, and at scan() only
/// when it has no manifest. Of two that claim one id, scheme, route, mount, service or the timer
/// the second is refused. Every library passes trust, lint, and the checks of its tables before
/// use; one that does not stops no other and stands in refusals(). Libraries stay loaded.
/// Thread-safe.
class Registry {
public:
    explicit Registry(std::vector<std::filesystem::path> directories);
    ~Registry();

    /// Looks at every *.so of the directories, in order of name; a directory that does not exist
    /// is empty. Once; later calls do nothing. The members below do it when it was not done.
    void scan();

    /// All connectors that are known, by id.
    std::vector<std::shared_ptr<ComponentInfo const>> components();
    /// All services that are known, in the order of their directories and file names.
    std::vector<std::shared_ptr<ComponentInfo const>> services();
    /// The connector for URLs of `scheme`, or with the id `scheme`; null: none.
    std::shared_ptr<ComponentInfo const> find_scheme(std::string_view scheme);

    /// Loads the library of connector `id` when it is not loaded yet. E_CONFIG: there is none
    /// ("connector.unknown", the nearest one suggested), or its library is refused ("plugin.…").
    Result<Component> load(std::string_view id);
    /// The same for service `id` ("service.unknown").
    Result<Component> load_service(std::string_view id);
    /// Loads every library: for checking a directory.
    void load_all();

    std::vector<Refusal> refusals();

private:
    struct Entry;
    void scan_locked();
    void scan_directory(std::filesystem::path const& directory);
    std::optional<Error> add(std::filesystem::path const& library);
    std::optional<Error> check_duplicate(Entry const& entry) const;
    std::optional<Error> load_entry(Entry& entry);
    Result<Component> load_component(std::string_view id, bool is_service);
    Error unknown(std::string_view id, bool is_service) const;

    std::mutex mutex_;
    std::vector<std::filesystem::path> directories_;
    std::vector<std::unique_ptr<Entry>> entries_;
    std::vector<Refusal> refusals_;
    bool is_scanned_ = false;
};

}  // namespace weir::host
