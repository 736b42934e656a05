// Zones: names, and the rules behind the end of their tables.
#include <date/tz.h>
#include <sys/resource.h>

#include <fstream>
#include <iterator>
#include <set>

#include "cron/times.hpp"

namespace weir::cron {
namespace {

Seconds seconds_at(char const* text) { return at(text) / second_ms; }

TEST(CronZone, SuggestsTheNearestName) {
    EXPECT_EQ(Zone::named("UTC").name(), "UTC");
    for (auto const& [wrong, right] :
         std::vector<std::pair<std::string, std::string>>{{"Europe/Berln", "Europe/Berlin"},
                                                          {"europe/berlin", "Europe/Berlin"},
                                                          {"America/NewYork", "America/New_York"},
                                                          {"../../etc/passwd", ""},
                                                          {"localtime", ""},
                                                          {"", ""}})
        try {
            Zone::named(wrong);
            ADD_FAILURE() << wrong;
        } catch (Error const& error) {
            EXPECT_EQ(error.where, "/timezone");
            EXPECT_EQ(error.code, "cron.unknown_zone");
            if (!right.empty()) {
                EXPECT_EQ(error.suggestion, right) << wrong;
            }
        }
}

#ifndef __SANITIZE_ADDRESS__  // the sanitizer opens files itself to look at what was thrown
/// As long as this lives the process opens no file more.
class NoMoreFiles {
public:
    NoMoreFiles() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        rlimit const none{0, before_.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &none);
    }
    ~NoMoreFiles() { ::setrlimit(RLIMIT_NOFILE, &before_); }
    NoMoreFiles(NoMoreFiles const&) = delete;
    NoMoreFiles& operator=(NoMoreFiles const&) = delete;

private:
    rlimit before_{};
};

TEST(CronZone, SaysThatItsFileCannotBeRead) {
    date::get_tzdb();  // the names; the file of each is read when it is asked for
    try {
        NoMoreFiles const limit;
        Zone::named("Antarctica/Troll");
        FAIL();
    } catch (Error const& error) {
        EXPECT_EQ(error.status, WEIR_E_CONFIG);
        EXPECT_EQ(error.code, "cron.zone_unreadable");
        EXPECT_EQ(error.where, "/timezone");
        EXPECT_NE(error.message.find("\"Antarctica/Troll\" cannot be read"), std::string::npos);
        EXPECT_NE(error.message.find("install the package tzdata, or use UTC"), std::string::npos);
    }
    EXPECT_EQ(Zone::named("Antarctica/Troll").name(), "Antarctica/Troll");
}
#endif

TEST(CronZone, KnowsSummerTimeBehindTheEndOfItsTable) {
    for (char const* year : {"2037", "2038", "2100", "2199"}) {
        std::string const summer = std::string{year} + "-07-01T00:00:00Z";
        std::string const winter = std::string{year} + "-01-01T00:00:00Z";
        EXPECT_EQ(Zone::named("Europe/Berlin").at(seconds_at(summer.c_str())).offset, 7200);
        EXPECT_EQ(Zone::named("Europe/Berlin").at(seconds_at(winter.c_str())).offset, 3600);
        EXPECT_EQ(Zone::named("America/Sao_Paulo").at(seconds_at(summer.c_str())).offset, -10800);
        EXPECT_EQ(Zone::named("Australia/Lord_Howe").at(seconds_at(winter.c_str())).offset, 39600);
        EXPECT_EQ(Zone::named("Australia/Lord_Howe").at(seconds_at(summer.c_str())).offset, 37800);
    }
    EXPECT_EQ(next_times("30 2 * * *", "Europe/Berlin", "2050-03-26T12:00:00Z", 2),
              (Times{"2050-03-27T01:30:00Z", "2050-03-28T00:30:00Z"}));
}

TEST(CronZone, StretchesMeetEachOther) {
    for (char const* name : {"Europe/Berlin", "America/Santiago", "Europe/Dublin", "Asia/Kolkata",
                             "Africa/Casablanca", "America/Nuuk", "Pacific/Apia"}) {
        Zone const zone = Zone::named(name);
        for (Seconds utc = seconds_at("2000-01-01T00:00:00Z");
             utc < seconds_at("2190-01-01T00:00:00Z");) {
            Zone::Stretch const stretch = zone.at(utc);
            ASSERT_LE(stretch.begin, utc) << name;
            ASSERT_GT(stretch.end, utc) << name;
            ASSERT_EQ(zone.at(stretch.end - 1).offset, stretch.offset) << name;
            utc = stretch.end;
        }
    }
}

// The table of a zone goes to 2037, and its rule says the same for the last years of it.
TEST(CronPosixRule, AgreesWithTheTablesOfAllZones) {
    int compared = 0;
    for (date::time_zone const& each : date::get_tzdb().zones) {
        std::ifstream file{"/usr/share/zoneinfo/" + each.name(), std::ios::binary};
        std::string const bytes{std::istreambuf_iterator<char>{file}, {}};
        std::size_t const from = bytes.rfind('\n', bytes.size() - 2) + 1;
        auto const rule = PosixRule::parse(bytes.substr(from, bytes.size() - from - 1));
        ASSERT_TRUE(rule) << each.name();
        // Months of fasting stand in the tables of these until 2086 and later.
        std::set<std::string> const longer{"Africa/Casablanca", "Africa/El_Aaiun", "Asia/Gaza",
                                           "Asia/Hebron"};
        if (longer.contains(each.name())) continue;
        for (Seconds utc = seconds_at("2036-01-01T00:00:00Z");
             utc < seconds_at("2037-10-01T00:00:00Z"); utc += 7 * 3600, ++compared)
            ASSERT_EQ(rule->at(utc).offset,
                      each.get_info(date::sys_seconds{std::chrono::seconds{utc}}).offset.count())
                << each.name() << " " << print_time(utc * second_ms);
    }
    EXPECT_GT(compared, 1'000'000);
}

TEST(CronPosixRule, ReadsEveryForm) {
    struct Case {
        char const* rule;
        char const* time;
        Seconds offset;
    };
    for (Case const& row : std::vector<Case>{
             {"UTC0", "2050-07-01T00:00:00Z", 0},
             {"<+0545>-5:45", "2050-07-01T00:00:00Z", 20700},
             {"EST5EDT,M3.2.0,M11.1.0", "2050-07-01T00:00:00Z", -14400},
             {"IST-1GMT0,M10.5.0,M3.5.0/1", "2050-07-01T00:00:00Z", 3600},
             {"IST-1GMT0,M10.5.0,M3.5.0/1", "2050-01-01T00:00:00Z", 0},
             {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2050-03-27T00:59:59Z", -7200},
             {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2050-03-27T01:00:00Z", -3600},
             {"XXX0YYY,J60,J61", "2052-03-01T02:00:00Z", 3600},  // J60 is the 1st of March
             {"XXX0YYY,J60,J61", "2052-02-29T12:00:00Z", 0},     // of a leap year too
             {"XXX0YYY,59,60", "2052-02-29T02:00:00Z", 3600},    // 59 is its leap day
             {"XXX3EDT4,0/0,J365/23", "2050-12-31T23:00:00Z", -14400}})
        EXPECT_EQ(PosixRule::parse(row.rule)->at(seconds_at(row.time)).offset, row.offset)
            << row.rule << " " << row.time;
    for (char const* text :
         {"", "CET", "C-1", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M1.1.1",
          "CET-1CEST,M3.5.0,M10.5.0/3,", "<+03-3", "CET-200"})
        EXPECT_FALSE(PosixRule::parse(text)) << text;
}

}  // namespace
}  // namespace weir::cron
