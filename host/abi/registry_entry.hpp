#pragma once

#include "host/abi/registry.hpp"

namespace weir::host {

/// One library that may be used: known by its manifest, loaded when it was needed.
struct Registry::Entry {
    std::filesystem::path path;
    Manifest manifest;
    std::vector<std::shared_ptr<ComponentInfo const>> components;
    std::shared_ptr<Generation> generation;
    std::size_t generations = 0;
    std::vector<std::weak_ptr<Generation>> retired;
    bool is_enabled = true;
    bool is_loading = false;       // by somebody who does not hold the lock
    std::optional<Error> refused;  // it is not in use
    std::optional<Error> failed;   // it is in use, a newer one could not be
};

/// What Registry::load answers for one component of a loaded library.
Component component_of(std::shared_ptr<Generation> const& generation,
                       std::shared_ptr<ComponentInfo const> const& info);

}  // namespace weir::host
