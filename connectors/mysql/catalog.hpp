#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include <weir/cpp/schema.hpp>

#include "connection.hpp"
#include "names.hpp"
#include "types.hpp"

namespace weir::mysql {

/// One column of a table, as the catalog has it. A value.
struct SourceField {
    std::string name;
    SourceType type;
    bool nullable = true;
    bool readable = true;   ///< SELECT is granted on it
    std::string charset, collation;  ///< empty: the type has none
    std::string default_expression;  ///< of the server; empty: none
    std::string extra;               ///< "auto_increment", "on update current_timestamp()"
    bool is_interval = false;   ///< a time that is handed on as an interval of PostgreSQL
    bool zero_is_null = false;  ///< what is no date of the calendar is handed on as no value

    Field field() const;
    bool is_counted() const { return extra.find("auto_increment") != extra.npos; }
    bool is_bumped() const { return extra.find("on update") != extra.npos; }
    /// Sorts by the bytes of its text.
    bool is_binary_sorted() const { return collation.ends_with("_bin"); }
    bool operator==(SourceField const&) const = default;
};

/// One unique index without prefixes and expressions, or any other; by the names of its columns.
struct SourceIndex {
    std::string name;
    bool unique = false;  ///< holds for every row
    std::vector<std::string> columns;
    bool operator==(SourceIndex const&) const = default;
};

/// What a server lets us know of those who write to it. A value.
struct Writers {
    bool are_visible = false;    ///< their statements and transactions can be asked for
    bool are_elsewhere = false;  ///< rows come from another server too
    std::int64_t id_step = 1;    ///< of an id that is drawn; not 1: several servers draw
    bool have_summer_time = false;
};

/// One table or view that can be read. A value.
struct Table {
    std::string database, name;
    bool is_view = false;
    std::string engine;                ///< empty: a view
    std::optional<std::int64_t> rows;  ///< the server's estimate
    std::vector<SourceField> fields;
    std::vector<SourceIndex> indexes;
    bool has_row_trigger = false;  ///< one that may set fields, and that we may see
    Writers writers;

    /// As users write it.
    std::string stream() const { return stream_name(database, name); }
    /// As SQL has it.
    std::string sql() const { return qualified(database, name); }
    SourceField const* find(std::string_view field) const;
    Subject subject() const { return {stream(), database, name}; }
    bool is_readable() const;
};

/// The tables and views that match `pattern` (nothing: all), in some statements, whatever their
/// number. Databases of the server's own are left out, and so are tables of Weir's own unless they
/// are named.
std::vector<Table> read_tables(Connection& connection, std::optional<NamePattern> const& pattern,
                               Wait const& wait);

/// " WHERE …": rows of information_schema, with these columns, that are of what `pattern` matches.
/// `folds`: names of tables have no case.
std::string matching_sql(std::optional<NamePattern> const& pattern, bool folds,
                         char const* database, char const* table);

/// The unique, never null keys of `table`, the primary key first, by field names; those whose types
/// can be sorted and sent back.
std::vector<std::vector<std::string>> keys_of(Table const& table);

/// What is said of a key whose equality is not that of its text; empty: nothing.
std::string key_note(SourceField const& field);

}  // namespace weir::mysql
