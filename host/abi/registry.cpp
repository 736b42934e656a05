#include "host/abi/registry_entry.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include "host/abi/library.hpp"
#include "host/core/caught.hpp"
#include "host/core/text.hpp"
#include "weir/cpp/nearest.hpp"

namespace weir::host {

Registry::Registry(std::vector<std::filesystem::path> directories, LibraryRoom* room,
                   LoadRules rules)
    : directories_{std::move(directories)}, room_{room}, rules_{std::move(rules)} {}

Registry::~Registry() = default;

void Registry::scan() {
    std::lock_guard const lock{mutex_};
    scan_locked();
}

void Registry::scan_locked() {
    if (is_scanned_) return;
    is_scanned_ = true;
    auto const has = [](std::vector<std::string> const& names, std::string const& name) {
        return std::find(names.begin(), names.end(), name) != names.end();
    };
    for (std::filesystem::path const& library : files()) {
        if (has(leave_.unloaded_files, library.filename().string())) continue;
        if (std::optional<Error> error = add(library)) refusals_.push_back({library, *error});
    }
    for (auto const& entry : entries_)
        entry->is_enabled = !has(leave_.disabled_ids, entry->manifest.id);
}

/// Every library of the directories, those of one by name. A file that several of them show, as
/// when one is given twice, is there once.
std::vector<std::filesystem::path> Registry::files() const {
    std::vector<std::filesystem::path> all;
    std::set<std::pair<dev_t, ino_t>> known;
    for (std::filesystem::path const& directory : directories_) {
        std::vector<std::filesystem::path> here;
        std::error_code failed;
        for (std::filesystem::directory_iterator at{directory, failed}, end; !failed && at != end;
             at.increment(failed))
            if (at->path().extension() == ".so") here.push_back(at->path());
        std::sort(here.begin(), here.end());
        for (std::filesystem::path& path : here) {
            struct stat file {};
            // What cannot be looked at is refused with its reason later.
            if (::stat(path.c_str(), &file) == 0 &&
                !known.emplace(file.st_dev, file.st_ino).second)
                continue;
            all.push_back(std::move(path));
        }
    }
    return all;
}

std::optional<Error> Registry::add(std::filesystem::path const& library) {
    // Here too, so that it takes no id or scheme from one that may be loaded.
    if (std::optional<Error> objection = rules_.lock.objection(library)) return objection;
    auto entry = std::make_shared<Entry>();
    entry->path = library;
    Result<std::optional<Manifest>> written = read_manifest_beside(library);
    if (!written) return written.error();
    if (*written) {
        entry->manifest = std::move(**written);
    } else {
        Result<LoadedLibrary> loaded = load_library(library, std::nullopt, room_, rules_);
        if (!loaded) return loaded.error();
        entry->generation = std::move(loaded->generation);
        entry->generations = 1;
        entry->manifest = std::move(loaded->manifest);
    }
    if (std::optional<Error> error = check_duplicate(*entry)) return error;
    for (ComponentInfo& info : entry->manifest.components)
        entry->components.push_back(std::make_shared<ComponentInfo const>(info));
    entries_.push_back(std::move(entry));
    return std::nullopt;
}

std::optional<Error> Registry::check_duplicate(Entry const& entry) const {
    auto duplicate = [&](std::string_view what, std::string const& value, Entry const& other) {
        return Error{WEIR_E_CONFIG, "plugin.duplicate_id",
                     fmt::format("{} has the {} {} that {} has already; remove one of them",
                                 entry.path.string(), what, value, other.path.string())};
    };
    for (std::shared_ptr<Entry> const& other : entries_) {
        // The same library in a newer build is no second one.
        if (other->manifest.id == entry.manifest.id && other->path == entry.path) continue;
        if (other->manifest.id == entry.manifest.id)
            return duplicate("plugin id", entry.manifest.id, *other);
        for (ComponentInfo const& theirs : other->manifest.components)
            for (ComponentInfo const& ours : entry.manifest.components) {
                if (theirs.id == ours.id)
                    return duplicate(ours.is_service() ? "service" : "connector", ours.id, *other);
                if (std::string const both = clash(ours.declared, theirs.declared); !both.empty())
                    return Error{WEIR_E_CONFIG, "plugin.route_conflict",
                                 fmt::format("{} claims {} that {} has already; remove one of them",
                                             entry.path.string(), both, other->path.string())};
                for (std::string const& scheme : ours.schemes)
                    if (std::count(theirs.schemes.begin(), theirs.schemes.end(), scheme))
                        return duplicate("URL scheme", scheme, *other);
            }
    }
    return std::nullopt;
}

std::vector<std::shared_ptr<ComponentInfo const>> Registry::components() {
    std::lock_guard const lock{mutex_};
    scan_locked();
    std::vector<std::shared_ptr<ComponentInfo const>> out;
    for (std::shared_ptr<Entry> const& entry : entries_)
        if (entry->is_enabled)
            std::copy_if(entry->components.begin(), entry->components.end(),
                         std::back_inserter(out),
                         [](auto const& info) { return info->is_connector(); });
    std::sort(out.begin(), out.end(), [](auto const& a, auto const& b) { return a->id < b->id; });
    return out;
}

std::vector<std::shared_ptr<ComponentInfo const>> Registry::services() {
    std::lock_guard const lock{mutex_};
    scan_locked();
    std::vector<std::shared_ptr<ComponentInfo const>> out;
    for (std::shared_ptr<Entry> const& entry : entries_)
        if (entry->is_enabled)
            std::copy_if(entry->components.begin(), entry->components.end(),
                         std::back_inserter(out),
                         [](auto const& info) { return info->is_service(); });
    return out;
}

std::shared_ptr<ComponentInfo const> Registry::find_scheme(std::string_view scheme) {
    std::lock_guard const lock{mutex_};
    scan_locked();
    std::shared_ptr<ComponentInfo const> by_id;
    for (std::shared_ptr<Entry> const& entry : entries_)
        for (std::shared_ptr<ComponentInfo const> const& info : entry->components) {
            if (std::count(info->schemes.begin(), info->schemes.end(), scheme)) return info;
            if (info->id == scheme && info->is_connector()) by_id = info;
        }
    return by_id;
}

Result<Component> Registry::load(std::string_view id) { return load_component(id, false); }

Result<Component> Registry::load_service(std::string_view id) { return load_component(id, true); }

Result<Component> Registry::load_component(std::string_view id, bool is_service) {
    std::unique_lock lock{mutex_};
    scan_locked();
    for (std::shared_ptr<Entry> const& each : entries_)
        for (std::shared_ptr<ComponentInfo const> const& has : each->components) {
            if (has->id != id || !(is_service ? has->is_service() : has->is_connector())) continue;
            // Ours, since both may be replaced while the library is loaded.
            std::shared_ptr<Entry> const entry = each;
            std::shared_ptr<ComponentInfo const> const info = has;
            if (!entry->is_enabled)
                return Error{WEIR_E_CONFIG, "plugin.disabled",
                             fmt::format("the plugin {} is switched off", entry->manifest.id)}
                    .suggest(fmt::format("weir plugin enable {}", entry->manifest.id));
            if (std::optional<Error> const error = load_entry(entry, lock)) return *error;
            return component_of(entry->generation, info);
        }
    return unknown(id, is_service);
}

void Registry::load_all() {
    std::unique_lock lock{mutex_};
    scan_locked();
    std::vector<std::shared_ptr<Entry>> const all = entries_;
    for (std::shared_ptr<Entry> const& entry : all) load_entry(entry, lock);
}

/// Not under the lock, but once: a library that hangs keeps nobody from the others.
std::optional<Error> Registry::load_entry(std::shared_ptr<Entry> const& entry,
                                          std::unique_lock<std::mutex>& lock) {
    loaded_.wait(lock, [&] { return !entry->is_loading; });
    if (entry->generation || entry->refused) return entry->refused;
    entry->is_loading = true;
    lock.unlock();
    // Its path and manifest are as they were when it was made.
    Result<LoadedLibrary> loaded = caught(
        [&] { return load_library(entry->path, entry->manifest, room_, rules_); });
    lock.lock();
    entry->is_loading = false;
    loaded_.notify_all();
    if (loaded) {
        entry->generation = std::move(loaded->generation);
        ++entry->generations;
        return std::nullopt;
    }
    entry->refused = loaded.error();
    bool const is_in_use = std::find(entries_.begin(), entries_.end(), entry) != entries_.end();
    if (is_in_use) refusals_.push_back({entry->path, *entry->refused});
    return entry->refused;
}

std::vector<Registry::Library> Registry::libraries() {
    std::lock_guard const lock{mutex_};
    scan_locked();
    std::vector<Library> all;
    for (auto const& entry : entries_)
        if (!entry->refused) all.push_back(shown(*entry));
    return all;
}

std::vector<std::string> Registry::trusted_in_vain() {
    std::lock_guard const lock{mutex_};
    scan_locked();
    std::vector<std::string> all;
    for (std::string const& wanted : rules_.placement.in_process) {
        std::string meant;
        bool is_there = false;
        for (auto const& entry : entries_) {
            is_there = is_there || entry->manifest.id == wanted;
            for (ComponentInfo const& component : entry->manifest.components)
                if (component.id == wanted) meant = entry->manifest.id;
        }
        if (is_there) continue;
        all.push_back(fmt::format("no plugin here has the id {}, which is to run in this process{}",
                                  wanted, meant.empty() ? "" : "; " + did_you_mean(meant)));
    }
    return all;
}

std::vector<Refusal> Registry::refusals() {
    std::lock_guard const lock{mutex_};
    scan_locked();
    return refusals_;
}

Error Registry::unknown(std::string_view id, bool is_service) const {
    // Its library may be there and be refused: then that is what has to be mended.
    for (Refusal const& refusal : refusals_)
        if (refusal.path.stem() == std::filesystem::path{id}) return refusal.error;
    std::vector<std::string> names;
    for (std::shared_ptr<Entry> const& entry : entries_)
        for (std::shared_ptr<ComponentInfo const> const& info : entry->components)
            if (is_service ? info->is_service() : info->is_connector()) names.push_back(info->id);
    std::sort(names.begin(), names.end());
    std::string const all =
        names.empty() ? "there are none" : fmt::format("{}", fmt::join(names, ", "));
    char const* const what = is_service ? "service" : "connector";
    Error const error{WEIR_E_CONFIG, fmt::format("{}.unknown", what),
                      fmt::format("there is no {0} \"{1}\"; {0}s: {2}", what, id, all)};
    return error.suggest(nearest(id, names));
}

}  // namespace weir::host
