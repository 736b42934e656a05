#include "indexes.hpp"

#include <algorithm>
#include <set>

#include "names.hpp"
#include "table.hpp"

namespace weir::sqlite {
namespace {

std::set<std::string> folded_names(Database& db) {
    std::set<std::string> names;
    Statement statement = db.prepare("SELECT name FROM main.sqlite_schema");
    while (statement.step()) names.insert(folded(statement.text(0)));
    return names;
}

/// The columns of every index of the table, folded, in one text each.
std::set<std::string> indexed(Database& db, std::string const& table) {
    std::set<std::string> all;
    Statement statement = db.prepare(
        "SELECT group_concat(lower(c.name), char(0)) FROM pragma_index_list(?1) l,"
        " pragma_index_info(l.name) c WHERE l.partial = 0 GROUP BY l.name");
    statement.bind(1, std::string_view{table});
    while (statement.step()) all.insert(statement.text(0));
    return all;
}

}  // namespace

std::vector<std::string> add_indexes(Database* db, std::string const& table, Json const& indexes,
                                     bool dry_run) {
    std::vector<std::string> actions;
    std::set<std::string> names, there;
    if (db) names = folded_names(*db), there = indexed(*db, table);
    for (Json const& index : indexes) {
        std::string const name = index.at("name");
        if (!index.contains("columns")) {
            actions.push_back("index " + name + " of " + table +
                              " is left out: it is not of plain columns of all rows");
            continue;
        }
        std::string list, columns;
        for (Json const& each : index["columns"]) {
            std::string const column = each.get<std::string>();
            list += (list.empty() ? "" : ", ") + as_name(column);
            columns += (columns.empty() ? "" : std::string(1, '\0')) + folded(column);
        }
        if (!there.insert(columns).second) continue;
        // Names of indexes are those of tables too.
        std::string called = name;
        for (int i = 1; !names.insert(folded(called)).second; ++i)
            called = table + "_" + name + (i > 1 ? "_" + std::to_string(i) : "");
        std::string const sql = std::string{"CREATE "} +
                                (index.at("unique") == true ? "UNIQUE INDEX " : "INDEX ") +
                                "main." + as_name(called) + " ON " + as_name(table) + " (" + list +
                                ")";
        try {
            if (db && !dry_run) db->exec(sql);
        } catch (Error const& error) {
            if (error.status != WEIR_E_DATA && error.status != WEIR_E_SCHEMA) throw;
            throw Error{WEIR_E_SCHEMA, "the rows of " + table + " are all there, but index " +
                                           name + " cannot be made: " + error.message}
                .coded("sqlite.structure")
                .suggest("mend what it says and run again, or leave it out of --with");
        }
        actions.push_back("add index " + name + " to " + table);
    }
    return actions;
}

}  // namespace weir::sqlite
