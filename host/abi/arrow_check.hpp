#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/core/error.hpp"
#include "weir/arrow.h"

namespace weir::host {

inline constexpr std::int64_t fields_max = 32'768;
inline constexpr std::size_t metadata_bytes_max = 64 * 1024;

/// Bytes of one value of an Arrow format; 0: bits; -4 and -8: text with offsets of that size;
/// nothing: it does not cross the boundary.
std::optional<std::int64_t> width_of(std::string_view format);

/// What is wrong with a schema that a plugin gave, as the end of a sentence ("has a field without
/// a name"); empty: it is a struct of fields of different names, whose formats cross the boundary
/// (see weir/arrow.h).
std::string check_schema(ArrowSchema const& schema);

/// Checks the batches of one schema, and measures them. Made once per schema; a check costs a few
/// nanoseconds per column, and a run over the offsets of each text column.
class BatchCheck {
public:
    BatchCheck() = default;
    /// `schema` has passed check_schema().
    explicit BatchCheck(ArrowSchema const& schema);

    /// What is wrong with `array`, as the end of a sentence; empty: every read of its rows stays
    /// within what its own counts and offsets promise.
    std::string check(ArrowArray const& array) const;
    /// The bytes of the buffers that the rows use. `array` has passed check().
    std::uint64_t bytes(ArrowArray const& array) const;

private:
    enum class Layout : std::uint8_t { bits, fixed, offsets32, offsets64 };
    struct Column {
        std::string name;
        Layout layout;
        std::int64_t width;
    };

    static std::string check_column(Column const& column, ArrowArray const& array,
                                    std::int64_t rows);
    template <class Offset>
    static std::string check_offsets(ArrowArray const& array);
    template <class Offset>
    static std::uint64_t text_bytes(ArrowArray const& array);

    std::vector<Column> columns_;
};

}  // namespace weir::host
