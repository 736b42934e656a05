#pragma once

#include <optional>
#include <string>
#include <vector>
#include <weir/cpp/config.hpp>

#include "database.hpp"

namespace weir::sqlite {

/// One value as SQLite holds it, its storage class included.
struct Value {
    int type = SQLITE_NULL;
    std::int64_t integer = 0;
    double real = 0;
    std::string bytes;

    static Value of(Statement const& row, int column);
    /// The same without giving back the room of the value before.
    void take(Statement const& row, int column);
    void bind(Statement& statement, int at) const;

    /// Text as itself, whole numbers within ±2^53 as numbers, null as null; all else as an object
    /// that names its class, so that nothing is rounded: {"integer":"9007199254740993"},
    /// {"real":"0.1"}, {"blob":"00ff"}, {"text":"ff"} (bytes that are not UTF-8).
    Json to_json() const;
    static std::optional<Value> from_json(Json const& json);
    bool operator==(Value const&) const = default;
};

/// The tracking value and the key of a row, or the key alone.
using Position = std::vector<Value>;

/// How far a read has come. A value.
///
/// cursor := {"fp", "settled": position|null, "pending": [], "scan": null | {"by": "key",
///            "at": position, "mark": position|null}}
struct Cursor {
    std::string fingerprint;          ///< of table, tracking field, key and selection
    std::optional<Position> settled;  ///< a delta goes on behind it; nothing: from the first value
    struct Scan {
        Position at;                   ///< the key of the last row
        std::optional<Position> mark;  ///< what `settled` becomes at the end of the scan
    };
    std::optional<Scan> scan;  ///< a scan of all rows by key that is under way

    std::string dump() const;
    /// Nothing when the text is not a cursor of a position of `tracking_size` and `key_size`.
    static std::optional<Cursor> parse(std::string_view text, std::size_t tracking_size,
                                       std::size_t key_size);
};

}  // namespace weir::sqlite
