#include "delta.hpp"

#include <algorithm>
#include <charconv>

#include "newcomers.hpp"

namespace weir::postgres {
namespace {

constexpr std::int64_t fence_wait_ms = 2'000;
constexpr std::int64_t fence_wait_first_ms = 60'000;  // where a second read would be a whole one
constexpr std::int64_t fence_poll_ms = 30;
constexpr std::int64_t gap_wait_ms_max = 1'000;
constexpr std::int64_t clock_slack_us = 1'000'000;

std::uint64_t number_of(std::string const& text) {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

/// What stands behind the first `flags` columns.
std::optional<Position> position_from(Result const& from, int flags) {
    if (from.rows() == 0) return std::nullopt;
    Position out;
    for (int i = flags; i < from.columns(); ++i) out.push_back(from.text(0, i));
    return out;
}

/// What is read whole and appended to later cannot leave out what is not settled.
Error busy(Query const& query) {
    return Error{WEIR_E_BUSY,
                 query.table->stream() +
                     " cannot be read whole now: transactions are open that may still leave rows "
                     "before the newest one, and without a key what follows is appended; the log "
                     "names them"}
        .coded("source.held_back")
        .suggest("end them, or try again when they are over");
}

}  // namespace

Delta::Delta(Host host, Metrics metrics, Terms terms, Cursor fresh, std::optional<Cursor> stored)
    : host_{host}, metrics_{metrics}, terms_{std::move(terms)}, cursor_{std::move(fresh)} {
    cursor_.tracked = true;
    if (!stored) return;
    // A full read goes on behind one that was cut off, and leaves a delta's position alone.
    bool const goes_on = stored->scan && (stored->scan->by_key || !terms_.is_full);
    if (terms_.is_full && !goes_on) return;
    cursor_.settled = std::move(stored->settled);
    cursor_.pending = std::move(stored->pending);
    cursor_.scan = std::move(stored->scan);
    cursor_.xmin = std::move(stored->xmin);
    cursor_.clock_us = stored->clock_us;
    cursor_.parts = std::move(stored->parts);
    pending_before_ = cursor_.pending;
}

Order Delta::order() const {
    bool const by_key =
        cursor_.scan ? cursor_.scan->by_key : is_first() || terms_.rule.method == Method::xmin;
    if (!by_key) return Order::tracking;
    if (terms_.keyed) return Order::key;
    // What is full and has no key shows at once at its end: no order is worth a sort.
    bool const is_sorted = !terms_.is_full && terms_.rule.method != Method::xmin;
    return is_sorted ? Order::tracking_and_null : Order::none;
}

/// Whether the rows that the last complete scan brought can be told from those that came since.
bool Delta::filters(Query const& query, std::string const& now) const {
    constexpr std::uint64_t years = 1u << 31, room = 1u << 24;
    if (terms_.append || cursor_.xmin.empty() || !query.table->has_xmin()) return false;
    // What a partition brings along was written before.
    if (cursor_.parts != query.table->parts) return false;
    return number_of(now) - number_of(cursor_.xmin) < years - room;
}

void Delta::resume(Query& query, std::string const& now) const {
    Scan const& scan = *cursor_.scan;
    query.order = order();
    query.after = scan.at ? scan.at : scan.from;
    query.is_bounded = terms_.append;
    query.upto = scan.mark;
    bool const all = scan.by_key && terms_.rule.method != Method::xmin;
    query.newer_than = !all && filters(query, now) ? cursor_.xmin : "";
    query.and_null = query.order == Order::tracking && query.tracking->nullable &&
                     query.table->has_xmin() && !terms_.append;
}

void Delta::open(Query& query, Scan scan, std::string const& now) {
    bool const is_whole = scan.by_key && terms_.rule.method != Method::xmin;
    if (is_whole) cursor_.xmin.clear();
    scan.parts = query.table->parts;
    cursor_.scan = std::move(scan);
    resume(query, now);
}

bool Delta::begin(Query& query, Ports const& ports) {
    if (cursor_.scan) {
        was_resumed_ = true;
        Running const running = read_running(ports.connection.run(running_sql(), ports.wait).at(0));
        clock_us_ = cursor_.clock_us;
        resume(query, running.xmin);
        return true;
    }
    was_resumed_ = false;
    if (terms_.rule.method == Method::xmin) {
        Running const running = read_running(ports.connection.run(running_sql(), ports.wait).at(0));
        clock_us_ = running.clock_us;
        open(query, {.by_key = true, .xmin = running.xmin}, running.xmin);
        return true;
    }
    Look seen = look_twice(query, ports);
    auto const is_own = [&](std::string const& each) { return ports.own.contains(each); };
    std::erase_if(seen.running.fence, is_own);
    std::erase_if(cursor_.pending,
                  [&](Mark const& mark) { return mark.boot != seen.running.boot; });
    bool const has_newcomers = !is_first() && cursor_.parts != query.table->parts;
    if (has_newcomers && cursor_.settled && !cursor_.settled->empty())
        seen.has_older = newcomers_hold_older(query, cursor_.xmin, *cursor_.settled,
                                              ports.connection, ports.wait);
    note_regress(query, seen);
    bool const is_new = seen.last != cursor_.settled || seen.has_nulls || regressed_ ||
                        cursor_.parts != query.table->parts;
    if (!is_first() && !is_new && cursor_.pending.empty()) return false;
    if (terms_.rule.method == Method::lookback) seen.running.fence.clear();
    std::optional<Mark> mark;
    if (seen.mark)
        mark = Mark{*seen.mark, seen.running.fence, seen.running.boot, seen.running.clock_us};
    if (mark) {
        await(*mark, seen.running, query.table->has_xmin(), ports);
        // One that was only just begun beside this read had not said its name yet.
        std::erase_if(mark->fence, is_own);
    }
    std::optional<Position> const settles = settle(std::move(mark), seen.running);
    clock_us_ = seen.running.clock_us;
    if (terms_.append) {
        if (!cursor_.pending.empty()) tell_held_back(query, ports);
        if (terms_.is_full && seen.last && !settles) throw busy(query);
        bool const nothing = !settles && (seen.last || !is_first());
        if (nothing || (!is_first() && settles == cursor_.settled)) return false;
    }
    open(query,
         {.by_key = is_first(), .from = regressed_ ? std::nullopt : cursor_.settled,
          .mark = settles, .xmin = seen.running.xmin},
         seen.running.xmin);
    return true;
}

Delta::Look Delta::look(Query const& query, Ports const& ports) const {
    std::string const field = query.tracking_sql();
    std::string const within = terms_.horizon.condition(field);
    std::string const old = terms_.horizon.old_enough(field, terms_.rule.lookback_ms);
    bool const asks_nulls = query.tracking->nullable && query.table->has_xmin() &&
                            !terms_.append && !is_first();
    std::string const in_time = within.empty() ? "true" : within;
    std::string sql = query.last_sql(
        "", {query.before_sql(cursor_.settled), in_time, old.empty() ? in_time : old});
    std::string const is_new = asks_nulls ? Query::newer_sql(cursor_.xmin) : "";
    if (asks_nulls) sql += query.exists_sql(field + " IS NULL AND " + is_new);
    // Those at work last: whoever is gone by then has left all its rows to the scan.
    std::vector<Result> found =
        ports.connection.run(sql + running_sql(), ports.wait, ports.subject);
    Look out;
    out.last = out.mark = position_from(found.at(0), 3);
    out.is_behind = out.last && found[0].flag(0, 0);
    if (asks_nulls) out.has_nulls = found.at(1).flag(0, 0);
    out.running = read_running(found.back());
    if (!out.last || found[0].flag(0, 2)) return out;
    // The last row is too young to be a mark.
    out.has_future = !found[0].flag(0, 1);
    std::string const newer = old.empty() ? "false" : in_time + " AND NOT (" + old + ")";
    found = ports.connection.run(query.last_sql(old.empty() ? within : old, {}) +
                                     query.exists_sql(newer) + running_sql(),
                                 ports.wait, ports.subject);
    out.mark = position_from(found.at(0), 0);
    out.has_newer = found.at(1).flag(0, 0);
    out.running = read_running(found.back());
    return out;
}

/// Rows that were written just now are looked at again when they are old enough.
Delta::Look Delta::look_twice(Query const& query, Ports const& ports) const {
    Look seen = look(query, ports);
    std::int64_t const gap = terms_.horizon.gap_ms();
    bool const is_soon = terms_.rule.lookback_ms <= gap && gap <= gap_wait_ms_max;
    if (seen.has_newer && is_soon) {
        ports.wait.pause(gap);
        seen = look(query, ports);
    }
    if (!seen.has_future) return seen;
    host_.record(metrics_.future_rows, 1);
    if (terms_.append)
        host_.warn(query.table->stream() + " holds rows whose \"" + query.tracking->name +
                   "\" lies in the future or at infinity: what is appended leaves them out until "
                   "that time has come");
    return seen;
}

/// Numbers that begin anew, or a clock that was set back: what is new may lie below `settled`. What
/// is upserted is looked at whole, through the filter; what was appended cannot be.
void Delta::note_regress(Query const& query, Look const& look) {
    regressed_ = false;
    if (is_first()) return;
    bool const was_emptied = !look.last && cursor_.settled && !cursor_.settled->empty();
    bool const is_clock_back = terms_.horizon.gap_ms() > 0 &&
                               look.running.clock_us + clock_slack_us < cursor_.clock_us;
    if (!look.is_behind && !is_clock_back && !was_emptied && !look.has_older) return;
    if (was_emptied) {
        cursor_.settled.reset();
        cursor_.pending.clear();
    }
    host_.record(metrics_.regressed, 1);
    std::string const why =
        is_clock_back    ? "the clock of the source was set back"
        : was_emptied    ? "the source is empty"
        : look.is_behind ? "the greatest \"" + query.tracking->name + "\" lies below what was read"
                         : "partitions came that hold records below what was read";
    host_.warn(query.table->stream() + ": cursor regressed: " + why +
               (terms_.append ? "; records that lie below it are not read: compare, or copy into a "
                                "new target"
                              : "; looking at all of it once") +
               ". Deleted records stay in the target until --mode reconcile finds them");
    if (terms_.append || was_emptied) return;
    regressed_ = true;
    cursor_.pending.clear();
}

/// Waits until those whom the mark waits for are gone, up to a limit; `running` is then of the end.
void Delta::await(Mark const& mark, Running& running, bool can_filter, Ports const& ports) const {
    // Who was waited for by a run before is not waited for again.
    Mark fresh = mark;
    std::erase_if(fresh.fence, [&](std::string const& each) {
        return std::ranges::any_of(cursor_.pending, [&](Mark const& older) {
            return std::ranges::find(older.fence, each) != older.fence.end();
        });
    });
    if (is_clear(fresh, running)) return;
    bool const again_is_whole = is_first() && !can_filter && !terms_.append;
    std::int64_t const until = steady_ms() + (again_is_whole ? fence_wait_first_ms : fence_wait_ms);
    // Two reads that waited for each other within their transactions would do so in vain.
    ports.connection.run("COMMIT", ports.wait);
    while (!is_clear(fresh, running) && steady_ms() < until) {
        ports.wait.pause(fence_poll_ms);
        running = read_running(ports.connection.run(running_sql(), ports.wait).at(0));
    }
    ports.begin_again();
}

bool Delta::is_settled(Mark const& mark, Running const& running) const {
    // Of what is no time a lookback tells the age by when it was seen.
    bool const is_old = terms_.horizon.gap_ms() > 0 ||
                        running.clock_us - mark.clock_us >= terms_.rule.lookback_ms * 1000;
    return is_old && is_clear(mark, running);
}

/// The two-read rule (I3): what the scan that begins now will settle at its end. The oldest and the
/// newest of the others stay pending.
std::optional<Position> Delta::settle(std::optional<Mark> mark, Running const& running) {
    std::vector<Mark>& pending = cursor_.pending;
    // Of one place the older mark waits for fewer.
    bool const is_known = mark && !pending.empty() && pending.back().at == mark->at;
    if (mark && !is_known) pending.push_back(std::move(*mark));
    auto const newest = std::find_if(pending.rbegin(), pending.rend(), [&](Mark const& each) {
        return is_settled(each, running);
    });
    std::optional<Position> out = regressed_ ? std::nullopt : cursor_.settled;
    if (newest != pending.rend()) {
        out = newest->at;
        pending.erase(pending.begin(), newest.base());
    }
    if (pending.size() > 2) pending.erase(pending.begin() + 1, pending.end() - 1);
    // A place without anything behind it is settled with it.
    while (!pending.empty() && out && pending.back().at == *out) pending.pop_back();
    return out;
}

void Delta::tell_held_back(Query const& query, Ports const& ports) const {
    std::vector<std::string> const& fence = cursor_.pending.front().fence;
    std::string who;
    if (!fence.empty()) {
        std::vector<Result> const found = ports.connection.run(blockers_sql(fence), ports.wait);
        for (int row = 0; row < found.at(0).rows(); ++row)
            who += (who.empty() ? "" : "; ") + found[0].text(row, 0);
    }
    host_.warn(query.table->stream() + ": held_back: the newest records wait, because " +
               (who.empty() ? "they are younger than the lookback"
                            : "transactions that may still come before them are open: " + who));
}

void Delta::reach(Position const& place) { cursor_.scan->at = place; }

void Delta::complete(bool moved) {
    Scan const scan = std::move(*cursor_.scan);
    cursor_.scan.reset();
    bool const is_same = !moved && !was_resumed_ && !cursor_.xmin.empty() &&
                         scan.mark == cursor_.settled && cursor_.parts == scan.parts &&
                         cursor_.pending == pending_before_ && !regressed_;
    regressed_ = false;
    terms_.is_full = false;
    if (is_same) return;
    if (terms_.rule.method != Method::xmin) cursor_.settled = scan.mark;
    cursor_.xmin = scan.xmin;
    cursor_.clock_us = clock_us_;
    cursor_.parts = scan.parts;
    pending_before_ = cursor_.pending;
}

}  // namespace weir::postgres
