#pragma once

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "weir/cpp/view.hpp"
#include "weir/source.h"

namespace weir::testkit {

/// What is wrong with a schema, as the end of a sentence, before its fields are read.
inline std::string shape_flaw_of(ArrowSchema const& schema) {
    if (!schema.release) return "is not there";
    if (!schema.format || std::string_view{schema.format} != "+s") return "is no struct";
    if (schema.n_children < 0) return "has " + std::to_string(schema.n_children) + " fields";
    if (schema.n_children > 0 && !schema.children) return "has a null pointer as list of fields";
    for (std::int64_t i = 0; i < schema.n_children; ++i) {
        ArrowSchema const* const field = schema.children[i];
        std::string const which = " field " + std::to_string(i);
        if (!field) return "has a null pointer as" + which;
        if (!field->name) return "has no name for" + which;
        if (!field->format) return "has no format for" + which;
    }
    return {};
}

/// Whether memory is there that far, to the page.
inline bool is_readable(void const* from, std::uint64_t size) {
    constexpr std::size_t pages_max = 64;
    auto const page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    auto at = reinterpret_cast<std::uintptr_t>(from);
    if (size > std::numeric_limits<std::uintptr_t>::max() - at) return false;
    for (std::uintptr_t const end = at + size; at < end;) {
        iovec theirs[pages_max];
        char bytes[pages_max];
        std::size_t count = 0;
        for (; at < end && count < pages_max; at = (at / page + 1) * page)
            theirs[count++] = {reinterpret_cast<void*>(at), 1};
        iovec const ours{bytes, count};
        ssize_t const read = ::process_vm_readv(::getpid(), &ours, 1, theirs, count, 0);
        if (read < 0 && errno != EFAULT) return true;  // it cannot be asked here
        if (read != static_cast<ssize_t>(count)) return false;
    }
    return true;
}

/// As the host checks a column, and beyond it whether its buffers reach as far as they must.
class ColumnShape {
public:
    ColumnShape(FieldView const& field, ArrowArray const& array) : field_{field}, array_{array} {}

    /// What is wrong with it in a batch of so many rows, as the end of a sentence.
    std::string flaw(std::int64_t rows) const {
        constexpr std::int64_t reach_max = std::int64_t{1} << 36;
        bool const is_text = field_.layout == Layout::text || field_.layout == Layout::large_text;
        std::int64_t const buffers = is_text ? 3 : 2;
        if (array_.length < rows)
            return "has " + std::to_string(array_.length) + " values where the batch has " +
                   std::to_string(rows) + " rows";
        if (array_.offset < 0 || array_.length > reach_max ||
            array_.offset > reach_max - array_.length)
            return "has the offset " + std::to_string(array_.offset);
        if (array_.null_count < -1 || array_.null_count > array_.length)
            return "has " + std::to_string(array_.null_count) + " nulls in " +
                   std::to_string(array_.length) + " values";
        if (array_.n_children != 0 || array_.dictionary) return "has children or a dictionary";
        if (!array_.buffers) return "has no list of buffers";
        if (array_.n_buffers != buffers)
            return "has " + std::to_string(array_.n_buffers) + " buffers instead of " +
                   std::to_string(buffers);
        for (std::int64_t i = 0; i < buffers; ++i)
            if (reinterpret_cast<std::uintptr_t>(array_.buffers[i]) % 8 != 0)
                return "has a buffer that is not aligned to 8 bytes";
        if (!array_.buffers[0] && array_.null_count > 0) return "has nulls and no validity buffer";
        if (array_.length == 0) return {};
        if (!array_.buffers[1]) return "has values and a null pointer as buffer";
        auto const reach = static_cast<std::uint64_t>(array_.offset + array_.length);
        if (array_.buffers[0] && !is_readable(array_.buffers[0], (reach + 7) / 8))
            return "has a validity buffer that is shorter than its values";
        if (!is_readable(array_.buffers[1], values_bytes(reach)))
            return "has a buffer that is shorter than its values";
        if (field_.layout == Layout::text) return flaw_of_offsets<std::int32_t>();
        if (field_.layout == Layout::large_text) return flaw_of_offsets<std::int64_t>();
        return {};
    }

private:
    std::uint64_t values_bytes(std::uint64_t reach) const {
        switch (field_.layout) {
            case Layout::boolean: return (reach + 7) / 8;
            case Layout::text: return (reach + 1) * sizeof(std::int32_t);
            case Layout::large_text: return (reach + 1) * sizeof(std::int64_t);
            default: return reach * static_cast<std::uint64_t>(field_.width);
        }
    }
    template <class Offset>
    std::string flaw_of_offsets() const {
        Offset const* const offsets = static_cast<Offset const*>(array_.buffers[1]) + array_.offset;
        if (offsets[0] < 0) return "begins at the text offset " + std::to_string(offsets[0]);
        for (std::int64_t i = 0; i < array_.length; ++i)
            if (offsets[i + 1] < offsets[i]) return "has text offsets that fall";
        Offset const first = offsets[0], end = offsets[array_.length];
        if (end == first) return {};
        if (!array_.buffers[2]) return "has text and a null pointer as buffer";
        auto const* const text = static_cast<char const*>(array_.buffers[2]);
        if (!is_readable(text + first, static_cast<std::uint64_t>(end - first)))
            return "has text offsets to " + std::to_string(end) + ", beyond its text";
        return {};
    }

    FieldView const& field_;
    ArrowArray const& array_;
};

/// What is wrong with a batch, as the end of a sentence, before its values are read.
inline std::string shape_flaw_of(std::vector<FieldView> const& fields, ArrowArray const& array) {
    if (array.length < 0) return "has the length " + std::to_string(array.length);
    if (array.offset != 0) return "has the offset " + std::to_string(array.offset) + " at the top";
    if (array.null_count > 0) return "has nulls at the top";
    if (array.n_buffers != 1 || !array.buffers)
        return "has " + std::to_string(array.n_buffers) + " buffers at the top instead of 1";
    if (array.dictionary) return "has a dictionary at the top";
    if (array.n_children != static_cast<std::int64_t>(fields.size()))
        return "has " + std::to_string(array.n_children) + " columns where the schema has " +
               std::to_string(fields.size());
    if (array.n_children > 0 && !array.children) return "has a null pointer as list of columns";
    for (std::size_t i = 0; i < fields.size(); ++i) {
        ArrowArray const* const column = array.children[i];
        std::string const why =
            column ? ColumnShape{fields[i], *column}.flaw(array.length) : "is a null pointer";
        if (!why.empty()) return "has a column \"" + fields[i].name + "\" that " + why;
    }
    return {};
}

/// What is wrong with the cursor of a batch, as the end of a sentence.
inline std::string cursor_flaw_of(weir_batch const& batch) {
    constexpr std::size_t bytes_max = 1u << 20;
    if (!(batch.flags & WEIR_BATCH_CURSOR) || batch.cursor_size == 0) return {};
    if (!batch.cursor) return "a null pointer as cursor";
    if (batch.cursor_size > bytes_max)
        return "a cursor of " + std::to_string(batch.cursor_size) + " bytes; at most " +
               std::to_string(bytes_max) + " are possible";
    return {};
}

}  // namespace weir::testkit
