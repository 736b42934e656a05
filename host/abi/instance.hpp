#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "host/abi/host_services.hpp"
#include "host/abi/registry.hpp"
#include "host/abi/service_proxy.hpp"
#include "host/abi/sink_proxy.hpp"
#include "host/abi/source_proxy.hpp"
#include "host/core/error.hpp"

namespace weir::host {

/// A connector or a service with a configuration. Move-only.
///
/// Of calls on it and on its two views one is at work at a time, interrupt() excepted: whoever
/// comes meanwhile waits. Readers and writers made by it are lanes of their own, and a service is
/// entered by several threads. The plugin's instance is destroyed when this and every reader,
/// writer and ServiceProxy of it are gone, in whatever order.
class Instance {
public:
    /// Checks `config` against the component's schema, fills in defaults, and creates; no I/O.
    /// `name` labels its log lines and errors: "postgres".
    static Result<Instance> create(Component const& component, nlohmann::json const& config,
                                   HostServices const& services, std::string name);

    std::string const& name() const;
    ComponentInfo const& info() const;

    /// {"identity":…,"cursor":…} as the connector says; {} when it says nothing.
    Result<nlohmann::json> describe();
    /// E_UNSUPPORTED when the connector does not have the role.
    Result<SourceProxy> source();
    Result<SinkProxy> sink();
    /// E_UNSUPPORTED for a connector.
    Result<ServiceProxy> service();

    /// Unblocks the call that runs on the instance itself. Any thread.
    void interrupt();

    /// Calls inside the plugin and arrays still held, of every instance of its library.
    Generation const& generation() const;

private:
    explicit Instance(std::shared_ptr<InstanceObject> object) : object_{std::move(object)} {}
    std::shared_ptr<InstanceObject> object_;
};

}  // namespace weir::host
