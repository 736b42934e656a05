#pragma once

#include <map>
#include <set>

#include "abi/service_fixture.hpp"
#include "host/serve/timer.hpp"
#include "plugins/cron/times.hpp"

namespace weir::host {

/// The hour as the test has it.
class SetClock final : public Clock {
public:
    std::int64_t unix_us() const override { return now_ms * 1'000; }
    std::int64_t monotonic_ns() const override { return 1'000'000'000; }
    std::atomic<std::int64_t> now_ms{0};
};

/// One namespace of documents, and the events that were published once each.
class Shelf final : public StoreService {
public:
    Result<std::optional<Document>> get(std::string const&, std::string const&,
                                        std::string const& key) override {
        auto const found = documents.find(key);
        if (found == documents.end()) return std::optional<Document>{};
        return std::optional{Document{key, 1, found->second}};
    }
    Result<std::uint64_t> put(std::string const&, std::string const&, std::string const& key,
                              std::string const& json, std::uint64_t) override {
        documents[key] = json;
        return 1;
    }
    Result<void> remove(std::string const&, std::string const&, std::string const& key,
                        std::uint64_t) override {
        documents.erase(key);
        return {};
    }
    Result<std::vector<Document>> list(std::string const&, std::string const&, std::string const&,
                                       std::string const& after, std::uint32_t limit) override {
        std::vector<Document> out;
        for (auto at = documents.upper_bound(after); at != documents.end() && out.size() < limit;
             ++at)
            out.push_back({at->first, 1, at->second});
        return out;
    }
    Result<void> apply(std::string const&, Changes const& changes) override {
        ++applied;
        if (is_broken) return Error{WEIR_E_IO, "store.io", "the disk is full"};
        for (Changes::Put const& change : changes.puts) documents[change.key] = change.json;
        for (Changes::Delete const& change : changes.deletes) documents.erase(change.key);
        for (std::string const& topic : changes.drops) drops.push_back(topic);
        for (Changes::Publish const& event : changes.events)
            if (event.dedupe_key.empty() || keys.insert(event.topic + event.dedupe_key).second)
                events.emplace_back(event.topic, nlohmann::json::parse(event.data));
        return {};
    }

    std::map<std::string, std::string> documents;
    std::vector<std::pair<std::string, nlohmann::json>> events;
    std::set<std::string> keys;
    std::vector<std::string> drops;
    int applied = 0;
    bool is_broken = false;
};

/// Counts how often it is aimed.
class CountedTimer final : public TimerService {
public:
    Result<void> arm(std::string const&, std::int64_t at_unix_ms) override {
        ++armed;
        aim_ms = at_unix_ms;
        if (onto) onto->arm(at_unix_ms);
        return {};
    }
    Result<void> disarm(std::string const&) override {
        aim_ms.reset();
        return {};
    }
    std::optional<std::int64_t> aim_ms;
    int armed = 0;
    Timer* onto = nullptr;  ///< the host's, where a test wants it
};

/// The built plugin, loaded by the host, over a store in memory and a clock that stands still.
class CronPlugin : public testing::Test {
protected:
    CronPlugin() {
        clock.now_ms = *cron::read_time("2026-01-01T10:00:00Z");
        folder.take("cron");
        registry = std::make_unique<Registry>(std::vector{folder.path()});
        start();
    }
    /// A new instance over the same store.
    void start() {
        if (service) {
            EXPECT_TRUE(service->stop(call));
        }
        Result<Component> const found = registry->load_service("cron");
        if (!found) throw std::runtime_error{found.error().message};
        Result<Instance> made =
            Instance::create(*found, nlohmann::json::object(), services, "cron");
        if (!made) throw std::runtime_error{made.error().message};
        service = *made->service();
        Result<void> const done = service->start(call);
        if (!done) throw std::runtime_error{done.error().message};
    }
    HttpAnswer ask(std::string const& route, std::string const& name = {},
                   nlohmann::json const& body = nullptr, std::string const& scope = "admin",
                   std::string const& query = {}) {
        Asked asked{.query = query};
        if (!body.is_null()) asked.body = body.dump();
        if (!name.empty()) asked.params["name"] = name;
        asked.principal = nlohmann::json{{"id", "ana"}, {"scope", scope}}.dump();
        return service->on_http(route, asked.request(), call);
    }
    nlohmann::json answer(std::string const& route, std::string const& name = {},
                          nlohmann::json const& body = nullptr, std::string const& scope = "admin",
                          std::string const& query = {}) {
        HttpAnswer const got = ask(route, name, body, scope, query);
        if (got.error) throw std::runtime_error{got.error->message};
        return got.body.empty() ? nlohmann::json{} : nlohmann::json::parse(got.body);
    }
    MethodAnswer invoke(std::string const& method, nlohmann::json const& in,
                        std::string const& caller = "dev.weir.replication") {
        return service->on_invoke(caller, "cron/1", method, in, call);
    }
    /// The host's timer at this hour.
    Result<void> tick_at(std::string const& time) {
        clock.now_ms = *cron::read_time(time);
        std::int64_t const due = timer.aim_ms.value_or(clock.now_ms);
        timer.aim_ms.reset();  // an aim is good for one call
        return service->on_timer(due, clock.now_ms, call);
    }

    SetClock clock;
    RecordedLog log;
    Metrics metrics;
    Watchdog watchdog{clock};
    Shelf store;
    CountedTimer timer;
    HostServices services{clock, log, metrics, watchdog, {&store, nullptr, &timer, nullptr}};
    CallContext call{clock};
    Folder folder;
    std::unique_ptr<Registry> registry;
    std::optional<ServiceProxy> service;
};

}  // namespace weir::host
