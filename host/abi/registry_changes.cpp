// What may change of a registry that serves: libraries come, go, are replaced and switched off.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "host/abi/misdeeds.hpp"
#include "host/abi/registry_entry.hpp"
#include "host/abi/trust.hpp"
#include "host/core/text.hpp"
#include "weir/cpp/nearest.hpp"

namespace weir::host {

namespace fs = std::filesystem;

Registry::Entry* Registry::find_entry(std::string_view id) {
    for (auto const& entry : entries_)
        if (entry->manifest.id == id) return entry.get();
    for (auto const& entry : entries_) {
        if (entry->path.stem() == fs::path{id}) return entry.get();
        for (auto const& info : entry->components)
            if (info->id == id) return entry.get();
    }
    return nullptr;
}

Registry::Entry* Registry::find_path(fs::path const& path) const {
    for (auto const& entry : entries_)
        if (entry->path == path) return entry.get();
    return nullptr;
}

Error Registry::not_found(std::string_view id) {
    std::lock_guard const lock{mutex_};
    std::vector<std::string> ids;
    for (auto const& entry : entries_) ids.push_back(entry->manifest.id);
    return Error{WEIR_E_NOT_FOUND, "plugin.not_found",
                 fmt::format("there is no plugin \"{}\"", id)}
        .suggest(did_you_mean(nearest(id, ids), "GET /plugins"));
}

std::optional<fs::path> Registry::path_of(std::string const& file,
                                          std::vector<std::string>& names) const {
    std::optional<fs::path> found;
    for (fs::path const& directory : directories_) {
        std::error_code failed;
        for (fs::directory_iterator at{directory, failed}, end; !failed && at != end;
             at.increment(failed)) {
            if (at->path().extension() != ".so") continue;
            names.push_back(at->path().filename().string());
            if (!found && names.back() == file) found = at->path();
        }
    }
    return found;
}

Result<FreshLibrary> Registry::load_fresh(std::string const& file) {
    if (file.empty() || file.find('/') != std::string::npos || !file.ends_with(".so"))
        return Error{WEIR_E_CONFIG, "plugin.file_name",
                     fmt::format("\"{}\" is no file name of a library; write the bare name of a "
                                 ".so that lies in a configured directory",
                                 file),
                     "/file"};
    std::optional<fs::path> path;
    {
        std::lock_guard const lock{mutex_};
        scan_locked();
        std::vector<std::string> names;
        path = path_of(file, names);
        if (!path)
            return Error{WEIR_E_NOT_FOUND, "plugin.file_not_found",
                         fmt::format("no directory of libraries has a file {}", file), "/file"}
                .suggest(nearest(file, names));
    }
    if (room_) room_->release(*path);
    // Not under the lock: a child looks at it, and others want their connectors meanwhile.
    Result<std::optional<Manifest>> const written = read_manifest_beside(*path);
    Result<LoadedLibrary> loaded =
        written ? load_library(*path, *written, room_, rules_)
                : Result<LoadedLibrary>{written.error()};
    if (loaded) return FreshLibrary{*path, std::move(*loaded)};
    std::lock_guard const lock{mutex_};
    refuse(*path, loaded.error());
    return loaded.error();
}

/// Under the lock: what is in use stays so and tells why it was not replaced.
void Registry::refuse(fs::path const& path, Error const& why) {
    if (Entry* entry = find_path(path)) {
        entry->failed = why;
        return;
    }
    std::erase_if(refusals_, [&](Refusal const& each) { return each.path == path; });
    refusals_.push_back({path, why});
}

void Registry::was_not_replaced(std::string_view id, Error const& why) {
    std::lock_guard const lock{mutex_};
    if (Entry* const entry = find_entry(id)) entry->failed = why;
}

Result<void> Registry::use(FreshLibrary fresh) {
    std::shared_ptr<Entry> replaced;  // its process may have to be waited for: after the lock
    std::lock_guard const lock{mutex_};
    auto entry = std::make_shared<Entry>();
    entry->path = fresh.path_;
    entry->manifest = std::move(fresh.manifest_);
    entry->components = std::move(fresh.infos_);
    entry->generation = std::move(fresh.generation_);
    auto const same = std::find_if(entries_.begin(), entries_.end(), [&](auto const& each) {
        return each->manifest.id == entry->manifest.id;
    });
    if (std::optional<Error> error = check_duplicate(*entry)) {
        refuse(fresh.path_, *error);
        return *error;
    }
    std::erase_if(refusals_, [&](Refusal const& each) { return each.path == fresh.path_; });
    entry->generations = 1;
    if (same == entries_.end()) {
        entries_.push_back(std::move(entry));
        return {};
    }
    Misdeeds::here().forget(entry->manifest.id);
    entry->generations = (*same)->generations + 1;
    entry->is_enabled = (*same)->is_enabled;
    entry->retired = std::move((*same)->retired);
    std::erase_if(entry->retired, [](auto const& each) { return each.expired(); });
    if ((*same)->generation) entry->retired.push_back((*same)->generation);
    replaced = std::exchange(*same, std::move(entry));
    return {};
}

Result<void> Registry::remove(std::string_view id) {
    std::shared_ptr<Entry> removed;  // as in use()
    {
        std::lock_guard const lock{mutex_};
        Entry* const entry = find_entry(id);
        auto const at = std::find_if(entries_.begin(), entries_.end(),
                                     [&](auto const& each) { return each.get() == entry; });
        if (at != entries_.end()) {
            removed = std::move(*at);
            entries_.erase(at);
            return {};
        }
    }
    return not_found(id);
}

Result<void> Registry::enable(std::string_view id, bool is_enabled) {
    {
        std::lock_guard const lock{mutex_};
        if (Entry* const entry = find_entry(id)) {
            entry->is_enabled = is_enabled;
            return {};
        }
    }
    return not_found(id);
}

Registry::Seen Registry::seen(fs::path const& path) const {
    Entry const* const entry = find_path(path);
    Seen out{path, "", entry ? entry->manifest.id : ""};
    Result<std::optional<Manifest>> const written = read_manifest_beside(path);
    Result<TrustedFile> const file = read_trusted(path);
    if (!file) {
        out.state = "bad";
        out.error = file.error();
    } else if (!written) {
        out.state = "bad";
        out.error = written.error();
    } else if (!entry) {
        out.state = "new";
        if (*written) out.id = (*written)->id;
    } else {
        out.state = file->sha256 == entry->manifest.sha256 ? "same" : "changed";
    }
    if (!out.error && entry && entry->failed) out.error = entry->failed;
    return out;
}

std::vector<Registry::Seen> Registry::look_around() {
    std::lock_guard const lock{mutex_};
    scan_locked();
    std::vector<Seen> all;
    for (fs::path const& file : files()) all.push_back(seen(file));
    std::error_code failed;
    for (auto const& entry : entries_)
        if (!fs::exists(entry->path, failed))
            all.push_back({entry->path, "gone", entry->manifest.id});
    for (Seen& each : all)
        for (Refusal const& refusal : refusals_)
            if (!each.error && refusal.path == each.path && each.state == "new") {
                each.state = "bad";
                each.error = refusal.error;
            }
    std::sort(all.begin(), all.end(), [](auto const& a, auto const& b) { return a.path < b.path; });
    return all;
}

std::optional<Registry::Library> Registry::find(std::string_view id) {
    std::lock_guard const lock{mutex_};
    scan_locked();
    Entry const* const entry = find_entry(id);
    if (!entry || entry->refused) return std::nullopt;
    return shown(*entry);
}

Registry::Library Registry::shown(Entry const& entry) {
    auto const parked = std::count_if(entry.retired.begin(), entry.retired.end(),
                                      [](auto const& each) { return !each.expired(); });
    Contained const* const elsewhere =
        entry.generation ? entry.generation->contained() : nullptr;
    return {entry.path,
            entry.manifest,
            entry.generation != nullptr,
            entry.is_enabled,
            entry.generations,
            static_cast<std::size_t>(parked),
            elsewhere != nullptr,
            elsewhere ? elsewhere->pid() : 0,
            elsewhere ? elsewhere->given_up() : std::nullopt,
            entry.failed};
}

}  // namespace weir::host
