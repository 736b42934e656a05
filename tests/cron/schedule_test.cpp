// Schedules: intervals, words, zones, clock changes, and what is said of them.
#include "cron/times.hpp"

namespace weir::cron {
namespace {

TEST(CronInterval, IsAGridFromTheEpoch) {
    EXPECT_EQ(next_times("15m", "UTC", "2026-01-01T00:07:12Z", 2),
              (Times{"2026-01-01T00:15:00Z", "2026-01-01T00:30:00Z"}));
    EXPECT_EQ(next_times("15m", "UTC", "2026-01-01T00:15:00Z", 1), Times{"2026-01-01T00:30:00Z"});
    EXPECT_EQ(next_times("1d", "America/New_York", "2026-03-07T12:00:00Z", 2),
              (Times{"2026-03-08T00:00:00Z", "2026-03-09T00:00:00Z"}));
    EXPECT_EQ(next_times("1h30m", "UTC", "1970-01-01T00:00:00Z", 2),
              (Times{"1970-01-01T01:30:00Z", "1970-01-01T03:00:00Z"}));
    EXPECT_EQ(
        next_times({{"type", "interval"}, {"minutes", 90}}, "UTC", "2026-01-01T00:00:00Z", 16),
        next_times("90m", "UTC", "2026-01-01T00:00:00Z", 16));
}

TEST(CronInterval, KeepsEqualSpacing) {
    for (char const* text : {"90m", "40000m", "1s", "7s", "1W", "366d", "1w1d1h1m1s"}) {
        Times const times = next_times(text, "Europe/Berlin", "2026-01-01T00:00:00Z", 20);
        Millis const step = *read_interval(text);
        for (std::size_t i = 1; i < times.size(); ++i)
            EXPECT_EQ(at(times[i]) - at(times[i - 1]), step) << text;
        EXPECT_EQ(at(times[0]) % step, 0) << text;
    }
}

TEST(CronInterval, PrintsWhatItReads) {
    for (char const* text : {"90s", "15m", "1h30m", "1d", "1w", "366d"})
        EXPECT_EQ(read_interval(print_interval(*read_interval(text))), read_interval(text)) << text;
    EXPECT_EQ(print_interval(90 * minute_ms), "1h30m");
}

TEST(CronSchedule, RefusesWhatItDoesNotKnow) {
    struct Refusal {
        Json schedule;
        char const* where;
        char const* suggestion;
    };
    std::vector<Refusal> const refusals{
        {"", "/schedule", "15m, or */15 * * * *"},
        {" ", "/schedule", "15m, or */15 * * * *"},
        {"hourly", "/schedule", "@hourly"},
        {"0m", "/schedule", "15m, 1h30m"},
        {"1.5h", "/schedule", "15m, 1h30m"},
        {"h", "/schedule", ""},
        {"400d", "/schedule", "15m, 1h30m"},
        {"367d", "/schedule", "15m, 1h30m"},
        {"15", "/schedule", "15m, 1h30m"},
        {"15x", "/schedule", "15m, 1h30m"},
        {"5m5m", "/schedule", "15m, 1h30m"},
        {"9223372036854775807s", "/schedule", "15m, 1h30m"},
        {"99999999999999999999999w", "/schedule", "15m, 1h30m"},
        {"-5m", "/schedule", ""},
        {"every-fortnite", "/schedule", ""},
        {"every-weekends", "/schedule", "every-weekend"},
        {"every-busines-hour", "/schedule", "every-business-hour"},
        {15, "/schedule", "15m"},
        {nullptr, "/schedule", "15m"},
        {Json::array({"15m"}), "/schedule", "15m"},
        {Json::object(), "/schedule", "at"},
        {{{"type", "cron"}}, "/schedule", "expression"},
        {{{"type", "cron"}, {"expression", 5}}, "/schedule/expression", ""},
        {{{"type", "cron"}, {"expresion", "@daily"}}, "/schedule/expresion", "expression"},
        {{{"type", "weekly"}}, "/schedule/type", "cron"},
        {{{"type", "interval"}}, "/schedule", "minutes"},
        {{{"type", "interval"}, {"minutes", 0}}, "/schedule/minutes", ""},
        {{{"type", "interval"}, {"minutes", -15}}, "/schedule/minutes", ""},
        {{{"type", "interval"}, {"minutes", 1.5}}, "/schedule/minutes", ""},
        {{{"type", "interval"}, {"days", 367}}, "/schedule/days", ""},
        {{{"type", "interval"}, {"hours", UINT64_MAX}}, "/schedule/hours", ""},
        {{{"type", "interval"}, {"minutes", 5}, {"hours", 1}}, "/schedule", ""},
        {{{"at", "tomorrow"}}, "/schedule/at", ""},
        {{{"at", 5}}, "/schedule/at", ""},
        {{{"at", "2026-02-30T00:00:00Z"}}, "/schedule/at", ""},
    };
    for (Refusal const& row : refusals) try {
            Schedule::of(row.schedule);
            ADD_FAILURE() << row.schedule << " was taken";
        } catch (Error const& error) {
            EXPECT_EQ(error.status, WEIR_E_CONFIG);
            EXPECT_EQ(error.where, row.where) << row.schedule << error.message;
            EXPECT_EQ(error.suggestion, row.suggestion) << row.schedule << error.message;
        }
}

TEST(CronSchedule, TakesItsWords) {
    EXPECT_EQ(next_times("every-business-hour", "UTC", "2026-01-02T16:30:00Z", 2),
              (Times{"2026-01-05T09:00:00Z", "2026-01-05T10:00:00Z"}));
    EXPECT_EQ(next_times("every-business-hour", "UTC", "2026-01-05T15:59:59Z", 2),
              (Times{"2026-01-05T16:00:00Z", "2026-01-06T09:00:00Z"}));
    EXPECT_EQ(next_times("every-weekend", "UTC", "2026-01-03T09:00:00Z", 1),
              Times{"2026-01-10T09:00:00Z"});
}

TEST(CronSchedule, TakesObjects) {
    EXPECT_EQ(
        next_times({{"type", "cron"}, {"expression", "@daily"}}, "UTC", "2026-01-01T00:00:00Z", 1),
        Times{"2026-01-02T00:00:00Z"});
    Json const once{{"at", "2026-01-01T01:00:00+01:00"}};
    EXPECT_EQ(next_times(once, "UTC", "2025-01-01T00:00:00Z", 5), Times{"2026-01-01T00:00:00Z"});
    EXPECT_TRUE(next_times(once, "UTC", "2026-01-01T00:00:00Z", 5).empty());
    EXPECT_TRUE(Schedule::of("@reboot").is_reboot());
}

TEST(CronTime, ReadsWhatItPrints) {
    EXPECT_EQ(print_time(at("2026-02-28T23:59:59.9999Z")), "2026-02-28T23:59:59.999Z");
    EXPECT_EQ(print_time(at("2026-02-28T23:30:00-01:30")), "2026-03-01T01:00:00.000Z");
    for (char const* text :
         {"", "2026-01-01", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z",
          "2026-01-01T00:00:00+0100", "2026-01-01T00:00:00.Z", "1969-01-01T00:00:00Z",
          "2026-01-01T00:00:00Zx"})
        EXPECT_FALSE(read_time(text)) << text;
}

TEST(H38CronClockChange, SkippedFixedHourRunsOnceRightAfter) {
    EXPECT_EQ(next_times("30 2 * * *", "Europe/Berlin", "2025-03-28T12:00:00Z", 3),
              (Times{"2025-03-29T01:30:00Z", "2025-03-30T01:30:00Z", "2025-03-31T00:30:00Z"}));
    EXPECT_EQ(next_times("30 2 * * *", "Europe/Berlin", "2025-03-28T12:00:00Z", 3, Gap::skip),
              (Times{"2025-03-29T01:30:00Z", "2025-03-31T00:30:00Z", "2025-04-01T00:30:00Z"}));
    // Of six skipped times one runs, the first; of it and a time of its own at 03:00, one.
    EXPECT_EQ(next_times("*/10 2 * * *", "Europe/Berlin", "2025-03-30T00:00:00Z", 2),
              (Times{"2025-03-30T01:00:00Z", "2025-03-31T00:00:00Z"}));
    EXPECT_EQ(next_times("0 2,3 * * *", "Europe/Berlin", "2025-03-30T00:00:00Z", 2),
              (Times{"2025-03-30T01:00:00Z", "2025-03-31T00:00:00Z"}));
    EXPECT_EQ(next_times("20 2-3 * * *", "Europe/Berlin", "2025-03-30T01:19:00Z", 1),
              Times{"2025-03-30T01:20:00Z"});
    // A time between the change and the postponed one keeps its order.
    EXPECT_EQ(next_times("15,45 2,3 * * *", "America/New_York", "2025-03-09T06:00:00Z", 3),
              (Times{"2025-03-09T07:15:00Z", "2025-03-09T07:45:00Z", "2025-03-10T06:15:00Z"}));
}

TEST(H38CronClockChange, RepeatedFixedHourRunsAtItsFirstPass) {
    EXPECT_EQ(next_times("30 2 * * *", "Europe/Berlin", "2025-10-25T12:00:00Z", 2),
              (Times{"2025-10-26T00:30:00Z", "2025-10-27T01:30:00Z"}));
    EXPECT_EQ(next_times("30 2 * * *", "Europe/Berlin", "2025-10-26T00:45:00Z", 1),
              Times{"2025-10-27T01:30:00Z"});
    EXPECT_EQ(next_times("*/30 1-2 * * *", "Europe/Berlin", "2025-10-25T23:00:00Z", 4),
              (Times{"2025-10-25T23:30:00Z", "2025-10-26T00:00:00Z", "2025-10-26T00:30:00Z",
                     "2025-10-27T00:00:00Z"}));
}

TEST(H38CronClockChange, EveryHourFollowsElapsedTime) {
    for (char const* zone :
         {"Europe/Berlin", "America/New_York", "Europe/Dublin", "America/Santiago", "Africa/Cairo"})
        for (char const* from : {"2025-03-01T00:00:00Z", "2025-10-01T00:00:00Z"}) {
            Times const times = next_times("*/15 * * * *", zone, from, 45 * 96);
            for (std::size_t i = 1; i < times.size(); ++i)
                ASSERT_EQ(at(times[i]) - at(times[i - 1]), 15 * minute_ms) << zone << times[i];
        }
    EXPECT_EQ(next_times("30 * * * *", "Europe/Berlin", "2025-10-25T23:45:00Z", 3),
              (Times{"2025-10-26T00:30:00Z", "2025-10-26T01:30:00Z", "2025-10-26T02:30:00Z"}));
}

TEST(H38CronClockChange, SkipPausesForTheRepeatedHour) {
    EXPECT_EQ(next_times("30 * * * *", "Europe/Berlin", "2025-10-25T23:45:00Z", 2, Gap::skip),
              (Times{"2025-10-26T00:30:00Z", "2025-10-26T02:30:00Z"}));
}

TEST(H38CronClockChange, OddZonesKeepTheRules) {
    // Half an hour forward at 02:00, and back.
    EXPECT_EQ(next_times("15 2 * * *", "Australia/Lord_Howe", "2025-10-03T16:00:00Z", 2),
              (Times{"2025-10-04T15:45:00Z", "2025-10-05T15:15:00Z"}));
    EXPECT_EQ(next_times("45 1 * * *", "Australia/Lord_Howe", "2025-04-05T00:00:00Z", 2),
              (Times{"2025-04-05T14:45:00Z", "2025-04-06T15:15:00Z"}));
    // Samoa went without 2011-12-30: that midnight and the next are the same instant.
    EXPECT_EQ(next_times("0 0 * * *", "Pacific/Apia", "2011-12-29T00:00:00Z", 3),
              (Times{"2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z"}));
    EXPECT_EQ(next_times("0 12 30 12 *", "Pacific/Apia", "2011-12-01T00:00:00Z", 1),
              Times{"2011-12-30T22:00:00Z"});
    // Midnight itself is skipped.
    EXPECT_EQ(next_times("0 0 * * *", "America/Santiago", "2025-09-06T12:00:00Z", 2),
              (Times{"2025-09-07T04:00:00Z", "2025-09-08T03:00:00Z"}));
}

TEST(CronExplain, SaysWhatPeopleSay) {
    for (auto const& [schedule, text] : std::vector<std::pair<Json, std::string>>{
             {"0 9 * * 1-5", "at 09:00, Monday to Friday"},
             {"0 9,17 * * *", "at 09:00 and 17:00"},
             {"* * * * *", "every minute"},
             {"*/15 * * * *", "every 15 minutes"},
             {"*/10 * * * * *", "every 10 seconds"},
             {"0 * * * *", "every hour"},
             {"@hourly", "every hour"},
             {"5 * * * *", "at minute 5 of every hour"},
             {"0 */6 * * *", "at 00:00, 06:00, 12:00 and 18:00"},
             {"0 */2 * * *", "every 2 hours"},
             {"30 0 12 * * *", "at 12:00:30"},
             {"every-business-hour", "at minute 0 of hours 9 to 16, Monday to Friday"},
             {"*/5 9-17 * * SAT,SUN", "every 5 minutes of hours 9 to 17, Saturday and Sunday"},
             {"0 0 1 * *", "at 00:00, on day 1 of the month"},
             {"0 0 L * *", "at 00:00, on the last day of the month"},
             {"0 0 15W * *", "at 00:00, on the weekday nearest to the 15th of the month"},
             {"0 0 * * FRI#L", "at 00:00, the last Friday of the month"},
             {"0 0 * * MON#1", "at 00:00, the first Monday of the month"},
             {"0 0 13 * FRI", "at 00:00, on day 13 of the month or on Friday"},
             {"0 0 13 * +FRI", "at 00:00, on day 13 of the month if it is Friday"},
             {"0 0 1 JAN,JUL *", "at 00:00, on day 1 of the month, in January and July"},
             {"0 0 0 1 1 * 2027", "at 00:00, on day 1 of the month, in January, in 2027"},
             {"15m", "every 15 minutes"},
             {"1h30m", "every 1 hour and 30 minutes"},
             {"1d", "every day"},
             {{{"at", "2026-01-01T00:00:00Z"}}, "once, at 2026-01-01T00:00:00.000Z"},
             {"@reboot", "once at each start"}})
        EXPECT_EQ(describe(Schedule::of(schedule)), text) << schedule;
}

TEST(CronExplain, AnswersTheInstantsThatFire) {
    Json const answer =
        explain(Schedule::of("90m"), Zone{}, Gap::run_after, at("2026-01-01T00:00:00Z"), 2);
    EXPECT_EQ(answer, Json::parse(R"({"text":"every 1 hour and 30 minutes","interval_s":5400,
        "next":["2026-01-01T01:30:00.000Z","2026-01-01T03:00:00.000Z"]})"));
}

}  // namespace
}  // namespace weir::cron
