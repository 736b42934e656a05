#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "host/abi/plugin_services.hpp"
#include "host/store/events.hpp"

namespace weir::host {

/// The services of host and plugins by name ("cron/1", "runner/1"), and the way into the durable
/// events. Who calls knows a name, never a provider, so a provider may come, go and be replaced.
/// Thread-safe.
class Bus final : public BusService {
public:
    struct Request {
        std::string const &caller, &service, &method;
        nlohmann::json const& in;
    };
    /// Any thread, several at once.
    using Provider = std::function<MethodAnswer(CallContext const&, Request const&)>;

    explicit Bus(Events& events) : events_{events} {}

    /// `owner` answers `service` from now on. E_CONFLICT "plugin.service_conflict" names who does.
    Result<void> offer(std::string const& service, std::string const& owner, Provider provider);
    /// Takes back all that `owner` offers; calls at work end undisturbed.
    void withdraw(std::string const& owner);
    bool has(std::string const& service) const;

    Result<bool> publish(std::string const& caller, std::string const& topic,
                         std::string const& dedupe_key, std::string const& data) override;
    /// E_NOT_FOUND "bus.no_provider", retryable: nobody offers it now.
    MethodAnswer invoke(std::string const& caller, std::string const& service,
                        std::string const& method, nlohmann::json const& in,
                        CallContext const& call) override;

private:
    struct Offer {
        std::string owner;
        std::shared_ptr<Provider const> provider;
    };
    Events& events_;
    mutable std::mutex mutex_;
    std::map<std::string, Offer> offers_;
};

}  // namespace weir::host
