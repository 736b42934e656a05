// The search that jumps by field against a walk over every minute that knows no jumps.
#include <chrono>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <random>
#include <set>

#include "cron/times.hpp"

namespace weir::cron {
namespace {

/// Draws expressions, and says of one wall-clock minute whether it matches, by the words of the
/// grammar and nothing of the parser.
class Model {
public:
    explicit Model(std::mt19937_64& random) : random_{random} {}

    struct Item {
        std::string text;
        std::function<bool(int)> matches;
    };
    Item item(int min, int max) {
        int const from = pick(min, max), to = pick(from, max), step = pick(1, 5);
        switch (pick(0, 3)) {
            case 0: return {std::to_string(from), [=](int v) { return v == from; }};
            case 1:
                return {std::to_string(from) + "-" + std::to_string(to),
                        [=](int v) { return v >= from && v <= to; }};
            case 2:
                return {
                    std::to_string(from) + "-" + std::to_string(to) + "/" + std::to_string(step),
                    [=](int v) { return v >= from && v <= to && (v - from) % step == 0; }};
            default:
                return {"*/" + std::to_string(step), [=](int v) { return (v - min) % step == 0; }};
        }
    }
    Item field(int min, int max, int any_percent) {
        if (pick(0, 99) < any_percent) return {"*", [](int) { return true; }};
        Item first = item(min, max);
        if (pick(0, 1) == 0) return first;
        Item second = item(min, max);
        return {first.text + "," + second.text,
                [first, second](int v) { return first.matches(v) || second.matches(v); }};
    }
    int pick(int min, int max) {
        return min + static_cast<int>(random_() % static_cast<std::uint64_t>(max - min + 1));
    }

private:
    std::mt19937_64& random_;
};

struct Drawn {
    std::string text;
    Model::Item minute, hour, day, month, weekday;
    bool needs_both = false;

    static Drawn by(Model& model) {
        Drawn out;
        out.minute = model.field(0, 59, 20);
        out.hour = model.field(0, 23, 30);
        out.day = model.field(1, 31, 50);
        out.month = model.field(1, 12, 70);
        out.weekday = model.field(0, 6, 50);
        out.needs_both = model.pick(0, 3) == 0;
        out.text = out.minute.text + " " + out.hour.text + " " + out.day.text + " " +
                   out.month.text + " " + (out.needs_both ? "+" : "") + out.weekday.text;
        return out;
    }
    bool has_every_hour() const {
        for (int i = 0; i < 24; ++i)
            if (!hour.matches(i)) return false;
        return true;
    }
    bool matches(Seconds local) const {
        using namespace std::chrono;
        auto const day_of = sys_days{days{local / day_seconds}};
        year_month_day const date{day_of};
        bool const by_day = day.matches(static_cast<int>(static_cast<unsigned>(date.day())));
        bool const by_weekday =
            weekday.matches(static_cast<int>(std::chrono::weekday{day_of}.c_encoding()));
        bool const is_or = !needs_both && day.text != "*" && weekday.text != "*";
        return minute.matches(static_cast<int>(local / 60 % 60)) &&
               hour.matches(static_cast<int>(local / 3600 % 24)) &&
               month.matches(static_cast<int>(static_cast<unsigned>(date.month()))) &&
               (is_or ? by_day || by_weekday : by_day && by_weekday);
    }
};

/// Every minute of [from, to) at which `drawn` is due, found by walking all of them and keeping
/// which wall-clock minutes were shown before.
std::vector<Seconds> walk(Drawn const& drawn, Zone const& zone, Gap gap, Seconds from, Seconds to) {
    std::set<Seconds> due;
    bool const follows = gap == Gap::run_after && drawn.has_every_hour();
    Seconds const early = from - 3 * day_seconds;
    Seconds shown_to = early + zone.at(early).offset;  // the next minute never shown
    Seconds last_offset = zone.at(early).offset;
    for (Seconds utc = early; utc < to; utc += 60) {
        Seconds const offset = zone.at(utc).offset, local = utc + offset;
        if (!follows && gap == Gap::run_after)
            for (Seconds skipped = shown_to; skipped < local; skipped += 60)
                if (drawn.matches(skipped)) {
                    due.insert(skipped - last_offset);
                    break;
                }
        bool const is_first_pass = local >= shown_to;
        if (drawn.matches(local) && (follows || is_first_pass)) due.insert(utc);
        shown_to = std::max(shown_to, local + 60);
        last_offset = offset;
    }
    return {due.upper_bound(from), due.lower_bound(to)};
}

std::uint64_t seed() {
    char const* given = std::getenv("WEIR_SEED");
    std::uint64_t const value = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    std::cout << "WEIR_SEED=" << value << "\n";
    return value;
}

std::vector<Seconds> search(Pattern const& pattern, Zone const& zone, Gap gap, Seconds from,
                            Seconds to) {
    std::vector<Seconds> out;
    for (auto time = next_match(pattern, zone, gap, from); time && *time < to;
         time = next_match(pattern, zone, gap, *time))
        out.push_back(*time);
    return out;
}

TEST(CronModel, SearchFindsWhatAWalkOverEveryMinuteFinds) {
    std::mt19937_64 random{seed()};
    Model model{random};
    char const* const zones[] = {"UTC",           "Europe/Berlin",    "America/New_York",
                                 "Asia/Kolkata",  "America/Santiago", "Australia/Lord_Howe",
                                 "Europe/Dublin", "Africa/Casablanca"};
    for (int round = 0; round < 120; ++round) {
        Drawn const drawn = Drawn::by(model);
        Zone const zone = Zone::named(zones[model.pick(0, 7)]);
        Gap const gap = model.pick(0, 1) ? Gap::run_after : Gap::skip;
        // Around a change of clocks, as most of them are.
        Seconds const near_change =
            zone.at(at("2026-01-01T00:00:00Z") / second_ms + model.pick(0, 365) * day_seconds)
                .begin;
        Seconds const from =
            std::max<Seconds>(near_change, at("2020-01-01T00:00:00Z") / second_ms) -
            model.pick(0, 4 * 1440) * 60;
        Seconds const to = from + 8 * day_seconds;
        ASSERT_EQ(search(Pattern::parse(drawn.text), zone, gap, from, to),
                  walk(drawn, zone, gap, from, to))
            << drawn.text << " " << zone.name() << " " << name_of(gap) << " from "
            << print_time(from * second_ms);
    }
}

TEST(CronModel, SearchFindsTheSameFromEveryStart) {
    std::mt19937_64 random{seed()};
    Model model{random};
    Zone const zone = Zone::named("Europe/Berlin");
    for (int round = 0; round < 50; ++round) {
        Drawn const drawn = Drawn::by(model);
        Pattern const pattern = Pattern::parse(drawn.text);
        for (char const* change : {"2025-03-30T01:00:00Z", "2025-10-26T01:00:00Z"}) {
            Seconds const begin = at(change) / second_ms - 6 * 3600;
            std::vector<Seconds> const due =
                search(pattern, zone, Gap::run_after, begin, begin + 2 * day_seconds);
            for (Seconds from = begin; from < begin + 12 * 3600; from += 300) {
                auto const expected = std::upper_bound(due.begin(), due.end(), from);
                if (expected == due.end()) break;
                ASSERT_EQ(next_match(pattern, zone, Gap::run_after, from), *expected)
                    << drawn.text << " from " << print_time(from * second_ms);
            }
        }
    }
}

TEST(CronModel, TheWalkCanTellAWrongSearch) {
    std::mt19937_64 random{1};
    Model model{random};
    Drawn drawn = Drawn::by(model);
    drawn.text = "30 2 * * *";
    drawn.minute.matches = [](int v) { return v == 30; };
    drawn.hour.matches = [](int v) { return v == 2; };
    drawn.day = drawn.month = drawn.weekday = {"*", [](int) { return true; }};
    drawn.needs_both = false;
    Seconds const from = at("2025-03-29T00:00:00Z") / second_ms, to = from + 3 * day_seconds;
    Zone const berlin = Zone::named("Europe/Berlin");
    Pattern const pattern = Pattern::parse(drawn.text);
    EXPECT_EQ(search(pattern, berlin, Gap::run_after, from, to),
              walk(drawn, berlin, Gap::run_after, from, to));
    EXPECT_NE(search(pattern, berlin, Gap::skip, from, to),
              walk(drawn, berlin, Gap::run_after, from, to));
    EXPECT_NE(search(pattern, Zone{}, Gap::run_after, from, to),
              walk(drawn, berlin, Gap::run_after, from, to));
}

}  // namespace
}  // namespace weir::cron
