#include "host/serve/bus.hpp"

#include <fmt/format.h>

namespace weir::host {

Result<void> Bus::offer(std::string const& service, std::string const& owner, Provider provider) {
    std::lock_guard const lock{mutex_};
    auto const [at, is_new] = offers_.try_emplace(
        service, Offer{owner, std::make_shared<Provider const>(std::move(provider))});
    if (is_new) return {};
    return Error{
        WEIR_E_CONFLICT, "plugin.service_conflict",
        fmt::format("{} offers {}, which {} offers already", owner, service, at->second.owner),
        service};
}

void Bus::withdraw(std::string const& owner) {
    std::lock_guard const lock{mutex_};
    std::erase_if(offers_, [&](auto const& offer) { return offer.second.owner == owner; });
}

bool Bus::has(std::string const& service) const {
    std::lock_guard const lock{mutex_};
    return offers_.contains(service);
}

Result<bool> Bus::publish(std::string const&, std::string const& topic,
                          std::string const& dedupe_key, std::string const& data) {
    Result<std::optional<std::int64_t>> const stored = events_.publish(topic, dedupe_key, data);
    if (!stored) return stored.error();
    return stored->has_value();
}

MethodAnswer Bus::invoke(std::string const& caller, std::string const& service,
                         std::string const& method, nlohmann::json const& in,
                         CallContext const& call) {
    std::shared_ptr<Provider const> provider;
    {
        std::lock_guard const lock{mutex_};
        if (auto const at = offers_.find(service); at != offers_.end())
            provider = at->second.provider;
    }
    if (provider) return (*provider)(call, {caller, service, method, in});
    Error none{WEIR_E_NOT_FOUND, "bus.no_provider",
               fmt::format("no plugin that is loaded offers {}", service), service};
    none.flags = WEIR_ERR_RETRYABLE;
    return none;
}

}  // namespace weir::host
