#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "connectors/mysql/connection.hpp"

namespace weir::mysql {

/// Where a table lies: its database and its bare name. A value.
struct Seat {
    std::string database, table;
    std::string sql() const;
};

/// A name of a column as the server compares it: without its case.
std::string folded(std::string text);

/// What a table without a mark has instead of one: somebody else made it.
inline constexpr char foreign_mark[] = "foreign";

/// One column of a table that is written. A value.
struct TargetColumn {
    std::string name, type, type_text;  ///< "decimal", "decimal(10,2)"
    std::string collation;              ///< empty: the type has none
    std::int32_t scale = 0, second_digits = 0;
    bool not_null = false, has_default = false, is_generated = false;
    bool fills_null = false;  ///< makes a value of its own of NULL, without a word
    bool is_touched = false;  ///< set to the time of now where a row changes
    bool is_blind_to_blanks = false;  ///< a key, and "a" and "a " are one to it
    bool is_wanted = false;  ///< the table lacks it, and is not to be changed
};

/// A table that is written, as the catalog has it. A value.
struct TargetTable {
    bool is_view = false;
    std::string engine, comment;
    std::vector<TargetColumn> columns;
    std::vector<std::vector<std::string>> keys;  ///< columns of each unique index

    TargetColumn const* column(std::string_view name) const;
    bool has_key(std::vector<std::string> const& wanted) const;
    /// `<job>-<nonce>` of the table that Weir made, from its comment; else `foreign_mark`.
    std::string mark() const;
};

/// The table as it stands; nothing: there is none.
std::optional<TargetTable> look_at(Connection& connection, Seat const& seat, Wait const& wait);
bool has_rows(Connection& connection, Seat const& seat, Wait const& wait);

}  // namespace weir::mysql
