// Cron expressions: what they match, and what is refused and how.
#include "cron/times.hpp"
#include "plugins/cron/spelling.hpp"
#include "weir/cpp/nearest.hpp"

namespace weir::cron {
namespace {

struct Written {
    char const* pattern;
    char const* after;
    Times next;
};

void expect_all(std::vector<Written> const& cases) {
    for (Written const& row : cases)
        EXPECT_EQ(next_times(row.pattern, "UTC", row.after, static_cast<int>(row.next.size())),
                  row.next)
            << row.pattern << " after " << row.after;
}

TEST(CronPattern, MatchesTheFiveFields) {
    expect_all({
        {"* * * * *", "2026-01-01T00:00:00Z", {"2026-01-01T00:01:00Z", "2026-01-01T00:02:00Z"}},
        {"* * * * *", "2026-01-01T00:00:59.999Z", {"2026-01-01T00:01:00Z"}},
        {"*/15 * * * *", "2026-01-01T00:44:59Z", {"2026-01-01T00:45:00Z", "2026-01-01T01:00:00Z"}},
        {"5-59/20 * * * *",
         "2026-01-01T00:05:00Z",
         {"2026-01-01T00:25:00Z", "2026-01-01T00:45:00Z", "2026-01-01T01:05:00Z"}},
        {"0 9 * * 1-5", "2026-01-02T09:00:00Z", {"2026-01-05T09:00:00Z", "2026-01-06T09:00:00Z"}},
        {"0 */6 * * *",
         "2026-01-01T00:00:00Z",
         {"2026-01-01T06:00:00Z", "2026-01-01T12:00:00Z", "2026-01-01T18:00:00Z",
          "2026-01-02T00:00:00Z"}},
        {"*/1 * * * *", "2026-12-31T23:59:00Z", {"2027-01-01T00:00:00Z"}},
        {"30 4 1,15 * *", "2026-01-01T04:30:00Z", {"2026-01-15T04:30:00Z", "2026-02-01T04:30:00Z"}},
        {"0 0 * JAN-mar,Dec *", "2026-03-31T00:00:00Z", {"2026-12-01T00:00:00Z"}},
        {"0,30 9-10 * * *",
         "2026-01-01T09:30:00Z",
         {"2026-01-01T10:00:00Z", "2026-01-01T10:30:00Z"}},
        {" \t0   12\t* * * ", "2026-01-01T00:00:00Z", {"2026-01-01T12:00:00Z"}},
    });
}

TEST(CronPattern, CountsSundayAsZeroAndSeven) {
    Times const sundays{"2026-01-04T00:00:00Z", "2026-01-11T00:00:00Z"};
    for (char const* pattern : {"0 0 * * 0", "0 0 * * 7", "0 0 * * SUN", "0 0 * * sun", "@weekly"})
        EXPECT_EQ(next_times(pattern, "UTC", "2026-01-01T00:00:00Z", 2), sundays) << pattern;
    EXPECT_EQ(next_times("0 0 * * FRI-SUN", "UTC", "2026-01-01T00:00:00Z", 4),
              (Times{"2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z", "2026-01-04T00:00:00Z",
                     "2026-01-09T00:00:00Z"}));
    EXPECT_EQ(next_times("0 0 * * SUN-MON", "UTC", "2026-01-01T00:00:00Z", 3),
              (Times{"2026-01-04T00:00:00Z", "2026-01-05T00:00:00Z", "2026-01-11T00:00:00Z"}));
    EXPECT_EQ(next_times("0 0 * * 5-7", "UTC", "2026-01-01T00:00:00Z", 3),
              next_times("0 0 * * FRI-SUN", "UTC", "2026-01-01T00:00:00Z", 3));
}

TEST(CronPattern, TakesSecondsFirstAndYearsLast) {
    expect_all({
        {"30 0 12 * * *", "2026-01-01T12:00:30Z", {"2026-01-02T12:00:30Z"}},
        {"*/20 * * * * *",
         "2026-01-01T00:00:41Z",
         {"2026-01-01T00:01:00Z", "2026-01-01T00:01:20Z"}},
        {"0 0 0 1 1 * 2027", "2026-01-01T00:00:00Z", {"2027-01-01T00:00:00Z"}},
        {"0 0 0 1 1 * 2030-2040/5",
         "2026-01-01T00:00:00Z",
         {"2030-01-01T00:00:00Z", "2035-01-01T00:00:00Z", "2040-01-01T00:00:00Z"}},
        {"59 59 23 31 12 * 2199", "2026-01-01T00:00:00Z", {"2199-12-31T23:59:59Z"}},
    });
    EXPECT_TRUE(next_times("0 0 0 1 1 * 2025", "UTC", "2026-01-01T00:00:00Z", 1).empty());
    EXPECT_TRUE(next_times("* * * * *", "UTC", "2199-12-31T23:59:00Z", 1).empty());
}

TEST(CronPattern, FindsLeapDays) {
    expect_all({
        {"0 0 29 2 *", "2026-01-01T00:00:00Z", {"2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"}},
        {"0 0 29 2 *", "2096-03-01T00:00:00Z", {"2104-02-29T00:00:00Z"}},
        {"0 0 29 2 +MON", "2026-01-01T00:00:00Z", {"2044-02-29T00:00:00Z"}},
        {"0 0 L 2 *", "2027-01-01T00:00:00Z", {"2027-02-28T00:00:00Z", "2028-02-29T00:00:00Z"}},
    });
}

TEST(CronPattern, NeverComesOnDaysThatDoNotExist) {
    for (char const* pattern : {"0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 31W 2 *"})
        EXPECT_TRUE(next_times(pattern, "UTC", "2026-01-01T00:00:00Z", 1).empty()) << pattern;
}

TEST(CronPattern, FindsTheNearestWeekdayInsideTheMonth) {
    expect_all({
        // Saturday the 15th, Sunday the 15th, a weekday.
        {"0 12 15W 8 *", "2026-01-01T00:00:00Z", {"2026-08-14T12:00:00Z"}},
        {"0 12 15W 2 *", "2026-01-01T00:00:00Z", {"2026-02-16T12:00:00Z"}},
        {"0 12 15W 1 *", "2026-01-01T00:00:00Z", {"2026-01-15T12:00:00Z"}},
        // Saturday the 1st: not the month before. Sunday the 31st: not the month after.
        {"0 0 1W 8 *", "2026-01-01T00:00:00Z", {"2026-08-03T00:00:00Z"}},
        {"0 0 31W 5 *", "2026-01-01T00:00:00Z", {"2026-05-29T00:00:00Z"}},
        // A shorter month has no 31st.
        {"0 0 31W * *", "2026-01-31T00:00:00Z", {"2026-03-31T00:00:00Z", "2026-05-29T00:00:00Z"}},
    });
}

TEST(CronPattern, FindsTheNthAndTheLastWeekday) {
    expect_all({
        {"0 0 * * MON#1", "2026-01-01T00:00:00Z", {"2026-01-05T00:00:00Z", "2026-02-02T00:00:00Z"}},
        {"0 0 * * 2#3", "2026-01-01T00:00:00Z", {"2026-01-20T00:00:00Z"}},
        {"0 0 * * 5#5", "2026-02-01T00:00:00Z", {"2026-05-29T00:00:00Z"}},
        {"0 0 * * 5L", "2026-01-01T00:00:00Z", {"2026-01-30T00:00:00Z", "2026-02-27T00:00:00Z"}},
        {"0 0 * * FRI#L", "2026-01-01T00:00:00Z", {"2026-01-30T00:00:00Z"}},
        {"0 0 * * friL", "2026-01-01T00:00:00Z", {"2026-01-30T00:00:00Z"}},
        {"0 0 * * 7#1,WED#L",
         "2026-01-01T00:00:00Z",
         {"2026-01-04T00:00:00Z", "2026-01-28T00:00:00Z"}},
        {"0 0 L * *", "2026-01-31T00:00:00Z", {"2026-02-28T00:00:00Z", "2026-03-31T00:00:00Z"}},
        {"0 0 15,L * *", "2026-02-01T00:00:00Z", {"2026-02-15T00:00:00Z", "2026-02-28T00:00:00Z"}},
    });
}

TEST(CronPattern, EitherDayFieldMatchesUnlessPlusAsksForBoth) {
    expect_all({
        {"0 12 1 * MON",
         "2026-01-01T12:00:00Z",
         {"2026-01-05T12:00:00Z", "2026-01-12T12:00:00Z", "2026-01-19T12:00:00Z",
          "2026-01-26T12:00:00Z", "2026-02-01T12:00:00Z"}},
        {"0 12 1 * +MON", "2026-01-01T12:00:00Z", {"2026-06-01T12:00:00Z", "2027-02-01T12:00:00Z"}},
        {"0 0 13 * +FRI", "2026-01-01T00:00:00Z", {"2026-02-13T00:00:00Z", "2026-03-13T00:00:00Z"}},
        {"0 0 1 * ?", "2026-01-01T00:00:00Z", {"2026-02-01T00:00:00Z"}},
        {"0 0 ? * MON", "2026-01-01T00:00:00Z", {"2026-01-05T00:00:00Z", "2026-01-12T00:00:00Z"}},
        {"0 0 * * +MON", "2026-01-01T00:00:00Z", {"2026-01-05T00:00:00Z"}},
        // "*/2" restricts, so it is one of two.
        {"0 0 */2 * MON", "2026-01-03T00:00:00Z", {"2026-01-05T00:00:00Z", "2026-01-07T00:00:00Z"}},
        {"0 0 */2 * +MON", "2026-01-05T00:00:00Z", {"2026-01-19T00:00:00Z"}},
        {"0 0 8-14 * +TUE",
         "2026-01-01T00:00:00Z",
         {"2026-01-13T00:00:00Z", "2026-02-10T00:00:00Z"}},
    });
}

TEST(CronPattern, KnowsTheMacros) {
    for (auto const& [macro, pattern] :
         std::vector<std::pair<char const*, char const*>>{{"@yearly", "0 0 1 1 *"},
                                                          {"@annually", "0 0 1 1 *"},
                                                          {"@monthly", "0 0 1 * *"},
                                                          {"@weekly", "0 0 * * 0"},
                                                          {"@daily", "0 0 * * *"},
                                                          {"@midnight", "0 0 * * *"},
                                                          {"@hourly", "0 * * * *"}})
        EXPECT_EQ(next_times(macro, "UTC", "2026-05-05T05:05:05Z", 3),
                  next_times(pattern, "UTC", "2026-05-05T05:05:05Z", 3));
}

struct BadPattern {
    char const* pattern;
    int character;  ///< where the message points to
    char const* suggestion;
};

TEST(CronPattern, RefusesWithPositionAndSuggestion) {
    std::vector<BadPattern> const refusals{
        {"60 * * * *", 1, ""},
        {"* 24 * * *", 3, ""},
        {"* * 0 * *", 5, ""},
        {"* * 32 * *", 5, ""},
        {"* * * 13 *", 7, ""},
        {"* * * 0 *", 7, ""},
        {"* * * * 8", 9, ""},
        {"61 * * * * *", 1, ""},
        {"0 0 0 1 1 * 1969", 13, ""},
        {"0 0 0 1 1 * 2200", 13, ""},
        {"99999999999999999999 * * * *", 1, ""},
        {"-1 * * * *", 1, ""},
        {"5/15 * * * *", 1, "5-59/15"},
        {"/5 * * * *", 1, "*/5"},
        {"*/0 * * * *", 3, ""},
        {"*/61 * * * *", 3, ""},
        {"* */25 * * *", 5, ""},
        {"*/x * * * *", 3, ""},
        {"*/------------ * * * *", 3, ""},
        {"*/ * * * *", 3, ""},
        {"1-10/0 * * * *", 6, ""},
        {"10-5 * * * *", 1, "10-59,0-5"},
        {"* * * DEC-FEB *", 7, "12-12,1-2"},
        {"* * * * FRI-MON", 9, "5-6,0-1"},
        {"* * * * 7-2", 9, "0-2"},
        {"* * * * 5-0", 9, "5-7"},
        {"1,,2 * * * *", 3, ""},
        {"1, * * * *", 3, ""},
        {",1 * * * *", 1, ""},
        {"1-2-3 * * * *", 3, ""},
        {"* * LW * *", 5, "write L for the last day, or 28W"},
        {"* * L-3 * *", 5, "L"},
        {"* * l * *", 5, "L"},
        {"* * 15w * *", 5, "15W"},
        {"* * 1,15W * *", 7, ""},
        {"* * 1-15W * *", 5, ""},
        {"* * 32W * *", 5, ""},
        {"* * W * *", 5, ""},
        {"* * * * MON#6", 13, "MON#L"},
        {"* * * * MON#0", 13, "MON#L"},
        {"* * * * MON#", 13, "MON#L"},
        {"* * * * #2", 9, ""},
        {"* * * * L", 9, ""},
        {"* * * * 5l", 9, "5L"},
        {"* * * * MONDAY", 9, "MON"},
        {"* * * * MUN", 9, "SUN"},
        {"* * * JNA *", 7, "JAN"},
        {"? * * * *", 1, "*"},
        {"* * * ? *", 7, "*"},
        {"* * +1 * *", 5, ""},
        {"* * * * MON,+TUE", 13, ""},
        {"* * * * +", 10, ""},
        {"* * 1#2 * *", 5, ""},
        {"*5 * * * *", 1, ""},
        {"1.5 * * * *", 1, ""},
        {"ü * * * x", 1, ""},
        {"1,ü,x * * * *", 3, ""},
        {"@DAILY", 1, "@daily"},
        {"@dialy", 1, "@daily"},
        {"@every 5m", 0, "*/15 * * * *"},
        {"0 9 * *", 0, "*/15 * * * *"},
        {"* * * * * * * *", 0, "*/15 * * * *"},
        {"* * * * *\n* * * * *", 0, "*/15 * * * *"},
        {"0 0 * * 1\n", 9, ""},
    };
    for (BadPattern const& row : refusals) try {
            Pattern::parse(row.pattern);
            ADD_FAILURE() << row.pattern << " was taken";
        } catch (Error const& error) {
            EXPECT_EQ(error.status, WEIR_E_CONFIG);
            EXPECT_EQ(error.where, "/schedule");
            EXPECT_EQ(error.code, "cron.bad_pattern");
            EXPECT_EQ(error.suggestion, row.suggestion) << row.pattern << ": " << error.message;
            std::string const place = "at character " + std::to_string(row.character);
            if (row.character > 0) {
                EXPECT_TRUE(error.message.ends_with(place)) << row.pattern << ": " << error.message;
            }
        }
}

TEST(CronPattern, SuggestionsThatArePatternsAreTaken) {
    for (char const* pattern : {"5-59/15 * * * *", "*/5 * * * *", "10-59,0-5 * * * *",
                                "* * * 12-12,1-2 *", "* * * * 5-6,0-1", "* * * * 0-2",
                                "* * * * 5-7", "* * L * *", "* * 15W * *", "* * * * MON#L"})
        EXPECT_NO_THROW(Pattern::parse(pattern)) << pattern;
}

TEST(CronPattern, RefusesWhatIsTooLong) {
    EXPECT_THROW(Pattern::parse(std::string(schedule_chars_max + 1, ' ')), Error);
    EXPECT_EQ(nearest("@wekly", {"@daily", "@weekly"}), "@weekly");
    EXPECT_EQ(nearest("nothing like it", {"@daily", "@weekly"}), "");
}

}  // namespace
}  // namespace weir::cron
