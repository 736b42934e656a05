#include "host/store/series.hpp"

#include "store/fixture.hpp"

namespace weir::test {
namespace {

using namespace host;

class SeriesTest : public StoreFixture {
protected:
    static constexpr std::int64_t second_us = 1'000'000;

    Series series() { return Series{*store}; }
    std::int64_t now_s() const { return clock.unix_us() / second_us; }
    void grow(std::string const& job, double value) {
        must(series().add({{"records_read", job, value}}, clock.unix_us()));
    }
    /// "0:3 20:1 ": when each point begins behind `from_s`, and its value.
    std::string points(Series::Wanted wanted) {
        wanted.name = "records_read";
        wanted.to_s = now_s() + 1;
        std::string all;
        for (Series::Point const& each : must(series().points(wanted)))
            all += std::to_string(each.at_s - wanted.from_s) + ":" +
                   std::to_string(static_cast<int>(each.value)) + " ";
        return all;
    }
};

TEST_F(SeriesTest, AddsUpInEachResolution) {
    std::int64_t const from = now_s();
    grow("a", 1);
    clock.advance_us(9 * second_us);
    grow("a", 2);
    grow("b", 10);
    reopen();
    clock.advance_us(11 * second_us);
    grow("a", 4);
    EXPECT_EQ(points({.job = "a", .from_s = from}), "0:3 20:4 ");
    EXPECT_EQ(points({.from_s = from}), "0:13 20:4 ");
    EXPECT_EQ(points({.jobs = "b*", .from_s = from}), "0:10 ");
    EXPECT_EQ(points({.job = "a", .jobs = "b", .from_s = from}), "");
    EXPECT_EQ(points({.step_s = 60, .from_s = from}), "0:17 ");
    EXPECT_EQ(points({.step_s = 3'600, .from_s = from}), "0:17 ");
    EXPECT_EQ(points({.from_s = from + 10}), "10:4 ");
}

TEST_F(SeriesTest, EachResolutionIsKeptAsLongAsItSays) {
    std::int64_t const from = now_s();
    grow("a", 1);
    for (Series::Resolution const& each : Series::resolutions) {
        clock.advance_us((from + each.kept_s - now_s()) * second_us);
        must(series().retain());
        EXPECT_EQ(points({.step_s = each.step_s, .from_s = from}), "0:1 ") << each.name;
        clock.advance_us((each.step_s + 1) * second_us);
        must(series().retain());
        EXPECT_EQ(points({.step_s = each.step_s, .from_s = from}), "") << each.name;
    }
    EXPECT_EQ(number("SELECT count(*) FROM weir_series"), 0);
}

}  // namespace
}  // namespace weir::test
