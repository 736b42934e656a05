#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/abi/arrow_owned.hpp"
#include "host/core/error.hpp"
#include "weir/cpp/batch.hpp"
#include "weir/cpp/view.hpp"

namespace weir::host {

/// Records as record_json() wrote them, back in columns: the way of a dead letter into the sink.
///
/// The columns are those of `schema`, which a read of the stream would have now. A field that the
/// record lacks is null. One thread.
class RecordBatch {
public:
    /// `drops_others`: fields that `schema` lacks were left out on purpose.
    RecordBatch(ArrowSchema const& schema, bool drops_others);

    /// The same fields in the types of the SDK; valid as long as this.
    ArrowSchema const& schema() const { return *exported_; }
    std::vector<std::string> names() const;
    /// Appends one record, or nothing of it: E_DATA "replay.does_not_fit" with the field, for a
    /// value that its column cannot hold as it is and for a field that is read no more.
    Result<void> add(std::string const& record_json);
    std::int64_t rows() const { return batch_.rows(); }
    /// Moves the rows into `out`, which then owns them.
    void finish(ArrowArray* out) { batch_.finish(out); }

private:
    std::vector<FieldView> fields_;
    OwnedSchema exported_;
    Batch batch_;
    bool drops_others_;
};

}  // namespace weir::host
