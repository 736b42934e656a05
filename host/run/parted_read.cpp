#include "host/run/parted_read.hpp"

#include <algorithm>
#include <chrono>

#include "host/core/caught.hpp"
#include "host/run/same_fields.hpp"

namespace weir::host {

namespace {

constexpr std::chrono::milliseconds end_poll{20};

NextBatch end_at(std::string const& cursor) {
    NextBatch batch;
    batch.is_end = true;
    if (!cursor.empty()) batch.cursor = cursor;
    return batch;
}

}  // namespace

PartedRead::PartedRead(Parts parts, std::vector<ReaderProxy> readers, Open open,
                       CallContext const& call)
    : call_{call},
      open_{std::move(open)},
      parts_{std::move(parts)},
      is_behind_(parts_.list.size(), false) {
    auto reader = readers.begin();
    for (std::size_t i = 0; i < parts_.list.size(); ++i) {
        if (parts_.list[i].is_done) continue;
        if (reader == readers.end())
            unopened_.emplace_back(i, parts_.list[i]);
        else
            lanes_.push_back({i, std::move(*reader++)});
    }
}

PartedRead::~PartedRead() {
    ready_.close();
    // One interrupt may come just before the call blocks.
    for (Lane& lane : lanes_)
        while (lane.work.valid() && lane.work.wait_for(end_poll) != std::future_status::ready)
            interrupt();
}

/// Before the first batch: that of the first part.
Result<OwnedSchema> PartedRead::schema() {
    if (schema_) return copy_schema(**schema_);
    Result<OwnedSchema> schema = lanes_.front().reader.schema();
    if (schema) schema_ = std::make_shared<OwnedSchema const>(copy_schema(**schema));
    return schema;
}

Result<NextBatch> PartedRead::next(CallContext const&) {
    if (!schema_)
        if (Result<OwnedSchema> const known = schema(); !known) return known.error();
    if (!std::exchange(has_begun_, true)) begin();
    for (;;) {
        std::optional<Result<Item>> item = ready_.take();
        if (!item) return end_at({});
        if (!*item) return item->error();
        if ((*item)->batch.is_end) {
            parts_.list[(*item)->part].is_done = true;
            is_behind_[(*item)->part] = false;  // all that it had was handed on
            if (!parts_.are_done()) continue;
            return end_at(parts_.then);
        }
        take_cursor(**item);
        SharedSchema const before = std::exchange(schema_, (*item)->schema);
        (*item)->batch.schema_changed = !has_same_fields(**before, **schema_);
        return std::move((*item)->batch);
    }
}

/// Puts the place in all parts in that of the one part.
void PartedRead::take_cursor(Item& item) {
    is_behind_[item.part] = !item.batch.cursor;
    if (item.batch.cursor) parts_.list[item.part].cursor = std::move(*item.batch.cursor);
    item.batch.cursor.reset();
    bool const is_covered = std::ranges::none_of(is_behind_, [](bool behind) { return behind; });
    if (is_covered) item.batch.cursor = cursor_of(parts_);
}

void PartedRead::interrupt() {
    std::lock_guard const lock{mutex_};
    for (Lane& lane : lanes_) lane.reader.interrupt();
}

void PartedRead::begin() {
    for (Lane& lane : lanes_)
        lane.work = std::async(std::launch::async, [this, &lane] { read(lane); });
}

void PartedRead::read(Lane& lane) {
    bool is_last = false;
    while (!is_last && ready_.wait_room()) {
        Result<Item> item = caught([&] { return read_one(lane); });
        bool const is_end = item && item->batch.is_end;
        std::uint64_t const bytes = item ? item->batch.bytes : 0;
        is_last = !item;
        ready_.give(std::move(item), bytes);
        if (!is_end) continue;
        std::size_t const before = lane.part;
        Result<void> const more = caught([&] { return go_on(lane); });
        if (!more) ready_.give(more.error(), 0);
        is_last = !more || lane.part == before;
    }
}

/// Takes the next part that nobody has opened, if there is one.
Result<void> PartedRead::go_on(Lane& lane) {
    std::pair<std::size_t, Part> next;
    {
        std::lock_guard const lock{mutex_};
        if (unopened_.empty()) return {};
        next = std::move(unopened_.front());
        unopened_.pop_front();
    }
    Result<ReaderProxy> reader = open_(next.second);
    if (!reader) return reader.error();
    std::lock_guard const lock{mutex_};
    lane.reader = std::move(*reader);
    lane.part = next.first;
    lane.schema.reset();
    return {};
}

Result<PartedRead::Item> PartedRead::read_one(Lane& lane) {
    Result<NextBatch> batch = lane.reader.next(call_);
    if (!batch) return batch.error();
    if (!lane.schema || batch->schema_changed) {
        Result<OwnedSchema> schema = lane.reader.schema();
        if (!schema) return schema.error();
        lane.schema = std::make_shared<OwnedSchema const>(std::move(*schema));
    }
    return Item{lane.part, std::move(*batch), lane.schema};
}

}  // namespace weir::host
