#include "nested.hpp"

#include <cstring>

#include "connection.hpp"

namespace weir::adbc {

Nested::Nested(ArrowSchema const& schema, ArrowArray const& array, std::int64_t row) {
    std::int64_t const at = row + array.offset;
    bool const is_union = std::string_view{schema.format}.starts_with("+u");
    auto const* const validity =
        is_union || array.n_buffers < 1 || array.null_count == 0
            ? nullptr
            : static_cast<std::uint8_t const*>(array.buffers[0]);
    if (validity && !((validity[at / 8] >> (at % 8)) & 1)) return;
    schema_ = &schema;
    array_ = &array;
    row_ = at;
}

Nested Nested::child(std::string_view name) const {
    if (!array_) return {};
    for (std::int64_t i = 0; i < schema_->n_children; ++i)
        if (schema_->children[i]->name && name == schema_->children[i]->name)
            return {*schema_->children[i], *array_->children[i], row_};
    return {};
}

void Nested::each(std::function<void(Nested const&)> const& visit) const {
    if (!array_ || schema_->n_children != 1) return;
    std::string_view const format = schema_->format;
    std::int64_t from = 0, to = 0;
    if (format == "+l") {
        auto const* const offsets = static_cast<std::int32_t const*>(array_->buffers[1]);
        from = offsets[row_];
        to = offsets[row_ + 1];
    } else if (format == "+L") {
        auto const* const offsets = static_cast<std::int64_t const*>(array_->buffers[1]);
        from = offsets[row_];
        to = offsets[row_ + 1];
    }
    for (std::int64_t i = from; i < to; ++i)
        visit({*schema_->children[0], *array_->children[0], i});
}

// format := "+ud:" or "+us:", then the type ids of the children, separated by commas
Nested Nested::alternative() const {
    if (!array_ || std::strlen(schema_->format) < 4) return {};
    std::string_view ids{schema_->format + 4};
    bool const is_dense = schema_->format[2] == 'd';
    int const wanted = static_cast<std::int8_t const*>(array_->buffers[0])[row_];
    std::int64_t const at =
        is_dense ? static_cast<std::int32_t const*>(array_->buffers[1])[row_] : row_;
    for (std::int64_t i = 0; i < schema_->n_children && !ids.empty(); ++i) {
        int id = -1;
        std::string_view const one = ids.substr(0, ids.find(','));
        std::from_chars(one.data(), one.data() + one.size(), id);
        if (id == wanted) return {*schema_->children[i], *array_->children[i], at};
        ids.remove_prefix(std::min(one.size() + 1, ids.size()));
    }
    return {};
}

std::string Nested::text() const {
    if (!array_) return {};
    FieldView const field = FieldView::of(*schema_);
    if (field.layout != Layout::text && field.layout != Layout::large_text) return {};
    return std::string{ColumnView{field, *array_}.bytes(row_ - array_->offset)};
}

std::int64_t Nested::number(std::int64_t otherwise) const {
    if (!array_) return otherwise;
    FieldView const field = FieldView::of(*schema_);
    if (field.layout < Layout::int8 || field.layout > Layout::uint32) return otherwise;
    return ColumnView{field, *array_}.integer(row_ - array_->offset);
}

void Nested::read(Call const& call, Settings const& settings, abi::Stream& stream,
                  std::function<void(Nested const&)> const& visit) {
    struct Owned {
        abi::Stream& stream;
        ArrowSchema schema{};
        ArrowArray array{};
        ~Owned() {
            if (array.release) array.release(&array);
            if (schema.release) schema.release(&schema);
            if (stream.release) stream.release(&stream);
        }
    } owned{stream};
    if (stream.get_schema(&stream, &owned.schema) != 0) stream_failed(call, settings, stream);
    while (true) {
        call.check();
        if (owned.array.release) owned.array.release(&owned.array);
        if (stream.get_next(&stream, &owned.array) != 0) stream_failed(call, settings, stream);
        if (!owned.array.release) return;
        for (std::int64_t row = 0; row < owned.array.length; ++row)
            visit({owned.schema, owned.array, row});
    }
}

}  // namespace weir::adbc
