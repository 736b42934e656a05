#pragma once

#include "host/abi/instance.hpp"
#include "host/abi/registry.hpp"
#include "host/core/clock.hpp"
#include "host/core/limits.hpp"
#include "host/run/dead_letters.hpp"
#include "host/run/progress.hpp"
#include "host/run/request.hpp"
#include "host/run/sink_turn.hpp"
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

/// Copies the streams of `request`, several at once where both ends can, each after those that it
/// references; full reads see one state of the source where it can give one. A stream that fails
/// stops no other. Never throws; the report says how it ended.
CopyReport run_copy(CopyRequest const& request, CopyPorts const& ports);

/// For whom streams are copied.
struct CopyRun {
    std::string run_id;
    LetterBox* rejects = nullptr;    ///< null: a row that is refused fails its stream
    SinkGates* gates = nullptr;      ///< null: nobody else here writes into the sink
    bool resumes_run = false;        ///< see TaskRun; a stream that is gone fails no other
};

/// The same between connectors that were made already; `request` needs no URLs. They are used by
/// one run at a time.
CopyReport run_copy(CopyRequest const& request, CopyPorts const& ports, Instance& source,
                    Instance& sink, CopyRun const& run);

/// The connector that `url` belongs to, by its scheme, with {"url":url} as configuration. E_CONFIG
/// names the schemes there are.
Result<Instance> connect(std::string const& url, Registry& registry, HostServices const& services);

}  // namespace weir::host
