#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/abi/instance.hpp"
#include "host/cli/environment.hpp"

namespace weir::host {

/// A plugin's service without a server, so that what it answers from its input alone has one code
/// everywhere. It is started over a store that is empty and keeps nothing, a timer that never
/// rings, and no bus. One thread.
class LoneService {
public:
    /// The plugin that offers `service` ("cron/1"), beside this program or in `plugin_dirs`.
    LoneService(std::string service, Clock const& clock, Limits const& limits, Voice const& voice,
                std::vector<std::string> const& plugin_dirs);
    ~LoneService();
    LoneService(LoneService const&) = delete;
    LoneService& operator=(LoneService const&) = delete;

    /// E_NOT_FOUND "bus.no_provider" when no library offers the service; why one was refused is
    /// told on standard error.
    MethodAnswer invoke(std::string const& method, nlohmann::json const& in);

private:
    Result<void> start();

    std::string const name_;
    Environment host_;
    std::unique_ptr<StoreService> store_;
    std::unique_ptr<TimerService> timer_;
    std::optional<ServiceProxy> service_;
};

}  // namespace weir::host
