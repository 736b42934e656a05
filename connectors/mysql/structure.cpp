#include "structure.hpp"

#include "catalog.hpp"

namespace weir::mysql {
namespace {

constexpr char parts_sql[] =
    "SELECT TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, NON_UNIQUE, INDEX_TYPE, COLUMN_NAME, SUB_PART,"
    " COLLATION FROM information_schema.STATISTICS";
constexpr char foreign_keys_sql[] =
    "SELECT k.TABLE_SCHEMA, k.TABLE_NAME, k.CONSTRAINT_NAME, k.REFERENCED_TABLE_SCHEMA,"
    " k.REFERENCED_TABLE_NAME, r.DELETE_RULE, r.UPDATE_RULE, k.COLUMN_NAME,"
    " k.REFERENCED_COLUMN_NAME, c.IS_NULLABLE FROM information_schema.KEY_COLUMN_USAGE k"
    " JOIN information_schema.REFERENTIAL_CONSTRAINTS r ON r.CONSTRAINT_SCHEMA ="
    " k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME AND r.TABLE_NAME ="
    " k.TABLE_NAME JOIN information_schema.COLUMNS c ON c.TABLE_SCHEMA = k.TABLE_SCHEMA"
    " AND c.TABLE_NAME = k.TABLE_NAME AND c.COLUMN_NAME = k.COLUMN_NAME";

using Named = std::pair<std::string, std::string>;

/// One row for each part; those of an index stand together.
void read_parts(Answer const& from, std::map<Named, Json>& all) {
    for (std::size_t row = 0; row < from.rows(); ++row) {
        std::string const name = from.text(row, 2), type = from.text(row, 4);
        if (name == "PRIMARY") continue;
        Json& indexes = all[{from.text(row, 0), from.text(row, 1)}]["structure"]["indexes"];
        if (indexes.empty() || indexes.back()["name"] != name)
            indexes.push_back({{"name", name},
                               {"unique", from.number(row, 3) == 0},
                               {"type", type},
                               {"columns", Json::array()},
                               {"parts", Json::array()}});
        Json& index = indexes.back();
        Json part = Json::object();
        bool const is_column = !from.null(row, 5);
        if (is_column) part["column"] = from.text(row, 5);
        if (!from.null(row, 6)) part["length"] = from.number(row, 6);
        if (from.text(row, 7) == "D") part["descending"] = true;
        bool const is_plain =
            is_column && from.null(row, 6) && (type == "BTREE" || type == "HASH");
        if (!is_plain)
            index.erase("columns");
        else if (index.contains("columns"))
            index["columns"].push_back(from.text(row, 5));
        index["parts"].push_back(std::move(part));
    }
}

void read_foreign_keys(Answer const& from, std::map<Named, Json>& all) {
    for (std::size_t row = 0; row < from.rows(); ++row) {
        Json& meta = all[{from.text(row, 0), from.text(row, 1)}];
        Json &keys = meta["structure"]["foreign_keys"], &references = meta["references"];
        std::string const name = from.text(row, 2);
        std::string const stream = stream_name(from.text(row, 3), from.text(row, 4));
        if (keys.empty() || keys.back()["name"] != name) {
            keys.push_back({{"name", name},
                            {"stream", stream},
                            {"target", from.text(row, 4)},
                            {"columns", Json::array()},
                            {"references", Json::array()},
                            {"behind", " ON DELETE " + from.text(row, 5) + " ON UPDATE " +
                                           from.text(row, 6)}});
            references.push_back(
                {{"fields", Json::array()}, {"stream", stream}, {"nullable", false}});
        }
        keys.back()["columns"].push_back(from.text(row, 7));
        keys.back()["references"].push_back(from.text(row, 8));
        references.back()["fields"].push_back(from.text(row, 7));
        if (from.text(row, 9) == "YES") references.back()["nullable"] = true;
    }
}

}  // namespace

std::map<Named, Json> read_structure(Connection& connection,
                                         std::optional<NamePattern> const& pattern,
                                         Wait const& wait) {
    std::map<Named, Json> all;
    bool const folds = connection.folds_names();
    read_parts(connection.run(parts_sql +
                                    matching_sql(pattern, folds, "TABLE_SCHEMA", "TABLE_NAME") +
                                    " ORDER BY TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX",
                                wait),
                 all);
    read_foreign_keys(
        connection.run(foreign_keys_sql +
                           matching_sql(pattern, folds, "`k`.TABLE_SCHEMA", "`k`.TABLE_NAME") +
                           " ORDER BY k.TABLE_SCHEMA, k.TABLE_NAME, k.CONSTRAINT_NAME,"
                           " k.ORDINAL_POSITION",
                       wait),
        all);
    return all;
}

}  // namespace weir::mysql
