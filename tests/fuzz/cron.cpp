// A text as a schedule, alone and as JSON: what is taken can be explained, and goes forward.
#include "fuzz/target.hpp"
#include "plugins/cron/explain.hpp"

using weir::test::must;
using namespace weir::cron;
using weir::Json;

namespace {

constexpr Millis from_ms = 1'790'000'000'000;  // 2026

void look_at(Json const& json) {
    try {
        Schedule const schedule = Schedule::of(json);
        for (Gap const gap : {Gap::run_after, Gap::skip})
            for (char const* const name : {"UTC", "Europe/Berlin", "America/St_Johns"}) {
                Zone const zone = Zone::named(name);
                Millis last = from_ms;
                for (int i = 0; i < 3; ++i) {
                    std::optional<Millis> const next = schedule.next(last, zone, gap);
                    if (!next) break;
                    must(*next > last, "the next time is later");
                    last = *next;
                }
            }
        must(!describe(schedule).empty(), "a schedule can be told in words");
    } catch (weir::Error const& error) {
        must(error.status == WEIR_E_CONFIG, "a bad schedule is an error of configuration");
        must(!error.where.empty(), "an error says where");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* bytes, std::size_t size) {
    std::string const text{weir::test::text_of(bytes, size)};
    look_at(Json(text));
    Json const json = Json::parse(text, nullptr, false);
    if (json.is_object()) look_at(json);
    return 0;
}
