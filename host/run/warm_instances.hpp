#pragma once

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "host/abi/instance.hpp"
#include "host/core/secret.hpp"
#include "host/run/run_log.hpp"
#include "host/run/run_plan.hpp"
#include "host/run/secret_lookup.hpp"

namespace weir::host {

/// What an instance is made for.
struct InstanceWish {
    ConnectorConfig connector;
    std::string owner;       ///< plugin whose secrets the configuration may name
    std::uint32_t role = 0;  ///< WEIR_ROLE_*
    std::string job;         ///< for forget(); may be empty
};

/// Connectors with their connections, kept between runs, so that a job that runs each minute does
/// not log in each minute. Each is lent to one user at a time. References in a configuration are
/// resolved when one is asked for: whoever changes a secret gets an instance with the new one. That
/// an idle connection was cut meanwhile is for the connector to find out.
/// Resolved configurations are overwritten as soon as the instance has them. Thread-safe.
class WarmInstances {
public:
    static constexpr std::size_t idle_max = 32;
    static constexpr std::int64_t idle_ms_max = 300'000;

    WarmInstances(Registry& registry, HostServices const& services, SecretLookup& secrets);
    WarmInstances(WarmInstances const&) = delete;
    WarmInstances& operator=(WarmInstances const&) = delete;
    ~WarmInstances();

    class Lent;
    /// An idle one of the same configuration and role, else a new one. E_CONFIG: no such connector,
    /// a configuration that does not fit its schema, a reference that does not resolve.
    Result<Lent> lend(InstanceWish const& wish, RunLog* log);
    /// Drops what is idle and was last used by `job`.
    void forget(std::string const& job);
    /// Another generation serves as `connector`: drops what is idle of the one before, and what is
    /// lent once it comes back.
    void retire(std::string const& connector);
    /// Drops what has been idle for too long; to be called now and then.
    void expire();
    std::size_t idle();

private:
    struct Kept;
    Result<std::unique_ptr<Kept>> make(InstanceWish const& wish, nlohmann::json const& config,
                                       RunLog* log);
    std::unique_ptr<Kept> take(std::string const& key);
    void give_back(std::unique_ptr<Kept> kept);
    std::string key_of(InstanceWish const& wish, nlohmann::json const& config) const;

    Registry& registry_;
    HostServices services_;
    SecretLookup& secrets_;
    std::string hash_key_;
    std::mutex mutex_;
    std::list<std::unique_ptr<Kept>> idle_;  // longest idle first
    std::map<std::string, std::uint64_t> ages_;  // of connectors: how often retired
};

/// An instance in use. Comes back idle in the destructor when keep() was called, and is destroyed
/// otherwise. Move-only.
class WarmInstances::Lent {
public:
    Lent(WarmInstances& home, std::unique_ptr<Kept> kept);
    Lent(Lent&&) noexcept;
    ~Lent();

    Instance& instance();
    /// It may be used again: nothing has failed.
    void keep() { is_kept_ = true; }

private:
    WarmInstances* home_;
    std::unique_ptr<Kept> kept_;
    bool is_kept_ = false;
};

/// `config` with all its references resolved. Wipe it after use.
Result<nlohmann::json> resolved(nlohmann::json const& config, FindSecret const& find_secret);
/// Overwrites every text in it.
void wipe(nlohmann::json& json);

}  // namespace weir::host
