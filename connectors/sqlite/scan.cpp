#include "scan.hpp"

#include <algorithm>

#include "names.hpp"

namespace weir::sqlite {
namespace {

TableColumn const& column_of(Table const& table, std::string const& name) {
    auto const found = std::ranges::find(table.columns, name, &TableColumn::name);
    if (found != table.columns.end()) return *found;
    TableColumn const* const similar = table.column(name);
    throw Error{WEIR_E_NOT_FOUND, "there is no field \"" + name + "\" in " + table.name, name}
        .coded("sqlite.no_field")
        .suggest(similar ? "it is spelled " + similar->name : "");
}

Table table_of(Database& db, Read const& read) {
    Pattern const pattern = Pattern::parse(read.stream);
    bool const can_be = pattern.schema.empty() || pattern.schema == "main";
    std::optional<Table> found;
    if (can_be && !is_weirs_own(pattern.name) && !is_sqlites_own(pattern.name))
        found = Table::find(db, pattern.name);
    if (!found || found->kind == "shadow" || found->columns.empty())
        throw Error{
            WEIR_E_NOT_FOUND,
            "there is no table or view " + std::string{read.stream} + " in " + db.location().shown,
            std::string{read.stream}}
            .coded("sqlite.no_stream");
    return std::move(*found);
}

std::string joined(std::vector<std::string> names) {
    std::string out;
    for (std::string const& name : names) out += as_name(name);
    return out;
}

/// Comparisons and order must agree with the index that makes the key unique.
std::string const& collation_of(Table const& table, TableColumn const& column,
                                std::vector<TableColumn> const& key) {
    for (UniqueKey const& unique : table.keys) {
        if (unique.columns.size() != key.size()) continue;
        bool const is_it = std::ranges::all_of(key, [&](TableColumn const& part) {
            return std::ranges::find(unique.columns, part.name) != unique.columns.end();
        });
        if (!is_it) continue;
        auto const at = std::ranges::find(unique.columns, column.name) - unique.columns.begin();
        return unique.collations[static_cast<std::size_t>(at)];
    }
    static std::string const binary = "BINARY";
    return binary;
}

std::string expression(TableColumn const& column, std::string const& collation) {
    return "t." + as_name(column.name) +
           (collation == column.collation ? "" : " COLLATE " + as_name(collation));
}

std::vector<std::string> expressions(Scan const& scan, bool with_tracking) {
    std::vector<std::string> list;
    if (with_tracking)
        for (TableColumn const& column : scan.tracking)
            list.push_back(expression(column, column.collation));
    for (TableColumn const& column : scan.key)
        list.push_back(expression(column, collation_of(scan.table, column, scan.key)));
    return list;
}

}  // namespace

Scan Scan::of(Database& db, Read const& read) {
    Scan scan;
    scan.table = table_of(db, read);
    if (read.fields) {
        for (std::string const& name : *read.fields) {
            TableColumn const& column = column_of(scan.table, name);
            scan.columns.push_back({column, declared_field(scan.table, column)});
        }
    } else {
        for (TableColumn const& column : scan.table.columns)
            scan.columns.push_back({column, declared_field(scan.table, column)});
    }
    if (!read.tracking.empty()) scan.tracking.push_back(column_of(scan.table, read.tracking));
    for (std::string const& name : read.key) scan.key.push_back(column_of(scan.table, name));
    scan.keys = read.keys;
    std::string const type = scan.has_tracking() ? scan.tracking[0].declared : "";
    scan.fingerprint =
        sqlite::fingerprint({folded(scan.table.name), read.tracking, type, joined(read.key),
                             read.fields ? joined(*read.fields) : "*"});
    return scan;
}

std::string Scan::position_list(bool with_tracking) const {
    std::string list;
    for (std::string const& part : expressions(*this, with_tracking))
        list += (list.empty() ? "" : ", ") + part;
    return list;
}

std::string Scan::order_list(bool with_tracking, char const* direction) const {
    std::string list;
    for (std::string const& part : expressions(*this, with_tracking))
        list += (list.empty() ? "" : ", ") + part + direction;
    return list;
}

/// The affinity of the column makes a number of a text where it holds numbers.
std::string Scan::among_sql() const {
    std::string wanted;
    for (std::vector<std::string> const& each : keys) {
        if (each.size() != key.size())
            throw Error{WEIR_E_CONFIG, "a key of " + table.name + " has another number of values",
                        "keys"};
        std::string row;
        for (std::size_t i = 0; i < key.size(); ++i) {
            bool const is_blob = declared_field(table, key[i]).type == Type::binary;
            row += row.empty() ? "" : ", ";
            row += is_blob && each[i].starts_with("\\x") ? "x" + as_text(each[i].substr(2))
                                                          : as_text(each[i]);
        }
        wanted += (wanted.empty() ? "(" : ", (") + row + ")";
    }
    return "(" + position_list(false) + ") IN (VALUES " + wanted + ")";
}

std::string Scan::from() const { return "main." + as_name(table.name) + " AS t"; }

std::string Rows::sql(Scan const& scan, bool ordered) const {
    std::string text = scan.from();
    if (!where.empty()) text += " WHERE " + where;
    // Which rows a LIMIT leaves is a matter of the order.
    if (!order.empty() && (ordered || limit != INT64_MAX)) text += " ORDER BY " + order;
    if (limit != INT64_MAX) text += " LIMIT " + std::to_string(limit);
    return text;
}

void Rows::bind(Statement& statement) const {
    int at = 0;
    for (Value const& value : values) value.bind(statement, ++at);
}

void Rows::add(std::string const& condition) {
    where += (where.empty() ? "" : " AND ") + condition;
}

void Rows::add(Scan const& scan, char const* comparison, bool with_tracking,
               Position const& position) {
    std::string marks;
    for (Value const& value : position) {
        values.push_back(value);
        marks += (marks.empty() ? "?" : ", ?") + std::to_string(values.size());
    }
    add("(" + scan.position_list(with_tracking) + ") " + comparison + " (" + marks + ")");
}

}  // namespace weir::sqlite
