// The book of events: adding, ticks, the aim, and what one step may hold.
#include <ctime>
#include <iostream>
#include <weir/cpp/problems.hpp>

#include "cron/rig.hpp"

namespace weir::cron {
namespace {

TEST(CronBook, FiresEachTimeOnce) {
    Rig rig{"2026-01-01T10:00:30Z"};
    rig.add("quarter", "*/15 * * * *");
    rig.run_until("2026-01-01T11:00:00Z");
    EXPECT_EQ(rig.take_fired(), (Times{"10:15", "10:30", "10:45", "11:00"}));
    EXPECT_EQ(rig.event("quarter").next_ms, at("2026-01-01T11:15:00Z"));
    EXPECT_EQ(rig.event("quarter").last_scheduled_ms, at("2026-01-01T11:00:00Z"));
    EXPECT_EQ(rig.ticks, 4);
}

TEST(CronBook, AddingTheSameAgainChangesNothing) {
    Rig rig{"2026-01-01T10:00:00Z"};
    rig.add("a", "15m", {{"payload", {{"job", "x"}}}});
    rig.now_ms = at("2026-01-01T10:10:00Z");
    int const before = rig.applied;
    rig.add("a", "15m", {{"payload", {{"job", "x"}}}});
    EXPECT_EQ(rig.applied, before);
    // Another payload keeps the next time, another schedule counts from now.
    rig.add("a", "15m", {{"payload", {{"job", "y"}}}});
    EXPECT_EQ(rig.event("a").next_ms, at("2026-01-01T10:15:00Z"));
    rig.add("a", "1h");
    EXPECT_EQ(rig.event("a").next_ms, at("2026-01-01T11:00:00Z"));
    EXPECT_EQ(rig.book.size(), 1u);
}

TEST(CronBook, RefusesWhatIsNeverDue) {
    Rig rig{"2026-01-01T10:00:00Z"};
    for (Json const& schedule :
         std::vector<Json>{"0 0 30 2 *", "0 0 0 1 1 * 2025", {{"at", "2026-01-01T10:00:00Z"}}})
        try {
            rig.add("never", schedule);
            ADD_FAILURE() << schedule;
        } catch (Error const& error) {
            EXPECT_EQ(error.code, "cron.never_due");
            EXPECT_EQ(error.where, "/schedule");
        }
    EXPECT_EQ(rig.book.size(), 0u);
}

TEST(CronBook, ListsEveryFindingAtOnce) {
    try {
        Definition::of("test", {{"name", "a b"},
                                {"schedule", "61 * * * *"},
                                {"timezone", "Europe/Berln"},
                                {"misfire", "fire"},
                                {"catchup_window", "soon"},
                                {"dst_gap", "run"},
                                {"jitter_ms", -1},
                                {"enabled", "yes"},
                                {"paylod", 1}});
        FAIL();
    } catch (Problems const& problems) {
        std::set<std::string> pointers;
        for (Finding const& finding : problems.findings()) pointers.insert(finding.pointer);
        EXPECT_EQ(pointers, (std::set<std::string>{"/catchup_window", "/dst_gap", "/enabled",
                                                   "/jitter_ms", "/misfire", "/name", "/paylod",
                                                   "/schedule", "/timezone"}));
    }
}

TEST(CronBook, OneInstantFiresOnceAndStays) {
    Rig rig{"2026-01-01T10:00:00Z"};
    rig.add("once", {{"at", "2026-01-01T10:30:00Z"}});
    rig.run_until("2026-01-02T00:00:00Z");
    EXPECT_EQ(rig.take_fired(), Times{"10:30"});
    EXPECT_EQ(rig.event("once").next_ms, std::nullopt);
    rig.add("once", {{"at", "2026-01-01T10:30:00Z"}});
    EXPECT_EQ(rig.book.aim(), std::nullopt);
}

TEST(CronBook, APausedEventWaitsAndGoesOnFromNow) {
    Rig rig{"2026-01-01T10:00:00Z"};
    rig.add("quarter", "*/15 * * * *");
    rig.add("quarter", "*/15 * * * *", {{"enabled", false}});
    EXPECT_EQ(rig.event("quarter").next_ms, std::nullopt);
    rig.run_until("2026-01-01T12:00:00Z");
    rig.restart();
    EXPECT_EQ(rig.take_fired(), Times{});
    rig.add("quarter", "*/15 * * * *");
    rig.run_until("2026-01-01T12:15:00Z");
    EXPECT_EQ(rig.take_fired(), Times{"12:15"});
}

TEST(CronBook, RemovedEventsFireNoMore) {
    Rig rig{"2026-01-01T10:00:00Z"};
    rig.add("a", "*/15 * * * *");
    rig.add("b", "*/15 * * * *");
    rig.take(rig.book.remove("test/a"));
    EXPECT_TRUE(rig.book.remove("test/a").empty());
    rig.run_until("2026-01-01T10:15:00Z");
    ASSERT_EQ(rig.fired.size(), 1u);
    EXPECT_EQ(rig.fired[0].name, "b");
    EXPECT_EQ(rig.documents.size(), 1u);
}

TEST(CronBook, FiringByHandLeavesTheScheduleAlone) {
    Rig rig{"2026-01-01T10:07:00Z"};
    rig.add("quarter", "*/15 * * * *");
    rig.take(rig.book.fire("test/quarter", rig.now_ms));
    EXPECT_EQ(rig.take_fired(), Times{"10:07"});
    rig.run_until("2026-01-01T10:15:00Z");
    EXPECT_EQ(rig.take_fired(), Times{"10:15"});
    EXPECT_THROW(rig.book.fire("test/none", rig.now_ms), Error);
}

TEST(CronBook, JitterDelaysEachTimeByTheSameOnEveryHost) {
    Rig one{"2026-01-01T10:00:00Z"}, two{"2026-01-01T10:00:00Z"};
    std::set<Millis> delays;
    for (int i = 0; i < 50; ++i) {
        std::string const name = "job" + std::to_string(i);
        for (Rig* rig : {&one, &two}) rig->add(name, "@hourly", {{"jitter_ms", 30'000}});
    }
    for (Rig* rig : {&one, &two}) rig->run_until("2026-01-01T11:01:00Z");
    ASSERT_EQ(one.fired.size(), 50u);
    for (std::size_t i = 0; i < 50; ++i) {
        EXPECT_EQ(one.fired[i].scheduled_ms, at("2026-01-01T11:00:00Z"));
        EXPECT_EQ(one.fired[i].fired_ms, two.fired[i].fired_ms);
        delays.insert(one.fired[i].fired_ms - one.fired[i].scheduled_ms);
    }
    EXPECT_GT(delays.size(), 40u);
    EXPECT_GE(*delays.begin(), 0);
    EXPECT_LE(*delays.rbegin(), 30'000);
}

TEST(CronBook, H38ABrokenEventHurtsOnlyItself) {
    Rig rig{"2026-01-01T10:00:00Z"};
    rig.add("good", "*/15 * * * *");
    rig.add("bad", "*/15 * * * *");
    rig.documents["test/bad"]["schedule"] = "61 * * * *";
    rig.documents["test/worse"] = Json::array();
    rig.restart();
    rig.run_until("2026-01-01T10:15:00Z");
    EXPECT_EQ(rig.take_fired(), Times{"10:15"});
    Json const shown = rig.event("bad").shown();
    EXPECT_EQ(shown["enabled"], false);
    EXPECT_NE(shown["last_error"].get<std::string>().find("minute 61"), std::string::npos);
    EXPECT_EQ(rig.book.list({}).size(), 3u);
    rig.take(rig.book.remove("test/worse"));
    EXPECT_EQ(rig.book.list({}).size(), 2u);
    rig.add("bad", "*/15 * * * *");  // mends it
    EXPECT_EQ(rig.event("bad").next_ms, at("2026-01-01T10:30:00Z"));
}

TEST(CronBook, ListsPageByPage) {
    Rig rig{"2026-01-01T10:00:00Z"};
    for (char const* name : {"job:a", "job:b", "other", "job:c"}) rig.add(name, "1h");
    rig.take(
        rig.book.add(Definition::of("user", {{"name", "job:z"}, {"schedule", "1h"}}), rig.now_ms));
    auto const names = [&](Book::Filter const& filter) {
        Times out;
        for (CronEvent const* event : rig.book.list(filter)) out.push_back(event->definition.key());
        return out;
    };
    EXPECT_EQ(names({"", "", "", 3}), (Times{"test/job:a", "test/job:b", "test/job:c"}));
    EXPECT_EQ(names({"", "", "test/job:c", 3}), (Times{"test/other", "user/job:z"}));
    EXPECT_EQ(names({"", "job:", "test/job:b", 3}), (Times{"test/job:c", "user/job:z"}));
    EXPECT_EQ(names({"user", "", "", 3}), Times{"user/job:z"});
    EXPECT_EQ(names({"tes", "", "", 3}), Times{});
}

TEST(CronBook, OnlyTheHeadMovesTheAim) {
    Rig rig{"2026-01-01T10:00:00Z"};
    rig.add("minute", "* * * * *");
    std::set<Millis> aims;
    for (int i = 0; i < 390; ++i) {  // three requests a second for 130 s
        aims.insert(*rig.book.aim());
        rig.add("job" + std::to_string(i), "@yearly");
        rig.now_ms += 333;
        rig.take(rig.book.tick(rig.now_ms));
    }
    EXPECT_EQ(aims.size(), 3u);
    EXPECT_EQ(rig.take_fired(), (Times{"10:01", "10:02"}));
}

TEST(CronBook, H38TenThousandEventsOfOneTickAreOneStep) {
    Rig rig{"2026-01-01T10:00:00Z"};
    for (int i = 0; i < 10'000; ++i)
        rig.add("job" + std::to_string(i), i % 2 ? Json("@hourly") : Json("*/20 * * * *"),
                {{"timezone", i % 3 ? "UTC" : "Europe/Berlin"}, {"payload", {{"job", "orders"}}}});
    rig.applied = 0;
    rig.now_ms = at("2026-01-01T11:00:00Z");
    rig.look_at("2026-01-01T10:59:00Z");
    rig.fired.clear();
    rig.applied = 0;
    rig.now_ms = at("2026-01-01T11:00:00Z");
    std::clock_t const begin = std::clock();
    Step const step = rig.book.tick(rig.now_ms);
    std::clock_t const planned = std::clock();
    rig.take(step);
    auto const ms = [](std::clock_t ticks) {
        return 1e3 * static_cast<double>(ticks) / CLOCKS_PER_SEC;
    };
    std::cout << "a tick of 10,000 events: " << ms(planned - begin) << " ms to plan\n";
    EXPECT_EQ(rig.applied, 1);
    EXPECT_EQ(rig.fired.size(), 10'000u);
    EXPECT_TRUE(rig.book.tick(rig.now_ms).empty());
}

TEST(CronBook, HasAMostOfEvents) {
    Rig rig{"2026-01-01T10:00:00Z"};
    rig.add("first", "@yearly");
    Json one = rig.documents.at("test/first");
    std::vector<Book::Stored> stored{{"test/first", one}};
    for (std::size_t i = 1; i < Book::events_max; ++i) {
        one["name"] = "job" + std::to_string(i);
        stored.push_back({"test/job" + std::to_string(i), one});
    }
    rig.book = Book{};
    rig.book.load(stored, std::nullopt);
    ASSERT_EQ(rig.book.size(), Book::events_max);
    try {
        rig.add("more", "@yearly");
        FAIL();
    } catch (Error const& error) {
        EXPECT_EQ(error.status, WEIR_E_CONFLICT);
        EXPECT_EQ(error.code, "cron.too_many_events");
        EXPECT_EQ(error.message, "there are 100000 events, which is the most; remove one first");
    }
    rig.add("first", "@daily");
    rig.take(rig.book.remove("test/first"));
    rig.add("more", "@yearly");
    EXPECT_EQ(rig.book.size(), Book::events_max);
}

TEST(CronBook, MoreThanOneTransactionHoldsAreSeveral) {
    Rig rig{"2026-01-01T10:00:00Z"};
    for (int i = 0; i < 10'001; ++i) rig.add("job" + std::to_string(i), "@hourly");
    rig.applied = 0;
    rig.run_until("2026-01-01T11:00:00Z");
    EXPECT_EQ(rig.applied, 2);
    EXPECT_EQ(rig.fired.size(), 10'001u);
    rig.applied = 0;
    rig.restart_at("2025-01-01T00:00:00Z");  // a correction of all of them
    EXPECT_EQ(rig.applied, 2);
    EXPECT_EQ(rig.corrections, 1);
    EXPECT_EQ(rig.event("job9").next_ms, at("2025-01-01T01:00:00Z"));
    EXPECT_EQ(rig.event("job10000").next_ms, at("2025-01-01T01:00:00Z"));
}

TEST(CronBook, LargePayloadsAreSeveralTransactions) {
    Rig rig{"2026-01-01T10:00:00Z"};
    std::string const large(60'000, 'x');
    for (int i = 0; i < 300; ++i)
        rig.add("job" + std::to_string(i), "@hourly", {{"payload", {{"text", large}}}});
    rig.applied = 0;
    rig.now_ms = at("2026-01-01T11:00:00Z");
    while (true) {
        Step const step = rig.book.tick(rig.now_ms);
        if (step.empty()) break;
        std::size_t const bytes = (step.changed.size() + step.firings.size()) * large.size();
        EXPECT_LT(bytes, 16u << 20);
        rig.take(step);
    }
    EXPECT_EQ(rig.applied, 3);
    EXPECT_EQ(rig.fired.size(), 300u);
}

}  // namespace
}  // namespace weir::cron
