#include "table.hpp"

#include <algorithm>

#include "names.hpp"

namespace weir::sqlite {
namespace {

constexpr std::string_view mark_end = " */";

std::vector<TableColumn> columns_of_table(Database& db, std::string const& name) {
    Statement statement = db.prepare(
        "SELECT name, type, \"notnull\", dflt_value IS NOT NULL, hidden, pk "
        "FROM pragma_table_xinfo(?1, 'main') WHERE hidden <> 1 ORDER BY cid");
    statement.bind(1, std::string_view{name});
    std::vector<TableColumn> columns;
    while (statement.step()) {
        TableColumn column;
        column.name = statement.text(0);
        column.declared = statement.text(1);
        column.not_null = statement.integer(2) != 0;
        column.has_default = statement.integer(3) != 0;
        column.is_generated = statement.integer(4) > 1;
        column.key_place = static_cast<int>(statement.integer(5));
        columns.push_back(std::move(column));
    }
    return columns;
}

struct Index {
    std::string name, origin;
};

std::vector<Index> unique_indexes(Database& db, std::string const& name) {
    // Both kinds of quoting are avoided: the pragma takes its argument as a value.
    Statement statement = db.prepare(
        "SELECT name, origin FROM pragma_index_list(?1, 'main') "
        "WHERE \"unique\" AND NOT partial ORDER BY origin = 'pk' DESC, seq");
    statement.bind(1, std::string_view{name});
    std::vector<Index> found;
    while (statement.step()) found.push_back({statement.text(0), statement.text(1)});
    return found;
}

/// Nothing when an expression is part of the index.
std::optional<UniqueKey> key_of(Database& db, Index const& index) {
    Statement statement = db.prepare(
        "SELECT name, coll FROM pragma_index_xinfo(?1, 'main') WHERE key ORDER BY seqno");
    statement.bind(1, std::string_view{index.name});
    UniqueKey key;
    key.is_primary = index.origin == "pk";
    while (statement.step()) {
        if (statement.is_null(0)) return std::nullopt;
        key.columns.push_back(statement.text(0));
        key.collations.push_back(folded(statement.text(1)) == "binary" ? "BINARY"
                                                                       : statement.text(1));
    }
    return key;
}

void read_collations(Database& db, Table& table) {
    for (TableColumn& column : table.columns) {
        char const* collation = nullptr;
        int const rc =
            sqlite3_table_column_metadata(db.raw(), "main", table.name.c_str(), column.name.c_str(),
                                          nullptr, &collation, nullptr, nullptr, nullptr);
        if (rc == SQLITE_OK && collation && folded(collation) != "binary")
            column.collation = collation;
    }
}

void read_keys(Database& db, Table& table) {
    for (Index const& index : unique_indexes(db, table.name))
        if (std::optional<UniqueKey> key = key_of(db, index)) table.keys.push_back(std::move(*key));
    auto const places = std::ranges::count_if(
        table.columns, [](TableColumn const& column) { return column.key_place > 0; });
    bool const is_indexed = std::ranges::any_of(table.keys, &UniqueKey::is_primary);
    // A primary key without an index of its own is another name of the rowid.
    if (places != 1 || is_indexed || !table.has_rowid) return;
    for (TableColumn& column : table.columns) {
        if (column.key_place == 0) continue;
        column.is_rowid = true;
        table.keys.insert(table.keys.begin(), UniqueKey{{column.name}, {"BINARY"}, true});
    }
}

}  // namespace

std::optional<Table> Table::find(Database& db, std::string_view name) {
    Statement statement = db.prepare(
        "SELECT l.name, l.type, l.strict, l.wr, s.sql FROM pragma_table_list AS l "
        "JOIN sqlite_schema AS s ON s.name = l.name AND s.type IN ('table', 'view') "
        "WHERE l.schema = 'main' AND lower(l.name) = lower(?1)");
    statement.bind(1, name);
    if (!statement.step()) return std::nullopt;
    Table table;
    table.name = statement.text(0);
    table.kind = statement.text(1);
    table.is_strict = statement.integer(2) != 0;
    table.has_rowid = statement.integer(3) == 0;
    table.sql = statement.text(4);
    statement.reset();
    table.columns = columns_of_table(db, table.name);
    if (table.kind == "view") table.has_rowid = false;
    if (table.kind != "table") return table;
    read_collations(db, table);
    read_keys(db, table);
    return table;
}

TableColumn const* Table::column(std::string_view wanted) const {
    auto const found = std::ranges::find_if(
        columns, [&](TableColumn const& column) { return same_name(column.name, wanted); });
    return found == columns.end() ? nullptr : &*found;
}

std::string Table::opening(std::string_view name) {
    return "CREATE TABLE " + as_name(name) + " (/* weir ";
}

std::string Table::mark() const {
    std::string const start = opening(name);
    std::size_t const end = sql.find(mark_end, start.size());
    if (!sql.starts_with(start) || end == std::string::npos) return foreign_mark;
    return sql.substr(start.size(), end - start.size());
}

std::optional<std::string> mark_of(Database& db, std::string_view name) {
    Statement statement = db.prepare(
        "SELECT name, sql FROM main.sqlite_schema "
        "WHERE type IN ('table', 'view') AND lower(name) = lower(?1)");
    statement.bind(1, name);
    if (!statement.step()) return std::nullopt;
    Table table;
    table.name = statement.text(0);
    table.sql = statement.text(1);
    return table.mark();
}

bool Table::has_key(std::vector<std::string> const& wanted) const {
    return std::ranges::any_of(keys, [&](UniqueKey const& key) {
        auto is_wanted = [&](std::string const& column) {
            return std::ranges::any_of(
                wanted, [&](std::string const& part) { return same_name(part, column); });
        };
        return key.columns.size() == wanted.size() && std::ranges::all_of(key.columns, is_wanted) &&
               std::ranges::all_of(key.collations,
                                   [](auto const& rule) { return rule == "BINARY"; });
    });
}

bool has_rows(Database& db, std::string const& name) {
    return mark_of(db, name) &&
           db.number("SELECT 1 FROM main." + as_name(name) + " LIMIT 1").has_value();
}

}  // namespace weir::sqlite
