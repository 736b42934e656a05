#include "host/run/batches.hpp"

#include <utility>

#include "host/run/same_fields.hpp"

namespace weir::host {

Result<NextBatch> InTurn::next(CallContext const& call) {
    Result<NextBatch> batch = now_->next(call);
    if (!batch || !batch->is_end || !batch->cursor || !open_) return batch;
    return change(call, *batch->cursor);
}

Result<NextBatch> InTurn::change(CallContext const& call, std::string const& cursor) {
    Result<OwnedSchema> const before = now_->schema();
    if (!before) return before.error();
    Result<std::unique_ptr<Batches>> next = std::exchange(open_, nullptr)(cursor);
    if (!next) return next.error();
    {
        std::lock_guard const lock{mutex_};
        std::swap(now_, *next);
    }
    Result<NextBatch> batch = now_->next(call);
    if (!batch) return batch;
    Result<OwnedSchema> const after = now_->schema();
    if (!after) return after.error();
    batch->schema_changed = !batch->is_end && !has_same_fields(**before, **after);
    if (batch->is_end && !batch->cursor) batch->cursor = cursor;
    return batch;
}

void InTurn::interrupt() {
    std::lock_guard const lock{mutex_};
    now_->interrupt();
}

}  // namespace weir::host
