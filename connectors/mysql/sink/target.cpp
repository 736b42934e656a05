#include "target.hpp"

#include <algorithm>

#include "connectors/mysql/names.hpp"

namespace weir::mysql {
namespace {

constexpr char comment_intro[] = "weir ";

std::vector<std::string> sorted(std::vector<std::string> names) {
    for (std::string& name : names) name = folded(name);
    std::ranges::sort(names);
    return names;
}

void read_columns(Answer const& from, TargetTable& table) {
    for (std::size_t row = 0; row < from.rows(); ++row) {
        TargetColumn column;
        column.name = from.text(row, 0);
        column.type = from.text(row, 1);
        column.type_text = from.text(row, 2);
        column.scale = static_cast<std::int32_t>(from.number(row, 3));
        column.second_digits = static_cast<std::int32_t>(from.number(row, 4));
        column.not_null = from.text(row, 5) == "NO";
        std::string const extra = folded(from.text(row, 7));
        bool const is_counted = extra.find("auto_increment") != extra.npos;
        column.has_default = !from.null(row, 6) || is_counted;
        column.fills_null = column.not_null && (column.type == "timestamp" || is_counted);
        column.is_touched = extra.find("on update") != extra.npos;
        column.is_generated = extra.find("generated") != extra.npos &&
                              extra.find("default_generated") == extra.npos;
        column.collation = from.text(row, 8);
        table.columns.push_back(std::move(column));
    }
}

}  // namespace

std::string folded(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    return text;
}

std::string Seat::sql() const { return qualified(database, table); }

TargetColumn const* TargetTable::column(std::string_view name) const {
    std::string const wanted = folded(std::string{name});
    auto const found = std::ranges::find_if(
        columns, [&wanted](TargetColumn const& each) { return folded(each.name) == wanted; });
    return found == columns.end() ? nullptr : &*found;
}

bool TargetTable::has_key(std::vector<std::string> const& wanted) const {
    return std::ranges::any_of(
        keys, [&wanted](auto const& key) { return sorted(key) == sorted(wanted); });
}

std::string TargetTable::mark() const {
    return comment.starts_with(comment_intro) ? comment.substr(sizeof comment_intro - 1)
                                              : foreign_mark;
}

std::optional<TargetTable> look_at(Connection& connection, Seat const& seat, Wait const& wait) {
    std::string const which =
        " WHERE TABLE_SCHEMA = " + literal(seat.database) + " AND TABLE_NAME = " +
        literal(seat.table) +
        (connection.folds_names() ? "" : " AND BINARY TABLE_NAME = " + literal(seat.table));
    Answer const found = connection.run(
        "SELECT TABLE_TYPE, ENGINE, TABLE_COMMENT FROM information_schema.TABLES" + which, wait);
    if (found.rows() == 0) return std::nullopt;
    TargetTable table;
    table.is_view = found.text(0, 0) == "VIEW";
    table.engine = found.text(0, 1);
    table.comment = found.text(0, 2);
    read_columns(connection.run("SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, NUMERIC_SCALE,"
                                " DATETIME_PRECISION, IS_NULLABLE, COLUMN_DEFAULT, EXTRA,"
                                " COLLATION_NAME"
                                " FROM information_schema.COLUMNS" +
                                    which + " ORDER BY ORDINAL_POSITION",
                                wait),
                 table);
    Answer const indexes = connection.run(
        // An index on a part of a text tells less apart than the text does.
        "SELECT INDEX_NAME, IF(SUB_PART IS NULL, COLUMN_NAME, NULL)"
        " FROM information_schema.STATISTICS" + which +
            " AND NON_UNIQUE = 0 ORDER BY INDEX_NAME, SEQ_IN_INDEX",
        wait);
    std::string last;
    for (std::size_t row = 0; row < indexes.rows(); ++row) {
        if (row == 0 || indexes.text(row, 0) != last) table.keys.emplace_back();
        last = indexes.text(row, 0);
        table.keys.back().push_back(indexes.text(row, 1));
    }
    return table;
}

bool has_rows(Connection& connection, Seat const& seat, Wait const& wait) {
    return connection.run("SELECT 1 FROM " + seat.sql() + " LIMIT 1", wait).rows() > 0;
}

}  // namespace weir::mysql
