// The built plugin behind the ABI: its routes, its methods, its one timer.
#include <thread>

#include "cron/plugin_fixture.hpp"

namespace weir::host {
namespace {

using Json = nlohmann::json;
using cron::read_time;

TEST_F(CronPlugin, AddsAnEventOnce) {
    HttpAnswer const made = ask("add_event", {}, {{"name", "a"}, {"schedule", "*/15 * * * *"}});
    ASSERT_FALSE(made.error) << made.error->message;
    EXPECT_EQ(made.status, 201u);
    EXPECT_EQ(Json::parse(made.body)["next"], "2026-01-01T10:15:00.000Z");
    EXPECT_EQ(timer.aim_ms, read_time("2026-01-01T10:15:00Z"));
    EXPECT_EQ(ask("add_event", {}, {{"name", "a"}, {"schedule", "*/15 * * * *"}}).status, 200u);
    HttpAnswer const other = ask("add_event", {}, {{"name", "a"}, {"schedule", "1h"}});
    ASSERT_TRUE(other.error);
    EXPECT_EQ(other.error->status, WEIR_E_CONFLICT);
    EXPECT_EQ(other.error->code, "cron.event_exists");
    EXPECT_EQ(answer("list_events")["items"].size(), 1u);
}

TEST_F(CronPlugin, RefusesWithEveryFinding) {
    HttpAnswer const refused =
        ask("add_event", {},
            {{"name", "a"}, {"schedule", "61 * * * *"}, {"timezone", "Europe/Berln"}, {"x", 1}});
    ASSERT_TRUE(refused.error);
    EXPECT_EQ(refused.error->status, WEIR_E_CONFIG);
    ASSERT_EQ(refused.findings.size(), 3u);
    EXPECT_EQ(refused.findings[0].pointer, "/x");
    EXPECT_EQ(refused.findings[1].pointer, "/schedule");
    EXPECT_EQ(refused.findings[2].suggestion, "Europe/Berlin");
    HttpAnswer const never = ask("add_event", {}, {{"name", "a"}, {"schedule", "0 0 30 2 *"}});
    ASSERT_TRUE(never.error);
    EXPECT_EQ(never.error->code, "cron.never_due");
    EXPECT_EQ(ask("add_event", {}, Json::array()).error->status, WEIR_E_CONFIG);
}

TEST_F(CronPlugin, ExplainsByTheCodeThatFires) {
    Json const explained = answer("explain", {},
                                  {{"schedule", "30 2 * * *"},
                                   {"timezone", "Europe/Berlin"},
                                   {"from", "2025-03-29T12:00:00Z"},
                                   {"count", 2}},
                                  "read");
    EXPECT_EQ(explained,
              (Json{{"text", "at 02:30"},
                    {"notes", {"clocks in Europe/Berlin go forward by 1h at "
                               "2025-03-30T01:00:00.000Z"}},
                    {"next", {"2025-03-30T01:30:00.000Z", "2025-03-31T00:30:00.000Z"}}}));
    EXPECT_EQ(answer("explain", {}, {{"schedule", "15m"}})["next"].size(), 5u);
    EXPECT_EQ(answer("explain", {}, {{"schedule", "15m"}})["interval_s"], 900);
    for (Json const& body : std::vector<Json>{{{"schedule", "hourly"}},
                                              {{"schedule", "0 9 * *"}},
                                              {{"schedule", ""}},
                                              {{"schedule", "0 0 30 2 *"}},
                                              {{"schedule", nullptr}},
                                              Json::object()}) {
        HttpAnswer const refused = ask("explain", {}, body);
        ASSERT_TRUE(refused.error) << body;
        EXPECT_EQ(refused.error->status, WEIR_E_CONFIG);
        EXPECT_EQ(refused.error->where, "/schedule") << body;
    }
    HttpAnswer const refused =
        ask("explain", {}, {{"schedule", "15m"}, {"form", 1}, {"from", "now"}, {"count", 0}});
    EXPECT_EQ(refused.error->where, "/form");
    EXPECT_EQ(refused.findings[0].suggestion, "from");
}

TEST_F(CronPlugin, ATickIsOneTransaction) {
    for (char const* name : {"job:a", "job:b", "job:c"})
        ASSERT_FALSE(
            invoke("add_event", {{"name", name}, {"schedule", "15m"}, {"payload", {{"job", name}}}})
                .error);
    ask("add_event", {}, {{"name", "mine"}, {"schedule", "@hourly"}});
    int const before = store.applied;
    ASSERT_TRUE(tick_at("2026-01-01T11:00:00Z"));
    EXPECT_EQ(store.applied, before + 1);
    ASSERT_EQ(store.events.size(), 7u) << "four firings, three of which tell what they missed";
    std::map<std::string, Json> const events{store.events.begin(), store.events.end()};
    EXPECT_EQ(events.at("cron/1:dev.weir.replication/job:a"),
              (Json{{"owner", "dev.weir.replication"},
                    {"name", "job:a"},
                    {"scheduled_at", "2026-01-01T11:00:00.000Z"},
                    {"fired_at", "2026-01-01T11:00:00.000Z"},
                    {"missed", 3},
                    {"payload", {{"job", "job:a"}}}}));
    EXPECT_EQ(events.at("schedule.fired")["name"], "mine");
    EXPECT_EQ(timer.aim_ms, read_time("2026-01-01T11:15:00Z"));
}

TEST_F(CronPlugin, TheTimerIsAimedAnewOnlyWhenTheHeadMoves) {
    invoke("add_event", {{"name", "minute"}, {"schedule", "* * * * *"}});
    int const before = timer.armed;
    for (int i = 0; i < 50; ++i) {
        clock.now_ms += 300;
        invoke("add_event", {{"name", "job" + std::to_string(i)}, {"schedule", "@yearly"}});
        answer("list_events");
    }
    EXPECT_EQ(timer.armed, before);
    invoke("remove_event", {{"name", "minute"}});
    EXPECT_EQ(timer.armed, before + 1);
}

TEST_F(CronPlugin, AStoreThatFailsLosesNoTick) {
    invoke("add_event", {{"name", "minute"}, {"schedule", "* * * * *"}});
    store.is_broken = true;
    EXPECT_FALSE(tick_at("2026-01-01T10:01:00Z"));
    EXPECT_TRUE(store.events.empty());
    EXPECT_EQ(timer.aim_ms, read_time("2026-01-01T10:01:01Z"));
    MethodAnswer const added = invoke("add_event", {{"name", "new"}, {"schedule", "1h"}});
    ASSERT_TRUE(added.error);
    EXPECT_EQ(added.error->code, "store.io");
    store.is_broken = false;
    ASSERT_TRUE(tick_at("2026-01-01T10:01:01Z"));
    ASSERT_EQ(store.events.size(), 1u);
    EXPECT_EQ(store.events[0].second["scheduled_at"], "2026-01-01T10:01:00.000Z");
    EXPECT_EQ(store.documents.size(), 1u);
}

TEST_F(CronPlugin, ARestartKeepsEventsAndRepeatsNoTick) {
    invoke("add_event", {{"name", "job:a"}, {"schedule", "15m"}});
    ask("add_event", {}, {{"name", "mine"}, {"schedule", "@hourly"}});
    ASSERT_TRUE(tick_at("2026-01-01T10:15:00Z"));
    Json const before = answer("list_events");
    start();
    EXPECT_EQ(answer("list_events"), before);
    EXPECT_EQ(store.events.size(), 1u);
    clock.now_ms = *read_time("2026-01-01T11:20:00Z");
    start();
    ASSERT_EQ(store.events.size(), 4u);
    EXPECT_EQ(store.events[1].second["missed"], 3);
    EXPECT_EQ(store.events[3].first, "schedule.missed");
    EXPECT_EQ(store.events[3].second["name"], "job:a");
    EXPECT_EQ(store.events[3].second["missed"], 3);
    EXPECT_EQ(timer.aim_ms, read_time("2026-01-01T11:30:00Z"));
}

TEST_F(CronPlugin, TheClockSetBackFiresNoTickTwice) {
    invoke("add_event", {{"name", "minute"}, {"schedule", "* * * * *"}});
    ASSERT_TRUE(tick_at("2026-01-01T10:01:00Z"));
    ASSERT_TRUE(tick_at("2026-01-01T09:00:00Z"));
    start();
    ASSERT_TRUE(tick_at("2026-01-01T10:01:00Z"));
    EXPECT_EQ(store.events.size(), 1u);
    EXPECT_EQ(timer.aim_ms, read_time("2026-01-01T10:02:00Z"));
    // Far back is a correction, which is told.
    ASSERT_TRUE(tick_at("2025-12-31T00:00:00Z"));
    ASSERT_EQ(store.events.size(), 2u);
    EXPECT_EQ(store.events[1].first, "clock_corrected");
    EXPECT_EQ(timer.aim_ms, read_time("2025-12-31T00:01:00Z"));
}

TEST_F(CronPlugin, ChangesPausesAndRemoves) {
    ask("add_event", {}, {{"name", "a"}, {"schedule", "15m"}, {"payload", {{"x", 1}, {"y", 2}}}});
    Json const changed =
        answer("change_event", "a", {{"schedule", "1h"}, {"payload", {{"x", nullptr}}}});
    EXPECT_EQ(changed["next"], "2026-01-01T11:00:00.000Z");
    EXPECT_EQ(changed["payload"], Json({{"y", 2}}));
    EXPECT_EQ(answer("change_event", "a", {{"enabled", false}})["next"], nullptr);
    EXPECT_FALSE(timer.aim_ms);
    EXPECT_EQ(answer("change_event", "a", {{"enabled", true}})["next"], "2026-01-01T11:00:00.000Z");
    EXPECT_EQ(ask("change_event", "a", {{"name", "b"}}).error->where, "/name");
    EXPECT_EQ(answer("get_event", "a")["schedule"], "1h");
    EXPECT_EQ(ask("remove_event", "a").status, 204u);
    for (char const* route : {"get_event", "remove_event", "fire_event", "change_event"}) {
        HttpAnswer const gone = ask(route, "a", {{"enabled", true}});
        ASSERT_TRUE(gone.error) << route;
        EXPECT_EQ(gone.error->status, WEIR_E_NOT_FOUND);
        EXPECT_EQ(gone.error->code, "cron.event_not_found");
    }
    EXPECT_TRUE(store.documents.empty());
}

TEST_F(CronPlugin, ARemovedEventTakesWhatIsQueuedAlong) {
    invoke("add_event", {{"name", "job:a"}, {"schedule", "15m"}});
    ask("add_event", {}, {{"name", "mine"}, {"schedule", "@hourly"}});
    ASSERT_TRUE(tick_at("2026-01-01T11:00:00Z"));
    int const before = store.applied;
    EXPECT_EQ(invoke("remove_event", {{"name", "job:a"}}).json, Json({{"removed", true}}));
    EXPECT_EQ(store.applied, before + 1) << "in the transaction that removes it";
    EXPECT_EQ(store.drops, std::vector<std::string>{"cron/1:dev.weir.replication/job:a"});
    EXPECT_EQ(ask("remove_event", "mine").status, 204u);
    EXPECT_EQ(store.drops.size(), 1u) << "people's events share a topic";
    EXPECT_EQ(invoke("remove_event", {{"name", "job:a"}}).json, Json({{"removed", false}}));
    EXPECT_EQ(store.drops.size(), 1u);
}

TEST_F(CronPlugin, FiresByHand) {
    ask("add_event", {}, {{"name", "a"}, {"schedule", "@daily"}});
    clock.now_ms += 90'000;
    EXPECT_EQ(ask("fire_event", "a").status, 202u);
    ASSERT_EQ(store.events.size(), 1u);
    EXPECT_EQ(store.events[0].second["scheduled_at"], "2026-01-01T10:01:30.000Z");
    EXPECT_EQ(answer("get_event", "a")["next"], "2026-01-02T00:00:00.000Z");
}

TEST_F(CronPlugin, ShowsAnOwnerItsOwn) {
    invoke("add_event", {{"name", "job:a"}, {"schedule", "15m"}});
    invoke("add_event", {{"name", "tick"}, {"schedule", "15m"}}, "dev.weir.other");
    ask("add_event", {}, {{"name", "mine"}, {"schedule", "@hourly"}});
    EXPECT_EQ(answer("list_events")["items"].size(), 3u);
    EXPECT_EQ(answer("list_events", {}, nullptr, "read")["items"].size(), 1u);
    EXPECT_EQ(ask("list_events", {}, nullptr, "read", "owner=dev.weir.other").error->status,
              WEIR_E_AUTH);
    EXPECT_EQ(invoke("list", Json::object()).json["items"].size(), 1u);
    EXPECT_EQ(invoke("list", Json::object(), "host").json["items"].size(), 3u);
    EXPECT_EQ(invoke("list", {{"owner", "user"}}).error->status, WEIR_E_AUTH);
    EXPECT_EQ(invoke("remove_event", {{"name", "tick"}}).json, Json({{"removed", false}}));
    EXPECT_EQ(invoke("remove_event", {{"name", "tick"}}, "dev.weir.other").json,
              Json({{"removed", true}}));
    EXPECT_EQ(
        ask("remove_event", "job:a", nullptr, "write", "owner=dev.weir.replication").error->status,
        WEIR_E_AUTH);
    EXPECT_EQ(ask("remove_event", "job:a", nullptr, "admin", "owner=dev.weir.replication").status,
              204u);
}

TEST_F(CronPlugin, ListsPageByPage) {
    for (int i = 0; i < 5; ++i)
        invoke("add_event", {{"name", "job:" + std::to_string(i)}, {"schedule", "15m"}});
    Json page = invoke("list", {{"limit", 2}}).json;
    std::size_t seen = page["items"].size();
    int pages = 1;
    for (; !page["next"].is_null(); ++pages) {
        page = invoke("list", {{"limit", 2}, {"cursor", page["next"]}}).json;
        seen += page["items"].size();
    }
    EXPECT_EQ(seen, 5u);
    EXPECT_EQ(pages, 3);
    EXPECT_EQ(ask("list_events", {}, nullptr, "admin", "limit=0").error->where, "/limit");
    EXPECT_EQ(answer("list_events", {}, nullptr, "admin", "limit=5")["next"], nullptr);
}

TEST_F(CronPlugin, AddAnswersWhetherAnythingChanged) {
    Json const event{{"name", "job:a"}, {"schedule", {{"type", "interval"}, {"minutes", 15}}}};
    EXPECT_EQ(invoke("add_event", event).json, (Json{{"owner", "dev.weir.replication"},
                                                     {"name", "job:a"},
                                                     {"next", "2026-01-01T10:15:00.000Z"},
                                                     {"changed", true}}));
    EXPECT_EQ(invoke("add_event", event).json["changed"], false);
    MethodAnswer const refused = invoke("add_event", {{"name", "x"}, {"schedule", "0m"}});
    ASSERT_TRUE(refused.error);
    EXPECT_EQ(refused.error->where, "/schedule");
    EXPECT_EQ(refused.findings.size(), 1u);
}

TEST_F(CronPlugin, TakesCallsOfManyThreads) {
    std::vector<std::thread> threads;
    for (int n = 0; n < 4; ++n)
        threads.emplace_back([&, n] {
            for (int i = 0; i < 25; ++i) {
                invoke("add_event", {{"name", "job" + std::to_string(i)}, {"schedule", "15m"}},
                       "owner" + std::to_string(n));
                answer("list_events");
            }
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(store.documents.size(), 100u);
    ASSERT_TRUE(tick_at("2026-01-01T10:15:00Z"));
    EXPECT_EQ(store.events.size(), 100u);
}

}  // namespace
}  // namespace weir::host
