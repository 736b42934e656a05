// The book of events on a clock that the tests own: ticks, misfires, restarts, steps of the clock.
#include "plugins/cron/book.hpp"

#include <ctime>
#include <iostream>
#include <weir/cpp/problems.hpp>

#include "cron/times.hpp"

namespace weir::cron {
namespace {

/// What stands around a book: the store, which outlives it, and the clock.
class Rig {
public:
    explicit Rig(std::string const& now) : now_ms{at(now)} { restart(); }

    /// A new host over the same store.
    void restart() {
        book = Book{};
        std::vector<Book::Stored> stored;
        for (auto const& [key, document] : documents) stored.push_back({key, document});
        book.load(stored, now_ms);
        take_all([&] { return book.start(now_ms); });
    }
    void restart_at(std::string const& time) {
        now_ms = at(time);
        restart();
    }
    template <class Ask>
    void take_all(Ask ask) {
        for (Step step = ask(); !step.empty(); step = ask()) take(step);
    }
    void take(Step const& step, bool is_stored = true) {
        if (step.empty()) return;
        ++applied;
        if (!is_stored) return;
        for (CronEvent const& event : step.changed)
            documents[event.definition.key()] = event.document();
        for (std::string const& key : step.removed) documents.erase(key);
        for (Firing const& firing : step.firings) {
            // The host leaves out what was published before.
            if (!published.insert(firing.topic() + " " + firing.dedupe_key()).second) continue;
            fired.push_back(firing);
        }
        if (step.correction) ++corrections;
        book.commit(step);
    }
    void add(std::string const& name, Json const& schedule, Json more = Json::object()) {
        more["name"] = name;
        more["schedule"] = schedule;
        take(book.add(Definition::of("test", more), now_ms));
    }
    /// Lets time pass as the host's timer does: a tick at each aim.
    void run_until(std::string const& time) {
        Millis const end = at(time);
        while (book.aim() && *book.aim() <= end) {
            now_ms = std::max(now_ms, *book.aim());
            ++ticks;
            take_all([&] { return book.tick(now_ms); });
        }
        now_ms = end;
    }
    /// One look at the clock, however late.
    void look_at(std::string const& time) {
        now_ms = at(time);
        take_all([&] { return book.tick(now_ms); });
    }
    CronEvent const& event(std::string const& name) const { return *book.find("test/" + name); }
    /// "15:00 x2": the scheduled times since the last call, and what they say was missed.
    Times take_fired() {
        Times out;
        for (Firing const& firing : fired) {
            out.push_back(print_time(firing.scheduled_ms).substr(11, 5));
            if (firing.missed) out.back() += " missed " + std::to_string(firing.missed);
        }
        fired.clear();
        return out;
    }

    Millis now_ms;
    Book book;
    std::map<std::string, Json> documents;
    std::set<std::string> published;
    std::vector<Firing> fired;
    int applied = 0, ticks = 0, corrections = 0;
};

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

TEST(CronBook, MisfireFiresTheLatestAndCountsTheOthers) {
    Rig rig{"2026-01-01T10:00:00Z"};
    rig.add("quarter", "*/15 * * * *");
    rig.restart_at("2026-01-01T11:20:00Z");
    EXPECT_EQ(rig.take_fired(), Times{"11:15 missed 4"});
    EXPECT_EQ(rig.event("quarter").missed, 4u);
    EXPECT_EQ(rig.event("quarter").next_ms, at("2026-01-01T11:30:00Z"));
}

TEST(CronBook, MisfireAlsoWhenTheHostOnlySlept) {
    Rig rig{"2026-01-01T10:00:00Z"};
    rig.add("quarter", "*/15 * * * *");
    rig.look_at("2026-01-01T10:16:00Z");  // a minute late is on time
    EXPECT_EQ(rig.take_fired(), Times{"10:15"});
    rig.look_at("2026-01-01T11:20:00Z");
    EXPECT_EQ(rig.take_fired(), Times{"11:15 missed 3"});
}

TEST(CronBook, MisfireSkipFiresOnlyWhatIsOnTime) {
    Rig rig{"2026-01-01T10:00:00Z"};
    rig.add("quarter", "*/15 * * * *", {{"misfire", "skip"}});
    rig.restart_at("2026-01-01T11:20:00Z");
    EXPECT_EQ(rig.take_fired(), Times{});
    EXPECT_EQ(rig.event("quarter").missed, 5u);
    rig.restart_at("2026-01-01T12:00:20Z");
    EXPECT_EQ(rig.take_fired(), Times{"12:00 missed 2"});
}

TEST(CronBook, MisfireFireAllFiresAHundredAtMost) {
    Rig rig{"2026-01-01T10:00:00Z"};
    rig.add("minute", "* * * * *", {{"misfire", "fire_all"}});
    rig.restart_at("2026-01-01T10:03:30Z");
    EXPECT_EQ(rig.take_fired(), (Times{"10:01", "10:02", "10:03"}));
    rig.restart_at("2026-01-01T12:00:00Z");
    Times const fired = rig.take_fired();
    ASSERT_EQ(fired.size(), Book::fired_at_once_max);
    EXPECT_EQ(fired.front(), "10:21 missed 17");
    EXPECT_EQ(fired.back(), "12:00");
}

TEST(CronBook, NothingFiresBeyondTheWindow) {
    Rig rig{"2026-01-01T10:00:00Z"};
    rig.add("daily", "0 12 * * *", {{"catchup_window", "2h"}});
    rig.add("all", "0 12 * * *", {{"catchup_window", "25h"}, {"misfire", "fire_all"}});
    rig.restart_at("2026-01-03T12:30:00Z");
    EXPECT_EQ(rig.take_fired(), (Times{"12:00 missed 1", "12:00", "12:00 missed 2"}));
    rig.restart_at("2026-01-04T14:00:01Z");
    EXPECT_EQ(rig.take_fired(), Times{"12:00"});
    EXPECT_EQ(rig.event("daily").missed, 3u);
}

TEST(CronBook, CountsALongAbsenceWithoutWalkingIt) {
    Rig rig{"2026-01-01T10:00:00Z"};
    rig.add("grid", "1s");
    rig.add("cron", "* * * * * *");
    rig.restart_at("2027-01-01T10:00:00Z");
    ASSERT_EQ(rig.fired.size(), 2u);
    for (Firing const& firing : rig.fired)
        EXPECT_EQ(firing.scheduled_ms, at("2027-01-01T10:00:00Z"));
    EXPECT_EQ(rig.event("grid").missed, 365u * 86'400 - 1);
    EXPECT_EQ(rig.event("cron").missed, Book::missed_counted_max - 1);
}

TEST(CronBook, RestartRepeatsNoTick) {
    Rig rig{"2026-01-01T10:00:00Z"};
    rig.add("minute", "* * * * *");
    std::map<Millis, int> seen;
    for (int minute = 1; minute < 60; ++minute) {
        rig.run_until("2026-01-01T10:" + std::string(minute < 10 ? "0" : "") +
                      std::to_string(minute) + ":00Z");
        rig.restart();
    }
    for (Firing const& firing : rig.fired) ++seen[firing.scheduled_ms];
    EXPECT_EQ(seen.size(), 59u);
    for (auto const& [time, count] : seen) EXPECT_EQ(count, 1) << print_time(time);
}

TEST(CronBook, AStepThatWasNotStoredComesAgain) {
    Rig rig{"2026-01-01T10:00:00Z"};
    rig.add("quarter", "*/15 * * * *");
    rig.now_ms = at("2026-01-01T10:15:00Z");
    rig.take(rig.book.tick(rig.now_ms), false);
    EXPECT_EQ(rig.take_fired(), Times{});
    EXPECT_EQ(rig.book.aim(), at("2026-01-01T10:15:00Z"));
    rig.now_ms += second_ms;
    rig.take(rig.book.tick(rig.now_ms));
    EXPECT_EQ(rig.take_fired(), Times{"10:15"});
}

TEST(CronBook, ClockSetBackFiresNothingTwice) {
    Rig rig{"2026-01-01T10:00:00Z"};
    rig.add("minute", "* * * * *");
    rig.run_until("2026-01-01T12:00:00Z");
    EXPECT_EQ(rig.take_fired().size(), 120u);
    rig.look_at("2026-01-01T09:30:00Z");
    rig.restart();
    rig.run_until("2026-01-01T12:00:59Z");
    EXPECT_EQ(rig.take_fired(), Times{});
    // Also not by a change of the event meanwhile.
    rig.look_at("2026-01-01T11:00:00Z");
    rig.add("minute", "*/2 * * * *");
    EXPECT_EQ(rig.event("minute").next_ms, at("2026-01-01T12:02:00Z"));
    rig.run_until("2026-01-01T12:02:00Z");
    EXPECT_EQ(rig.take_fired(), Times{"12:02"});
    EXPECT_EQ(rig.corrections, 0);
}

TEST(CronBook, ClockSetBackFarIsACorrection) {
    Rig rig{"2030-06-01T10:00:00Z"};
    rig.add("hourly", "@hourly");
    rig.add("new", "@daily");  // has not fired: its next time alone lies in the wrong year
    rig.run_until("2030-06-01T12:00:00Z");
    rig.take_fired();
    rig.look_at("2026-01-01T10:00:00Z");
    EXPECT_EQ(rig.corrections, 1);
    EXPECT_EQ(rig.event("hourly").next_ms, at("2026-01-01T11:00:00Z"));
    EXPECT_EQ(rig.event("new").next_ms, at("2026-01-02T00:00:00Z"));
    rig.run_until("2026-01-01T13:00:00Z");
    EXPECT_EQ(rig.take_fired(), (Times{"11:00", "12:00", "13:00"}));
    EXPECT_EQ(rig.corrections, 1);
}

TEST(CronBook, CorrectionAlsoAcrossARestart) {
    Rig rig{"2030-06-01T10:00:00Z"};
    rig.add("hourly", "@hourly");
    rig.restart_at("2026-01-01T10:00:00Z");
    EXPECT_EQ(rig.corrections, 1);
    rig.restart();
    EXPECT_EQ(rig.corrections, 1);
    EXPECT_EQ(rig.event("hourly").next_ms, at("2026-01-01T11:00:00Z"));
}

TEST(CronBook, ClockSetForwardIsAMisfire) {
    Rig rig{"2026-01-01T10:00:00Z"};
    rig.add("minute", "* * * * *");
    rig.look_at("2026-01-01T13:00:10Z");
    EXPECT_EQ(rig.take_fired(), Times{"13:00 missed 179"});
}

TEST(CronBook, FollowsTheZoneOverAChangeOfClocks) {
    Rig rig{"2025-03-29T00:00:00Z"};
    rig.add("nightly", "30 2 * * *", {{"timezone", "Europe/Berlin"}});
    rig.run_until("2025-03-31T12:00:00Z");
    EXPECT_EQ(rig.take_fired(), (Times{"01:30", "01:30", "00:30"}));
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

TEST(CronBook, RebootFiresAtEachStart) {
    Rig rig{"2026-01-01T10:00:00Z"};
    rig.add("boot", "@reboot");
    rig.run_until("2026-01-01T11:00:00Z");
    EXPECT_EQ(rig.take_fired(), Times{});
    rig.restart_at("2026-01-01T12:00:00Z");
    rig.run_until("2026-01-01T13:00:00Z");
    EXPECT_EQ(rig.take_fired(), Times{"12:00"});
}

TEST(CronBook, ABrokenEventHurtsOnlyItself) {
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

TEST(CronBook, TimesThatTheRulesOfAZoneMovedAreComputedAnew) {
    Rig rig{"2026-01-01T10:00:00Z"};
    rig.add("daily", "@daily");
    rig.documents["test/daily"]["next"] = "2026-01-01T23:00:00.000Z";  // by the rules of before
    rig.restart();
    EXPECT_EQ(rig.event("daily").next_ms, at("2026-01-02T00:00:00Z"));
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

TEST(CronBook, TenThousandEventsOfOneTickAreOneStep) {
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
