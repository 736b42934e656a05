#pragma once

#include <map>
#include <set>

#include "abi/fixture.hpp"
#include "host/abi/http_exchange.hpp"
#include "host/abi/plugin_services.hpp"
#include "host/abi/service_proxy.hpp"

namespace weir::host {

/// Documents in memory; a namespace per owner.
class MemoryStore final : public StoreService {
public:
    Result<std::optional<Document>> get(std::string const& owner, std::string const& collection,
                                        std::string const& key) override {
        std::lock_guard const lock{mutex};
        auto const found = documents.find(place(owner, collection, key));
        if (found == documents.end()) return std::optional<Document>{};
        return std::optional{found->second};
    }
    Result<std::uint64_t> put(std::string const& owner, std::string const& collection,
                              std::string const& key, std::string const& json,
                              std::uint64_t if_revision) override {
        std::lock_guard const lock{mutex};
        Document& document = documents[place(owner, collection, key)];
        if (if_revision != WEIR_REVISION_ANY && if_revision != document.revision)
            return Error{WEIR_E_CONFLICT, "store.conflict", key + " has another revision"};
        document = {key, document.revision + 1, json};
        return document.revision;
    }
    Result<void> remove(std::string const& owner, std::string const& collection,
                        std::string const& key, std::uint64_t) override {
        std::lock_guard const lock{mutex};
        if (documents.erase(place(owner, collection, key))) return {};
        return Error{WEIR_E_NOT_FOUND, "store.not_found", "there is no " + key};
    }
    Result<std::vector<Document>> list(std::string const& owner, std::string const& collection,
                                       std::string const& prefix, std::string const& after,
                                       std::uint32_t limit) override {
        std::lock_guard const lock{mutex};
        std::vector<Document> out;
        for (auto const& [where, document] : documents)
            if (where.starts_with(place(owner, collection, prefix)) && document.key > after &&
                out.size() < limit)
                out.push_back(document);
        return out;
    }
    Result<void> apply(std::string const& owner, Changes const& changes) override {
        if (is_broken) throw std::runtime_error{"the store fell over"};
        std::lock_guard const lock{mutex};
        for (Changes::Put const& change : changes.puts)
            documents[place(owner, change.collection, change.key)] = {change.key, 1, change.json};
        for (Changes::Delete const& change : changes.deletes)
            documents.erase(place(owner, change.collection, change.key));
        for (std::string const& topic : changes.drops)
            std::erase_if(events, [&](auto const& each) { return each.starts_with(topic + " "); });
        for (Changes::Publish const& event : changes.events)
            events.push_back(event.topic + " " + event.dedupe_key + " " + event.data);
        return {};
    }

    static std::string place(std::string const& owner, std::string const& collection,
                             std::string const& key) {
        return owner + "|" + collection + "|" + key;
    }
    std::mutex mutex;
    std::map<std::string, Document> documents;
    std::vector<std::string> events;
    std::atomic<bool> is_broken{false};
};

class MemorySecrets final : public SecretService {
public:
    Result<void> put(std::string const& owner, std::string const& name,
                     std::string const& value) override {
        std::lock_guard const lock{mutex};
        secrets[owner + "|" + name] = value;
        return {};
    }
    Result<void> remove(std::string const& owner, std::string const& name) override {
        std::lock_guard const lock{mutex};
        if (secrets.erase(owner + "|" + name)) return {};
        return Error{WEIR_E_NOT_FOUND, "secret.not_found", "there is no " + name};
    }
    std::mutex mutex;
    std::map<std::string, std::string> secrets;
};

class OneAim final : public TimerService {
public:
    Result<void> arm(std::string const& owner, std::int64_t at_unix_ms) override {
        aim = owner + " " + std::to_string(at_unix_ms);
        return {};
    }
    Result<void> disarm(std::string const&) override {
        aim.clear();
        return {};
    }
    std::string aim;
};

/// A bus with one provider, which is set by the test.
class SmallBus final : public BusService {
public:
    Result<bool> publish(std::string const& caller, std::string const& topic,
                         std::string const& dedupe_key, std::string const& data) override {
        std::lock_guard const lock{mutex};
        if (!dedupe_key.empty() && !keys.insert(topic + dedupe_key).second) return false;
        events.push_back(caller + " " + topic + " " + data);
        return true;
    }
    MethodAnswer invoke(std::string const& caller, std::string const& service,
                        std::string const& method, nlohmann::json const& in,
                        CallContext const& call) override {
        std::int64_t const left_ms = call.remaining_ms();
        remaining_ms = left_ms;
        if (!provider)
            return Error{WEIR_E_NOT_FOUND, "bus.no_provider", "nobody provides " + service};
        return provider->on_invoke(caller, service, method, in, call);
    }
    std::mutex mutex;
    std::vector<std::string> events;
    std::set<std::string> keys;
    std::atomic<std::int64_t> remaining_ms{0};
    std::optional<ServiceProxy> provider;
};

/// A request with the parts a test is about; the rest is empty.
struct Asked {
    std::string method = "GET", path = "/", query = {}, body = {};
    std::map<std::string, std::string> params = {}, headers = {};
    std::string principal = R"({"id":"ana","scope":"write"})", request_id = "r1";

    HttpRequest request() const {
        return {method, path, query, principal, request_id, body, headers, params};
    }
};

/// Runs one service of a built library against services in memory.
class ServiceTest : public testing::Test {
protected:
    /// `placement` says where its library runs.
    explicit ServiceTest(Placement placement = {}) : rules{.placement = std::move(placement)} {}

    Component component(std::string const& library, std::string const& id) {
        if (!registry) {
            folder.take(library);
            registry = std::make_unique<Registry>(std::vector{folder.path()}, nullptr, rules);
        }
        Result<Component> found = registry->load_service(id);
        if (!found) throw std::runtime_error{found.error().message};
        return *found;
    }
    ServiceProxy make(std::string const& library, std::string const& id) {
        Result<Instance> made =
            Instance::create(component(library, id), nlohmann::json::object(), services, id);
        if (!made) throw std::runtime_error{made.error().message};
        return *made->service();
    }
    ServiceProxy started(std::string const& library, std::string const& id) {
        ServiceProxy service = make(library, id);
        Result<void> const done = service.start(call);
        if (!done) throw std::runtime_error{done.error().message};
        return service;
    }

    Folder folder;
    LoadRules const rules;
    Root root;
    MemoryStore store;
    MemorySecrets secrets;
    OneAim timer;
    SmallBus bus;
    HostServices services{
        root.clock, root.log, root.metrics, root.watchdog, {&store, &secrets, &timer, &bus}};
    CallContext call{root.clock};
    std::unique_ptr<Registry> registry;
};

}  // namespace weir::host
