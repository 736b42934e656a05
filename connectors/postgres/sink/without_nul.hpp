#pragma once

#include <deque>
#include <string>
#include <vector>
#include <weir/cpp/view.hpp>

#include "encode.hpp"

namespace weir::postgres {

/// A batch without what no text of PostgreSQL can hold: the character U+0000; and its escape in
/// what lands in `jsonb` or in an array, JSON both, which cannot hold that either. Borrows the
/// batch, which stays as it is; what it says is valid as long as both live.
class WithoutNul {
public:
    WithoutNul(std::vector<FieldView> const& fields, std::vector<Landing> const& landings,
               ArrowArray const& batch);
    WithoutNul(WithoutNul const&) = delete;
    WithoutNul& operator=(WithoutNul const&) = delete;

    /// The batch itself, where none has any.
    ArrowArray const& batch() const { return batch_; }

private:
    /// A column that had some, in its own memory.
    struct Column {
        std::string offsets, text;
        ArrowArray array;
        void const* buffers[3];
    };
    template <class Offset>
    void strip_column(std::size_t at, bool drops_escapes);

    ArrowArray batch_;
    std::vector<ArrowArray*> children_;
    std::deque<Column> columns_;
};

}  // namespace weir::postgres
