// The contract suite on the connectors that come with Weir. What is peculiar to one of them is
// tested in its own folder.
#include "support/connectors.hpp"
#include "support/postgres_server.hpp"
#include "support/sqlite.hpp"
#include "weir/testkit/suite.hpp"

namespace weir::test {

using testkit::Json;
using testkit::Sample;

class GeneratorQuirks : public testkit::Quirks {
public:
    std::string library() override { return connector_path("generator"); }
    Json config() override { return {{"url", "generator:rows=" + std::to_string(rows_)}}; }
    std::vector<Json> broken_configs() override {
        return {{{"url", "generator:rows=some"}}, {{"url", "generator:rows=1,colour=red"}}};
    }
    Sample make(std::int64_t rows, std::int64_t) override {
        rows_ = rows;
        return {"users", {"id"}, "id"};
    }

private:
    std::int64_t rows_ = 3;
};

class PostgresQuirks : public testkit::Quirks {
public:
    std::string library() override { return connector_path("postgres"); }
    Json config() override { return {{"url", server_.url(database_)}}; }
    std::vector<std::string> secrets() override { return {PostgresServer::password, "wr0ng-Pa55"}; }
    std::vector<Json> broken_configs() override {
        std::string const closed = std::to_string(free_port());
        std::string const secret = PostgresServer::password;
        return {{{"url", server_.url_as("weir", "wr0ng-Pa55", database_)}},
                {{"url", server_.url("no_such_database")}},
                {{"url", "postgres://weir:" + secret + "@127.0.0.1:" + closed + "/db"}},
                {{"url", "postgres://weir:" + secret + "@no-such-host.invalid/db"}},
                {{"url", server_.url(database_) + "?sslmode=sometimes"}}};
    }
    Sample make(std::int64_t rows, std::int64_t ties) override {
        Pg db = server_.connect_as_owner(database_);
        db.run(
            "CREATE TABLE people (id bigint PRIMARY KEY, name text, "
            "updated_at timestamptz NOT NULL);"
            "INSERT INTO people SELECT i, CASE WHEN i % 5 = 0 THEN NULL ELSE 'n' || i END, "
            "timestamptz '2024-01-01 00:00Z' + (i / " +
            std::to_string(ties) + ") * interval '1 second' FROM generate_series(0, " +
            std::to_string(rows - 1) + ") i ORDER BY i % 7");
        return {"public.people", {"id"}, "updated_at"};
    }
    std::vector<Record> content(std::string const& target) override {
        return db().rows("SELECT * FROM " + target + " ORDER BY 1");
    }
    bool exists(std::string const& target) override {
        return db().one("SELECT to_regclass(" + quoted(target) + ") IS NOT NULL") == "t";
    }
    void drop(std::string const& target) override { db().run("DROP TABLE " + target); }

private:
    Pg db() const { return server_.connect_as_owner(database_); }

    PostgresServer& server_ = PostgresServer::shared();
    std::string const database_ = server_.fresh();
};

class SqliteQuirks : public testkit::Quirks {
public:
    std::string library() override { return connector_path("sqlite"); }
    Json config() override { return {{"url", "sqlite:" + path_}}; }
    std::vector<Json> broken_configs() override {
        write_file(directory_ / "text.db", "this is a letter, not a database, and long enough");
        return {{{"url", "sqlite:" + (directory_ / "no/such/folder/a.db")}},
                {{"url", "sqlite:" + directory_.path().string()}},
                {{"url", "sqlite:" + (directory_ / "text.db")}}};
    }
    Sample make(std::int64_t rows, std::int64_t ties) override {
        Sqlite db{path_};
        db.run(
            "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, updated_at INTEGER NOT "
            "NULL)");
        if (rows > 0)
            db.run("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < " +
                   std::to_string(rows - 1) +
                   ") INSERT INTO people SELECT i, iif(i % 5 = 0, NULL, 'n' || i), i / " +
                   std::to_string(ties) + " FROM n ORDER BY i % 7");
        return {"people", {"id"}, "updated_at"};
    }
    std::vector<Record> content(std::string const& target) override {
        return Sqlite{path_}.rows("SELECT * FROM \"" + target + "\" ORDER BY 1");
    }
    bool exists(std::string const& target) override {
        return std::filesystem::exists(path_) && Sqlite{path_}.has_table(target);
    }
    void drop(std::string const& target) override {
        Sqlite{path_}.run("DROP TABLE \"" + target + "\"");
    }

private:
    TempDir directory_;
    std::string const path_ = directory_ / "a.db";
};

}  // namespace weir::test

WEIR_TEST_MODULE(Generator, weir::test::GeneratorQuirks);
WEIR_TEST_SOURCE(Generator, weir::test::GeneratorQuirks);
WEIR_TEST_CONNECTOR(Postgres, weir::test::PostgresQuirks);
WEIR_TEST_CONNECTOR(Sqlite, weir::test::SqliteQuirks);
