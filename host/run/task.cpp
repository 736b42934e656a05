#include "host/run/task.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "host/run/pump.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;

std::uint32_t abi_of(WriteMode mode) {
    switch (mode) {
        case WriteMode::append: return WEIR_WRITE_APPEND;
        case WriteMode::upsert: return WEIR_WRITE_UPSERT;
        case WriteMode::replace: return WEIR_WRITE_REPLACE;
    }
    return WEIR_WRITE_APPEND;
}

bool time_may_cure(Error const& error) {
    if (error.flags & WEIR_ERR_FINAL) return false;
    if (error.flags & WEIR_ERR_RETRYABLE) return true;
    return error.status == WEIR_E_IO || error.status == WEIR_E_TIMEOUT ||
           error.status == WEIR_E_BUSY;
}

Result<std::optional<Checkpoint>> parse_checkpoint(std::string const& text) {
    if (text.empty()) return std::optional<Checkpoint>{};
    Json const json = Json::parse(text, nullptr, false);
    if (!json.is_object())
        return Error{WEIR_E_INTERNAL, "plugin.checkpoint", "the sink's checkpoint is no JSON"};
    Checkpoint checkpoint;
    Json const spec = json.contains("spec") && json["spec"].is_string()
                          ? Json::parse(json["spec"].get<std::string>(), nullptr, false)
                          : json.value("spec", Json::object());
    checkpoint.selection = selection_from(spec);
    if (json.contains("cursor") && json["cursor"].is_string()) checkpoint.cursor = json["cursor"];
    return std::optional{checkpoint};
}

}  // namespace

TaskRun::TaskRun(TaskPorts const& ports, Task const& task)
    : ports_{ports},
      task_{task},
      read_call_{ports.clock, &ports.stop.reading},
      write_call_{ports.clock, &ports.stop.writing} {
    report_.stream = task.stream;
    report_.target = task.target;
}

StreamReport TaskRun::run() {
    std::int64_t const began_ns = ports_.clock.monotonic_ns();
    ports_.progress.begin(task_.stream, task_.rows_expected);
    int attempts = 0;
    for (;;) {
        Counts const before = report_.counts;
        Result<void> done = attempt();
        if (done) break;
        if (!may_retry(done.error(), before, attempts)) {
            report_.error = done.error();
            break;
        }
        wait(++attempts, done.error());
    }
    report_.seconds = static_cast<double>(ports_.clock.monotonic_ns() - began_ns) / 1e9;
    ports_.progress.end(report_);
    return std::move(report_);
}

Result<void> TaskRun::attempt() {
    if (Result<void> looked = look(); !looked) return looked;
    return ports_.request.dry_run ? dry_run() : read_and_write();
}

Result<void> TaskRun::look() {
    begin_.target.name = task_.target;
    begin_.job = job_of(ports_.source_identity, ports_.sink_identity, task_);
    begin_.stream = task_.stream;
    begin_.run_id = ports_.run_id;
    Result<std::string> peeked = ports_.sink.peek(read_call_, begin_);
    if (!peeked) return peeked.error();
    Result<std::optional<Checkpoint>> checkpoint = parse_checkpoint(*peeked);
    if (!checkpoint) return checkpoint.error();
    Result<Start> start =
        decide_start(ports_.request, task_.stream, task_.key, std::move(*checkpoint));
    if (!start) return start.error();
    start_ = std::move(*start);
    if (!start_.note.empty()) {
        report_.notes.push_back(start_.note);
        ports_.progress.say(start_.note);
    }
    bool const with_key = start_.selection.write != WriteMode::append;
    target_ = {task_.target,
               abi_of(start_.selection.write),
               {{"key", with_key ? start_.selection.key : std::vector<std::string>{}}}};
    begin_.target = target_;
    begin_.spec = to_json(start_.selection).dump();
    begin_.staged = is_staged();
    begin_.reset = start_.reset;
    return {};
}

// A stream that cannot be resumed shows at once at the end, so that a kill leaves nothing behind.
bool TaskRun::is_staged() const {
    return start_.selection.write == WriteMode::replace ||
           (start_.selection.mode == ReadMode::full && task_.unique_key.empty());
}

Result<void> TaskRun::read_and_write() {
    std::string cursor;
    Result<WriterProxy> writer = begin(cursor);
    if (!writer) return writer.error();
    Result<ReaderProxy> reader = open(cursor);
    if (!reader && reader.error().code == "source.cursor_mismatch" && !cursor.empty()) {
        // The stored position belongs to another selection. Reading everything again is right
        // where a record that comes twice is recognised.
        if (start_.selection.write == WriteMode::append)
            return Error{WEIR_E_CONFLICT, "copy.needs_reset", reader.error().message, "cursor"}
                .suggest("--mode full --write replace, or another target with --to");
        std::string const note = reader.error().message + ": reading it whole once";
        report_.notes.push_back(note);
        ports_.progress.say(note);
        writer = reader.error();  // closes the writer
        begin_.reset = true;
        if (writer = begin(cursor); !writer) return writer.error();
        reader = open(cursor);
    }
    if (!reader) return reader.error();
    Result<OwnedSchema> schema = reader->schema();
    if (!schema) return schema.error();
    auto prepared = ports_.sink.prepare(write_call_, target_, **schema, false);
    if (!prepared) return prepared.error();

    PumpPorts pump_ports{*reader,        *writer,    ports_.sink, target_,     std::move(*schema),
                         ports_.rejects, read_call_, write_call_, ports_.stop, ports_.clock};
    PumpRules rules;
    rules.ahead_batches_max = ports_.limits.ahead_batches_max;
    rules.ahead_bytes_max = ports_.limits.ahead_bytes_max;
    rules.commit_bytes_max = ports_.limits.commit_bytes_max;
    rules.commit_ms_max = ports_.limits.commit_ms_max;
    // Whoever sets the size of a batch means the size of a transaction.
    if (ports_.request.batch_rows || ports_.request.batch_bytes) rules.commit_bytes_max = 0;
    rules.refuse_empty = start_.selection.write == WriteMode::replace && !ports_.request.force;
    if (!start_.selection.tracking.empty() && start_.selection.mode == ReadMode::full) {
        Selection after = start_.selection;  // it leaves a delta's cursor behind
        after.mode = ReadMode::delta;
        rules.final_spec = to_json(after).dump();
    }
    PumpFacts facts;
    Counts const before = report_.counts;
    facts.counts = facts.committed = before;
    facts.cursor = cursor;
    facts.told = [&] { ports_.progress.advance(facts.counts); };
    if (ports_.rejects) ports_.rejects->name_stream(task_.stream, task_.target);
    Result<void> done = pump(std::move(pump_ports), rules, facts);
    // Staged rows that did not reach the end are gone.
    report_.counts = !done && begin_.staged ? before : facts.committed;
    report_.cursor = shown_cursor(facts.cursor);
    return done;
}

Result<WriterProxy> TaskRun::begin(std::string& cursor) {
    std::uint64_t epoch = 0;  // the sink takes the next: whoever begins later wins (I6)
    return ports_.sink.begin(read_call_, begin_, epoch, cursor);
}

Result<ReaderProxy> TaskRun::open(std::string const& cursor) {
    return ports_.source.open(read_call_, read_request(cursor));
}

ReadRequest TaskRun::read_request(std::string const& cursor) const {
    Selection const& selection = start_.selection;
    ReadRequest read;
    read.stream = task_.stream;
    read.mode = selection.mode == ReadMode::full ? WEIR_READ_FULL : WEIR_READ_DELTA;
    read.rows_max = ports_.request.batch_rows.value_or(ports_.limits.batch_rows_max);
    read.bytes_max = ports_.request.batch_bytes.value_or(ports_.limits.batch_bytes_max);
    read.select = {{"key", task_.unique_key}};
    if (!selection.fields.empty()) read.select["fields"] = selection.fields;
    if (!selection.tracking.empty()) read.select["tracking"] = selection.tracking;
    if (selection.write == WriteMode::append) read.select["append"] = true;
    if (ports_.request.limit) read.select["limit"] = *ports_.request.limit;
    read.cursor = cursor;
    return read;
}

Result<void> TaskRun::dry_run() {
    Selection const& selection = start_.selection;
    Result<std::string> peeked = ports_.sink.peek(read_call_, begin_);
    if (!peeked) return peeked.error();
    auto checkpoint = parse_checkpoint(*peeked);
    if (!checkpoint) return checkpoint.error();
    bool const goes_on = *checkpoint && !start_.reset;
    std::string const cursor = goes_on ? (**checkpoint).cursor : "";
    Result<ReaderProxy> reader = open(cursor);
    if (!reader) return reader.error();
    Result<OwnedSchema> schema = reader->schema();
    if (!schema) return schema.error();
    auto actions = ports_.sink.prepare(write_call_, target_, **schema, true);
    if (!actions) return actions.error();
    report_.actions = std::move(*actions);
    report_.cursor = shown_cursor(cursor);
    report_.plan = fmt::format("{} read, {}{}{}", name_of(selection.mode), name_of(selection.write),
                               target_.spec["key"].empty()
                                   ? ""
                                   : " by " + fmt::format("{}", fmt::join(selection.key, ", ")),
                               selection.tracking.empty() ? "" : ", cursor " + selection.tracking);
    return {};
}

bool TaskRun::may_retry(Error const& error, Counts const& before, int& attempts) const {
    if (ports_.stop.reading || ports_.request.dry_run || !time_may_cure(error)) return false;
    // Retries count tries without progress: a long load must not die of its fourth hiccup, and
    // what never worked is told at once.
    bool const moved = report_.counts.batches > before.batches;
    if (moved) attempts = 0;
    bool const ever_moved = report_.counts.batches > 0;
    return ever_moved && attempts + 1 < ports_.limits.attempts_max;
}

void TaskRun::wait(int attempt, Error const& error) {
    std::int64_t const doubled = ports_.limits.backoff_ms_min << std::min(attempt - 1, 20);
    std::int64_t const ms = std::max(std::min(doubled, ports_.limits.backoff_ms_max),
                                     std::min(error.retry_after_ms, ports_.limits.backoff_ms_max));
    ports_.progress.say(fmt::format("{}: {}; trying again in {:.1f} s from the last commit",
                                    task_.stream, error.message, static_cast<double>(ms) / 1000));
    constexpr std::int64_t step_ms = 50;
    for (std::int64_t left = ms; left > 0 && !ports_.stop.reading; left -= step_ms)
        std::this_thread::sleep_for(std::chrono::milliseconds{std::min(left, step_ms)});
}

}  // namespace weir::host
