#include "host/store/series.hpp"

#include "host/store/session.hpp"

namespace weir::host {

namespace {

constexpr std::int64_t in_a_second = 1'000'000;

}  // namespace

Result<void> Series::add(std::vector<Growth> const& growths, std::int64_t at_us) {
    if (growths.empty()) return {};
    return store_.write([&](Session& session) -> Result<void> {
        for (Resolution const& each : resolutions) {
            std::int64_t const at = at_us / in_a_second / each.step_s * each.step_s;
            for (Growth const& growth : growths)
                session.run(
                    "INSERT INTO weir_series(step, name, job, at, value) VALUES (?1, ?2, ?3, ?4, "
                    "?5) ON CONFLICT DO UPDATE SET value = value + excluded.value",
                    each.step_s, growth.name, growth.job, at, growth.value);
        }
        return {};
    });
}

Result<std::vector<Series::Point>> Series::points(Wanted const& wanted) {
    std::vector<Point> found;
    Result<void> done = store_.read([&](Session& session) -> Result<void> {
        found.clear();
        Point next;
        Query query{session,
                    "SELECT at, sum(value) FROM weir_series WHERE step = ?1 AND name = ?2 AND "
                    "at >= ?3 AND at < ?4 AND (?5 = '' OR job = ?5) AND (?6 = '' OR job GLOB ?6) "
                    "GROUP BY at ORDER BY at"};
        query.with(wanted.step_s, wanted.name, wanted.from_s, wanted.to_s, wanted.job, wanted.jobs);
        query.into(next.at_s, next.value);
        while (query.next()) found.push_back(next);
        return {};
    });
    if (!done) return done.error();
    return found;
}

Result<void> Series::retain() {
    std::int64_t const now = store_.clock().unix_us() / in_a_second;
    return store_.write([&](Session& session) -> Result<void> {
        for (Resolution const& each : resolutions)
            session.run("DELETE FROM weir_series WHERE step = ?1 AND at < ?2", each.step_s,
                        now - each.kept_s - each.step_s);
        return {};
    });
}

}  // namespace weir::host
