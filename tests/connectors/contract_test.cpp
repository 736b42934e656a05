// The contract suite on the connectors that come with Weir. What is peculiar to one of them is
// tested in its own folder.
#include "support/connectors.hpp"
#include "support/mariadb_server.hpp"
#include "support/postgres_server.hpp"
#include "support/sqlite.hpp"
#include "weir/testkit/suite.hpp"

namespace weir::test {

using testkit::Json;
using testkit::Known;
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
    Known make_extremes() override {
        Pg db = this->db();
        db.run(
            "SET TimeZone = 'UTC'; CREATE TABLE extremes (id int PRIMARY KEY, b boolean,"
            " s smallint, i int,"
            " l bigint, r real, d double precision, t text, x bytea, u uuid, n numeric,"
            " dt date, ts timestamp, tz timestamptz);"
            "INSERT INTO extremes VALUES"
            " (1, false, -32768, -2147483648, -9223372036854775808, '-3.4028235e38',"
            " '-1.7976931348623157e308', '', '', '00000000-0000-0000-0000-000000000000', '-1e-20',"
            " '4713-01-01 BC', '4713-01-01 BC', '4713-01-01 BC'),"
            " (2, true, 32767, 2147483647, 9223372036854775807, 'infinity', '1e-323', E'\\x01é😀',"
            " '\\x00ff', 'ffffffff-ffff-ffff-ffff-ffffffffffff', '1e40',"
            " '9999-12-31', '9999-12-31 23:59:59.999999', '9999-12-31 23:59:59.999999'),"
            " (3, true, 0, 0, 0, '-0', 'nan', ' ', ' ', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',"
            " '0.10', '1970-01-01', '1969-12-31 23:59:59.999999', '1970-01-01 00:00:00.000001');"
            "INSERT INTO extremes (id) VALUES (4)");
        std::string const days = " - date '1970-01-01')::text, ";
        auto const micros = [](std::string const& field) {
            return "(extract(epoch FROM " + field + ") * 1000000)::bigint";
        };
        Known known{{"public.extremes", {"id"}, "id"},
                    {{"1", "false", "-32768", "-2147483648", "-9223372036854775808",
                      "-3.4028234663852886e+38", "-1.7976931348623157e+308", "", "",
                      std::string(32, '0'), "-0.00000000000000000001"},
                     {"2", "true", "32767", "2147483647", "9223372036854775807", "inf",
                      "9.8813129168249309e-324", "\x01é😀", {std::string{"\0\xff", 2}},
                      std::string(32, 'f'), "1" + std::string(40, '0')},
                     {"3", "true", "0", "0", "0", "-0", "nan", " ", " ",
                      "a0eebc999c0b4ef8bb6d6bb9bd380a11", "0.10"},
                     Record(11)}};
        known.records[3][0] = "4";
        std::vector<Record> const times = db.rows("SELECT (dt" + days + micros("ts") + ", " +
                                                  micros("tz") + " FROM extremes ORDER BY id");
        for (std::size_t i = 0; i < times.size(); ++i)
            known.records[i].insert(known.records[i].end(), times[i].begin(), times[i].end());
        return known;
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

class MysqlQuirks : public testkit::Quirks {
public:
    std::string library() override { return connector_path("mysql"); }
    Json config() override { return {{"url", server_.url(database_)}}; }
    std::vector<std::string> secrets() override { return {MariadbServer::password, "wr0ng-Pa55"}; }
    std::vector<Json> broken_configs() override {
        std::string const closed = std::to_string(free_port());
        std::string const secret = MariadbServer::password;
        return {{{"url", server_.url_as("weir", "wr0ng-Pa55", database_)}},
                {{"url", server_.url("no_such_database")}},
                {{"url", "mysql://weir:" + secret + "@127.0.0.1:" + closed + "/db"}},
                {{"url", "mysql://weir:" + secret + "@no-such-host.invalid/db"}},
                {{"url", server_.url(database_) + "?sslmode=sometimes"}}};
    }
    Sample make(std::int64_t rows, std::int64_t ties) override {
        My db = this->db();
        db.run(
            "CREATE TABLE people (id bigint PRIMARY KEY, name text, "
            "updated_at datetime(6) NOT NULL)");
        if (rows > 0)
            db.run("INSERT INTO people SELECT seq, IF(seq % 5 = 0, NULL, CONCAT('n', seq)), "
                   "DATE_ADD('2024-01-01', INTERVAL seq DIV " +
                   std::to_string(ties) + " SECOND) FROM seq_0_to_" + std::to_string(rows - 1) +
                   " ORDER BY seq % 7");
        return {database_ + ".people", {"id"}, "updated_at"};
    }
    Known make_extremes() override {
        My db = this->db();
        db.run(
            "CREATE TABLE extremes (id int PRIMARY KEY, t tinyint, m mediumint, l bigint,"
            " u bigint unsigned, r float, d double, n decimal(65,30), s varchar(9), x varbinary(9),"
            " dt date, ts datetime(6))");
        db.run(
            "INSERT INTO extremes VALUES"
            " (1, -128, -8388608, -9223372036854775808, 0, -3.4028234663852886e38,"
            " -1.7976931348623157e308, -99999999999999999999999999999999999.9999999999999999999999"
            "99999999, '', '', '0001-01-01', '0001-01-01'),"
            " (2, 127, 8388607, 9223372036854775807, 18446744073709551615, 1e-45, 1e-323,"
            " 0.000000000000000000000000000001, 'é😀', x'00ff', '9999-12-31',"
            " '9999-12-31 23:59:59.999999'), (3, 0, 0, 0, 1, 0.1, 0.1, 0, ' ', ' ', '1970-01-01',"
            " '1969-12-31 23:59:59.999999')");
        db.run("INSERT INTO extremes (id) VALUES (4)");
        Known known{{database_ + ".extremes", {"id"}, "id"},
                    {{"1", "-128", "-8388608", "-9223372036854775808", "0",
                      "-3.4028234663852886e+38", "-1.7976931348623157e+308",
                      "-" + std::string(35, '9') + "." + std::string(30, '9'), "", ""},
                     {"2", "127", "8388607", "9223372036854775807", "18446744073709551615",
                      "1.4012984643248171e-45", "9.8813129168249309e-324",
                      "0." + std::string(29, '0') + "1", "é😀", {std::string{"\0\xff", 2}}},
                     {"3", "0", "0", "0", "1", "0.10000000149011612", "0.10000000000000001",
                      "0." + std::string(30, '0'), " ", " "},
                     Record(10)}};
        known.records[3][0] = "4";
        std::vector<Record> const times =
            db.rows("SELECT DATEDIFF(dt, '1970-01-01'), TIMESTAMPDIFF(MICROSECOND, '1970-01-01',"
                    " ts) FROM extremes ORDER BY id");
        for (std::size_t i = 0; i < times.size(); ++i)
            known.records[i].insert(known.records[i].end(), times[i].begin(), times[i].end());
        return known;
    }
    std::vector<Record> content(std::string const& target) override {
        return db().rows("SELECT * FROM " + target + " ORDER BY 1");
    }
    bool exists(std::string const& target) override {
        return db().one("SELECT count(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = '" +
                        database_ + "' AND TABLE_NAME = " + quoted(target)) == "1";
    }
    void drop(std::string const& target) override { db().run("DROP TABLE " + target); }

private:
    My db() const { return server_.connect_as_owner(database_); }

    MariadbServer& server_ = MariadbServer::shared();
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
    Known make_extremes() override {
        Sqlite{path_}.run(
            "CREATE TABLE extremes (id INTEGER PRIMARY KEY, i INTEGER, r REAL, t TEXT, b BLOB);"
            "INSERT INTO extremes VALUES"
            " (1, -9223372036854775807 - 1, -1.7976931348623157e308, '', x''),"
            " (2, 9223372036854775807, 4.9406564584124654e-324, 'é😀' || char(0) || 'x', x'00ff'),"
            " (3, 0, 1e999, ' ', x'20'), (4, NULL, NULL, NULL, NULL)");
        return {{"extremes", {"id"}, "id"},
                {{"1", "-9223372036854775808", "-1.7976931348623157e+308", "", ""},
                 {"2", "9223372036854775807", "4.9406564584124654e-324",
                  "é😀" + std::string{"\0x", 2}, {std::string{"\0\xff", 2}}},
                 {"3", "0", "inf", " ", " "},
                 {"4", {}, {}, {}, {}}}};
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
WEIR_TEST_CONNECTOR(Mysql, weir::test::MysqlQuirks);
WEIR_TEST_CONNECTOR(Postgres, weir::test::PostgresQuirks);
WEIR_TEST_CONNECTOR(Sqlite, weir::test::SqliteQuirks);
WEIR_TEST_PARTS(Postgres, weir::test::PostgresQuirks);
WEIR_TEST_SWEEP(Mysql, weir::test::MysqlQuirks);
WEIR_TEST_SWEEP(Postgres, weir::test::PostgresQuirks);
WEIR_TEST_SWEEP(Sqlite, weir::test::SqliteQuirks);
