// Misfires, restarts and steps of the clock, on a clock that the tests own.
#include "cron/rig.hpp"

namespace weir::cron {
namespace {

TEST(CronLate, H38MisfireFiresTheLatestAndCountsTheOthers) {
    Rig rig{"2026-01-01T10:00:00Z"};
    rig.add("quarter", "*/15 * * * *");
    rig.restart_at("2026-01-01T11:20:00Z");
    EXPECT_EQ(rig.take_fired(), Times{"11:15 missed 4"});
    EXPECT_EQ(rig.event("quarter").missed, 4u);
    EXPECT_EQ(rig.event("quarter").next_ms, at("2026-01-01T11:30:00Z"));
}

TEST(CronLate, MisfireAlsoWhenTheHostOnlySlept) {
    Rig rig{"2026-01-01T10:00:00Z"};
    rig.add("quarter", "*/15 * * * *");
    rig.look_at("2026-01-01T10:16:00Z");  // a minute late is on time
    EXPECT_EQ(rig.take_fired(), Times{"10:15"});
    rig.look_at("2026-01-01T11:20:00Z");
    EXPECT_EQ(rig.take_fired(), Times{"11:15 missed 3"});
}

TEST(CronLate, MisfireSkipFiresOnlyWhatIsOnTime) {
    Rig rig{"2026-01-01T10:00:00Z"};
    rig.add("quarter", "*/15 * * * *", {{"misfire", "skip"}});
    rig.restart_at("2026-01-01T11:20:00Z");
    EXPECT_EQ(rig.take_fired(), Times{});
    EXPECT_EQ(rig.event("quarter").missed, 5u);
    rig.restart_at("2026-01-01T12:00:20Z");
    EXPECT_EQ(rig.take_fired(), Times{"12:00 missed 2"});
}

TEST(CronLate, MisfireFireAllFiresAHundredAtMost) {
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

TEST(CronLate, NothingFiresBeyondTheWindow) {
    Rig rig{"2026-01-01T10:00:00Z"};
    rig.add("daily", "0 12 * * *", {{"catchup_window", "2h"}});
    rig.add("all", "0 12 * * *", {{"catchup_window", "25h"}, {"misfire", "fire_all"}});
    rig.restart_at("2026-01-03T12:30:00Z");
    EXPECT_EQ(rig.take_fired(), (Times{"12:00 missed 1", "12:00", "12:00 missed 2"}));
    rig.restart_at("2026-01-04T14:00:01Z");
    EXPECT_EQ(rig.take_fired(), Times{"12:00"});
    EXPECT_EQ(rig.event("daily").missed, 3u);
}

TEST(CronLate, CountsALongAbsenceWithoutWalkingIt) {
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

TEST(CronLate, RestartRepeatsNoTick) {
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

TEST(CronLate, AStepThatWasNotStoredComesAgain) {
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

TEST(CronLate, H38ClockSetBackFiresNothingTwice) {
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

TEST(CronLate, ClockSetBackFarIsACorrection) {
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

TEST(CronLate, CorrectionAlsoAcrossARestart) {
    Rig rig{"2030-06-01T10:00:00Z"};
    rig.add("hourly", "@hourly");
    rig.restart_at("2026-01-01T10:00:00Z");
    EXPECT_EQ(rig.corrections, 1);
    rig.restart();
    EXPECT_EQ(rig.corrections, 1);
    EXPECT_EQ(rig.event("hourly").next_ms, at("2026-01-01T11:00:00Z"));
}

TEST(CronLate, H38ClockSetForwardIsAMisfire) {
    Rig rig{"2026-01-01T10:00:00Z"};
    rig.add("minute", "* * * * *");
    rig.look_at("2026-01-01T13:00:10Z");
    EXPECT_EQ(rig.take_fired(), Times{"13:00 missed 179"});
}

TEST(CronLate, H38FollowsTheZoneOverAChangeOfClocks) {
    Rig rig{"2025-03-29T00:00:00Z"};
    rig.add("nightly", "30 2 * * *", {{"timezone", "Europe/Berlin"}});
    rig.run_until("2025-03-31T12:00:00Z");
    EXPECT_EQ(rig.take_fired(), (Times{"01:30", "01:30", "00:30"}));
}

TEST(CronLate, RebootFiresAtEachStart) {
    Rig rig{"2026-01-01T10:00:00Z"};
    rig.add("boot", "@reboot");
    rig.run_until("2026-01-01T11:00:00Z");
    EXPECT_EQ(rig.take_fired(), Times{});
    rig.restart_at("2026-01-01T12:00:00Z");
    rig.run_until("2026-01-01T13:00:00Z");
    EXPECT_EQ(rig.take_fired(), Times{"12:00"});
}

TEST(CronLate, RebootDoesNotFireAgainWhenThePluginAloneStarts) {
    Rig rig{"2026-01-01T10:00:00Z"};
    rig.add("boot", "@reboot");
    rig.restart();
    EXPECT_EQ(rig.take_fired(), Times{"10:00"});
    rig.now_ms = at("2026-01-01T11:00:00Z");
    rig.restart(false);
    rig.run_until("2026-01-01T12:00:00Z");
    EXPECT_EQ(rig.take_fired(), Times{});
}

TEST(CronLate, TimesThatTheRulesOfAZoneMovedAreComputedAnew) {
    Rig rig{"2026-01-01T10:00:00Z"};
    rig.add("daily", "@daily");
    rig.documents["test/daily"]["next"] = "2026-01-01T23:00:00.000Z";  // by the rules of before
    rig.restart();
    EXPECT_EQ(rig.event("daily").next_ms, at("2026-01-02T00:00:00Z"));
}

}  // namespace
}  // namespace weir::cron
