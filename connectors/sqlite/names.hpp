#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace weir::sqlite {

/// `name` as it stands in SQL: in double quotes, those inside doubled. The one place that quotes.
std::string as_name(std::string_view name);

/// `text` as a string literal of SQL.
std::string as_text(std::string_view text);

/// Conditions joined by OR in halves: SQLite limits the depth of an expression, and a chain is as
/// deep as it is long. At least one.
std::string joined_by_or(std::span<std::string const> conditions);

/// `name` as SQLite compares names: ASCII letters in lower case, nothing else changed.
std::string folded(std::string_view name);

/// Whether SQLite holds both for the same name.
bool same_name(std::string_view one, std::string_view other);

/// Names that belong to Weir (`_weir_…`) or to SQLite (`sqlite_…`).
bool is_weirs_own(std::string_view name);
bool is_sqlites_own(std::string_view name);

/// 16 hexadecimal digits that stand for these texts in this order; the same in every build.
std::string fingerprint(std::initializer_list<std::string_view> texts);

/// `bytes` in lower-case hexadecimal, and back; false when `text` is not that.
std::string hex(std::string_view bytes);
bool unhex(std::string_view text, std::string& bytes);

/// A stream name or pattern as a user writes it, in parts: `main."odd.name"`, `"two words"`, `us*`.
struct Pattern {
    std::string schema;  ///< empty or "main" when it can match at all
    std::string name;    ///< wildcards as they stand; literal text where `exact`
    bool exact = true;   ///< no wildcard outside double quotes
    std::string glob;    ///< for matches(): a quoted or plain character is preceded by a backslash

    /// Throws E_CONFIG for an unclosed quote or more than two parts.
    static Pattern parse(std::string_view text);
    bool matches(std::string_view table) const;
};

/// `table` as a user has to write it to mean just that.
std::string written(std::string_view table);

}  // namespace weir::sqlite
