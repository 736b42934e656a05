#include "host/child/array_image.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "host/abi/arrow_check.hpp"

namespace weir::host {

namespace {

constexpr std::size_t alignment = 64;
constexpr std::uint64_t absent = ~std::uint64_t{0};

std::int64_t bits(std::int64_t count) { return count / 8 + (count % 8 != 0); }

/// Arrow's metadata, its length by its own counts; check_schema() has looked at them.
std::string_view metadata_of(char const* metadata) {
    std::size_t size = 4;
    std::int32_t number;
    std::memcpy(&number, metadata, 4);
    for (std::int64_t texts = 2 * std::int64_t{number}; texts > 0; --texts) {
        std::memcpy(&number, metadata + size, 4);
        size += 4 + static_cast<std::size_t>(number);
    }
    return {metadata, size};
}

/// What an unpacked schema points at.
struct SchemaParts {
    std::string format, name, metadata;
    std::vector<ArrowSchema> children;
    std::vector<ArrowSchema*> pointers;

    ~SchemaParts() {
        for (ArrowSchema& child : children)
            if (child.release) child.release(&child);
    }
};

void release_schema(ArrowSchema* schema) {
    delete static_cast<SchemaParts*>(schema->private_data);
    schema->release = nullptr;
}

struct Column {
    ArrowArray array{};
    std::array<void const*, 3> buffers{};
};

/// What an unpacked array points at.
struct ArrayParts {
    std::shared_ptr<Slab> slab;
    std::vector<Column> columns;
    std::vector<ArrowArray*> pointers;
    void const* none = nullptr;
};

void release_column(ArrowArray* array) { array->release = nullptr; }

void release_array(ArrowArray* array) {
    std::unique_ptr<ArrayParts> const parts{static_cast<ArrayParts*>(array->private_data)};
    parts->slab->in_use().store(0, std::memory_order_release);
    array->release = nullptr;
}

void const* buffer_in(Slab const& slab, Unpacker& args) {
    std::uint64_t const at = args.number(), bytes = args.number();
    if (at == absent) return nullptr;
    if (at % alignment != 0 || bytes > slab.size() || at > slab.size() - bytes)
        throw BadFrame{"a buffer beyond its slab"};
    return slab.data() + at;
}

/// A field has no fields of its own: how deep it goes is not the other side's to say.
void unpack_node(Unpacker& args, ArrowSchema* out, bool is_root) {
    auto parts = std::make_unique<SchemaParts>();
    auto const text = [&] {
        char const* const value = args.text();
        return std::string{value ? value : ""};
    };
    parts->format = text();
    parts->name = text();
    *out = ArrowSchema{};
    out->flags = args.integer();
    parts->metadata = args.bytes();
    std::int64_t const children = args.integer();
    if (children < 0 || children > (is_root ? fields_max : 0))
        throw BadFrame{"a schema of too many fields"};
    parts->children.resize(static_cast<std::size_t>(children));
    for (ArrowSchema& child : parts->children) {
        parts->pointers.push_back(&child);
        unpack_node(args, &child, false);
    }
    out->format = parts->format.c_str();
    out->name = parts->name.c_str();
    out->metadata = parts->metadata.empty() ? nullptr : parts->metadata.data();
    out->n_children = children;
    out->children = parts->pointers.empty() ? nullptr : parts->pointers.data();
    out->release = release_schema;
    out->private_data = parts.release();
}

}  // namespace

void pack_schema(Packer& args, ArrowSchema const& schema) {
    args.text(schema.format).text(schema.name).number(schema.flags);
    args.bytes(schema.metadata ? metadata_of(schema.metadata) : std::string_view{});
    args.number(schema.n_children);
    for (std::int64_t i = 0; i < schema.n_children; ++i) pack_schema(args, *schema.children[i]);
}

void unpack_schema(Unpacker& args, ArrowSchema* out) { unpack_node(args, out, true); }

void ArrayImage::add(void const* from, std::int64_t bytes) {
    std::size_t const size = from && bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
    pieces_.push_back({from, size_, size});
    size_ += (size + alignment - 1) / alignment * alignment;
}

// Buffers go as they lie, from their beginning: an offset of the column keeps its meaning.
ArrayImage::ArrayImage(ArrowSchema const& schema, ArrowArray const& array) : array_{array} {
    std::int64_t const known = std::min(schema.n_children, array.n_children);
    for (std::int64_t i = 0; i < known && array.children && array.children[i]; ++i) {
        ArrowArray const& column = *array.children[i];
        std::size_t const before = pieces_.size();
        std::int64_t const width = width_of(schema.children[i]->format).value_or(0);
        std::int64_t const rows = column.offset + column.length;
        bool const is_sound = column.buffers && column.offset >= 0 && column.length >= 0;
        std::int64_t const has = is_sound ? column.n_buffers : 0;
        if (has >= 1) add(column.buffers[0], bits(rows));
        if (has >= 2 && width >= 0) add(column.buffers[1], width == 0 ? bits(rows) : rows * width);
        if (has >= 2 && width < 0) add(column.buffers[1], (rows + 1) * -width);
        if (has >= 3 && width < 0) {
            std::int64_t end = 0;
            if (column.buffers[1] && width == -8)
                end = static_cast<std::int64_t const*>(column.buffers[1])[rows];
            if (column.buffers[1] && width == -4)
                end = static_cast<std::int32_t const*>(column.buffers[1])[rows];
            add(column.buffers[2], end);
        }
        per_column_.push_back(pieces_.size() - before);
    }
}

void ArrayImage::copy_to(std::byte* to) const {
    for (Piece const& piece : pieces_)
        if (piece.bytes > 0) std::memcpy(to + piece.at, piece.from, piece.bytes);
}

void ArrayImage::pack(Packer& args) const {
    args.number(array_.length).number(array_.null_count).number(array_.offset);
    args.number(array_.n_buffers).number(array_.n_children);
    args.number(std::uint64_t{per_column_.size()});
    std::size_t piece = 0;
    for (std::size_t i = 0; i < per_column_.size(); ++i) {
        ArrowArray const& column = *array_.children[i];
        args.number(column.length).number(column.null_count).number(column.offset);
        args.number(column.n_buffers).number(column.n_children);
        args.number(std::uint64_t{per_column_[i]});
        for (std::size_t left = per_column_[i]; left > 0; --left, ++piece)
            args.number(pieces_[piece].from ? pieces_[piece].at : absent)
                .number(std::uint64_t{pieces_[piece].bytes});
    }
}

void unpack_array(Unpacker& args, std::shared_ptr<Slab> slab, ArrowArray* out) {
    auto parts = std::make_unique<ArrayParts>();
    auto const counts = [&](ArrowArray& array) {
        array.length = args.integer();
        array.null_count = args.integer();
        array.offset = args.integer();
        array.n_buffers = args.integer();
        array.n_children = args.integer();
    };
    ArrowArray array{};
    counts(array);
    std::uint64_t const columns = args.number();
    if (columns > static_cast<std::uint64_t>(fields_max)) throw BadFrame{"too many columns"};
    parts->columns.resize(columns);
    for (Column& column : parts->columns) {
        counts(column.array);
        std::uint64_t const buffers = args.number();
        if (buffers > column.buffers.size()) throw BadFrame{"too many buffers"};
        for (std::uint64_t i = 0; i < buffers; ++i) column.buffers[i] = buffer_in(*slab, args);
        column.array.buffers = buffers > 0 ? column.buffers.data() : nullptr;
        // What was not sent is not there to be read.
        if (column.array.n_buffers > static_cast<std::int64_t>(buffers))
            column.array.n_buffers = static_cast<std::int64_t>(buffers);
        column.array.release = release_column;
        parts->pointers.push_back(&column.array);
    }
    if (array.n_children > static_cast<std::int64_t>(columns))
        array.n_children = static_cast<std::int64_t>(columns);
    array.buffers = &parts->none;
    array.n_buffers = std::min<std::int64_t>(array.n_buffers, 1);
    array.children = parts->pointers.empty() ? nullptr : parts->pointers.data();
    array.release = release_array;
    parts->slab = std::move(slab);
    array.private_data = parts.release();
    *out = array;
}

}  // namespace weir::host
