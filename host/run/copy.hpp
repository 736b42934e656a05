#pragma once

#include "host/abi/instance.hpp"
#include "host/abi/registry.hpp"
#include "host/core/clock.hpp"
#include "host/core/limits.hpp"
#include "host/run/progress.hpp"
#include "host/run/request.hpp"
#include "host/run/stop.hpp"

namespace weir::host {

/// What a copy needs of the host; borrowed.
struct CopyPorts {
    Registry& registry;
    HostServices const& services;
    Progress& progress;
    Clock const& clock;
    Limits const& limits;
    Stop const& stop;
};

/// Copies the streams of `request`, one after the other; a stream that fails stops no other.
/// Never throws; the report says how it ended.
CopyReport run_copy(CopyRequest const& request, CopyPorts const& ports);

/// The connector that `url` belongs to, by its scheme, with {"url":url} as configuration. E_CONFIG
/// names the schemes there are.
Result<Instance> connect(std::string const& url, Registry& registry, HostServices const& services);

}  // namespace weir::host
