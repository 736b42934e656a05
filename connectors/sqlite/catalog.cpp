#include <algorithm>
#include <optional>

#include "names.hpp"
#include "probe.hpp"
#include "reader.hpp"
#include "sqlite.hpp"

namespace weir::sqlite {
namespace {

constexpr std::int64_t counted_bytes_max = 64 << 20;  // counting more than this takes too long

std::vector<std::string> names_of_streams(Database& db) {
    Statement statement = db.prepare(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND "
        "type IN ('table', 'view', 'virtual') ORDER BY name");
    std::vector<std::string> names;
    while (statement.step()) {
        std::string name = statement.text(0);
        if (!is_weirs_own(name) && !is_sqlites_own(name)) names.push_back(std::move(name));
    }
    return names;
}

bool holds_null(Database& db, Table const& table, std::string const& column) {
    return db
        .number("SELECT 1 FROM main." + as_name(table.name) + " WHERE " + as_name(column) +
                " IS NULL LIMIT 1")
        .has_value();
}

/// A primary key without NOT NULL is common, and SQLite lets nulls into it: the rows decide. Any
/// other unique index must be NOT NULL by its declaration.
bool is_never_null(Database& db, Table const& table, UniqueKey const& key) {
    return std::ranges::all_of(key.columns, [&](std::string const& name) {
        TableColumn const* const column = table.column(name);
        if (!column) return false;
        return column->not_null || column->is_rowid ||
               (key.is_primary && !holds_null(db, table, name));
    });
}

Json keys_of(Database& db, Table const& table) {
    Json keys = Json::array();
    for (UniqueKey const& key : table.keys)
        if (is_never_null(db, table, key)) keys.push_back(key.columns);
    return keys;
}

std::optional<std::int64_t> rows_of(Database& db, Table const& table) {
    if (table.kind != "table") return std::nullopt;
    std::string const from = " FROM main." + as_name(table.name);
    std::int64_t const bytes =
        db.number("PRAGMA page_count").value_or(0) * db.number("PRAGMA page_size").value_or(0);
    if (bytes <= counted_bytes_max) return db.number("SELECT count(*)" + from);
    // A column may have the name of the rowid; then nothing is known without counting.
    bool const is_hidden = table.column("_rowid_") != nullptr;
    if (!table.has_rowid || is_hidden) return std::nullopt;
    std::optional<std::int64_t> const last = db.number("SELECT max(_rowid_)" + from);
    // A row takes two bytes at the least: ids drawn at random are no number of rows.
    if (!last || *last < 0 || *last > bytes / 2) return std::nullopt;
    return last;
}

bool leads_an_index(Database& db, Table const& table, std::string const& column) {
    Statement statement = db.prepare(
        "SELECT 1 FROM pragma_index_list(?1, 'main') AS l, pragma_index_xinfo(l.name, 'main') AS x "
        "WHERE NOT l.partial AND x.seqno = 0 AND x.name = ?2");
    statement.bind(1, std::string_view{table.name}).bind(2, std::string_view{column});
    return statement.step();
}

/// How well a column serves as the cursor of a delta, 0: not at all.
int rank_of(TableColumn const& column) {
    std::string const name = folded(column.name), type = folded(column.declared);
    auto has = [](std::string const& text, char const* word) {
        return text.find(word) != std::string::npos;
    };
    bool const is_time =
        has(type, "date") || has(type, "time") || name.ends_with("_at") || has(name, "timestamp");
    if (has(name, "updated") || has(name, "modified") || has(name, "changed")) return 5;
    if (has(type, "int") && (has(name, "version") || has(name, "revision"))) return 4;
    if (is_time && !has(name, "birth"))
        return has(name, "created") || has(name, "inserted") ? 2 : 3;
    return column.is_rowid ? 1 : 0;
}

Json tracking_of(Database& db, Table const& table) {
    std::vector<TableColumn> found;
    for (TableColumn const& column : table.columns)
        if (rank_of(column) > 0) found.push_back(column);
    std::ranges::stable_sort(found, std::ranges::greater{}, rank_of);
    Json list = Json::array();
    for (TableColumn const& column : found) {
        Json notes = Json::array();
        int const rank = rank_of(column);
        if (rank <= 2) notes.push_back("sees new rows only, no updates");
        if (!column.is_rowid && !leads_an_index(db, table, column.name))
            notes.push_back("not indexed: each read looks at the whole table");
        if (!column.is_rowid && !column.not_null)
            notes.push_back("may be null: such rows come with the first read only");
        list.push_back({{"field", column.name}, {"type", column.declared}, {"notes", notes}});
    }
    return list;
}

/// The fields that say by their type what they are; any other may still be one.
Json cursors_of(Database& db, Table const& table) {
    Json out = Json::object();
    for (TableColumn const& column : table.columns) {
        std::string const type = folded(column.declared);
        bool const time = type.find("date") != type.npos || type.find("time") != type.npos;
        if (!time && !column.is_rowid) continue;
        out[column.name] = {{"kind", time ? "timestamp" : "id"},
                            {"updates", time && rank_of(column) >= 3},
                            {"indexed", column.is_rowid || leads_an_index(db, table, column.name)}};
    }
    return out;
}

/// SQLite takes any spelling of the other table's name, and a table that is not there.
Json references_of(Database& db, Table const& table) {
    Statement statement = db.prepare(
        "SELECT f.id, f.\"from\", s.name FROM pragma_foreign_key_list(?1, 'main') AS f JOIN "
        "main.sqlite_schema AS s ON s.type = 'table' AND s.name = f.\"table\" COLLATE NOCASE "
        "ORDER BY f.id, f.seq");
    statement.bind(1, std::string_view{table.name});
    Json out = Json::array();
    std::int64_t last = -1;
    while (statement.step()) {
        if (statement.text(2) == table.name) continue;
        if (statement.integer(0) != last)
            out.push_back({{"fields", Json::array()},
                           {"stream", written(statement.text(2))},
                           {"nullable", false}});
        last = statement.integer(0);
        std::string const name = statement.text(1);
        TableColumn const* const column = table.column(name);
        out.back()["fields"].push_back(column ? column->name : name);
        if (column && !column->not_null && !column->is_rowid) out.back()["nullable"] = true;
    }
    return out;
}

Json caveats_of(Table const& table, Json const& keys, Json const& cursors) {
    Json caveats = Json::array(
        {"a delta does not see deleted rows, nor updates that leave the cursor field alone"});
    if (std::ranges::any_of(cursors, [](Json const& each) { return each["kind"] == "timestamp"; }))
        caveats.push_back("a row dated in the future comes again with each delta until then");
    if (table.kind == "virtual")
        caveats.push_back(
            "a virtual table: it is read in one pass; the tables that it keeps its rows in are not "
            "listed");
    else if (table.kind == "view")
        caveats.push_back("a view has no key of its own: name one with --key if its rows have one");
    else if (keys.empty())
        caveats.push_back("no unique key: it is read in one pass and shows at its end");
    return caveats;
}

Stream stream_of(Database& db, Table const& table) {
    Stream stream;
    stream.name = written(table.name);
    stream.modes = WEIR_READ_FULL | WEIR_READ_DELTA;
    Json fields = Json::array();
    for (TableColumn const& column : table.columns) {
        Field field = declared_field(table, column);
        fields.push_back({{"name", column.name},
                          {"type", column.declared.empty() ? "any" : column.declared},
                          {"nullable", field.nullable}});
        stream.schema.push_back(std::move(field));
    }
    Json const keys = keys_of(db, table), cursors = cursors_of(db, table);
    stream.meta = {{"target", table.name},
                   {"keys", keys},
                   {"fields", fields},
                   {"tracking", tracking_of(db, table)},
                   {"cursors", cursors},
                   {"references", references_of(db, table)},
                   {"caveats", caveats_of(table, keys, cursors)}};
    if (std::optional<std::int64_t> const rows = rows_of(db, table)) stream.meta["rows"] = *rows;
    return stream;
}

}  // namespace

void Sqlite::discover(Call const& call, std::string_view pattern, Catalog& catalog) {
    Database db{location_, Access::read, call};
    Reach const reach{*this, db};
    Database::Watch const watch{db, call};
    std::optional<Pattern> wanted;
    if (!pattern.empty()) wanted = Pattern::parse(pattern);
    for (std::string const& name : names_of_streams(db)) {
        if (wanted && !wanted->matches(name)) continue;
        std::optional<Table> const table = Table::find(db, name);
        if (!table) continue;
        if (table->columns.empty())
            host_.warn(written(name) + " is not listed: it is a virtual table of a module that "
                                       "this SQLite does not have");
        else
            catalog.add(stream_of(db, *table));
    }
}

std::unique_ptr<Reader> Sqlite::open(Call const& call, Read const& read) {
    return std::make_unique<TableReader>(host_, location_, call, read);
}

}  // namespace weir::sqlite
