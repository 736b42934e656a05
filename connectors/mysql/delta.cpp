#include "delta.hpp"

#include <algorithm>
#include <cstdlib>

#include "decode.hpp"

namespace weir::mysql {
namespace {

constexpr std::int64_t fence_wait_ms = 2'000;
constexpr std::int64_t fence_wait_seconds_ms = 4'000;  // where statements are known by the second
constexpr std::int64_t fence_wait_first_ms = 60'000;  // where a second read would be a whole one
constexpr std::int64_t fence_poll_ms = 250;
constexpr std::int64_t gap_wait_ms_max = 1'500;
constexpr std::int64_t clock_slack_us = 1'000'000;
constexpr std::int64_t boot_slack_s = 2;  // seconds are cut off on two clocks
constexpr int locked_rows_max = 10'000;

/// The answer of last_sql().
struct Last {
    std::vector<bool> flags;
    std::optional<Position> at;
};

Last read_last(Query const& query, std::string const& within, std::vector<std::string> const& flags,
               Delta::Ports const& ports) {
    std::vector<Place> const places = query.mark_places(flags.size());
    std::vector<RawValue> row(flags.size() + places.size());
    Last out{std::vector<bool>(flags.size()), {}};
    std::string text;
    ports.connection.start_rows(query.last_sql(within, flags), ports.wait, ports.subject);
    while (ports.connection.next_row(row, ports.wait, ports.subject)) {
        out.at.emplace();
        for (std::size_t i = 0; i < flags.size(); ++i) out.flags[i] = row[i].data[0] == '1';
        for (Place const& place : places)
            out.at->emplace_back(
                place_text(place.form, place.is_unsigned(), row[place.column], text));
    }
    return out;
}

bool exists(Query const& query, std::string const& condition, Delta::Ports const& ports) {
    return ports.connection.run(query.exists_sql(condition), ports.wait, ports.subject).rows() > 0;
}

bool has_index(Query const& query) {
    return std::ranges::any_of(query.table->indexes, [&](SourceIndex const& index) {
        return !index.columns.empty() && index.columns[0] == query.tracking->name;
    });
}

/// Whether a locking read of the newest rows came to its end: nobody who wrote one of them, or one
/// between them, is in a transaction any more. SELECT is right enough for that.
bool are_unlocked(Query const& query, Delta::Ports const& ports) {
    // It locks all that it passes.
    if (query.table->engine != "InnoDB" || !has_index(query)) return true;
    ports.connection.run("SET SESSION innodb_lock_wait_timeout = 1", ports.wait);
    ports.connection.run("SET TRANSACTION ISOLATION LEVEL READ COMMITTED", ports.wait);
    constexpr unsigned timeout = 1205, deadlock = 1213;
    std::optional<Said> const refused =
        ports.connection.execute(query.locking_sql(locked_rows_max), ports.wait);
    return !refused || (refused->number != timeout && refused->number != deadlock);
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
    cursor_.clock_us = stored->clock_us;
    pending_before_ = cursor_.pending;
}

Order Delta::order() const {
    if (!(cursor_.scan ? cursor_.scan->by_key : is_first())) return Order::tracking;
    if (terms_.keyed) return Order::key;
    // What is full and has no key shows at once at its end: no order is worth a sort.
    return terms_.is_full ? Order::none : Order::tracking_and_null;
}

void Delta::resume(Query& query) const {
    Scan const& scan = *cursor_.scan;
    query.order = order();
    query.after = scan.at ? scan.at : scan.from;
    query.is_bounded = terms_.append;
    query.upto = scan.mark;
}

bool Delta::begin(Query& query, Ports const& ports) {
    was_resumed_ = cursor_.scan.has_value();
    if (was_resumed_) {
        clock_us_ = std::max<std::int64_t>(cursor_.clock_us, 1);
        resume(query);
        return true;
    }
    // What is locked by the transaction of a read could be what its writers wait for.
    ports.connection.run("COMMIT", ports.wait);
    Look const seen = look_twice(query, ports);
    clock_us_ = seen.clock_us;
    std::erase_if(cursor_.pending, [&](Mark const& mark) {
        return std::abs(mark.boot_s - seen.boot_s) > boot_slack_s;
    });
    note_regress(query, seen);
    bool const is_new = seen.last != cursor_.settled || regressed_;
    if (!is_first() && !is_new && cursor_.pending.empty()) return false;
    std::optional<Position> const settles = settle(note_writers(query, seen, ports));
    if (terms_.append) {
        if (is_locked_ || !cursor_.pending.empty()) tell_held_back(query, ports);
        if (terms_.is_full && seen.last && !settles) throw busy(query);
        bool const nothing = !settles && (seen.last || !is_first());
        if (nothing || (!is_first() && settles == cursor_.settled)) return false;
    }
    ports.begin_again();
    cursor_.scan = Scan{.by_key = is_first(),
                        .from = regressed_ ? std::nullopt : cursor_.settled,
                        .mark = settles};
    resume(query);
    return true;
}

Delta::Look Delta::look(Query const& query, Ports const& ports) const {
    std::string const field = query.tracking_sql();
    std::string const within = terms_.horizon.condition(field);
    std::string const old = terms_.horizon.old_enough(field, terms_.rule.lookback_ms);
    std::string const in_time = within.empty() ? "TRUE" : within;
    Running const server = read_clock(ports.connection, ports.wait);
    Look out{.clock_us = server.clock_us, .boot_s = server.boot_s};
    Last const found = read_last(
        query, "", {query.before_sql(cursor_.settled), in_time, old.empty() ? in_time : old},
        ports);
    out.last = out.mark = found.at;
    out.is_behind = found.at && found.flags[0];
    if (!found.at || (found.flags[1] && found.flags[2])) return out;
    // The last row is too young to be a mark.
    out.has_future = !found.flags[1];
    out.mark = read_last(query, old.empty() ? within : old, {}, ports).at;
    out.has_newer = !old.empty() && exists(query, in_time + " AND NOT (" + old + ")", ports);
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
                   "\" lies in the future: what is appended leaves them out until that time has "
                   "come");
    return seen;
}

/// Numbers that begin anew, or a clock that was set back: what is new may lie below `settled`. What
/// is upserted is looked at whole; what was appended cannot be.
void Delta::note_regress(Query const& query, Look const& look) {
    regressed_ = false;
    if (is_first()) return;
    bool const was_emptied = !look.last && cursor_.settled && !cursor_.settled->empty();
    bool const is_clock_back =
        terms_.horizon.gap_ms() > 0 && look.clock_us + clock_slack_us < cursor_.clock_us;
    if (!look.is_behind && !is_clock_back && !was_emptied) return;
    if (was_emptied) {
        cursor_.settled.reset();
        cursor_.pending.clear();
    }
    host_.record(metrics_.regressed, 1);
    host_.warn(query.table->stream() + ": cursor regressed: " +
               (is_clock_back ? "the clock of the source was set back"
                : was_emptied ? "the source is empty"
                              : "the greatest \"" + query.tracking->name +
                                    "\" lies below what was read") +
               (terms_.append ? "; records that lie below it are not read: compare, or copy into a "
                                "new target"
                              : "; looking at all of it once") +
               ". Deleted records stay in the target until --mode reconcile finds them");
    if (terms_.append || was_emptied) return;
    regressed_ = true;
    cursor_.pending.clear();
}

/// The mark of this look, with those who may still come before it; they have been waited for.
std::optional<Mark> Delta::note_writers(Query const& query, Look const& look, Ports const& ports) {
    std::optional<Mark> mark;
    if (look.mark) mark = Mark{*look.mark, {}, look.boot_s, look.clock_us};
    if (terms_.rule.method == Method::fence) {
        Running const running = read_running(ports.connection, ports.wait);
        for (Mark& each : cursor_.pending) each.fence = standing(each.fence, running);
        if (!mark) return mark;
        mark->fence = fence_of(running);
        await(*mark, ports);
        return mark;
    }
    for (Mark& each : cursor_.pending) each.fence.clear();
    is_locked_ = mark && !query.table->writers.are_elsewhere && !are_unlocked(query, ports);
    return is_locked_ ? std::nullopt : mark;
}

/// Waits until those whom the mark waits for are gone, up to a limit. Who was waited for by a run
/// before is not waited for again.
void Delta::await(Mark& mark, Ports const& ports) {
    bool const again_is_whole = is_first() && !terms_.append;
    std::int64_t const passing =
        ports.connection.is_mariadb() ? fence_wait_ms : fence_wait_seconds_ms;
    std::int64_t const until = steady_ms() + (again_is_whole ? fence_wait_first_ms : passing);
    auto const is_fresh = [&](std::string const& member) {
        return std::ranges::none_of(cursor_.pending, [&](Mark const& older) {
            return std::ranges::find(older.fence, member) != older.fence.end();
        });
    };
    while (std::ranges::any_of(mark.fence, is_fresh) && steady_ms() < until) {
        ports.wait.pause(fence_poll_ms);
        Running const running = read_running(ports.connection, ports.wait);
        clock_us_ = running.clock_us;
        mark.fence = standing(mark.fence, running);
        for (Mark& each : cursor_.pending) each.fence = standing(each.fence, running);
    }
}

/// The two-read rule (I3): what the scan that begins now will settle at its end. The oldest and the
/// newest of the others stay pending.
std::optional<Position> Delta::settle(std::optional<Mark> mark) {
    std::vector<Mark>& pending = cursor_.pending;
    // Of one place the older mark waits for fewer.
    bool const is_known = mark && !pending.empty() && pending.back().at == mark->at;
    if (mark && !is_known) pending.push_back(std::move(*mark));
    auto const is_settled = [&](Mark const& each) {
        // Of what is no time a lookback tells the age by when it was seen.
        bool const is_old = terms_.horizon.gap_ms() > 0 ||
                            clock_us_ - each.clock_us >= terms_.rule.lookback_ms * 1000;
        return is_old && each.fence.empty();
    };
    auto const newest = std::find_if(pending.rbegin(), pending.rend(), is_settled);
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
    std::string who = is_locked_ ? "their rows are locked" : "";
    if (!cursor_.pending.empty() && !cursor_.pending.front().fence.empty())
        who = blockers(ports.connection, cursor_.pending.front().fence, ports.wait);
    host_.warn(query.table->stream() + ": held_back: the newest records wait, because " +
               (who.empty() ? "they are younger than the lookback"
                            : "transactions that may still come before them are open: " + who));
}

void Delta::reach(Position const& place) { cursor_.scan->at = place; }

void Delta::complete(bool moved) {
    Scan const scan = std::move(*cursor_.scan);
    cursor_.scan.reset();
    bool const is_same = !moved && !was_resumed_ && cursor_.clock_us != 0 &&
                         scan.mark == cursor_.settled && cursor_.pending == pending_before_ &&
                         !regressed_;
    regressed_ = false;
    terms_.is_full = false;
    if (is_same) return;
    cursor_.settled = scan.mark;
    cursor_.clock_us = clock_us_;
    pending_before_ = cursor_.pending;
}

}  // namespace weir::mysql
