// What a task asks of the source, the pump and the sink.
#include "host/run/task.hpp"

namespace weir::host {

std::string TaskRun::note_of(Selection const& selection, Counts const& counts,
                             std::vector<std::string> const& columns, bool is_done) const {
    nlohmann::json note = to_json(selection);
    if (!columns.empty()) note["columns"] = columns;
    if (ports_.resumes_run) note["run"] = to_json(RunNote{ports_.run_id, counts, is_done});
    return note.dump();
}

// A stream that cannot be resumed shows at once at the end, so that a kill leaves nothing behind.
bool TaskRun::is_staged() const {
    return start_.selection.write == WriteMode::replace ||
           ports_.request.mode == ReadMode::reconcile ||
           (start_.selection.mode == ReadMode::full && task_.unique_key.empty());
}

std::uint64_t TaskRun::row_bytes_max() const {
    return ports_.request.row_bytes_max.value_or(ports_.limits.row_bytes_max);
}

PumpRules TaskRun::rules() const {
    Limits const& limits = ports_.limits;
    Selection const& selection = start_.selection;
    PumpRules rules;
    rules.ahead_batches_max = limits.ahead_batches_max;
    rules.ahead_bytes_max = limits.ahead_bytes_max / ports_.lanes;
    rules.commit_bytes_max = limits.commit_bytes_max;
    rules.commit_ms_max = limits.commit_ms_max;
    // Whoever sets the size of a batch means the size of a transaction.
    if (ports_.request.batch_rows || ports_.request.batch_bytes) rules.commit_bytes_max = 0;
    rules.refuse_empty = guards_target_;
    bool const leaves_delta = !selection.tracking.empty() && selection.mode == ReadMode::full;
    rules.note = [this, selection, leaves_delta](Counts const& counts, bool final) {
        Selection after = selection;
        if (leaves_delta && final) after.mode = ReadMode::delta;
        return note_of(after, counts, drift_->columns(), final);
    };
    rules.stream = task_.stream;
    rules.key = task_.key;
    rules.row_bytes_max = row_bytes_max();
    return rules;
}

ReadRequest TaskRun::read_request(std::string const& cursor) const {
    Selection const& selection = start_.selection;
    ReadRequest read;
    read.stream = task_.reads;
    read.mode = selection.mode == ReadMode::full ? WEIR_READ_FULL : WEIR_READ_DELTA;
    read.rows_max = ports_.request.batch_rows.value_or(ports_.limits.batch_rows_max);
    if (ports_.request.dry_run) read.rows_max = 1;  // it reads at most to see whether there is one
    read.bytes_max = ports_.request.batch_bytes.value_or(ports_.limits.batch_bytes_max);
    read.select = {{"key", task_.unique_key}};
    if (!selection.fields.empty()) read.select["fields"] = selection.fields;
    if (!selection.tracking.empty()) read.select["tracking"] = selection.tracking;
    // Without a key a later delta appends, whatever this read does.
    bool const appends = selection.write == WriteMode::append || task_.key.empty();
    if (appends) read.select["append"] = true;
    if (ports_.request.lookback_ms) read.select["lookback_ms"] = *ports_.request.lookback_ms;
    if (ports_.request.limit) read.select["limit"] = *ports_.request.limit;
    read.select["row_bytes_max"] = row_bytes_max();
    read.cursor = cursor;
    return read;
}

}  // namespace weir::host
