#include "host/abi/arrow_check.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>
#include <unordered_set>

#include "host/abi/utf8.hpp"

namespace weir::host {

namespace {

std::optional<std::int64_t> number(std::string_view text) {
    std::int64_t value = 0;
    auto const [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

bool is_decimal(std::string_view digits) {
    std::size_t const comma = digits.find(',');
    if (comma == std::string_view::npos) return false;
    std::optional<std::int64_t> const precision = number(digits.substr(0, comma));
    return precision && *precision >= 1 && *precision <= 38 && number(digits.substr(comma + 1));
}

bool is_time(std::string_view format) {
    if (format == "tdD" || format == "tdm") return true;
    if (format.size() < 3 || !std::strchr("smun", format[2])) return false;
    if (format.starts_with("tt")) return format.size() == 3;
    return format.starts_with("ts") && format.size() >= 4 && format[3] == ':';
}

std::string check_metadata(char const* metadata) {
    if (!metadata) return {};
    std::size_t at = 0;
    auto next = [&] {
        std::int32_t value = 0;
        std::memcpy(&value, metadata + at, sizeof value);
        at += sizeof value;
        return value;
    };
    std::int32_t const pairs = next();
    if (pairs < 0) return "has metadata of a negative count";
    for (std::int64_t left = 2 * std::int64_t{pairs}; left > 0; --left) {
        std::int32_t const size = next();
        if (size < 0) return "has metadata of a negative size";
        at += static_cast<std::size_t>(size);
        if (at > metadata_bytes_max)
            return fmt::format("has more than {} bytes of metadata", metadata_bytes_max);
    }
    return {};
}

std::string check_field(ArrowSchema const* field, std::int64_t index) {
    if (!field) return fmt::format("has a null pointer as field {}", index);
    if (!field->name || !is_utf8(field->name))
        return fmt::format("has no name in UTF-8 for field {}", index);
    std::string const name = field->name;
    if (!field->format) return fmt::format("has no format for field \"{}\"", name);
    if (field->dictionary || field->n_children != 0 || !width_of(field->format))
        return fmt::format(
            "has field \"{}\" of the Arrow format \"{}\", which does not cross the "
            "boundary",
            name, mend_utf8(field->format));
    if (std::string const why = check_metadata(field->metadata); !why.empty())
        return fmt::format("{} in field \"{}\"", why, name);
    return {};
}

bool is_aligned(void const* buffer) { return reinterpret_cast<std::uintptr_t>(buffer) % 8 == 0; }

template <class Offset>
Offset const* offsets_of(ArrowArray const& array) {
    return static_cast<Offset const*>(array.buffers[1]) + array.offset;
}

}  // namespace

std::optional<std::int64_t> width_of(std::string_view format) {
    constexpr std::int64_t width_max = 1 << 24;
    if (format.size() == 1) {
        switch (format[0]) {
            case 'b': return 0;
            case 'c':
            case 'C': return 1;
            case 's':
            case 'S': return 2;
            case 'i':
            case 'I':
            case 'f': return 4;
            case 'l':
            case 'L':
            case 'g': return 8;
            case 'u':
            case 'z': return -4;
            case 'U':
            case 'Z': return -8;
            default: return std::nullopt;
        }
    }
    if (format.starts_with("w:")) {
        std::optional<std::int64_t> const width = number(format.substr(2));
        return width && *width > 0 && *width <= width_max ? width : std::nullopt;
    }
    if (format.starts_with("d:"))
        return is_decimal(format.substr(2)) ? std::optional{16} : std::nullopt;
    if (!is_time(format)) return std::nullopt;
    return format == "tdD" || format == "tts" || format == "ttm" ? 4 : 8;
}

std::string check_schema(ArrowSchema const& schema) {
    if (!schema.format || std::strcmp(schema.format, "+s") != 0) return "is no struct";
    if (schema.dictionary) return "has a dictionary at the top";
    if (schema.n_children < 0 || schema.n_children > fields_max)
        return fmt::format("has {} fields; at most {} are possible", schema.n_children, fields_max);
    if (schema.n_children > 0 && !schema.children) return "has a null pointer as list of fields";
    if (std::string why = check_metadata(schema.metadata); !why.empty()) return why;
    std::unordered_set<std::string_view> names;
    for (std::int64_t i = 0; i < schema.n_children; ++i) {
        if (std::string why = check_field(schema.children[i], i); !why.empty()) return why;
        std::string_view const name = schema.children[i]->name;
        if (!names.insert(name).second) return fmt::format("has two fields \"{}\"", name);
    }
    return {};
}

BatchCheck::BatchCheck(ArrowSchema const& schema) {
    for (std::int64_t i = 0; i < schema.n_children; ++i) {
        ArrowSchema const& field = *schema.children[i];
        std::int64_t const width = width_of(field.format).value_or(0);
        Layout const layout = width == 0    ? Layout::bits
                              : width == -4 ? Layout::offsets32
                              : width == -8 ? Layout::offsets64
                                            : Layout::fixed;
        columns_.push_back({field.name, layout, width});
    }
}

std::string BatchCheck::check(ArrowArray const& array) const {
    if (array.length < 0) return fmt::format("has the length {}", array.length);
    if (array.offset != 0) return fmt::format("has the offset {} at the top", array.offset);
    if (array.null_count > 0) return "has nulls at the top";
    if (array.n_buffers != 1 || !array.buffers)
        return fmt::format("has {} buffers at the top instead of 1", array.n_buffers);
    if (array.dictionary) return "has a dictionary at the top";
    if (array.n_children != static_cast<std::int64_t>(columns_.size()))
        return fmt::format("has {} columns where the schema has {}", array.n_children,
                           columns_.size());
    if (array.n_children > 0 && !array.children) return "has a null pointer as list of columns";
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        ArrowArray const* column = array.children[i];
        std::string why = column ? check_column(columns_[i], *column, array.length)
                                 : std::string{"is a null pointer"};
        if (!why.empty()) return fmt::format("has a column \"{}\" that {}", columns_[i].name, why);
    }
    return {};
}

std::string BatchCheck::check_column(Column const& column, ArrowArray const& array,
                                     std::int64_t rows) {
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    if (array.length < rows)
        return fmt::format("has {} values where the batch has {} rows", array.length, rows);
    if (array.offset < 0 || array.offset > most - array.length)
        return fmt::format("has the offset {}", array.offset);
    if (array.null_count < -1 || array.null_count > array.length)
        return fmt::format("has {} nulls in {} values", array.null_count, array.length);
    if (array.n_children != 0 || array.dictionary) return "has children or a dictionary";
    bool const is_text = column.layout == Layout::offsets32 || column.layout == Layout::offsets64;
    std::int64_t const buffers = is_text ? 3 : 2;
    if (array.n_buffers != buffers || !array.buffers)
        return fmt::format("has {} buffers instead of {}", array.n_buffers, buffers);
    for (std::int64_t i = 0; i < buffers; ++i)
        if (!is_aligned(array.buffers[i])) return "has a buffer that is not aligned to 8 bytes";
    if (!array.buffers[0] && array.null_count > 0) return "has nulls and no validity buffer";
    if (array.length == 0) return {};
    if (!array.buffers[1]) return "has values and a null pointer as buffer";
    if (column.layout == Layout::offsets32) return check_offsets<std::int32_t>(array);
    if (column.layout == Layout::offsets64) return check_offsets<std::int64_t>(array);
    return {};
}

template <class Offset>
std::string BatchCheck::check_offsets(ArrowArray const& array) {
    Offset const* offsets = offsets_of<Offset>(array);
    if (offsets[0] < 0) return fmt::format("begins at the text offset {}", offsets[0]);
    // No early exit, so that the compiler makes vectors of it.
    bool is_falling = false;
    for (std::int64_t i = 0; i < array.length; ++i) is_falling |= offsets[i + 1] < offsets[i];
    if (is_falling) return "has text offsets that fall";
    if (offsets[array.length] > offsets[0] && !array.buffers[2])
        return "has text and a null pointer as buffer";
    return {};
}

std::uint64_t BatchCheck::bytes(ArrowArray const& array) const {
    auto const rows = static_cast<std::uint64_t>(array.length);
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        ArrowArray const& column = *array.children[i];
        if (column.buffers[0]) sum += (rows + 7) / 8;
        switch (columns_[i].layout) {
            case Layout::bits: sum += (rows + 7) / 8; break;
            case Layout::fixed: sum += rows * static_cast<std::uint64_t>(columns_[i].width); break;
            case Layout::offsets32: sum += text_bytes<std::int32_t>(column); break;
            case Layout::offsets64: sum += text_bytes<std::int64_t>(column); break;
        }
    }
    return sum;
}

template <class Offset>
std::uint64_t BatchCheck::text_bytes(ArrowArray const& array) {
    if (array.length == 0) return 0;
    Offset const* offsets = offsets_of<Offset>(array);
    auto const text = static_cast<std::uint64_t>(offsets[array.length] - offsets[0]);
    return text + static_cast<std::uint64_t>(array.length + 1) * sizeof(Offset);
}

}  // namespace weir::host
