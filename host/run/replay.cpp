#include "host/run/replay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "host/core/caught.hpp"
#include "host/core/failpoint.hpp"
#include "host/core/secret.hpp"
#include "host/run/ends.hpp"
#include "host/run/plan.hpp"
#include "host/run/position.hpp"
#include "host/run/record_batch.hpp"
#include "host/run/refused.hpp"
#include "host/run/replay_cursor.hpp"

namespace weir::host {

namespace {

/// What one batch holds at most; its ids stand in the sink's cursor.
constexpr std::size_t replay_rows_max = 500, replay_bytes_max = 8u << 20;

/// One batch of letters: those that became rows, and why the others did not.
struct Tried {
    std::vector<std::string> rows;  // ids, in the order of the rows
    std::vector<Letters::Refusal> refusals;
    std::uint64_t bytes = 0;

    void refuse(std::string const& id, Error const& why) {
        refusals.push_back({id, why.code, mask_secrets(why.message), why.where});
    }
};

/// Its large values never left the source.
Error not_whole(Letter const& letter) {
    return Error{WEIR_E_DATA, too_large_code,
                 "the record was too large to be kept whole: read it again with a larger "
                 "rowBytesMax, or discard it",
                 letter.where};
}

/// The letters of one stream on their way.
class StreamReplay {
public:
    StreamReplay(RunPlan const& plan, CopyPorts const& ports, Ends& ends, ReplayRun const& run,
                 Task const& task)
        : plan_{plan},
          ports_{ports},
          ends_{ends},
          run_{run},
          task_{task},
          read_call_{ports.clock, &ports.stop.reading},
          write_call_{ports.clock, &ports.stop.writing},
          turn_{run.gates && ends.takes_one_writer() ? run.gates->at(ends.sink_identity) : nullptr,
                ports.stop.reading} {
        report_.stream = task.stream;
        report_.target = task.target;
    }

    StreamReport run() {
        std::int64_t const began_ns = ports_.clock.monotonic_ns();
        Result<void> done = caught([this] { return open(); });
        if (done) done = caught([this] { return write_all(); });
        if (!done) report_.error = done.error();
        report_.counts = committed_;
        report_.seconds = static_cast<double>(ports_.clock.monotonic_ns() - began_ns) / 1e9;
        ports_.progress.end(report_);
        return std::move(report_);
    }

private:
    Result<void> open();
    Result<void> read_schema();
    Result<void> leave_out_what_drifted();
    Result<void> go_on_from(std::string const& cursor);
    Result<void> write_all();
    Result<void> write_batch(std::vector<Letter> const& letters);
    Result<void> commit(Tried const& tried, std::string const& last);
    Result<void> settle(std::vector<std::string> const& ids);
    std::string note() const;

    RunPlan const& plan_;
    CopyPorts const& ports_;
    Ends& ends_;
    ReplayRun const& run_;
    Task const& task_;
    CallContext read_call_, write_call_;
    SinkTurn turn_;
    Selection selection_;
    std::vector<std::string> typed_;  // its fields and their types
    std::string tracking_;  // the field by which the job sees changes; empty: none
    BeginRequest begin_;
    std::optional<RecordBatch> records_;
    std::optional<WriterProxy> writer_;
    bool is_prepared_ = false;
    std::string last_;  // the last letter that this run has tried
    Counts counts_, committed_;
    StreamReport report_;
};

// The source first: what a record must look like is known before the sink is touched.
Result<void> StreamReplay::open() {
    if (Result<void> read = read_schema(); !read) return read;
    begin_.target = target_of(task_, selection_);
    // I4: what waited does not take the place of what came since.
    bool const is_upsert = selection_.write == WriteMode::upsert;
    if (is_upsert && std::ranges::find(selection_.fields, tracking_) != selection_.fields.end())
        begin_.target.spec["version"] = tracking_;
    begin_.job = plan_.job;
    begin_.stream = replay_stream(task_.stream);
    begin_.run_id = run_.run_id;
    begin_.spec = note();
    if (Result<void> taken = turn_.take(); !taken) return taken;
    Result<std::string> peeked = ends_.writes.peek(read_call_, begin_);
    if (!peeked) return peeked.error();
    std::optional<Checkpoint> const before = parse_checkpoint(*peeked);
    bool const is_taken_up = before && before->run && before->run->run_id == run_.run_id;
    if (is_taken_up) counts_ = committed_ = before->run->counts;
    begin_.spec = note();
    std::uint64_t epoch = 0;  // the sink takes the next: an earlier replay that still lives ends
    std::string cursor;
    Result<WriterProxy> writer = ends_.writes.begin(read_call_, begin_, epoch, cursor);
    if (!writer) return writer.error();
    writer_.emplace(std::move(*writer));
    turn_.give();
    return go_on_from(cursor);
}

/// Opens a read for the types that it would bring, and reads nothing.
Result<void> StreamReplay::read_schema() {
    CopyRequest request = plan_.request;
    request.mode.reset();  // whichever it is, both read the same fields
    Result<Start> start = decide_start(request, task_.stream, task_.key, std::nullopt);
    if (!start) return start.error();
    selection_ = std::move(start->selection);
    tracking_ = request.cursor;
    if (Result<void> left = leave_out_what_drifted(); !left) return left;
    // A replace shows everything the source has; letters only add to it.
    if (selection_.write == WriteMode::replace)
        selection_.write = selection_.key.empty() ? WriteMode::append : WriteMode::upsert;
    ReadRequest read;
    read.stream = task_.reads;
    read.select = {{"key", task_.unique_key}};
    if (!selection_.fields.empty()) read.select["fields"] = selection_.fields;
    Result<ReaderProxy> reader = ends_.reads.open(read_call_, read);
    if (!reader) return reader.error();
    Result<OwnedSchema> schema = reader->schema();
    if (!schema) return schema.error();
    records_.emplace(**schema, !selection_.fields.empty());
    selection_.fields = records_->names();
    for (FieldView const& field : fields_of(**schema))
        typed_.push_back(field.name + " " + field.source_type);
    return {};
}

/// A job that ignores new columns of its source writes the letters without them too.
Result<void> StreamReplay::leave_out_what_drifted() {
    if (plan_.request.drift != DriftPolicy::ignore || !selection_.fields.empty()) return {};
    BeginRequest ask;
    ask.target = target_of(task_);
    ask.job = plan_.job;
    ask.stream = task_.stream;
    Result<std::string> peeked = ends_.writes.peek(read_call_, ask);
    if (!peeked) return peeked.error();
    if (auto const checkpoint = parse_checkpoint(*peeked)) selection_.fields = checkpoint->columns;
    return {};
}

/// What the replay before wrote last is written, whether or not that could still be told.
Result<void> StreamReplay::go_on_from(std::string const& cursor) {
    ReplayCursor const before = ReplayCursor::parse(cursor);
    if (before.run_id == run_.run_id) last_ = before.last;
    return settle(before.written);
}

Result<void> StreamReplay::write_all() {
    Letters::Filter filter;
    filter.job = plan_.job;
    filter.stream = task_.stream;
    filter.ids = plan_.letters;
    filter.oldest_first = true;
    filter.limit = std::min<std::size_t>(plan_.request.batch_rows.value_or(replay_rows_max),
                                         replay_rows_max);
    filter.bytes_max = replay_bytes_max;
    for (;;) {
        if (ports_.stop.reading)
            return Error{WEIR_E_CANCELLED, "copy.interrupted", "interrupted"};
        filter.before = last_;
        Result<std::vector<Letter>> letters = run_.letters.list(filter);
        if (!letters) return letters.error();
        if (letters->empty()) break;
        if (Result<void> written = write_batch(*letters); !written) return written;
        last_ = letters->back().id;
    }
    committed_ = counts_;  // those behind the last commit were refused, all of them
    return {};
}

Result<void> StreamReplay::write_batch(std::vector<Letter> const& letters) {
    Tried tried;
    std::vector<std::string> ids;
    for (Letter const& letter : letters) {
        tried.bytes += letter.record_json.size();
        if (letter.code == too_large_code)
            tried.refuse(letter.id, not_whole(letter));
        else if (Result<void> fits = records_->add(letter.record_json); !fits)
            tried.refuse(letter.id, fits.error());
        else
            ids.push_back(letter.id);
    }
    if (!ids.empty()) {
        ArrowArray rows{};
        records_->finish(&rows);
        std::unique_ptr<ArrowArray, void (*)(ArrowArray*)> const held{
            &rows, [](ArrowArray* array) { array->release(array); }};
        if (Result<void> taken = turn_.take(); !taken) return taken;
        if (!is_prepared_) {
            auto prepared =
                ends_.writes.prepare(write_call_, begin_.target, records_->schema(), false);
            if (!prepared) return prepared.error();
            is_prepared_ = true;
        }
        std::vector<bool> is_refused(ids.size());
        RejectSink const reject = [&](std::int64_t row, Error const& why) {
            auto const at = static_cast<std::size_t>(row);
            is_refused[at] = true;
            tried.refuse(ids[at], why);
            return true;
        };
        Result<void> written = writer_->write(write_call_, records_->schema(), rows, &reject);
        if (!written) return written;
        for (std::size_t i = 0; i < ids.size(); ++i)
            if (!is_refused[i]) tried.rows.push_back(ids[i]);
    }
    counts_.read += letters.size();  // I2
    counts_.written += tried.rows.size();
    counts_.rejected += tried.refusals.size();
    counts_.bytes += tried.bytes;
    if (Result<void> kept = run_.letters.refuse_again(tried.refusals); !kept) return kept;
    return ids.empty() ? Result<void>{} : commit(tried, letters.back().id);
}

Result<void> StreamReplay::commit(Tried const& tried, std::string const& last) {
    counts_.batches += 1;
    std::string const cursor = ReplayCursor{run_.run_id, tried.rows, last}.text();
    std::string const spec = note();
    CommitRequest request;
    request.cursor = cursor;
    request.rows = tried.rows.size();
    request.spec = spec;
    failpoint("replay.before_commit");
    // I1: rows, the letters that they came from, and the epoch, or nothing.
    Result<std::uint64_t> committed = writer_->commit(write_call_, request);
    if (!committed) return committed.error();
    turn_.give();
    committed_ = counts_;
    ports_.progress.advance(report_.stream, committed_);
    failpoint("replay.after_commit");
    return settle(tried.rows);
}

Result<void> StreamReplay::settle(std::vector<std::string> const& ids) {
    if (ids.empty()) return {};
    Result<std::vector<std::string>> settled = run_.letters.settle(ids, "replayed");
    if (!settled) return settled.error();
    return {};
}

std::string StreamReplay::note() const {
    nlohmann::json note = to_json(selection_);
    // The sink looks for drift only against a replay of the same fields and types: which ones the
    // target's rows are of is known of the stream itself.
    note["fields"] = typed_;
    note["run"] = to_json(RunNote{run_.run_id, counts_, false});
    return note.dump();
}

/// Letters of a stream that the job does not copy any more stay, and say so.
Result<StreamReport> refuse_stream(RunPlan const& plan, Letters& letters,
                                   std::string const& stream) {
    StreamReport report;
    report.stream = stream;
    Letters::Filter filter;
    filter.job = plan.job;
    filter.stream = stream;
    filter.ids = plan.letters;
    filter.oldest_first = true;
    filter.limit = replay_rows_max;
    filter.bytes_max = replay_bytes_max;
    for (;;) {
        Result<std::vector<Letter>> found = letters.list(filter);
        if (!found) return found.error();
        if (found->empty()) return report;
        std::vector<Letters::Refusal> refusals;
        for (Letter const& letter : *found)
            refusals.push_back({letter.id, "replay.stream_gone",
                                fmt::format("job {} does not copy {} any more: add it again, or "
                                            "discard the record",
                                            plan.job, stream),
                                stream});
        if (Result<void> kept = letters.refuse_again(refusals); !kept) return kept.error();
        report.counts.read += found->size();
        report.counts.rejected += found->size();
        filter.before = found->back().id;
    }
}

Result<void> replay_all(RunPlan const& plan, CopyPorts const& ports, Ends& ends,
                        ReplayRun const& run, CopyReport& report) {
    CallContext const call{ports.clock, &ports.stop.reading};
    Result<std::vector<std::string>> streams = run.letters.streams(plan.letters);
    if (!streams) return streams.error();
    std::vector<LeftStream> left;
    auto tasks = make_plan(plan.request, {ends.reads, call, ports.limits, ends.sink, &left});
    if (!tasks) return tasks.error();
    for (Task const& task : *tasks)
        if (std::ranges::find(*streams, task.stream) != streams->end())
            report.streams.push_back(StreamReplay{plan, ports, ends, run, task}.run());
    for (std::string const& stream : *streams) {
        if (auto const gone = std::ranges::find(left, stream, &LeftStream::stream);
            gone != left.end()) {
            report.streams.emplace_back().stream = stream;
            report.streams.back().error = gone->why;
            continue;
        }
        if (std::ranges::find(*tasks, stream, &Task::stream) != tasks->end()) continue;
        Result<StreamReport> gone = refuse_stream(plan, run.letters, stream);
        if (!gone) return gone.error();
        report.streams.push_back(std::move(*gone));
    }
    return {};
}

}  // namespace

std::string replay_stream(std::string const& stream) { return "dead letters of " + stream; }

CopyReport replay_letters(RunPlan const& plan, CopyPorts const& ports, Instance& source,
                          Instance& sink, ReplayRun const& run) {
    CopyReport report;
    report.run_id = run.run_id;
    Result<void> done = caught([&]() -> Result<void> {
        Result<Ends> ends = meet(source, sink);
        return ends ? replay_all(plan, ports, *ends, run, report) : ends.error();
    });
    if (!done) report.error = done.error();
    for (StreamReport const& stream : report.streams)
        if (stream.error && !report.error) report.error = stream.error;
    return report;
}

}  // namespace weir::host
