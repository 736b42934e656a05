// How a task opens what it reads: one reader, or one for each part of the stream.
#include <fmt/format.h>

#include <algorithm>

#include "host/run/parted_read.hpp"
#include "host/run/side.hpp"
#include "host/run/task.hpp"

namespace weir::host {

Result<ReaderProxy> TaskRun::open_read(ReadRequest const& request) {
    report_.shares_view = ports_.view && ports_.shares_view && SharedView::takes(request);
    if (!report_.shares_view) return ports_.source.open(read_call_, request);
    std::uint64_t state = 0;
    Result<ReaderProxy> reader = ports_.view->open(read_call_, request, state);
    if (reader) tell_state(state);
    return reader;
}

/// All streams of a copy, and all parts of one, are read at one moment, unless it was lost.
void TaskRun::tell_state(std::uint64_t state) {
    bool const has_others = ports_.shares_view || !cursor_.empty();
    if (state < 2 || !has_others || std::exchange(tells_later_, true)) return;
    std::string_view const before =
        ports_.shares_view ? "the streams before it" : "what was read of it before";
    note(fmt::format("{} is read at a later moment than {}: the session that kept the first one "
                     "ended, or kept somebody waiting",
                     task_.stream, before));
}

/// A read of all records in one pass over the key, whose order nobody asked for. The first one of
/// a delta is such a read too, unless what it appends has to wait for a row; not ahead of others,
/// when many are open at once.
bool TaskRun::may_be_cut(ReadRequest const& request) const {
    bool const is_first_of_delta = request.mode == WEIR_READ_DELTA && !is_ahead_ &&
                                   !request.select.contains("append");
    return ports_.parts > 1 && ports_.view && request.cursor.empty() &&
           (SharedView::takes(request) || is_first_of_delta) && !request.select["key"].empty() &&
           !request.select.contains("limit") && !ports_.request.dry_run;
}

/// A delta's parts are read in a state of their own, that came after its position was told: one
/// that is held for others, or for a position before, may lack what lies below it.
Result<Parts> TaskRun::cut_now(ReadRequest const& request) {
    own_view_.reset();
    return cut(ports_.source, read_call_, request, ports_.parts);
}

SharedView* TaskRun::view_of(ReadRequest const& request) {
    if (!ports_.view || SharedView::takes(request)) return ports_.view;
    if (!own_view_)
        own_view_.emplace(ports_.source, fmt::format("{} {} {}", ports_.run_id, task_.stream,
                                                     ++own_views_));
    return &*own_view_;
}

/// Where the cursor is one of several parts, these are read on: how many are asked for says only
/// how many of them are read at once.
Result<std::unique_ptr<Batches>> TaskRun::open_batches(ReadRequest const& request) {
    std::optional<Parts> parts = parts_of(request.cursor);
    if (parts && request.select.contains("limit"))
        return Error{WEIR_E_CONFIG, "copy.conflicting_options",
                     fmt::format("{} was cut off while it was read in parts, and a limit of each "
                                 "is none of the stream: go on without --limit",
                                 task_.stream),
                     "--limit"};
    if (!parts && may_be_cut(request)) {
        Result<Parts> found = cut_now(request);
        if (!found && found.error().code != "source.snapshot_lost") return found.error();
        if (found && found->list.size() > 1) parts = std::move(*found);
    }
    if (parts) {
        Result<std::unique_ptr<Batches>> read = open_parts(request, std::move(*parts));
        // Somebody holds the table: a read that shares no state waits for him.
        bool const is_held = !read && read.error().code == "source.snapshot_lost";
        if (!is_held || !request.cursor.empty()) return read;
        own_view_.reset();
    }
    Result<ReaderProxy> reader = open_read(request);
    if (!reader) return reader.error();
    return std::unique_ptr<Batches>{std::make_unique<OneRead>(std::move(*reader))};
}

Result<ReaderProxy> TaskRun::open_part(ReadRequest const& request, Part const& part,
                                       std::uint64_t& state) {
    ReadRequest const read = request_of(request, part);
    SharedView* const view = view_of(request);
    return view ? view->open(read_call_, read, state) : ports_.source.open(read_call_, read);
}

/// The readers of the first of those that are not done, all in one state.
Result<std::vector<ReaderProxy>> TaskRun::open_first(ReadRequest const& request,
                                                     Parts const& parts, std::uint64_t& state) {
    std::vector<ReaderProxy> readers;
    for (Part const& part : parts.list) {
        if (part.is_done) continue;
        Result<ReaderProxy> reader = open_part(request, part, state);
        if (!reader) return reader.error();
        readers.push_back(std::move(*reader));
        if (readers.size() == ports_.parts) break;
    }
    return readers;
}

Result<std::unique_ptr<Batches>> TaskRun::open_parts(ReadRequest const& request, Parts parts) {
    bool const is_delta = request.mode == WEIR_READ_DELTA;
    bool const goes_on = is_delta && !request.cursor.empty() && !parts.then.empty();
    if (goes_on) {  // a position that does not hold any more is none before anything is read
        ReadRequest behind = request;
        behind.cursor = parts.then;
        if (Result<ReaderProxy> held = ports_.source.open(read_call_, behind); !held)
            return held.error();
    }
    // At least the end of one is to come.
    if (parts.are_done()) parts.list.back().is_done = false;
    std::uint64_t state = 0;
    Result<std::vector<ReaderProxy>> readers = open_first(request, parts, state);
    if (!readers && readers.error().code == "source.snapshot_lost")
        state = 0, readers = open_first(request, parts, state);
    if (!readers) return readers.error();
    report_.shares_view = ports_.view && !goes_on && (!is_delta || !ports_.shares_view);
    if (ports_.view && !is_delta) tell_state(state);
    auto open = [this, request, state](Part const& part) {
        std::uint64_t same = state;
        return open_part(request, part, same);
    };
    auto read = std::make_unique<PartedRead>(std::move(parts), std::move(*readers),
                                             std::move(open), read_call_);
    if (!goes_on) return std::unique_ptr<Batches>{std::move(read)};
    // What changed before the places of the parts since they were cut.
    return std::unique_ptr<Batches>{std::make_unique<InTurn>(
        std::move(read), [this, request](std::string const& cursor) {
            own_view_.reset();
            ReadRequest rest = request;
            rest.cursor = cursor;
            return open_batches(rest);
        })};
}

Result<void> TaskRun::open_reader(std::string const& cursor) {
    first_.reset();
    reader_.reset();
    Result<std::unique_ptr<Batches>> reader = open_batches(read_request(cursor));
    if (!reader) return on(at_source, reader.error());
    Result<OwnedSchema> schema = (*reader)->schema();
    if (!schema) return on(at_source, schema.error());
    reader_ = std::move(*reader);
    schema_ = std::move(*schema);
    return look_for_drift();
}

}  // namespace weir::host
