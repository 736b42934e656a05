#include "host/abi/registry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "host/abi/library.hpp"
#include "host/core/text.hpp"

namespace weir::host {

/// One library that may be used: known by its manifest, loaded when it was needed.
struct Registry::Entry {
    std::filesystem::path path;
    Manifest manifest;
    bool is_from_file = false;  // the manifest was read, not made from the loaded module
    std::vector<std::shared_ptr<ComponentInfo const>> components;
    std::shared_ptr<Generation> generation;
    std::optional<Error> refused;
};

namespace {

std::vector<std::filesystem::path> libraries_in(std::filesystem::path const& directory) {
    std::vector<std::filesystem::path> out;
    std::error_code error;
    std::filesystem::directory_iterator files{directory, error};
    for (; !error && files != std::filesystem::directory_iterator{}; files.increment(error))
        if (files->path().extension() == ".so") out.push_back(files->path());
    std::sort(out.begin(), out.end());
    return out;
}

weir_component const* find_table(weir_module const& module, std::string_view id) {
    for (std::uint32_t i = 0; i < module.component_count; ++i)
        if (module.components[i]->id == id) return module.components[i];
    return nullptr;
}

template <class Table>
Table const* table_of(weir_component const& component, char const* id, std::uint32_t role) {
    if (role != 0 && !(component.roles & role)) return nullptr;
    return static_cast<Table const*>(component.iface(id));
}

}  // namespace

Registry::Registry(std::vector<std::filesystem::path> directories)
    : directories_{std::move(directories)} {}

Registry::~Registry() = default;

void Registry::scan() {
    std::lock_guard const lock{mutex_};
    scan_locked();
}

void Registry::scan_locked() {
    if (is_scanned_) return;
    is_scanned_ = true;
    for (std::filesystem::path const& directory : directories_) scan_directory(directory);
}

void Registry::scan_directory(std::filesystem::path const& directory) {
    for (std::filesystem::path const& library : libraries_in(directory))
        if (std::optional<Error> error = add(library)) refusals_.push_back({library, *error});
}

std::optional<Error> Registry::add(std::filesystem::path const& library) {
    auto entry = std::make_unique<Entry>();
    entry->path = library;
    Result<std::optional<Manifest>> written = read_manifest_beside(library);
    if (!written) return written.error();
    if (*written) {
        entry->manifest = std::move(**written);
        entry->is_from_file = true;
    } else {
        Result<LoadedLibrary> loaded = load_library(library, std::nullopt);
        if (!loaded) return loaded.error();
        entry->generation = std::move(loaded->generation);
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
    for (std::unique_ptr<Entry> const& other : entries_) {
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
    for (std::unique_ptr<Entry> const& entry : entries_)
        std::copy_if(entry->components.begin(), entry->components.end(), std::back_inserter(out),
                     [](auto const& info) { return info->is_connector(); });
    std::sort(out.begin(), out.end(), [](auto const& a, auto const& b) { return a->id < b->id; });
    return out;
}

std::vector<std::shared_ptr<ComponentInfo const>> Registry::services() {
    std::lock_guard const lock{mutex_};
    scan_locked();
    std::vector<std::shared_ptr<ComponentInfo const>> out;
    for (std::unique_ptr<Entry> const& entry : entries_)
        std::copy_if(entry->components.begin(), entry->components.end(), std::back_inserter(out),
                     [](auto const& info) { return info->is_service(); });
    return out;
}

std::shared_ptr<ComponentInfo const> Registry::find_scheme(std::string_view scheme) {
    std::lock_guard const lock{mutex_};
    scan_locked();
    std::shared_ptr<ComponentInfo const> by_id;
    for (std::unique_ptr<Entry> const& entry : entries_)
        for (std::shared_ptr<ComponentInfo const> const& info : entry->components) {
            if (std::count(info->schemes.begin(), info->schemes.end(), scheme)) return info;
            if (info->id == scheme && info->is_connector()) by_id = info;
        }
    return by_id;
}

Result<Component> Registry::load(std::string_view id) { return load_component(id, false); }

Result<Component> Registry::load_service(std::string_view id) { return load_component(id, true); }

Result<Component> Registry::load_component(std::string_view id, bool is_service) {
    std::lock_guard const lock{mutex_};
    scan_locked();
    for (std::unique_ptr<Entry> const& entry : entries_)
        for (std::shared_ptr<ComponentInfo const> const& info : entry->components) {
            if (info->id != id || !(is_service ? info->is_service() : info->is_connector()))
                continue;
            if (std::optional<Error> const error = load_entry(*entry)) return *error;
            weir_component const* table = find_table(entry->generation->module(), id);
            return Component{entry->generation,
                             info,
                             table,
                             table_of<weir_source>(*table, "weir.source/1", WEIR_ROLE_SOURCE),
                             table_of<weir_sink>(*table, "weir.sink/1", WEIR_ROLE_SINK),
                             table_of<weir_lifecycle>(*table, "weir.lifecycle/1", 0),
                             table_of<weir_service>(*table, "weir.service/1", WEIR_ROLE_SERVICE)};
        }
    return unknown(id, is_service);
}

void Registry::load_all() {
    std::lock_guard const lock{mutex_};
    scan_locked();
    for (std::unique_ptr<Entry> const& entry : entries_) load_entry(*entry);
}

std::optional<Error> Registry::load_entry(Entry& entry) {
    if (entry.generation || entry.refused) return entry.refused;
    Result<LoadedLibrary> loaded = load_library(entry.path, entry.manifest);
    if (loaded) {
        entry.generation = std::move(loaded->generation);
        return std::nullopt;
    }
    entry.refused = loaded.error();
    refusals_.push_back({entry.path, *entry.refused});
    return entry.refused;
}

std::vector<Registry::Library> Registry::libraries() {
    std::lock_guard const lock{mutex_};
    scan_locked();
    std::vector<Library> all;
    for (auto const& entry : entries_)
        if (!entry->refused)
            all.push_back({entry->path, entry->manifest, entry->generation != nullptr});
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
    for (std::unique_ptr<Entry> const& entry : entries_)
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
