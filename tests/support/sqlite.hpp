#pragma once

#include <string>
#include <vector>

#include "support/pg.hpp"

struct sqlite3;

namespace weir::test {

/// A connection to a SQLite file for tests to prepare and to look; makes the file.
class Sqlite {
public:
    explicit Sqlite(std::string const& path);
    Sqlite(Sqlite const&) = delete;
    Sqlite& operator=(Sqlite const&) = delete;
    ~Sqlite();

    /// Runs one or more statements; the rows of the last. Values as SQLite casts them to text,
    /// floats with 17 digits, blobs as their bytes. Throws what SQLite said.
    std::vector<Record> rows(std::string const& sql);
    void run(std::string const& sql) { rows(sql); }
    std::string one(std::string const& sql);
    /// The names of all tables, in order.
    std::vector<std::string> tables();
    bool has_table(std::string const& name);

private:
    sqlite3* db_ = nullptr;
};

/// Keeps a write transaction open on a file until it ends, so that others find it locked.
class SqliteLock {
public:
    explicit SqliteLock(std::string const& path) : db_{path} { db_.run("BEGIN EXCLUSIVE"); }
    void release() { db_.run("COMMIT"); }

private:
    Sqlite db_;
};

}  // namespace weir::test
