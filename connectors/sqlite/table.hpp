#pragma once

#include <optional>
#include <string>
#include <vector>

#include "database.hpp"

namespace weir::sqlite {

struct TableColumn {
    std::string name, declared;
    bool not_null = false, has_default = false, is_generated = false, is_rowid = false;
    int key_place = 0;  ///< from 1 within the PRIMARY KEY
    std::string collation = "BINARY";
};

/// A unique index over plain columns of all rows.
struct UniqueKey {
    std::vector<std::string> columns, collations;
    bool is_primary = false;
};

/// A table or view as the schema of the database has it. A value.
struct Table {
    std::string name;  ///< as it was created; SQLite holds names that differ in case for the same
    std::string kind;  ///< "table", "view", "virtual", "shadow"
    std::string sql;   ///< its CREATE statement
    bool is_strict = false, has_rowid = true;
    std::vector<TableColumn> columns;
    std::vector<UniqueKey> keys;  ///< the primary key first

    /// Nothing when `main` has no table or view of that name.
    static std::optional<Table> find(Database& db, std::string_view name);

    TableColumn const* column(std::string_view name) const;

    /// What tells one creation of a table by Weir from another; "foreign" for a table that somebody
    /// else made. Weir writes it as a comment inside the parentheses of CREATE TABLE, where SQLite
    /// keeps it through ALTER TABLE, VACUUM and copies of the file.
    std::string mark() const;
    static std::string opening(std::string_view name);  ///< `CREATE TABLE "users" (/* weir `

    /// A unique index on exactly these columns that tells apart what differs in any byte.
    bool has_key(std::vector<std::string> const& key) const;
};

inline constexpr char const* foreign_mark = "foreign";

/// Table::mark of the table `name`; nothing when there is no such table or view.
std::optional<std::string> mark_of(Database& db, std::string_view name);

/// Whether there is a row in the table or view `name`, which may be missing.
bool has_rows(Database& db, std::string const& name);

}  // namespace weir::sqlite
