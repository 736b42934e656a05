#include "catalog.hpp"

#include <algorithm>
#include <tuple>

#include "nested.hpp"

namespace weir::adbc {
namespace {

bool is_systems_own(std::string const& catalog, std::string const& schema) {
    return catalog == "system" || catalog == "temp" || schema == "information_schema" ||
           schema == "pg_catalog";
}

TableColumn column_of(Nested const& in) {
    TableColumn out{in.child("column_name").text(), in.child("xdbc_type_name").text(), true, {}};
    out.nullable = in.child("xdbc_is_nullable").text() != "NO" &&
                   in.child("xdbc_nullable").number(1) != 0;
    return out;
}

void add_key(Table& table, Nested const& in) {
    std::string const kind = in.child("constraint_type").text();
    bool const is_primary = kind == "PRIMARY KEY";
    if (!is_primary && kind != "UNIQUE") return;
    std::vector<std::string> key;
    in.child("constraint_column_names").each([&](Nested const& name) {
        key.push_back(name.text());
    });
    bool const is_never_null = std::ranges::all_of(key, [&](std::string const& name) {
        TableColumn const* const column = table.column(name);
        return column && (is_primary || !column->nullable);
    });
    if (key.empty() || !is_never_null) return;
    table.keys.insert(is_primary ? table.keys.begin() : table.keys.end(), std::move(key));
}

Table table_of(std::string const& schema, Nested const& in) {
    Table out;
    out.schema = schema;
    out.name = in.child("table_name").text();
    out.is_view = in.child("table_type").text().find("VIEW") != std::string::npos;
    in.child("table_columns").each([&](Nested const& column) {
        out.columns.push_back(column_of(column));
    });
    in.child("table_constraints").each([&](Nested const& key) { add_key(out, key); });
    return out;
}

/// The tables that the system has, `pattern` (null: all) as LIKE has it.
std::vector<Table> listed(Connection& connection, Call const& call, std::string const& schema,
                          char const* pattern) {
    abi::Stream stream{};
    connection.objects(call, nullptr, pattern, &stream);
    std::vector<Table> out;
    Nested::read(call, connection.settings(), stream, [&](Nested const& catalog) {
        std::string const catalog_name = catalog.child("catalog_name").text();
        catalog.child("catalog_db_schemas").each([&](Nested const& one) {
            std::string const schema_name = one.child("db_schema_name").text();
            if (is_systems_own(catalog_name, schema_name)) return;
            if (!schema.empty() && schema_name != schema) return;
            one.child("db_schema_tables").each([&](Nested const& table) {
                out.push_back(table_of(schema_name, table));
            });
        });
    });
    std::ranges::sort(out, [](Table const& a, Table const& b) {
        return std::tie(a.schema, a.name) < std::tie(b.schema, b.name);
    });
    return out;
}

}  // namespace

TableColumn const* Table::column(std::string_view wanted) const {
    for (TableColumn const& column : columns)
        if (column.name == wanted) return &column;
    for (TableColumn const& column : columns)
        if (same_name(column.name, wanted)) return &column;
    return nullptr;
}

std::string Table::stream(std::string const& default_schema) const {
    if (schema.empty() || schema == default_schema) return written(name);
    return written(schema) + "." + written(name);
}

std::string Table::qualified() const {
    return (schema.empty() ? "" : identifier(schema) + ".") + identifier(name);
}

std::vector<Table> tables(Connection& connection, Call const& call, std::string const& schema,
                          std::string const& name) {
    std::vector<Table> out = listed(connection, call, schema, nullptr);
    if (!name.empty())
        std::erase_if(out, [&](Table const& table) { return !same_name(table.name, name); });
    return out;
}

bool has_table(Connection& connection, Call const& call, std::string const& schema,
               std::string const& name) {
    std::vector<Table> const found = listed(connection, call, schema, name.c_str());
    return std::ranges::find(found, name, &Table::name) != found.end();
}

std::optional<Table> find_table(Connection& connection, Call const& call,
                                std::string const& schema, std::string const& name) {
    std::vector<Table> found = tables(connection, call, schema, name);
    if (found.empty()) return std::nullopt;
    auto const exact = std::ranges::find(found, name, &Table::name);
    Table table = std::move(exact == found.end() ? found.front() : *exact);
    read_types(connection, call, table);
    return table;
}

void read_types(Connection& connection, Call const& call, Table& table) {
    for (FieldView const& view : connection.table_schema(call, table.schema, table.name))
        for (TableColumn& column : table.columns)
            if (column.name == view.name) column.view = view;
}

ReadColumn read_column(Dialect const& dialect, TableColumn const& column) {
    ReadColumn out;
    std::optional<Field> found = carried(column.view);
    bool const is_finer = column.view.meaning != Meaning::plain &&
                          column.view.meaning != Meaning::date && column.view.units > 1'000'000;
    out.as_text = !found || is_finer || dialect.crosses_as_text(column.type);
    if (out.as_text) {
        out.field = Field{column.name, Type::opaque};
    } else {
        out.field = *found;
        out.field.name = column.name;
        if (dialect.is_duckdb() && column.type == "JSON") out.field.type = Type::json;
        if (dialect.is_duckdb() && column.type == "UUID") out.field.type = Type::uuid;
    }
    out.field.nullable = column.nullable;
    out.field.source_type = column.type;
    out.field.vendor = dialect.vendor();
    return out;
}

}  // namespace weir::adbc
