#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "host/core/limits.hpp"
#include "host/run/circuits.hpp"
#include "host/run/plan.hpp"
#include "host/run/run_plan.hpp"
#include "host/run/sink_turn.hpp"
#include "host/run/warm_instances.hpp"

namespace weir::host {

/// Looks at connectors before anything is written. Thread-safe; each call takes an instance of its
/// own. `owner` is the plugin whose secrets a configuration may name.
class Inspector {
public:
    /// A check ends after this time, the other looks after the second one.
    static constexpr std::int64_t check_ms_max = 5'000, look_ms_max = 30'000;
    static constexpr std::int64_t preview_rows_max = 1'000;

    Inspector(Registry& registry, HostServices const& services, Limits const& limits,
              WarmInstances& instances, SinkGates& gates, Circuits& circuits);

    /// {"items":[{"type","title","roles":["source","sink"],"schemes":[…],"config_schema":{…},
    ///  "capabilities":{…}}]}
    nlohmann::json connectors();

    /// {"sweeps"}: whether a target of the connector can be compared with its source.
    /// E_NOT_FOUND "connector.unknown", or why its library cannot be loaded.
    Result<nlohmann::json> sink(std::string const& connector);

    /// {"ok","steps":[{"name","ok","ms","detail"}],"error":null|{…,"class","remedy"}}: config,
    /// connect, then streams of a source and write of a sink. Ends at the first step that fails;
    /// when that is "config", the configuration itself is wrong. E_CONFIG "connector.unknown".
    Result<nlohmann::json> check(std::string const& owner, ConnectorConfig const& connector);

    /// {"streams":[…]} as `weir discover --json` has them; after `ms` it is given up.
    Result<nlohmann::json> discover(std::string const& owner, ConnectorConfig const& connector,
                                    std::optional<std::string> const& pattern,
                                    std::int64_t ms = look_ms_max);

    /// The first `limit` records of each stream and what the sink would do:
    /// {"streams":[{"stream","target","fields":[{"name","type"}],"items":[{…}],"actions":[…]}]}.
    /// Writes nothing and moves no cursor.
    Result<nlohmann::json> preview(std::string const& owner, RunPlan const& plan,
                                   std::int64_t limit);

    /// Where each stream stands, as the sink has it:
    /// {"streams":[{"stream","target","cursor","rows","updated_at"}]}.
    Result<nlohmann::json> position(std::string const& owner, RunPlan const& plan);

    /// The next run reads every stream from its beginning. The caller knows that none is active.
    Result<nlohmann::json> reset(std::string const& owner, RunPlan const& plan);

private:
    struct Ends;
    Result<WarmInstances::Lent> lend(std::string const& owner, ConnectorConfig const& connector,
                                     std::uint32_t role, std::string const& job);
    Result<Ends> open(std::string const& owner, RunPlan const& plan, CallContext const& call);
    Result<nlohmann::json> preview_of(Ends& ends, RunPlan const& plan, Task const& task,
                                      std::int64_t limit, CallContext const& call);

    Registry& registry_;
    HostServices const& services_;
    Limits const& limits_;
    WarmInstances& instances_;
    SinkGates& gates_;
    Circuits& circuits_;
};

}  // namespace weir::host
