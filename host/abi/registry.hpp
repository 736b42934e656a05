#pragma once

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/abi/generation.hpp"
#include "host/abi/library.hpp"
#include "host/abi/manifest.hpp"
#include "host/abi/placement.hpp"
#include "host/abi/plugins_lock.hpp"
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
    weir_component const* table = nullptr;  ///< null: its library runs in another process
    weir_source const* source = nullptr;
    weir_sink const* sink = nullptr;
    weir_lifecycle const* lifecycle = nullptr;
    weir_service const* service = nullptr;

    /// As weir_component.create and destroy, wherever it runs.
    weir_status create(weir_host const* host, char const* config_json, weir_instance** out,
                       weir_error* error) const;
    void destroy(weir_instance* instance) const;
};

/// A library that was not loaded, and why.
struct Refusal {
    std::filesystem::path path;
    Error error;
};

/// A library that was loaded and checked, beside whatever serves under its id. Move-only.
class FreshLibrary {
public:
    FreshLibrary(std::filesystem::path path, LoadedLibrary loaded);

    std::filesystem::path const& path() const { return path_; }
    Manifest const& manifest() const { return manifest_; }
    /// All that it brings, as Registry::load will answer once it is in use.
    std::vector<Component> components() const;

private:
    friend class Registry;
    std::filesystem::path path_;
    Manifest manifest_;
    std::vector<std::shared_ptr<ComponentInfo const>> infos_;
    std::shared_ptr<Generation> generation_;
};

/// Which connectors and services there are, and the library of each once it is needed.
///
/// scan() reads manifests; a library is loaded when its component is asked for, and at scan() only
/// when it has no manifest. Of two that claim one id, scheme, route, mount, service or the timer
/// the second is refused. Every library passes trust, lint, and the checks of its tables before
/// use; one that does not stops no other and stands in refusals(). Libraries stay loaded: one that
/// was replaced or removed serves those who have a Component of it, and nobody else.
/// Thread-safe.
class Registry {
public:
    /// With a `room`, which outlives it, copies are loaded, after a child looked at them. What the
    /// lock of `rules` does not name is refused, at the scan already.
    explicit Registry(std::vector<std::filesystem::path> directories, LibraryRoom* room = nullptr,
                      LoadRules rules = {});
    ~Registry();

    /// Looks at every *.so of the directories, in order of name; a directory that does not exist
    /// is empty, and a file that several of them show counts once. Once; later calls do nothing.
    /// The members below do it when it was not done.
    void scan();
    /// What is to be left alone at the scan: ids and file names.
    struct Leave {
        std::vector<std::string> disabled_ids, unloaded_files;
    };
    /// Before scan().
    void leave(Leave what) { leave_ = std::move(what); }

    /// All connectors that are known and enabled, by id.
    std::vector<std::shared_ptr<ComponentInfo const>> components();
    /// All enabled services, in the order of their directories and file names.
    std::vector<std::shared_ptr<ComponentInfo const>> services();
    /// The connector for URLs of `scheme`, or with the id `scheme`; null: none.
    std::shared_ptr<ComponentInfo const> find_scheme(std::string_view scheme);

    /// Loads the library of connector `id` when it is not loaded yet. E_CONFIG: there is none
    /// ("connector.unknown", the nearest one suggested), its plugin is switched off
    /// ("plugin.disabled"), or its library is refused ("plugin.…").
    Result<Component> load(std::string_view id);
    /// The same for service `id` ("service.unknown").
    Result<Component> load_service(std::string_view id);
    /// Loads every library: for checking a directory.
    void load_all();

    std::vector<Refusal> refusals();
    /// A sentence for each id that LoadRules trusts in this process and no library here has.
    std::vector<std::string> trusted_in_vain();

    /// A library that may be used, for people.
    struct Library {
        std::filesystem::path path;
        Manifest manifest;
        bool is_loaded = false, is_enabled = true;
        std::size_t generation = 0;     ///< counts its loads; 0: not loaded
        std::size_t parked = 0;         ///< older generations that somebody still uses
        bool is_contained = false;      ///< it runs in another process
        std::int64_t pid = 0;           ///< of that process; 0: none runs
        std::optional<Error> given_up{};  ///< it does not start any more
        std::optional<Error> failed{};  ///< why the last attempt to replace it came to nothing
    };
    std::vector<Library> libraries();
    /// By the id of the plugin, of one of its components, or by its file name without ".so".
    std::optional<Library> find(std::string_view id);

    // Changes while it serves (registry_changes.cpp).

    /// Loads the library `file`, a bare name in one of the directories, as it is now; nothing else
    /// changes. E_NOT_FOUND "plugin.file_not_found", E_CONFIG "plugin.file_name", or why it is
    /// refused, which refusals() or find() then tells too.
    Result<FreshLibrary> load_fresh(std::string const& file);
    /// Takes it into use, in place of the one with its id if there is one. E_CONFIG: another one
    /// has what it claims.
    Result<void> use(FreshLibrary fresh);
    /// What is told of the one in use from now on: another build could not take over, and why.
    void was_not_replaced(std::string_view id, Error const& why);
    /// Nobody finds it any more; E_NOT_FOUND "plugin.not_found".
    Result<void> remove(std::string_view id);
    Result<void> enable(std::string_view id, bool is_enabled);

    /// What lies in the directories, against what is known.
    struct Seen {
        std::filesystem::path path;
        std::string state;  ///< new, changed, same, bad, gone
        std::string id;     ///< where it is known
        std::optional<Error> error{};
    };
    std::vector<Seen> look_around();
    Error not_found(std::string_view id);

private:
    struct Entry;
    void scan_locked();
    std::vector<std::filesystem::path> files() const;
    std::optional<Error> add(std::filesystem::path const& library);
    std::optional<Error> check_duplicate(Entry const& entry) const;
    std::optional<Error> load_entry(std::shared_ptr<Entry> const& entry,
                                    std::unique_lock<std::mutex>& lock);
    Result<Component> load_component(std::string_view id, bool is_service);
    Error unknown(std::string_view id, bool is_service) const;
    std::optional<std::filesystem::path> path_of(std::string const& file,
                                                 std::vector<std::string>& names) const;
    Seen seen(std::filesystem::path const& path) const;
    Entry* find_entry(std::string_view id);
    Entry* find_path(std::filesystem::path const& path) const;
    void refuse(std::filesystem::path const& path, Error const& why);
    static Library shown(Entry const& entry);

    std::mutex mutex_;
    std::condition_variable loaded_;
    std::vector<std::filesystem::path> directories_;
    LibraryRoom* room_;
    LoadRules const rules_;
    Leave leave_;
    std::vector<std::shared_ptr<Entry>> entries_;
    std::vector<Refusal> refusals_;
    bool is_scanned_ = false;
};

}  // namespace weir::host
