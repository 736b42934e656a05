#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include <weir/cpp/config.hpp>

#include "catalog.hpp"

// The cursor of a read, as it is kept in the sink.
//
//   {"fp":{"table","tracking","type","key","fields"},   what it is a position in
//    "src":{"server","domain"},                         of which server; null where not known
//    "settled":null | [] | [tracking, key...],          at or below: nothing new can appear
//    "pending":[{"mark":[...],"fence":["q12.345"...],"boot","clock"}],  marks not settled yet
//    "scan":null | {"by":"key"|"tracking","from":null | [...],"at":null | [...],
//                   "mark":null | [...]},               under way; goes on at "at"
//    "clock":n}       of the server when the last complete scan began, in microseconds; 0: none did
//
// Values are texts, at full precision; see Place in query.hpp. `settled` [] lies behind the null
// values of the tracking field and before all others. `mark` of a scan is what its end settles.
// A full read without tracking field has but "scan" with "by" and "at". A key column that is the
// tracking field stands there once. A fence is described in fence.hpp.
namespace weir::mysql {

using Position = std::vector<std::string>;

/// The server that is read. A value.
struct Origin {
    std::optional<std::string> server;  ///< server_id; of MySQL server_uuid
    std::optional<std::string> domain;  ///< gtid_domain_id of MariaDB
};

/// A place that was the last one while those of `fence` were at work, who may still leave rows
/// before it. A value.
struct Mark {
    Position at;
    std::vector<std::string> fence;
    std::int64_t boot_s = 0;    ///< start of the server that knows them, in seconds
    std::int64_t clock_us = 0;  ///< of the server, when it was looked for
    bool operator==(Mark const&) const = default;
};

/// A scan that is under way. A value.
struct Scan {
    bool by_key = true;
    std::optional<Position> from = {}, at = {};
    std::optional<Position> mark = {};  ///< what its end settles
};

/// A value.
struct Cursor {
    Json fingerprint;
    Origin origin;
    std::optional<Position> settled;
    std::vector<Mark> pending;  ///< oldest first
    std::optional<Scan> scan;
    std::int64_t clock_us = 0;
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
/// that it was another server.
void check_cursor(Cursor const& cursor, Json const& fingerprint, Origin const& origin,
                  std::string const& stream);

/// The failure of parse().
Error unreadable_cursor();

}  // namespace weir::mysql
