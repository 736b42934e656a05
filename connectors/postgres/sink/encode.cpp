#include "encode.hpp"

#include "encode_binary.hpp"
#include "encode_text.hpp"

namespace weir::postgres {

Encoder::Encoder(std::vector<FieldView> const& fields, std::vector<Landing> const& landings,
                 bool numbered)
    : is_binary_{true}, is_numbered_{numbered} {
    for (Landing const& landing : landings) {
        EncodedColumn column{landing.field, landing.column, {}, nullptr, {}};
        column.put = binary_put(fields[landing.field], landing.column);
        is_binary_ = is_binary_ && column.put;
        columns_.push_back(std::move(column));
    }
    if (is_binary_) return;
    for (EncodedColumn& column : columns_)
        column.put = text_put(fields[column.field], column.target);
}

void Encoder::show(std::vector<FieldView> const& fields, ArrowArray const& batch) {
    for (EncodedColumn& column : columns_)
        column.view = ColumnView{fields[column.field], *batch.children[column.field]};
}

void Encoder::head(Outgoing& out) const {
    if (is_binary_) out.add({"PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19});
}

void Encoder::tail(Outgoing& out) const {
    if (is_binary_) out.add({"\377\377", 2});
}

std::optional<std::size_t> Encoder::row(std::int64_t row, std::int64_t number, Outgoing& out) {
    return is_binary_ ? binary_row(row, number, out) : text_row(row, number, out);
}

std::optional<std::size_t> Encoder::binary_row(std::int64_t row, std::int64_t number,
                                               Outgoing& out) {
    std::size_t const start = out.size();
    auto const count = static_cast<std::uint16_t>(columns_.size() + is_numbered_);
    out.end(put_number(out.room(2), count));
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        EncodedColumn& column = columns_[i];
        if (column.view.is_null(row)) {
            out.end(put_number(out.room(4), ~std::uint32_t{0}));
        } else if (!column.put(column, row, out)) [[unlikely]] {
            out.cut(start);
            return i;
        }
    }
    if (is_numbered_) {
        char* const at = put_number(out.room(12), std::uint32_t{8});
        out.end(put_number(at, static_cast<std::uint64_t>(number)));
    }
    return std::nullopt;
}

std::optional<std::size_t> Encoder::text_row(std::int64_t row, std::int64_t number, Outgoing& out) {
    std::size_t const start = out.size();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        EncodedColumn& column = columns_[i];
        if (i) out.add("\t");
        if (column.view.is_null(row)) {
            out.add("\\N");
        } else if (!column.put(column, row, out)) [[unlikely]] {
            out.cut(start);
            return i;
        }
    }
    if (is_numbered_) out.add((columns_.empty() ? "" : "\t") + std::to_string(number));
    out.add("\n");
    return std::nullopt;
}

}  // namespace weir::postgres
