#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "schema.hpp"

namespace weir {

/// How the bytes of a column lie: one per Arrow layout that crosses the boundary.
enum class Layout : std::uint8_t {
    boolean,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
    float32,
    float64,
    text,        ///< utf8 or binary with 32-bit offsets
    large_text,  ///< the same with 64-bit offsets
    fixed,       ///< `width` bytes
    decimal,     ///< 128 bits, little endian
    refused      ///< a format that does not cross the boundary
};

/// What the value means, beside its bytes.
enum class Meaning : std::uint8_t { plain, binary, date, time, timestamp, instant };

/// One field of a schema of the other side, read once. `per_second` and `per_day` are the units of
/// times and dates: 1'000'000 for microseconds, 1 for days.
struct FieldView {
    std::string name;
    Layout layout = Layout::refused;
    Meaning meaning = Meaning::plain;
    bool nullable = true;
    std::int32_t width = 0, precision = 0, scale = 0;
    std::int64_t units = 1;  ///< per second of a time; per day of a date
    std::string extension, source_type, vendor;

    static FieldView of(ArrowSchema const& schema);
    bool operator==(FieldView const&) const = default;
};

/// One column of a batch of the other side. Honours offset and validity; borrows the batch.
class ColumnView {
public:
    ColumnView() = default;
    ColumnView(FieldView const& field, ArrowArray const& array)
        : field_{&field},
          offset_{array.offset},
          validity_{array.null_count == 0 || array.n_buffers < 1
                        ? nullptr
                        : static_cast<std::uint8_t const*>(array.buffers[0])} {
        bool const has_offsets = field.layout == Layout::text || field.layout == Layout::large_text;
        if (has_offsets) offsets_ = array.buffers[1];
        values_ = static_cast<char const*>(array.buffers[has_offsets ? 2 : 1]);
    }

    FieldView const& field() const { return *field_; }
    bool is_null(std::int64_t row) const { return validity_ && !bit(validity_, row + offset_); }
    bool boolean(std::int64_t row) const {
        return bit(reinterpret_cast<std::uint8_t const*>(values_), row + offset_);
    }
    /// Of any integer layout but uint64 beyond its range.
    std::int64_t integer(std::int64_t row) const {
        switch (field_->layout) {
            case Layout::int8: return at<std::int8_t>(row);
            case Layout::int16: return at<std::int16_t>(row);
            case Layout::int32: return at<std::int32_t>(row);
            case Layout::uint8: return at<std::uint8_t>(row);
            case Layout::uint16: return at<std::uint16_t>(row);
            case Layout::uint32: return at<std::uint32_t>(row);
            default: return at<std::int64_t>(row);
        }
    }
    std::uint64_t unsigned_integer(std::int64_t row) const { return at<std::uint64_t>(row); }
    double float64(std::int64_t row) const {
        return field_->layout == Layout::float32 ? static_cast<double>(at<float>(row))
                                                 : at<double>(row);
    }
    /// Of text, large_text, fixed and decimal: the bytes.
    std::string_view bytes(std::int64_t row) const {
        if (field_->layout == Layout::text) return slice<std::int32_t>(row);
        if (field_->layout == Layout::large_text) return slice<std::int64_t>(row);
        auto const width = static_cast<std::size_t>(field_->width);
        return {values_ + static_cast<std::size_t>(row + offset_) * width, width};
    }

private:
    static bool bit(std::uint8_t const* bits, std::int64_t at) {
        return (bits[at / 8] >> (at % 8)) & 1;
    }
    template <class T>
    T at(std::int64_t row) const {
        T value;
        std::memcpy(&value, values_ + static_cast<std::size_t>(row + offset_) * sizeof(T),
                    sizeof value);
        return value;
    }
    template <class Offset>
    std::string_view slice(std::int64_t row) const {
        auto const* offsets = static_cast<Offset const*>(offsets_) + row + offset_;
        return {values_ + offsets[0], static_cast<std::size_t>(offsets[1] - offsets[0])};
    }

    FieldView const* field_ = nullptr;
    std::int64_t offset_ = 0;
    std::uint8_t const* validity_ = nullptr;
    void const* offsets_ = nullptr;
    char const* values_ = nullptr;
};

/// The fields of a struct schema of the other side. Throws E_SCHEMA with the field's name where a
/// format does not cross the boundary.
inline std::vector<FieldView> fields_of(ArrowSchema const& schema) {
    std::vector<FieldView> fields;
    for (std::int64_t i = 0; i < schema.n_children; ++i) {
        fields.push_back(FieldView::of(*schema.children[i]));
        if (fields.back().layout == Layout::refused)
            throw Error{WEIR_E_SCHEMA,
                        "field \"" + fields.back().name + "\" has the Arrow format \"" +
                            schema.children[i]->format + "\", which does not cross the boundary",
                        fields.back().name};
    }
    return fields;
}

/// The columns of one batch; `fields` must outlive it.
inline std::vector<ColumnView> columns_of(std::vector<FieldView> const& fields,
                                          ArrowArray const& batch) {
    std::vector<ColumnView> columns;
    columns.reserve(fields.size());
    for (std::size_t i = 0; i < fields.size(); ++i)
        columns.emplace_back(fields[i], *batch.children[i]);
    return columns;
}

inline FieldView FieldView::of(ArrowSchema const& schema) {
    FieldView field;
    field.name = schema.name ? schema.name : "";
    field.nullable = (schema.flags & ARROW_FLAG_NULLABLE) != 0;
    field.extension = detail::metadata_value(schema.metadata, "ARROW:extension:name");
    field.source_type = detail::metadata_value(schema.metadata, "weir.type");
    field.vendor = detail::metadata_value(schema.metadata, "weir.vendor");
    std::string_view const format = schema.format;
    auto is = [&](Layout layout, std::int32_t width, Meaning meaning = Meaning::plain,
                  std::int64_t units = 1) {
        field.layout = layout;
        field.width = width;
        field.meaning = meaning;
        field.units = units;
    };
    auto number = [](std::string_view text, std::int32_t& into) {
        return std::from_chars(text.data(), text.data() + text.size(), into).ptr;
    };
    auto units = [](char unit) -> std::int64_t {
        return unit == 's' ? 1 : unit == 'm' ? 1'000 : unit == 'u' ? 1'000'000 : 1'000'000'000;
    };
    if (schema.dictionary || format.empty()) return field;
    if (format.size() == 1) {
        switch (format[0]) {
            case 'b': is(Layout::boolean, 0); break;
            case 'c': is(Layout::int8, 1); break;
            case 'C': is(Layout::uint8, 1); break;
            case 's': is(Layout::int16, 2); break;
            case 'S': is(Layout::uint16, 2); break;
            case 'i': is(Layout::int32, 4); break;
            case 'I': is(Layout::uint32, 4); break;
            case 'l': is(Layout::int64, 8); break;
            case 'L': is(Layout::uint64, 8); break;
            case 'f': is(Layout::float32, 4); break;
            case 'g': is(Layout::float64, 8); break;
            case 'u': is(Layout::text, 0); break;
            case 'U': is(Layout::large_text, 0); break;
            case 'z': is(Layout::text, 0, Meaning::binary); break;
            case 'Z': is(Layout::large_text, 0, Meaning::binary); break;
            default: break;
        }
    } else if (format.starts_with("w:")) {
        is(Layout::fixed, 0, Meaning::binary);
        number(format.substr(2), field.width);
    } else if (format.starts_with("d:")) {
        is(Layout::decimal, 16);
        char const* comma = number(format.substr(2), field.precision);
        char const* end = format.data() + format.size();
        // What follows the scale is a width other than 128 bits.
        if (comma == end || *comma != ',' ||
            number({comma + 1, static_cast<std::size_t>(end - comma - 1)}, field.scale) != end)
            field.layout = Layout::refused;
    } else if (format == "tdD") {
        is(Layout::int32, 4, Meaning::date);
    } else if (format == "tdm") {
        is(Layout::int64, 8, Meaning::date, 86'400'000);
    } else if (format == "tts" || format == "ttm") {
        is(Layout::int32, 4, Meaning::time, units(format[2]));
    } else if (format == "ttu" || format == "ttn") {
        is(Layout::int64, 8, Meaning::time, units(format[2]));
    } else if (format.size() >= 4 && format.starts_with("ts") && format[3] == ':') {
        is(Layout::int64, 8, format.size() > 4 ? Meaning::instant : Meaning::timestamp,
           units(format[2]));
    }
    return field;
}

}  // namespace weir
