#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "host/abi/call_context.hpp"
#include "host/abi/manifest.hpp"
#include "host/abi/service_answer.hpp"
#include "host/core/error.hpp"

namespace weir::host {

class InstanceObject;

/// A service as the host calls it. Cheap to copy; the instance lives as long as any copy.
///
/// Calls may come from several threads at once, between start() and stop(); outside of that they
/// are E_BUSY "service.not_running", retryable. The call's deadline and stop reach the plugin in
/// its weir_call; nothing else ends a call. Every answer is checked: what breaks a promise is
/// E_INTERNAL "plugin.broken_promise". Thread-safe.
class ServiceProxy {
public:
    explicit ServiceProxy(std::shared_ptr<InstanceObject> instance);

    ComponentInfo const& info() const;
    /// Whose documents, secrets and deliveries these are.
    std::string const& plugin() const;

    /// Once, before every other call. On an error the service stays closed.
    Result<void> start(CallContext const& call);
    /// Lets no call in any more, waits for those inside until `call` is over, then tells the plugin
    /// in any case, under `call`'s stop and deadline no more. Does nothing when it does not run.
    Result<void> stop(CallContext const& call);
    bool is_running() const;

    /// `route`: the id that is declared with it.
    HttpAnswer on_http(std::string const& route, HttpRequest const& request,
                       CallContext const& call) const;
    /// E_*: to be delivered again later, with the same id.
    Result<void> on_event(std::string const& topic, std::string const& event_id,
                          std::string_view data, CallContext const& call) const;
    /// A declared method; the answer is JSON of at most 1 MiB.
    MethodAnswer on_invoke(std::string const& caller, std::string const& service,
                           std::string const& method, nlohmann::json const& in,
                           CallContext const& call) const;
    Result<void> on_timer(std::int64_t due_unix_ms, std::int64_t now_unix_ms,
                          CallContext const& call) const;

private:
    std::shared_ptr<InstanceObject> object_;
};

}  // namespace weir::host
