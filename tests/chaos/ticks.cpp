#include "chaos/ticks.hpp"

#include <ostream>
#include <set>

#include "support/sqlite.hpp"

namespace weir::test {
namespace {

std::vector<std::string> texts(Sqlite& state, std::string const& sql) {
    std::vector<std::string> all;
    for (Record const& record : state.rows(sql)) all.push_back(record.at(0).value_or(""));
    return all;
}

}  // namespace

Ticks ticks_of(std::string const& state_db, std::string const& job) {
    Sqlite state{state_db};
    std::string const topic = "'cron/1:dev.weir.replication/job:" + job + "'";
    std::string const at = "json_extract(data, '$.scheduled_at')";
    Ticks out;
    out.fired =
        texts(state, "SELECT " + at + " FROM weir_event WHERE topic = " + topic + " ORDER BY seq");
    for (std::size_t i = 1; i < out.fired.size(); ++i)
        if (out.fired[i] <= out.fired[i - 1]) out.doubled.push_back(out.fired[i]);
    std::vector<std::string> const runs = texts(
        state,
        "SELECT json_extract(trigger_json, '$.scheduled_at') FROM weir_run WHERE job = '" + job +
            "' AND json_extract(trigger_json, '$.by') = 'cron' ORDER BY seq");
    std::set<std::string> const fired{out.fired.begin(), out.fired.end()};
    std::set<std::string> ran;
    for (std::string const& time : runs) {
        if (!ran.insert(time).second) out.reran.push_back(time);
        if (!fired.contains(time)) out.unfired.push_back(time);
    }
    for (std::string const& time :
         texts(state, "SELECT " + at + " FROM weir_event WHERE topic = " + topic +
                          " AND seq NOT IN (SELECT seq FROM weir_delivery)"))
        if (!ran.contains(time)) out.not_run.push_back(time);
    // Each second from the first to the last fired, or one that fired later counts it.
    out.lost = std::stoll(state.one(
        "SELECT coalesce((max(s) - min(s)) - sum(CASE seq WHEN first THEN 0 ELSE 1 + missed END), "
        "0) FROM (SELECT seq, min(seq) OVER () AS first, unixepoch(" +
        at + ") AS s, json_extract(data, '$.missed') AS missed FROM weir_event WHERE topic = " +
        topic + ")"));
    return out;
}

std::ostream& operator<<(std::ostream& out, Ticks const& ticks) {
    auto const list = [&](char const* name, std::vector<std::string> const& times) {
        if (times.empty()) return;
        out << name << ":";
        for (std::string const& time : times) out << ' ' << time;
        out << '\n';
    };
    out << ticks.fired.size() << " fired, " << ticks.lost << " lost\n";
    list("doubled", ticks.doubled);
    list("ran again", ticks.reran);
    list("not run", ticks.not_run);
    list("unfired", ticks.unfired);
    return out;
}

}  // namespace weir::test
