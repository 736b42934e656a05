#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Names of streams as people write them, and how names and values stand in SQL.
//
//   name  := [part "."] part      part := bare | '"' (any but '"' | '""')* '"'
//   bare  := any characters but dot and '"'; `*` and `?` are wild in it
namespace weir::postgres {

/// One part of a name or pattern. A value.
struct NamePart {
    std::string text;   ///< wild characters of a pattern as they are, literal ones by `wild`
    bool wild = false;  ///< holds `*` or `?` outside quotes
    std::string like;   ///< the same as a LIKE pattern, escaped by backslash
};

/// A stream's name or a pattern of names.
struct NamePattern {
    NamePart schema, table;
    bool exact() const { return !schema.wild && !table.wild; }
};

/// Nothing when `text` is no such name: an open quote, a third part, an empty part. An unqualified
/// one lies in `schema`.
std::optional<NamePattern> parse_name(std::string_view text, std::string_view schema = "public");

/// Ahead of a stream's name: without the rows of its children. No name begins so, since it has a
/// blank that is not quoted.
inline constexpr std::string_view alone_prefix = "only ";

/// As a person would write it: quoted only where the name would be read otherwise.
std::string stream_name(std::string_view schema, std::string_view table);

/// "name" with quotes doubled.
std::string identifier(std::string_view name);

/// The same as a person would write it in SQL: quoted only where it must be. For suggestions.
std::string short_identifier(std::string_view name);

/// 'value', right under any setting of standard_conforming_strings. `value` must hold no NUL.
std::string literal(std::string_view value);

/// schema.table, as identifiers.
std::string qualified(std::string_view schema, std::string_view table);

}  // namespace weir::postgres
