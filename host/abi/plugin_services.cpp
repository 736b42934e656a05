#include "host/abi/plugin_services.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "host/abi/asked.hpp"
#include "host/abi/host_services.hpp"
#include "host/abi/told_error.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;

HostTable const& table_of(weir_host const* host) {
    return *static_cast<HostTable const*>(host->ctx);
}
PluginServices const& offered(weir_host const* host) { return table_of(host).services().offered; }

/// For results without a value: checks before, the work after.
template <class... Checks>
Result<void> all(Checks const&... checks) {
    Result<void> out;
    ((out ? (void)(out = checks) : void()), ...);
    return out;
}

// ---- weir.store/1 ----

weir_status store_get(weir_host const* host, weir_call const* call, char const* collection,
                      char const* key, weir_out const* json, std::uint64_t* revision,
                      weir_error* error) {
    return told(error, [&]() -> Result<void> {
        if (auto fits = all(asked::wanted(call), asked::name(collection, "collection"),
                            asked::name(key, "key"));
            !fits)
            return fits;
        Result<std::optional<StoreService::Document>> const found =
            offered(host).store->get(table_of(host).plugin(), collection, key);
        if (!found) return found.error();
        if (!*found)
            return Error{WEIR_E_NOT_FOUND, "store.not_found",
                         fmt::format("there is no document {} in {}", key, collection)};
        if (revision) *revision = (*found)->revision;
        return asked::answer(json, (*found)->json);
    });
}

weir_status store_put(weir_host const* host, weir_call const* call, char const* collection,
                      char const* key, char const* json, std::uint64_t if_revision,
                      std::uint64_t* revision, weir_error* error) {
    return told(error, [&]() -> Result<void> {
        if (auto fits = all(asked::wanted(call), asked::name(collection, "collection"),
                            asked::name(key, "key"));
            !fits)
            return fits;
        Result<std::string> const text = asked::json(json, json ? std::strlen(json) : 0, "value");
        if (!text) return text.error();
        Result<std::uint64_t> const made =
            offered(host).store->put(table_of(host).plugin(), collection, key, *text, if_revision);
        if (!made) return made.error();
        if (revision) *revision = *made;
        return {};
    });
}

weir_status store_del(weir_host const* host, weir_call const* call, char const* collection,
                      char const* key, std::uint64_t if_revision, weir_error* error) {
    return told(error, [&]() -> Result<void> {
        if (auto fits = all(asked::wanted(call), asked::name(collection, "collection"),
                            asked::name(key, "key"));
            !fits)
            return fits;
        return offered(host).store->remove(table_of(host).plugin(), collection, key, if_revision);
    });
}

weir_status store_list(weir_host const* host, weir_call const* call, char const* collection,
                       char const* prefix, char const* after, std::uint32_t limit,
                       weir_docs const* docs, weir_error* error) {
    return told(error, [&]() -> Result<void> {
        if (auto fits = all(asked::wanted(call), asked::name(collection, "collection"),
                            asked::text(prefix, "prefix"), asked::text(after, "after"));
            !fits)
            return fits;
        if (limit == 0 || limit > asked::list_max)
            return Error{
                WEIR_E_CONFIG, "store.limit",
                fmt::format("a list has from 1 to {} documents, not {}", asked::list_max, limit)};
        if (!WEIR_HAS(docs, weir_docs, add)) return asked::missing("docs");
        Result<std::vector<StoreService::Document>> const found = offered(host).store->list(
            table_of(host).plugin(), collection, prefix ? prefix : "", after ? after : "", limit);
        if (!found) return found.error();
        for (StoreService::Document const& document : *found)
            if (docs->add(docs->ctx, document.key.c_str(), document.revision,
                          document.json.c_str()) < 0)
                break;
        return {};
    });
}

weir_status store_apply(weir_host const* host, weir_call const* call, char const* changes_json,
                        weir_error* error) {
    return told(error, [&]() -> Result<void> {
        if (auto fits = asked::wanted(call); !fits) return fits;
        Result<StoreService::Changes> const changes = asked::changes(table_of(host), changes_json);
        if (!changes) return changes.error();
        return offered(host).store->apply(table_of(host).plugin(), *changes);
    });
}

constexpr weir_store store_table{sizeof(weir_store), 0,          store_get,  store_put,
                                 store_del,          store_list, store_apply};

// ---- weir.secrets/1 ----

weir_status secrets_put(weir_host const* host, weir_call const* call, char const* name,
                        void const* value, std::size_t size, weir_error* error) {
    return told(error, [&]() -> Result<void> {
        if (auto fits = all(asked::wanted(call), asked::secret_name(name)); !fits) return fits;
        if (!value || size == 0 || size > asked::secret_bytes_max)
            return Error{WEIR_E_CONFIG, "secret.size",
                         fmt::format("the secret {} has from 1 to {} bytes, not {}", name,
                                     asked::secret_bytes_max, value ? size : 0)};
        return offered(host).secrets->put(table_of(host).plugin(), name,
                                          {static_cast<char const*>(value), size});
    });
}

weir_status secrets_del(weir_host const* host, weir_call const* call, char const* name,
                        weir_error* error) {
    return told(error, [&]() -> Result<void> {
        if (auto fits = all(asked::wanted(call), asked::secret_name(name)); !fits) return fits;
        return offered(host).secrets->remove(table_of(host).plugin(), name);
    });
}

constexpr weir_secrets secrets_table{sizeof(weir_secrets), 0, secrets_put, secrets_del};

// ---- weir.timer/1 ----

constexpr weir_timer timer_table{
    sizeof(weir_timer), 0,
    [](weir_host const* host, std::int64_t at_unix_ms, weir_error* error) {
        return told(error,
                    [&] { return offered(host).timer->arm(table_of(host).plugin(), at_unix_ms); });
    },
    [](weir_host const* host, weir_error* error) {
        return told(error, [&] { return offered(host).timer->disarm(table_of(host).plugin()); });
    }};

// ---- weir.bus/1 ----

weir_status bus_publish(weir_host const* host, weir_call const* call, char const* topic,
                        char const* dedupe_key, void const* data, std::size_t size,
                        weir_error* error) {
    return told(error, [&]() -> Result<void> {
        if (auto fits = all(asked::wanted(call), asked::topic(table_of(host), topic),
                            asked::text(dedupe_key, "dedupe_key"));
            !fits)
            return fits;
        Result<std::string> const text = asked::json(data, size, "data");
        if (!text) return text.error();
        Result<bool> const is_new = offered(host).bus->publish(table_of(host).plugin(), topic,
                                                               dedupe_key ? dedupe_key : "", *text);
        if (!is_new) return is_new.error();
        if (*is_new) return {};
        return Error{WEIR_E_CONFLICT, "bus.duplicate",
                     fmt::format("an event on {} with the key {} was published before", topic,
                                 dedupe_key ? dedupe_key : "")};
    });
}

/// The context of a call on behalf of `call`, or of one that nobody asked for.
CallContext context_of(weir_host const* host, weir_call const* call) {
    if (CallContext const* outer = CallContext::of(call)) return CallContext::within(*outer);
    Clock const& clock = table_of(host).services().clock;
    return CallContext{clock, nullptr, clock.monotonic_ns() + asked::invoke_ms_max * 1'000'000};
}

weir_status bus_invoke(weir_host const* host, weir_call const* call, char const* service,
                       char const* method, void const* in, std::size_t size, weir_out const* out,
                       weir_error* error) {
    return told(error, [&]() -> Result<void> {
        if (auto fits = all(asked::wanted(call), asked::name(service, "service"),
                            asked::name(method, "method"));
            !fits)
            return fits;
        Result<std::string> const text = asked::json(in, size, "in");
        if (!text) return text.error();
        CallContext const context = context_of(host, call);
        if (context.depth() > asked::chain_max)
            return Error{WEIR_E_STATE, "bus.chain_too_long",
                         fmt::format("{} {} is the end of a chain of more than {} calls; it "
                                     "probably calls itself",
                                     service, method, asked::chain_max)};
        MethodAnswer const answer = offered(host).bus->invoke(table_of(host).plugin(), service,
                                                              method, Json::parse(*text), context);
        if (!answer.error) return asked::answer(out, answer.json.dump());
        if (!answer.findings.empty()) {
            Result<void> const ignored = asked::answer(out, to_json(answer.findings));
            (void)ignored;  // the error itself says the first of them
        }
        return *answer.error;
    });
}

constexpr weir_bus bus_table{sizeof(weir_bus), 0, bus_publish, bus_invoke};

}  // namespace

void const* plugin_service(HostTable const& table, std::string_view id) {
    if (!table.needs(id)) return nullptr;
    PluginServices const& offered = table.services().offered;
    if (id == "weir.store/1" && offered.store) return &store_table;
    if (id == "weir.secrets/1" && offered.secrets) return &secrets_table;
    if (id == "weir.timer/1" && offered.timer) return &timer_table;
    if (id == "weir.bus/1" && offered.bus) return &bus_table;
    return nullptr;
}

}  // namespace weir::host
