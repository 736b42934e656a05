#pragma once

#include <optional>
#include <string>
#include <string_view>

// Names of streams as people write them, and how names and values stand in SQL.
//
//   name  := [part "."] part      part := bare | '"' (any but '"' | '""')* '"'
//   bare  := any characters but dot and '"'; `*` and `?` are wild in it
namespace weir::mysql {

/// One part of a name or pattern. A value.
struct NamePart {
    std::string text;   ///< wild characters of a pattern as they are, literal ones by `wild`
    bool wild = false;  ///< holds `*` or `?` outside quotes
    std::string like;   ///< the same as a LIKE pattern, escaped by backslash
};

/// A stream's name or a pattern of names.
struct NamePattern {
    NamePart database, table;
    bool exact() const { return !database.wild && !table.wild; }
};

/// Whether the server has names like that: there is none with a character beyond U+FFFF, and it
/// compares none with such a text.
bool can_be_name(std::string_view text);

/// Nothing when `text` is no such name: an open quote, a third part, an empty part, a character
/// that no name has. An unqualified one lies in `database`; without one there it is no name.
std::optional<NamePattern> parse_name(std::string_view text, std::string_view database);

/// As a person would write it: quoted only where the name would be read otherwise.
std::string stream_name(std::string_view database, std::string_view table);

/// `name` with backticks doubled.
std::string identifier(std::string_view name);

/// The same of each, with commas between.
std::string identifiers(std::vector<std::string> const& names);

/// database.table, as identifiers.
std::string qualified(std::string_view database, std::string_view table);

/// 'value', under the session's sql_mode, in which the backslash escapes.
std::string literal(std::string_view value);

/// The bytes of `value` as a text: _utf8mb4 x'6162'. Whatever they are, nothing else is meant.
std::string text_literal(std::string_view value);
std::string hex_of(std::string_view bytes);

}  // namespace weir::mysql
