#include "catalog.hpp"

#include <algorithm>
#include <map>

namespace weir::mysql {
namespace {

using TableName = std::pair<std::string, std::string>;

constexpr char primary[] = "PRIMARY";

/// Which rows of a table of information_schema belong to the streams that are asked for.
class Filter {
public:
    Filter(std::optional<NamePattern> const& pattern, bool folds)
        : pattern_{pattern}, folds_{folds} {}

    std::string condition(char const* database, char const* table) const {
        std::string out = std::string{" WHERE "} + database +
                          " NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')";
        if (pattern_) {
            match(out, database, pattern_->database);
            match(out, table, pattern_->table);
        }
        if (!pattern_ || !pattern_->exact())
            out += std::string{" AND "} + table + " NOT LIKE '\\_weir\\_%'";
        return out;
    }

private:
    void match(std::string& out, std::string const& column, NamePart const& part) const {
        if (part.wild) {
            out += " AND " + (folds_ ? column : "BINARY " + column) + " LIKE " + literal(part.like);
            return;
        }
        // The first alone spares the server a look at every table; it ignores case.
        out += " AND " + column + " = " + literal(part.text);
        if (!folds_) out += " AND BINARY " + column + " = " + literal(part.text);
    }

    std::optional<NamePattern> const& pattern_;
    bool folds_;
};

constexpr char tables_sql[] =
    "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, ENGINE, TABLE_ROWS"
    " FROM information_schema.TABLES";
constexpr char columns_sql[] =
    "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, IS_NULLABLE, DATA_TYPE, COLUMN_TYPE,"
    " NUMERIC_PRECISION, NUMERIC_SCALE, CHARACTER_SET_NAME, COLLATION_NAME, COLUMN_DEFAULT, EXTRA,"
    " PRIVILEGES FROM information_schema.COLUMNS";
constexpr char indexes_sql[] =
    "SELECT TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, NON_UNIQUE, COLUMN_NAME, SUB_PART"
    " FROM information_schema.STATISTICS";
constexpr char checks_sql[] =
    "SELECT CONSTRAINT_SCHEMA, TABLE_NAME, CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS";

constexpr char triggers_sql[] =
    "SELECT DISTINCT EVENT_OBJECT_SCHEMA, EVENT_OBJECT_TABLE FROM information_schema.TRIGGERS";
// Those of a replica, or of a member of a group, are threads of the server's own.
constexpr char elsewhere_of_mysql[] =
    "@@global.read_only <> 0 OR EXISTS (SELECT 1 FROM information_schema.PROCESSLIST WHERE USER ="
    " 'system user')";
constexpr char elsewhere_of_mariadb[] =
    "COALESCE((SELECT SUM(IF(VARIABLE_NAME LIKE 'SLAVE%', VARIABLE_VALUE IN ('ON') OR"
    " VARIABLE_VALUE > 0, VARIABLE_VALUE > 1)) FROM information_schema.GLOBAL_STATUS WHERE"
    " VARIABLE_NAME IN ('SLAVE_RUNNING', 'SLAVES_RUNNING', 'WSREP_CLUSTER_SIZE')), 0) > 0 OR"
    " (@@global.read_only <> 0 AND @@global.gtid_slave_pos <> '')";
// A year's two halves; a zone that the server does not know tells nothing.
constexpr char summer_time[] =
    "COALESCE(TIMESTAMPDIFF(MINUTE, CONVERT_TZ(y.winter, '+00:00', @@global.time_zone), y.winter)"
    " <> TIMESTAMPDIFF(MINUTE, CONVERT_TZ(y.summer, '+00:00', @@global.time_zone), y.summer), 0)"
    " FROM (SELECT CONCAT(YEAR(NOW()), '-01-15 12:00:00') AS winter,"
    " CONCAT(YEAR(NOW()), '-07-15 12:00:00') AS summer) AS y";

Writers writers_of(Connection& connection, Wait const& wait) {
    std::string const elsewhere =
        connection.is_mariadb() ? elsewhere_of_mariadb : elsewhere_of_mysql;
    Answer const found = connection.run("SELECT @@global.auto_increment_increment, " + elsewhere +
                                            ", " + summer_time,
                                        wait);
    Writers out;
    // The table is small, and refused to whom transactions are not shown.
    out.are_visible =
        !connection.execute("SELECT 1 FROM information_schema.INNODB_CMP LIMIT 1", wait);
    out.id_step = found.number(0, 0);
    out.are_elsewhere = found.number(0, 1) != 0;
    out.have_summer_time = found.number(0, 2) != 0;
    return out;
}

void read_triggers(Answer const& from, std::map<TableName, Table*> const& at) {
    for (std::size_t row = 0; row < from.rows(); ++row)
        if (auto const found = at.find({from.text(row, 0), from.text(row, 1)}); found != at.end())
            found->second->has_row_trigger = true;
}

SourceField field_from(Answer const& from, std::size_t row) {
    SourceField field;
    field.name = from.text(row, 2);
    field.nullable = from.text(row, 3) == "YES";
    field.type.name = from.text(row, 4);
    field.type.text = from.text(row, 5);
    field.type.is_unsigned = field.type.text.find("unsigned") != std::string::npos;
    if (field.type.name == "decimal") {
        field.type.precision = static_cast<std::int32_t>(from.number(row, 6));
        field.type.scale = static_cast<std::int32_t>(from.number(row, 7));
    }
    field.charset = from.text(row, 8);
    field.collation = from.text(row, 9);
    // MariaDB prints the default of a nullable column without one as the word.
    if (from.text(row, 10) != "NULL") field.default_expression = from.text(row, 10);
    field.extra = from.text(row, 11);
    std::ranges::transform(field.extra, field.extra.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    field.readable = from.text(row, 12).find("select") != std::string::npos;
    return field;
}

void read_fields(Answer const& from, std::map<TableName, Table*> const& at) {
    for (std::size_t row = 0; row < from.rows(); ++row)
        if (auto const found = at.find({from.text(row, 0), from.text(row, 1)}); found != at.end())
            found->second->fields.push_back(field_from(from, row));
}

void read_indexes(Answer const& from, std::map<TableName, Table*> const& at) {
    for (std::size_t row = 0; row < from.rows(); ++row) {
        auto const found = at.find({from.text(row, 0), from.text(row, 1)});
        if (found == at.end()) continue;
        std::vector<SourceIndex>& indexes = found->second->indexes;
        std::string const name = from.text(row, 2);
        if (indexes.empty() || indexes.back().name != name)
            indexes.push_back({name, from.number(row, 3) == 0, {}});
        // A prefix tells no rows apart, and an expression is no column.
        if (from.null(row, 4) || !from.null(row, 5)) indexes.back().unique = false;
        indexes.back().columns.push_back(from.text(row, 4));
    }
}

/// MariaDB's JSON is a longtext with a CHECK.
void read_checks(Answer const& from, std::map<TableName, Table*> const& at) {
    for (std::size_t row = 0; row < from.rows(); ++row) {
        auto const found = at.find({from.text(row, 0), from.text(row, 1)});
        if (found == at.end()) continue;
        for (SourceField& field : found->second->fields)
            if (field.type.name == "longtext" &&
                from.text(row, 2) == "json_valid(" + identifier(field.name) + ")")
                field.type.name = field.type.text = "json";
    }
}

}  // namespace

std::string matching_sql(std::optional<NamePattern> const& pattern, bool folds,
                         char const* database, char const* table) {
    return Filter{pattern, folds}.condition(database, table);
}

Field SourceField::field() const {
    Field out{name, type_of(type), nullable, type.text};
    if (out.type == Type::decimal) {
        out.precision = type.precision;
        out.scale = type.scale;
    }
    if (is_interval) return {name, Type::opaque, nullable, "interval", 0, 0, "postgres"};
    if (zero_is_null) out.nullable = true;
    // MariaDB's JSON has a collation, since it is the text as it was written, as everywhere else;
    // MySQL's is a type of its own.
    if (out.type != Type::json || collation.empty()) out.vendor = "mysql";
    // Which texts are equal is a part of the type: a key elsewhere must tell the same ones apart.
    if (!collation.empty() && out.type == Type::utf8) out.source_type += " COLLATE " + collation;
    return out;
}

SourceField const* Table::find(std::string_view field) const {
    auto const found = std::ranges::find(fields, field, &SourceField::name);
    return found == fields.end() ? nullptr : &*found;
}

bool Table::is_readable() const {
    return std::ranges::any_of(fields, [](SourceField const& field) { return field.readable; });
}

std::vector<Table> read_tables(Connection& connection, std::optional<NamePattern> const& pattern,
                               Wait const& wait) {
    Filter const filter{pattern, connection.folds_names()};
    std::string const mine = filter.condition("TABLE_SCHEMA", "TABLE_NAME");
    Answer const found = connection.run(
        tables_sql + mine + " AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED', 'VIEW')"
                            " ORDER BY TABLE_SCHEMA, TABLE_NAME",
        wait);
    std::vector<Table> tables(found.rows());
    std::map<TableName, Table*> at;
    for (std::size_t row = 0; row < found.rows(); ++row) {
        Table& table = tables[row];
        table.database = found.text(row, 0);
        table.name = found.text(row, 1);
        table.is_view = found.text(row, 2) == "VIEW";
        table.engine = found.text(row, 3);
        if (!found.null(row, 4)) table.rows = found.number(row, 4);
        at[{table.database, table.name}] = &table;
    }
    read_fields(connection.run(columns_sql + mine + " ORDER BY TABLE_SCHEMA, TABLE_NAME,"
                                                    " ORDINAL_POSITION",
                               wait),
                at);
    read_indexes(connection.run(indexes_sql + mine + " ORDER BY TABLE_SCHEMA, TABLE_NAME,"
                                                     " INDEX_NAME, SEQ_IN_INDEX",
                                wait),
                 at);
    read_triggers(
        connection.run(triggers_sql + filter.condition("EVENT_OBJECT_SCHEMA",
                                                       "EVENT_OBJECT_TABLE") +
                           " AND ACTION_TIMING = 'BEFORE'",
                       wait),
        at);
    Writers const writers = writers_of(connection, wait);
    for (Table& table : tables) table.writers = writers;
    if (connection.is_mariadb())
        read_checks(
            connection.run(checks_sql + filter.condition("CONSTRAINT_SCHEMA", "TABLE_NAME") +
                               " AND CHECK_CLAUSE LIKE 'json\\_valid(%'",
                           wait),
            at);
    return tables;
}

std::vector<std::vector<std::string>> keys_of(Table const& table) {
    std::vector<std::vector<std::string>> keys;
    for (SourceIndex const& index : table.indexes) {
        bool const fits = index.unique && std::ranges::all_of(
                                              index.columns, [&table](std::string const& column) {
                                                  SourceField const* const field =
                                                      table.find(column);
                                                  return field && !field->nullable &&
                                                         fits_key(field->type);
                                              });
        if (fits) keys.insert(index.name == primary ? keys.begin() : keys.end(), index.columns);
    }
    return keys;
}

std::string key_note(SourceField const& field) {
    Type const type = type_of(field.type);
    if (type == Type::float32 || type == Type::float64)
        return "key \"" + field.name + "\" is a float: equal numbers only if their bits are equal";
    if (type == Type::utf8 && !field.collation.empty() && !field.is_binary_sorted())
        return "key \"" + field.name + "\" takes texts that " + field.collation +
               " calls equal for one; a sink that compares bytes takes them for two";
    return {};
}

}  // namespace weir::mysql
