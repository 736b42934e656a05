#pragma once

#include <cstdint>
#include <cstdio>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "weir/cpp/batch.hpp"
#include "weir/cpp/view.hpp"

namespace weir::testkit {

/// One value as text, so that tests compare and print it; nothing: null. Numbers in decimal
/// (floats with 17 digits), booleans true or false, uuid and other bytes of fixed width in hex,
/// dates and times as their count of units, all else its bytes.
using Cell = std::optional<std::string>;
using Record = std::vector<Cell>;

inline std::string hex(std::string_view bytes) {
    std::string out;
    for (unsigned char const byte : bytes) {
        char two[3];
        std::snprintf(two, sizeof two, "%02x", byte);
        out += two;
    }
    return out;
}

inline Cell cell_of(ColumnView const& column, std::int64_t row) {
    if (column.is_null(row)) return std::nullopt;
    switch (column.field().layout) {
        case Layout::boolean: return column.boolean(row) ? "true" : "false";
        case Layout::uint64: return std::to_string(column.unsigned_integer(row));
        case Layout::float32:
        case Layout::float64: {
            char text[40];
            std::snprintf(text, sizeof text, "%.17g", column.float64(row));
            return text;
        }
        case Layout::text:
        case Layout::large_text: return std::string{column.bytes(row)};
        case Layout::fixed:
        case Layout::decimal: return hex(column.bytes(row));
        default: return std::to_string(column.integer(row));
    }
}

/// The records of a batch.
inline std::vector<Record> records_of(std::vector<FieldView> const& fields,
                                      ArrowArray const& array) {
    std::vector<ColumnView> const columns = columns_of(fields, array);
    std::vector<Record> records(static_cast<std::size_t>(array.length));
    for (std::int64_t row = 0; row < array.length; ++row)
        for (ColumnView const& column : columns)
            records[static_cast<std::size_t>(row)].push_back(cell_of(column, row));
    return records;
}

/// A batch that a test makes, and keeps until it goes out of scope. Filled first, then lent.
class Rows {
public:
    explicit Rows(Schema schema) : batch_{schema} { export_schema(schema, &schema_); }
    Rows(Rows const&) = delete;
    Rows& operator=(Rows const&) = delete;
    ~Rows() {
        schema_.release(&schema_);
        if (array_.release) array_.release(&array_);
    }

    /// One value per field: bool, integers, floats, text, nullptr.
    template <class... Values>
    Rows& add(Values const&... values) {
        batch_.row(values...);
        return *this;
    }
    /// For values that add() has no word for: uuid, decimal, unsigned.
    Batch& builder() { return batch_; }

    ArrowSchema const* schema() const { return &schema_; }
    ArrowArray const* array() {
        if (!array_.release) batch_.finish(&array_);
        return &array_;
    }

private:
    Batch batch_;
    ArrowSchema schema_{};
    ArrowArray array_{};
};

}  // namespace weir::testkit

namespace std {
/// For GoogleTest's messages.
inline void PrintTo(weir::testkit::Cell const& cell, ostream* out) {
    *out << (cell ? "'" + *cell + "'" : "null");
}
}  // namespace std
