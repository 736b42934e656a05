#include "support/sqlite.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstdio>
#include <stdexcept>

namespace weir::test {

Sqlite::Sqlite(std::string const& path) {
    if (sqlite3_open(path.c_str(), &db_) != SQLITE_OK)
        throw std::runtime_error{path + ": " + sqlite3_errmsg(db_)};
    sqlite3_busy_timeout(db_, 10'000);
}

Sqlite::~Sqlite() { sqlite3_close(db_); }

std::vector<Record> Sqlite::rows(std::string const& sql) {
    std::vector<Record> rows;
    for (char const* at = sql.c_str(); *at;) {
        sqlite3_stmt* statement = nullptr;
        if (sqlite3_prepare_v2(db_, at, -1, &statement, &at) != SQLITE_OK)
            throw std::runtime_error{std::string{sqlite3_errmsg(db_)} + " in: " + sql};
        if (!statement) break;
        rows.clear();
        int status;
        while ((status = sqlite3_step(statement)) == SQLITE_ROW) {
            Record& record = rows.emplace_back();
            for (int i = 0; i < sqlite3_column_count(statement); ++i) {
                if (sqlite3_column_type(statement, i) == SQLITE_NULL) {
                    record.emplace_back();
                    continue;
                }
                if (sqlite3_column_type(statement, i) == SQLITE_FLOAT) {
                    char text[40];
                    std::snprintf(text, sizeof text, "%.17g", sqlite3_column_double(statement, i));
                    record.emplace_back(text);
                    continue;
                }
                auto const* bytes = static_cast<char const*>(sqlite3_column_blob(statement, i));
                auto const size = static_cast<std::size_t>(sqlite3_column_bytes(statement, i));
                record.emplace_back(size ? std::string{bytes, size} : std::string{});
            }
        }
        std::string const why = sqlite3_errmsg(db_);
        sqlite3_finalize(statement);
        if (status != SQLITE_DONE) throw std::runtime_error{why + " in: " + sql};
    }
    return rows;
}

std::string Sqlite::one(std::string const& sql) {
    std::vector<Record> const found = rows(sql);
    if (found.empty() || found[0].empty()) throw std::runtime_error{"no row: " + sql};
    return found[0][0].value_or("");
}

std::vector<std::string> Sqlite::tables() {
    std::vector<std::string> names;
    for (Record const& record :
         rows("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"))
        names.push_back(record[0].value_or(""));
    return names;
}

bool Sqlite::has_table(std::string const& name) {
    std::vector<std::string> const all = tables();
    return std::find(all.begin(), all.end(), name) != all.end();
}

}  // namespace weir::test
