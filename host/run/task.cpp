#include "host/run/task.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "host/core/caught.hpp"
#include "host/run/reconcile.hpp"
#include "host/run/retry.hpp"
#include "host/run/side.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;

}  // namespace

TaskRun::TaskRun(TaskPorts const& ports, Task const& task,
                 std::function<Result<void>()> await_referenced)
    : ports_{ports},
      task_{task},
      await_referenced_{std::move(await_referenced)},
      read_call_{ports.clock, &ports.stop.reading},
      write_call_{ports.clock, &ports.stop.writing},
      turn_{ports.gate, ports.stop.reading} {
    report_.stream = task.stream;
    report_.target = task.target;
}

StreamReport TaskRun::run() {
    std::int64_t const began_ns = ports_.clock.monotonic_ns();
    ports_.progress.begin(task_.stream, task_.rows_expected);
    for (;;) {
        Result<void> done = caught([this] { return attempt(); });
        writer_.reset();
        turn_.give();
        first_.reset();
        reader_.reset();
        if (done) break;
        // A table that changed before a row of it was read is looked at as it is now.
        if (done.error().code == "source.fields_changed" && !std::exchange(looks_again_, true))
            continue;
        if (!may_retry(done.error())) {
            report_.error = done.error();
            break;
        }
        wait(++attempts_, done.error());
    }
    report_.seconds = static_cast<double>(ports_.clock.monotonic_ns() - began_ns) / 1e9;
    ports_.progress.end(report_);
    return std::move(report_);
}

// A source may choose the state that it reads when the first batch is asked for.
void TaskRun::begin_ahead() {
    is_ahead_ = true;
    ahead_ = caught([this]() -> Result<void> {
        if (Result<void> looked = look(); !looked || is_done_) return looked;
        CopyRequest const& request = ports_.request;
        bool const is_delta = request.mode != ReadMode::reconcile && !request.dry_run &&
                              start_.selection.mode == ReadMode::delta;
        // The rest of parts is read by more than one session, and so in its turn.
        if (!is_delta || parts_of(cursor_)) return {};
        if (Result<void> opened = open_where_it_stands(); !opened) return opened;
        Result<NextBatch> first = reader_->next(read_call_);
        if (!first) return on(at_source, first.error());
        first_ = std::move(*first);
        return {};
    });
    is_ahead_ = false;
}

Result<void> TaskRun::attempt() {
    Result<void> const looked = ahead_ ? *std::exchange(ahead_, std::nullopt) : look();
    if (!looked || is_done_) return looked;
    if (ports_.request.mode == ReadMode::reconcile) return reconcile();
    return ports_.request.dry_run ? dry_run() : read_and_write();
}

Result<void> TaskRun::look() {
    begin_.target = target_of(task_);
    begin_.stream = task_.stream;
    begin_.run_id = ports_.run_id;
    Result<std::string> peeked = peek();
    if (!peeked) return on(at_sink, peeked.error());
    std::optional<Checkpoint> const checkpoint = parse_checkpoint(*peeked);
    if (checkpoint) take_up(*checkpoint);
    if (is_done_) return {};
    Result<Start> start = decide_start(ports_.request, task_.stream, task_.key, checkpoint);
    if (!start) return start.error();
    start_ = std::move(*start);
    if (Result<void> checked = check_mark(start_.selection, task_); !checked) return checked;
    if (!start_.note.empty()) note(start_.note);
    knows_target_ = checkpoint.has_value();
    if (ports_.request.mode == ReadMode::reconcile && checkpoint)
        report_.cursor = shown_cursor(checkpoint->cursor);
    bool const may_overwrite = !task_.key.empty() && task_.unique_key.empty() &&
                               start_.selection.write != WriteMode::append;
    if (may_overwrite)
        note(fmt::format("the source does not promise that {} is unique: of records that share it "
                         "the last one stays",
                         fmt::join(task_.key, ", ")));
    tell_what_is_unproven();
    if (!task_.remark.empty() && attempts_ == 0) note(task_.remark);
    target_ = target_of(task_, start_.selection);
    begin_.target = target_;
    report_.shows_at_end = begin_.staged = is_staged();
    if (begin_.staged) report_.counts = {};  // what did not reach the end is gone
    bool const is_same_choice =
        checkpoint && checkpoint->selection.fields == start_.selection.fields;
    known_ = is_same_choice ? checkpoint->columns : std::vector<std::string>{};
    if (!drift_)
        drift_.emplace(ports_.request.drift, task_.stream, known_,
                       [this](ArrowSchema const& schema) { return fits_target(schema); });
    begin_.spec = note_of(start_.selection, report_.counts, known_, false);
    begin_.reset = start_.reset;
    if (begin_.staged && ports_.request.limit && !start_.selection.tracking.empty())
        return Error{
            WEIR_E_CONFIG, "copy.conflicting_options",
            fmt::format("{} is read in one pass, and a cursor cannot stand behind the part "
                        "that --limit takes; leave one of them away",
                        task_.stream),
            "--limit"};
    cursor_ = checkpoint && !begin_.reset && !begin_.staged ? checkpoint->cursor : "";
    return {};
}

/// As a job says it when it is made.
void TaskRun::tell_what_is_unproven() {
    std::string const& field = start_.selection.tracking;
    Json rule = task_.meta.value("cursors", Json::object()).value(field, Json{});
    if (!rule.is_object() || attempts_ > 0) return;
    bool const appends = start_.selection.write == WriteMode::append || task_.key.empty();
    if (appends && rule.contains("append")) rule = rule["append"];
    if (rule.value("guarantee", "") != "unproven") return;
    std::string const why = rule.value("caveat", "");
    note(fmt::format("{} of {}: a record that comes with a smaller value than the greatest so far "
                     "is not found (guarantee: unproven){}{}",
                     field, task_.stream, why.empty() ? "" : "; ", why));
}

/// The position of this stream, and into `begin_` the job that has it: where none is stored under
/// the source's name, one of the time when the source had another goes on under its own.
Result<std::string> TaskRun::peek() {
    std::vector<std::string> jobs{ports_.request.job};
    if (ports_.request.job.empty()) {
        jobs.clear();
        for (std::string const& identity : ports_.source_identities)
            jobs.push_back(job_of(identity, ports_.sink_identity, task_));
    }
    for (std::string const& job : jobs) {
        begin_.job = job;
        Result<std::string> found = ports_.sink.peek(read_call_, begin_);
        if (!found || !found->empty()) return found;
    }
    begin_.job = jobs.front();
    return jobs.size() == 1 ? std::string{} : ports_.sink.peek(read_call_, begin_);
}

/// What this run committed before, here or in a process that died.
void TaskRun::take_up(Checkpoint const& checkpoint) {
    if (!ports_.resumes_run || !checkpoint.run || checkpoint.run->run_id != ports_.run_id) return;
    report_.counts = checkpoint.run->counts;
    is_done_ = checkpoint.run->is_done;
    report_.cursor = shown_cursor(checkpoint.cursor);
    ports_.progress.advance(task_.stream, report_.counts);
    has_moved_ = has_moved_ || report_.counts.batches > 0;
}

bool TaskRun::fits_target(ArrowSchema const& schema) {
    auto const looked = ports_.sink.prepare(read_call_, target_, schema, true);
    return looked && looked->actions.empty();
}

Result<void> TaskRun::look_for_drift() {
    if (Result<void> looked = drift_->look(*schema_); !looked)
        return on(at_source, looked.error());
    for (std::string const& sentence : drift_->take_notes()) note(sentence);
    return {};
}

/// At the stored position; where that belongs to another selection, at the beginning, which is
/// right only where a record that comes twice is recognised.
Result<void> TaskRun::open_where_it_stands() {
    Result<void> opened = open_reader(cursor_);
    if (opened || opened.error().code != "source.cursor_mismatch" || cursor_.empty()) return opened;
    if (start_.selection.write == WriteMode::append) return needs_reset(opened.error().message);
    note(opened.error().message + "; reading it whole once");
    begin_.reset = true;
    cursor_.clear();
    return open_reader(cursor_);
}

// The source first: what cannot be read leaves no empty file behind in the sink. Whether nobody
// else wrote meanwhile shows when begin() answers the position that peek() told.
Result<void> TaskRun::open_both() {
    if (Result<void> opened = reader_ ? Result<void>{} : open_where_it_stands(); !opened)
        return opened;
    if (Result<void> taken = turn_.take(); !taken) return taken;
    std::uint64_t epoch = 0;  // the sink takes the next: whoever begins later wins (I6)
    std::string cursor;
    Result<WriterProxy> writer = ports_.sink.begin(read_call_, begin_, epoch, cursor);
    if (!writer) return on(at_sink, writer.error());
    writer_.emplace(std::move(*writer));
    turn_.give();
    if (uncertain_ && !cursor.empty() && cursor == uncertain_->cursor)
        report_.counts = uncertain_->counts;
    uncertain_.reset();
    if (cursor == cursor_) return {};
    cursor_ = std::move(cursor);
    return open_reader(cursor_);
}

Result<void> TaskRun::read_and_write() {
    if (Result<void> opened = open_both(); !opened) return opened;
    bool const goes_on = !cursor_.empty() && attempts_ == 0 && !has_moved_;
    if (goes_on && start_.selection.mode == ReadMode::full)
        note(
            fmt::format("{} goes on where an earlier run was cut off; what changed before that "
                        "place since comes with the next full read",
                        task_.stream));
    if (Result<void> waited = let_others_end(); !waited) return waited;
    if (Result<void> taken = turn_.take(); !taken) return taken;
    // Nothing is in hand yet: whoever stops does not wait for a lock that the sink waits for.
    auto prepared = ports_.sink.prepare(read_call_, target_, drift_->schema(), false);
    if (!prepared) return on(at_sink, prepared.error());
    turn_.give();
    guard_target(*prepared);

    std::unique_ptr<DeadLetters> const letters = open_letters();
    PumpPorts pump_ports{*reader_,           *writer_, ports_.sink,   target_,
                         std::move(schema_), *drift_,  letters.get(), read_call_,
                         write_call_,        ports_.stop, ports_.clock, turn_,
                         std::exchange(first_, std::nullopt)};
    PumpFacts facts;
    Counts const before = report_.counts;
    facts.counts = facts.committed = before;
    facts.cursor = cursor_;
    facts.timing = report_.timing;
    if (attempts_ == 0 && !has_moved_) report_.cursor_before = shown_cursor(cursor_);
    facts.told = [&] { ports_.progress.advance(task_.stream, facts.counts); };
    facts.say = [this](std::string const& sentence) { note(sentence); };
    PumpRules applied = rules();
    // What the sink did to the target belongs into its note.
    applied.skips_idle = !cursor_.empty() && !begin_.staged && prepared->actions.empty() &&
                         drift_->columns() == known_ && start_.selection.mode == ReadMode::delta;
    if (start_.selection.write == WriteMode::replace && prepared->holds_rows)
        applied.settle = [&] { return spare_refused(facts.counts); };
    Result<void> done = pump(std::move(pump_ports), applied, facts);
    has_moved_ = has_moved_ || facts.counts.batches > before.batches;
    // Staged rows that did not reach the end are gone.
    report_.counts = !done && begin_.staged ? before : facts.committed;
    uncertain_ = std::move(facts.uncertain);
    if (report_.counts.batches > before.batches) attempts_ = 0;
    report_.cursor = shown_cursor(facts.cursor);
    report_.timing = facts.timing;
    return done;
}

/// Before anything is changed: a target that is locked here could keep those from their end.
Result<void> TaskRun::let_others_end() {
    if (!await_referenced_) return {};
    auto const looked = ports_.sink.prepare(read_call_, target_, drift_->schema(), true);
    if (!looked) return on(at_sink, looked.error());
    bool const needs_others = looked->has_references || task_.surroundings.contains("parents");
    return needs_others ? await_referenced_() : Result<void>{};
}

std::unique_ptr<DeadLetters> TaskRun::open_letters() const {
    return ports_.rejects ? ports_.rejects->open(task_.stream, task_.target) : nullptr;
}

/// A sweep leaves the position where it was, and starts over when it is cut off.
Result<void> TaskRun::reconcile() {
    std::unique_ptr<DeadLetters> const letters = open_letters();
    ReconcilePorts ports{ports_.request,    ports_.source, ports_.sink,   task_,
                         start_.selection,  begin_,        known_,        knows_target_,
                         row_bytes_max(),   ports_.looks_up,
                         letters.get(),     read_call_,    write_call_,
                         ports_.limits,     ports_.stop,   ports_.clock,  turn_,
                         {},                {},            {},             {}};
    ports.note = [this](Counts const& counts, std::vector<std::string> const& columns,
                        bool final) {
        return note_of(start_.selection, counts, columns, final);
    };
    ports.say = [this](std::string const& sentence) { note(sentence); };
    ports.at_target = [this](ArrowSchema const& schema) { return fits_target(schema); };
    ports.told = [this](Counts const& counts) { ports_.progress.advance(task_.stream, counts); };
    Reconcile reconcile{std::move(ports)};
    Result<void> done = reconcile.run(report_);
    has_moved_ = has_moved_ || reconcile.has_moved();
    return done;
}

/// A replace removes only what the source lacks, and that is not known of records that never came
/// into the stage.
Result<void> TaskRun::spare_refused(Counts const& counts) {
    if (counts.rejected == 0) return {};
    std::vector<std::string> const& key = start_.selection.key;
    std::optional<Error> why;
    if (!key.empty()) {
        target_.write_mode = WEIR_WRITE_UPSERT;
        auto prepared = ports_.sink.prepare(write_call_, target_, drift_->schema(), false);
        if (!prepared) why = prepared.error();
    }
    if (!key.empty() && !why) {
        note(kept_for_refused(counts.rejected, task_));
        return {};
    }
    return Error{WEIR_E_DATA, "copy.replace_refused",
                 fmt::format("{} records of {} were refused, and which rows of {} are theirs "
                             "cannot be told{}: nothing was changed",
                             counts.rejected, task_.stream, task_.target,
                             why ? ": " + why->message : " without a key"),
                 task_.target}
        .suggest("correct those records or the target, or name a key with --key");
}

/// A replace by nothing is refused where there is something to lose.
void TaskRun::guard_target(Prepared const& prepared) {
    guards_target_ = start_.selection.write == WriteMode::replace && !ports_.request.force &&
                     prepared.holds_rows;
}

Result<void> TaskRun::look_for_a_row() {
    for (;;) {
        Result<NextBatch> const batch = reader_->next(read_call_);
        if (!batch) return on(at_source, batch.error());
        if (batch->is_end) return would_empty();
        if (batch->rows > 0) return {};
    }
}

Result<void> TaskRun::dry_run() {
    Selection const& selection = start_.selection;
    if (Result<void> opened = open_where_it_stands(); !opened) return opened;
    // With the note of this run: whether the target still fits depends on what is selected.
    if (Result<std::string> peeked = ports_.sink.peek(read_call_, begin_); !peeked)
        return peeked.error();
    auto prepared = ports_.sink.prepare(read_call_, target_, drift_->schema(), true);
    if (!prepared) return prepared.error();
    guard_target(*prepared);
    if (guards_target_)
        if (Result<void> looked = look_for_a_row(); !looked) return looked;
    report_.actions = std::move(prepared->actions);
    report_.cursor = shown_cursor(cursor_);
    report_.plan = fmt::format("{} read, {}{}{}", name_of(selection.mode), name_of(selection.write),
                               target_.spec["key"].empty()
                                   ? ""
                                   : " by " + fmt::format("{}", fmt::join(selection.key, ", ")),
                               selection.tracking.empty() ? "" : ", cursor " + selection.tracking);
    return {};
}

// Retries count tries without progress: a long load must not die of its fourth hiccup, and what
// never worked is told at once.
bool TaskRun::may_retry(Error const& error) const {
    return !ports_.stop.reading && !ports_.request.dry_run && time_may_cure(error) && has_moved_ &&
           attempts_ + 1 < ports_.limits.attempts_max;
}

void TaskRun::note(std::string const& sentence) {
    report_.notes.push_back(sentence);
    ports_.progress.say(sentence);
}

void TaskRun::wait(int attempt, Error const& error) {
    std::int64_t const doubled = ports_.limits.backoff_ms_min << std::min(attempt - 1, 20);
    std::int64_t const ms = std::max(std::min(doubled, ports_.limits.backoff_ms_max),
                                     std::min(error.retry_after_ms, ports_.limits.backoff_ms_max));
    ports_.progress.say(fmt::format("{}: {}; trying again in {:.1f} s from the {}", task_.stream,
                                    error.message, static_cast<double>(ms) / 1000,
                                    begin_.staged ? "beginning" : "last commit"));
    constexpr std::int64_t step_ms = 50;
    for (std::int64_t left = ms; left > 0 && !ports_.stop.reading; left -= step_ms)
        std::this_thread::sleep_for(std::chrono::milliseconds{std::min(left, step_ms)});
    report_.timing.wait_ns += ms * 1'000'000;
}

}  // namespace weir::host
