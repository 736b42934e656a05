#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "host/abi/call_context.hpp"
#include "host/abi/service_answer.hpp"
#include "host/core/error.hpp"

namespace weir::host {

// What the server offers plugins, as the composition root implements it. Each call says which
// plugin asks; names and sizes are checked before (store_names_max and so on in
// plugin_services.cpp), texts are valid UTF-8. Thread-safe; may block. What they throw becomes
// E_INTERNAL, or E_NOMEM.

/// "weir.store/1": see weir_store.
class StoreService {
public:
    struct Document {
        std::string key;
        std::uint64_t revision = 0;
        std::string json;
    };
    struct Changes {
        struct Put {
            std::string collection, key, json;
            std::uint64_t if_revision = ~std::uint64_t{0};  ///< WEIR_REVISION_ANY
        };
        struct Delete {
            std::string collection, key;
        };
        struct Publish {
            std::string topic, dedupe_key, data;  ///< an empty key: never a repetition
        };
        std::vector<Put> puts;
        std::vector<Delete> deletes;
        std::vector<std::string> drops;  ///< topics of services that the plugin provides
        std::vector<Publish> events;
    };

    virtual ~StoreService() = default;
    virtual Result<std::optional<Document>> get(std::string const& owner,
                                                std::string const& collection,
                                                std::string const& key) = 0;
    /// `if_revision` 0: none there; WEIR_REVISION_ANY: whatever is there. Answers the new one.
    virtual Result<std::uint64_t> put(std::string const& owner, std::string const& collection,
                                      std::string const& key, std::string const& json,
                                      std::uint64_t if_revision) = 0;
    virtual Result<void> remove(std::string const& owner, std::string const& collection,
                                std::string const& key, std::uint64_t if_revision) = 0;
    /// In byte order of the keys, behind `after`; at most `limit`, which is at most 10,000.
    virtual Result<std::vector<Document>> list(std::string const& owner,
                                               std::string const& collection,
                                               std::string const& prefix, std::string const& after,
                                               std::uint32_t limit) = 0;
    virtual Result<void> apply(std::string const& owner, Changes const& changes) = 0;
};

/// "weir.secrets/1": see weir_secrets.
class SecretService {
public:
    virtual ~SecretService() = default;
    virtual Result<void> put(std::string const& owner, std::string const& name,
                             std::string const& value) = 0;
    virtual Result<void> remove(std::string const& owner, std::string const& name) = 0;
};

/// "weir.timer/1": see weir_timer. Must not block.
class TimerService {
public:
    virtual ~TimerService() = default;
    virtual Result<void> arm(std::string const& owner, std::int64_t at_unix_ms) = 0;
    virtual Result<void> disarm(std::string const& owner) = 0;
};

/// "weir.bus/1": see weir_bus.
class BusService {
public:
    virtual ~BusService() = default;
    /// `data` is JSON. False: an event with this topic and key is there already; an empty key:
    /// never. `caller` may publish on the topic: "noun/1:…" belongs to who provides noun/1.
    virtual Result<bool> publish(std::string const& caller, std::string const& topic,
                                 std::string const& dedupe_key, std::string const& data) = 0;
    /// `call` carries the deadline and the stop of the caller, and how long the chain of calls is;
    /// it is to be handed on.
    virtual MethodAnswer invoke(std::string const& caller, std::string const& service,
                                std::string const& method, nlohmann::json const& in,
                                CallContext const& call) = 0;
};

/// The services that a host offers; null: not offered. They outlive the instances.
struct PluginServices {
    StoreService* store = nullptr;
    SecretService* secrets = nullptr;
    TimerService* timer = nullptr;
    BusService* bus = nullptr;
};

class HostTable;

/// The static table for `id`, "weir.store/1" and so on; null when the host does not offer it, or
/// the component of `table` does not name it in `requires`.
void const* plugin_service(HostTable const& table, std::string_view id);

}  // namespace weir::host
