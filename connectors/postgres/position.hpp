#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include <weir/cpp/config.hpp>

#include "catalog.hpp"

// The cursor of a read, as it is kept in the sink.
//
//   {"fp":{"table","oid","tracking","type","key","fields"},   what it is a position in
//    "src":{"system","timeline","database"},                  of which one; null where not known
//    "settled":null | [] | [tracking, key...],                at or below: nothing new can appear
//    "pending":[],                                            marks that are not settled yet
//    "scan":null | {"by":"key","at":[key...],"mark":null | [tracking, key...]},
//    "xmin":null | "n"}                                       of the first snapshot of the last
//    scan
//
// Values are the source's own text, at full precision. `settled` [] lies behind the null values of
// the tracking field and before all others. A full read without tracking field has no `settled`,
// `pending`, `mark` and `xmin`. A key column that is the tracking field stands there once.
namespace weir::postgres {

using Position = std::vector<std::string>;

/// The database that is read. A value.
struct Origin {
    std::optional<std::string> system;
    std::optional<std::int64_t> timeline;
    std::optional<std::string> database;  ///< its name: one server has several
};

/// A scan by key that is under way.
struct KeyScan {
    Position at;
    std::optional<Position> mark;
};

/// A value.
struct Cursor {
    Json fingerprint;
    Origin origin;
    std::optional<Position> settled;
    std::optional<KeyScan> scan;
    std::string xmin;
    bool tracked = false;  ///< has the parts of a delta

    std::string text() const;
    /// Throws E_CONFLICT `source.cursor_unreadable` when `text` is no such cursor.
    static Cursor parse(std::string_view text);
};

/// What a cursor is a position in. `fields` absent: all, whatever they are.
Json fingerprint(Table const& table, SourceField const* tracking,
                 std::vector<std::string> const& key,
                 std::optional<std::vector<std::string>> const& fields);

/// Throws E_CONFLICT: `source.cursor_mismatch` names the part that differs, `source.replaced` says
/// that it was another server or database.
void check_cursor(Cursor const& cursor, Json const& fingerprint, Origin const& origin,
                  std::string const& stream);

}  // namespace weir::postgres
