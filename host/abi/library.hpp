#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "host/abi/generation.hpp"
#include "host/abi/library_room.hpp"
#include "host/abi/manifest.hpp"
#include "host/abi/placement.hpp"
#include "host/abi/plugins_lock.hpp"
#include "host/core/error.hpp"

namespace weir::host {

/// A library that passed every check, and what it says of itself.
struct LoadedLibrary {
    std::shared_ptr<Generation> generation;
    Manifest manifest;
};

/// Loads `path` for good: trust, lint, the manifest beside it (when given), dlopen with all symbols
/// bound and none shared, the checks of the module. Code of the library runs only after all that
/// can be known without it is known. With a `room` it is a copy that is loaded, after a child has
/// looked at it. What the lock of `rules` does not name is refused before anything of it runs; what
/// their placement contains runs in another process. Errors are E_CONFIG "plugin.…" and name the
/// file.
Result<LoadedLibrary> load_library(std::filesystem::path const& path,
                                   std::optional<Manifest> const& manifest,
                                   LibraryRoom* room = nullptr, LoadRules const& rules = {});

/// The same up to the lint: nothing is loaded. All findings, in sentences that name the file.
std::vector<Error> lint_file(std::filesystem::path const& path);

}  // namespace weir::host
