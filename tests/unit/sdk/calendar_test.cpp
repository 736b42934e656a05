// Dates and times as the Contract prints them, to the ends of what 64 bits hold.
#include "weir/cpp/calendar.hpp"

#include <gtest/gtest.h>

#include <string>

namespace weir {
namespace {

template <class Print>
std::string printed(Print&& print) {
    char text[calendar_text_max];
    char* const end = print(static_cast<char*>(text));
    EXPECT_LE(end, text + sizeof text);
    return std::string(static_cast<char*>(text), end);
}
std::string date(std::int64_t value, std::int64_t per_day = 1) {
    return printed([&](char* out) { return print_date(out, value, per_day); });
}
std::string time(std::int64_t value, std::int64_t per_second = 1'000'000) {
    return printed([&](char* out) { return print_time(out, value, per_second); });
}
std::string moment(std::int64_t value, std::int64_t per_second, bool is_instant = false) {
    return printed([&](char* out) { return print_timestamp(out, value, per_second, is_instant); });
}

TEST(Calendar, GoesThereAndBack) {
    for (std::int64_t days = -3'000'000'000; days < 3'000'000'000; days += 12'345'678) {
        Civil const day = civil_of(days);
        EXPECT_EQ(days_of(day), days) << day.year << '-' << day.month << '-' << day.day;
    }
}

TEST(Calendar, PrintsDates) {
    EXPECT_EQ(date(0), "1970-01-01");
    EXPECT_EQ(date(11'016), "2000-02-29");
    EXPECT_EQ(date(-719'163), "0001-12-31 BC") << "no year 0";
    EXPECT_EQ(date(-719'162), "0001-01-01");
    EXPECT_EQ(date(2'932'897), "10000-01-01");
    EXPECT_EQ(date(-1, 86'400'000), "1969-12-31") << "a part of a day belongs to the day";
}

TEST(Calendar, PrintsTimes) {
    EXPECT_EQ(time(0), "00:00:00.000000");
    EXPECT_EQ(time(86'400'000'000), "24:00:00.000000");
    EXPECT_EQ(time(-1), "-00:00:00.000001");
    EXPECT_EQ(time(1, 1'000'000'000), "00:00:00.000000001");
    EXPECT_EQ(time(3'020'399, 1), "838:59:59.000000");
}

TEST(Calendar, PrintsTimestamps) {
    EXPECT_EQ(moment(1'500'000, 1'000'000), "1970-01-01T00:00:01.500000");
    EXPECT_EQ(moment(-1, 1'000, true), "1969-12-31T23:59:59.999000Z");
    EXPECT_EQ(moment(-1, 1'000'000'000), "1969-12-31T23:59:59.999999999");
    EXPECT_EQ(moment(INT64_MAX, 1'000'000, true), "294247-01-10T04:00:54.775807Z");
    EXPECT_EQ(moment(INT64_MIN, 1'000'000), "290309-12-21T19:59:05.224192 BC");
    EXPECT_EQ(rfc3339(1'704'067'200'000'000), "2024-01-01T00:00:00.000000Z");
}

}  // namespace
}  // namespace weir
