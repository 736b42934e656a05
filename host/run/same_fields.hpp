#pragma once

#include "weir/cpp/view.hpp"

namespace weir::host {

/// Whether batches of both say the same to a sink.
inline bool has_same_fields(ArrowSchema const& one, ArrowSchema const& other) {
    bool is_same = one.n_children == other.n_children;
    for (std::int64_t i = 0; is_same && i < one.n_children; ++i)
        is_same = FieldView::of(*one.children[i]) == FieldView::of(*other.children[i]);
    return is_same;
}

}  // namespace weir::host
