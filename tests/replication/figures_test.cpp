// Figures of runs, and the periods and times that they are asked for by.
#include <gtest/gtest.h>

#include "plugins/replication/service.hpp"

namespace weir::replication {
namespace {

TEST(Figures, AreThoseOfTheRunsThatEnded) {
    Json runs = Json::array();
    for (char const* const status : {"succeeded", "succeeded", "succeeded", "failed", "cancelled"})
        runs.push_back({{"status", status}, {"executionTime", 100.0}, {"written", 10}});
    Json const figures = metrics_of(runs);
    EXPECT_DOUBLE_EQ(figures["successRate"], 0.75);
    EXPECT_DOUBLE_EQ(figures["averageDuration"], 100.0);
    EXPECT_EQ(figures["runs"], 5);
    EXPECT_TRUE(metrics_of(Json::array())["successRate"].is_null());
}

TEST(Figures, PeriodsAreMinutesHoursAndDays) {
    EXPECT_EQ(period_us_of("1h"), 3'600'000'000);
    EXPECT_EQ(period_us_of("7d"), 7 * 86'400'000'000);
    for (char const* const odd : {"", "d", "7", "7w", "-1d", "0d", "367d", "1.5h", "1dd"})
        EXPECT_FALSE(period_us_of(odd)) << odd;
}

TEST(Times, AreReadAsTheyAreWritten) {
    EXPECT_EQ(time_text(0), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(unix_us_of("2026-03-01T09:12:44.120Z"), 1'772'356'364'120'000);
    EXPECT_EQ(time_text(1'772'356'364'120'000), "2026-03-01T09:12:44.120Z");
    for (char const* const odd : {"", "2026", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00"})
        EXPECT_FALSE(unix_us_of(odd)) << odd;
}

}  // namespace
}  // namespace weir::replication
