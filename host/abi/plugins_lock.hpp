#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "host/abi/trust.hpp"
#include "host/core/error.hpp"

namespace weir::host {

/// One library that may be loaded.
struct LockedLibrary {
    std::string file, id, version, sha256;
    bool operator==(LockedLibrary const&) const = default;
};

// plugins.lock := {"libraries":[{"file":"sqlite.so", "id", "version", "sha256"}]}, in order of file

/// The libraries of a lock. E_CONFIG "plugin.lock_unusable": it is no lock, or others than root and
/// we may write it.
Result<std::vector<LockedLibrary>> read_plugins_lock(std::filesystem::path const& file);
std::string to_text(std::vector<LockedLibrary> libraries);

/// Which libraries may be loaded, where a file settles it: those whose hash stands in it, and
/// nothing else. The file is read at each look, so what `weir plugin lock` writes counts at once.
/// A value; thread-safe.
class PluginsLock {
public:
    /// No file: everything may be loaded.
    PluginsLock() = default;
    /// `is_wanted`: without the file nothing may be loaded; else everything.
    PluginsLock(std::filesystem::path file, bool is_wanted)
        : file_{std::move(file)}, is_wanted_{is_wanted} {}

    /// Why `library` may not be loaded: E_CONFIG "plugin.not_locked" or "plugin.lock_unusable".
    std::optional<Error> objection(TrustedFile const& library) const;
    /// The same by its path; what keeps it from being read is not said here.
    std::optional<Error> objection(std::filesystem::path const& library) const;

private:
    bool is_there() const;

    std::filesystem::path file_;
    bool is_wanted_ = false;
};

}  // namespace weir::host
