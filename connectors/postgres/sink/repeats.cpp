#include "repeats.hpp"

#include <string_view>
#include <unordered_set>

#include "printing.hpp"

namespace weir::postgres {
namespace {

/// The usual case, and quick to see: a read by key.
bool is_ascending(ColumnView const& key, std::int64_t rows) {
    FieldView const& field = key.field();
    if (field.layout < Layout::int8 || field.layout > Layout::uint32) return false;
    for (std::int64_t row = 1; row < rows; ++row)
        if (key.integer(row - 1) >= key.integer(row)) return false;
    return true;
}

void append_key(ColumnView const& column, std::int64_t row, Outgoing& out) {
    Layout const layout = column.field().layout;
    bool const has_bytes = layout == Layout::text || layout == Layout::large_text ||
                           layout == Layout::fixed || layout == Layout::decimal;
    if (has_bytes) {
        std::string_view const bytes = column.bytes(row);
        out.end(put_number(out.room(4), static_cast<std::uint32_t>(bytes.size())));
        out.add(bytes);
    } else if (layout == Layout::float32 || layout == Layout::float64) {
        print_value(out, column, row);
        out.add("\n");
    } else {
        std::int64_t const value =
            layout == Layout::boolean ? column.boolean(row) : column.integer(row);
        out.end(put_number(out.room(8), static_cast<std::uint64_t>(value)));
    }
}

}  // namespace

void leave_out_repeats(Encoder const& batch, std::vector<std::size_t> const& key, std::int64_t rows,
                       std::vector<bool>& left_out) {
    if (key.size() == 1 && is_ascending(batch.view(key[0]), rows)) return;
    Outgoing bytes;
    std::vector<std::size_t> ends;
    ends.reserve(static_cast<std::size_t>(rows));
    for (std::int64_t row = 0; row < rows; ++row) {
        for (std::size_t const at : key)
            if (!batch.view(at).is_null(row)) append_key(batch.view(at), row, bytes);
        ends.push_back(bytes.size());
    }
    std::unordered_set<std::string_view> seen;
    seen.reserve(ends.size());
    for (std::size_t row = ends.size(); row-- > 0;) {
        if (left_out[row]) continue;
        std::size_t const from = row == 0 ? 0 : ends[row - 1];
        if (!seen.insert({bytes.data() + from, ends[row] - from}).second) left_out[row] = true;
    }
}

}  // namespace weir::postgres
