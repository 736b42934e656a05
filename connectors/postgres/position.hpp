#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include <weir/cpp/config.hpp>

#include "catalog.hpp"

// The cursor of a read, as it is kept in the sink.
//
//   {"fp":{"table","oid","tracking","type","key","fields",    what it is a position in; the order
//          "collations"?},                                    of its texts, where it has any
//    "src":{"system","timeline","database"},                  of which one; null where not known
//    "settled":null | [] | [tracking, key...],                at or below: nothing new can appear
//    "pending":[{"mark":[...],"fence":["3/17"...],"boot","clock"}],  marks not settled yet
//    "scan":null | {"by":"key"|"tracking","from":null | [...],"at":null | [...],
//                   "mark":null | [...],"xmin","parts"},   under way; goes on at "at"
//    "xmin":null | "n",     of the first snapshot of the last complete scan; null: there was none
//    "clock":n,             of the server when that scan began, in microseconds
//    "parts":"..."}         which partitions the table had then: others bring older rows along
//
// Values are the source's own text, at full precision. `settled` [] lies behind the null values of
// the tracking field and before all others. `mark` of a scan is what its end settles; null: nothing
// that had been marked was clear of its fence before the first snapshot. A full read without
// tracking field has but "scan" with "by" and "at". A key column that is the tracking field stands
// there once.
namespace weir::postgres {

using Position = std::vector<std::string>;

/// The database that is read. A value.
struct Origin {
    std::optional<std::string> system;
    std::optional<std::int64_t> timeline;
    std::optional<std::string> database;  ///< its name: one server has several
};

/// A place that was the last one while those of `fence` were at work, who may still leave rows
/// before it. A value.
struct Mark {
    Position at;
    std::vector<std::string> fence;  ///< virtual transactions
    std::string boot;                ///< start of the server that knows them
    std::int64_t clock_us = 0;       ///< of the server, when it was looked for
    bool operator==(Mark const&) const = default;
};

/// A scan that is under way. A value.
struct Scan {
    bool by_key = true;
    std::optional<Position> from = {}, at = {};
    std::optional<Position> mark = {};  ///< what its end settles
    std::string xmin = {};              ///< of its first snapshot
    std::string parts = {};             ///< of the table then
};

/// A value.
struct Cursor {
    Json fingerprint;
    Origin origin;
    std::optional<Position> settled;
    std::vector<Mark> pending;  ///< oldest first
    std::optional<Scan> scan;
    std::string xmin;
    std::int64_t clock_us = 0;
    std::string parts;     ///< of the table, at the last complete scan
    bool tracked = false;  ///< has the parts of a delta

    std::string text() const;
    /// Throws E_CONFLICT `source.cursor_unreadable` when `text` is no such cursor.
    static Cursor parse(std::string_view text);
};

/// What a cursor is a position in. `fields` absent: all, whatever they are.
Json fingerprint(Table const& table, SourceField const* tracking,
                 std::vector<std::string> const& key,
                 std::optional<std::vector<std::string>> const& fields);

/// Whether the table of that name is another one than the cursor was read from.
bool is_made_anew(Cursor const& cursor, Json const& now);

/// Throws E_CONFLICT: `source.cursor_mismatch` names the part that differs, `source.replaced` says
/// that it was another server or database.
void check_cursor(Cursor const& cursor, Json const& fingerprint, Origin const& origin,
                  std::string const& stream);

}  // namespace weir::postgres
