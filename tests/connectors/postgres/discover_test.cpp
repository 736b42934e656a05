#include <chrono>
#include <cstdlib>

#include "postgres_test.hpp"

namespace weir::test {
namespace {

class PostgresDiscover : public PostgresTest {
protected:
    std::vector<std::string> names(char const* pattern) {
        std::vector<std::string> out;
        for (testkit::FoundStream const& stream : source_->discover(pattern))
            out.push_back(stream.name);
        return out;
    }
    std::string identity(Json const& config) {
        return testkit::SourceInstance{host_, plugin_.component(), config}.describe()["identity"];
    }
};

using Names = std::vector<std::string>;

TEST_F(PostgresDiscover, FindsWhatCanBeReadAndNothingElse) {
    owner_.run(
        "CREATE TABLE users (id int); CREATE VIEW v AS SELECT 1 AS a; CREATE SEQUENCE s;"
        "CREATE MATERIALIZED VIEW m AS SELECT 1 AS a; CREATE TYPE pair AS (a int);"
        "CREATE TABLE log (at date) PARTITION BY RANGE (at);"
        "CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');"
        "CREATE INDEX i ON users (id); CREATE SCHEMA shop; CREATE TABLE shop.users (id int);"
        "CREATE TEMP TABLE gone (id int)");
    EXPECT_EQ(names(nullptr),
              (Names{"public.log", "public.m", "public.users", "public.v", "shop.users"}));
    EXPECT_EQ(names("public.*"), (Names{"public.log", "public.m", "public.users", "public.v"}));
    EXPECT_EQ(names("*.users"), (Names{"public.users", "shop.users"}));
    EXPECT_EQ(names("users"), (Names{"public.users"}));
    EXPECT_EQ(names("user?"), (Names{"public.users"}));
    EXPECT_EQ(names("public.log_1"), (Names{"public.log_1"}));
    EXPECT_EQ(names("public.log_?"), (Names{}));
    EXPECT_EQ(names("public.user"), (Names{}));
    EXPECT_EQ(names("pg_catalog.*"), (Names{}));
    EXPECT_EQ(names("\"open"), (Names{}));
}

TEST_F(PostgresDiscover, WildcardsAreLiteralInQuotes) {
    owner_.run(R"(CREATE TABLE "a*" (i int); CREATE TABLE "a.b" (i int); CREATE TABLE ab (i int);
        CREATE TABLE "a%" (i int); CREATE TABLE "a_b" (i int); CREATE TABLE "a\b" (i int);
        CREATE TABLE "A b" (i int); CREATE TABLE "Ab" (i int); CREATE TABLE "q""q" (i int))");
    EXPECT_EQ(names(R"(public."a*")"), (Names{R"(public."a*")"}));
    EXPECT_EQ(names(R"("a.b")"), (Names{R"(public."a.b")"}));
    EXPECT_EQ(names("a%"), (Names{"public.a%"}));
    EXPECT_EQ(names("a_b"), (Names{"public.a_b"}));
    EXPECT_EQ(names("a?b*"), (Names{R"(public."a.b")", "public.a\\b", "public.a_b"}));
    EXPECT_EQ(names("Ab"), (Names{"public.Ab"}));
    EXPECT_EQ(names(R"("A b")"), (Names{R"(public."A b")"}));
    EXPECT_EQ(names(R"("q""q")"), (Names{R"(public."q""q")"}));
}

TEST_F(PostgresDiscover, NamesKeysThatHoldForEveryRow) {
    owner_.run(
        "CREATE EXTENSION citext; CREATE TABLE t (a int NOT NULL, b int NOT NULL, c int, d int NOT "
        "NULL UNIQUE,"
        " e int NOT NULL UNIQUE DEFERRABLE, f int NOT NULL, g citext NOT NULL UNIQUE, h jsonb NOT "
        "NULL UNIQUE,"
        " PRIMARY KEY (b, a));"
        "CREATE UNIQUE INDEX ON t (c); CREATE UNIQUE INDEX ON t (f) WHERE f > 0;"
        "CREATE UNIQUE INDEX ON t ((f + 1)); CREATE UNIQUE INDEX ON t (f, a) INCLUDE (b); CREATE "
        "INDEX ON t (f);"
        "CREATE TABLE parent (id int PRIMARY KEY); CREATE TABLE child () INHERITS (parent);"
        "CREATE TABLE p (id int, PRIMARY KEY (id)) PARTITION BY HASH (id)");
    EXPECT_EQ(discover_one("t").meta["keys"], Json::parse(R"([["b","a"],["d"],["g"],["f","a"]])"));
    EXPECT_NE(discover_one("t").meta["caveats"].dump().find("\\\"g\\\" (citext)"),
              std::string::npos);
    EXPECT_EQ(discover_one("parent").meta["keys"], Json::array());
    EXPECT_EQ(discover_one("p").meta["keys"], Json::parse(R"([["id"]])"));
}

TEST_F(PostgresDiscover, RanksTrackingFieldsWithReasons) {
    owner_.run(
        "CREATE TABLE t (id bigserial PRIMARY KEY, created_at timestamptz NOT NULL DEFAULT now(),"
        " updated_at timestamptz NOT NULL DEFAULT now(), seen timestamp, amount int, born date, "
        "name text);"
        "CREATE INDEX ON t (updated_at, id);"
        "CREATE TABLE c (id bigint GENERATED ALWAYS AS IDENTITY (CACHE 50) PRIMARY KEY, loose int "
        "UNIQUE)");
    Json const tracking = discover_one("t").meta["tracking"];
    Names fields;
    for (Json const& each : tracking) fields.push_back(each["field"]);
    EXPECT_EQ(fields, (Names{"updated_at", "created_at", "id", "seen", "born"}));
    EXPECT_EQ(tracking[0]["type"], "timestamp with time zone");
    EXPECT_EQ(tracking[0]["notes"][0], "indexed");
    std::string const seen = tracking[3]["notes"].dump();
    for (char const* note : {"not indexed", "nullable", "set by the application", "no time zone"})
        EXPECT_NE(seen.find(note), std::string::npos) << note << seen;
    EXPECT_NE(discover_one("c").meta["tracking"].dump().find("a sequence with a cache"),
              std::string::npos);
}

TEST_F(PostgresDiscover, SaysWhatPollingMisses) {
    owner_.run("CREATE TABLE t (id int, at timestamptz)");
    std::string const caveats = discover_one("t").meta["caveats"].dump();
    EXPECT_NE(caveats.find("polling sees no deletes"), std::string::npos);
    EXPECT_NE(caveats.find("dated in the future waits"), std::string::npos);
}

TEST_F(PostgresDiscover, TellsFieldsTargetAndEstimate) {
    owner_.run(
        "CREATE TABLE t (id int NOT NULL, n numeric(10,2), v varchar(9)[], dropped int);"
        "ALTER TABLE t DROP dropped; INSERT INTO t SELECT generate_series(1, 1000)");
    EXPECT_FALSE(discover_one("t").meta.contains("rows"));
    owner_.run("ANALYZE t");
    testkit::FoundStream const found = discover_one("t");
    EXPECT_EQ(found.modes, std::uint32_t{WEIR_READ_FULL | WEIR_READ_DELTA});
    EXPECT_EQ(found.meta["rows"], 1000);
    EXPECT_EQ(found.meta["target"], "t");
    EXPECT_EQ(found.meta["fields"],
              Json::parse(R"j([{"name":"id","type":"integer","nullable":false},
        {"name":"n","type":"numeric(10,2)","nullable":true
},
        {"name":"v","type":"character varying(9)[]","nullable":true}])j"));
    ASSERT_EQ(found.fields.size(), 3u);
    EXPECT_EQ(found.fields[1].extension, "weir.numeric");
}

TEST_F(PostgresDiscover, SumsThePartitions) {
    owner_.run(
        "CREATE TABLE p (id int) PARTITION BY RANGE (id);"
        "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (100);"
        "CREATE TABLE p2 PARTITION OF p DEFAULT; INSERT INTO p SELECT generate_series(1, 1000); "
        "ANALYZE p");
    EXPECT_EQ(discover_one("p").meta["rows"], 1000);
}

TEST_F(PostgresDiscover, WorksForWhoeverMaySelect) {
    admin(
        "CREATE ROLE reader LOGIN PASSWORD 'reader-pw'; CREATE TABLE t (id serial PRIMARY KEY, v "
        "int);"
        "INSERT INTO t (v) VALUES (1); GRANT SELECT ON t TO reader; CREATE TABLE other (id int)");
    source_ = connect(server_.url_as("reader", "reader-pw", database_));
    EXPECT_EQ(names(nullptr), (Names{"public.other", "public.t"}));
    EXPECT_EQ(read({.stream = "public.t", .select = {{"key", {"id"}}}}).size(), 1u);
    source_.reset();
    admin("DROP OWNED BY reader; DROP ROLE reader");
}

TEST_F(PostgresDiscover, AsksTheCatalogOnceWhateverTheNumberOfTables) {
    for (int i = 0; i < 200; ++i)
        owner_.run("CREATE TABLE t" + std::to_string(i) +
                   " (id serial PRIMARY KEY, at timestamptz DEFAULT now())");
    EXPECT_EQ(source_->discover().size(), 200u);
}

TEST_F(PostgresDiscover, DefaultsOfAWideTableCostWhatItsColumnsCost) {
    auto const seconds = [&](std::string const& table, std::string const& more) {
        std::string columns;
        for (int i = 0; i < 1500; ++i)
            columns += (i ? ", c" : "c") + std::to_string(i) + " int" + more;
        owner_.run("CREATE TABLE " + table + " (" + columns + ")");
        auto const began = std::chrono::steady_clock::now();
        EXPECT_EQ(discover_one(table).meta["fields"].size(), 1500u);
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    };
    double const plain = seconds("plain", ""), full = seconds("defaults", " DEFAULT 7");
    EXPECT_LT(full, 10 * plain + 1) << "columns with defaults: " << full << " s, without " << plain;
}

TEST_F(PostgresDiscover, IdentityIsTheServerHoweverItIsSpelled) {
    Json const base{{"url", "postgres://u:p@Db.Example:5432/shop"}};
    std::string const expected = "postgres://db.example:5432/shop";
    EXPECT_EQ(identity(base), expected);
    EXPECT_EQ(identity({{"url", "postgresql://db.example/shop?user=x&password=y"}}), expected);
    EXPECT_EQ(identity({{"url", "postgres://other@DB.EXAMPLE/shop?sslmode=require"}}), expected);
    EXPECT_EQ(
        identity({{"host", "db.example"}, {"database", "shop"}, {"user", "u"}, {"password", "p"}}),
        expected);
    EXPECT_EQ(identity({{"url", "postgres://[2001:db8:0::1]:5433/d"}}),
              "postgres://[2001:db8::1]:5433/d");
    for (char const* here : {"localhost", "LOCALHOST", "127.0.0.1", "127.1", "[::1]", "[0:0::1]"})
        EXPECT_EQ(identity({{"url", "postgres://" + std::string{here} + ":5433/d"}}),
                  "postgres://localhost:5433/d")
            << here;
    EXPECT_EQ(identity({{"url", "postgres://127.0.0.2/d"}}), "postgres://127.0.0.2:5432/d");
    EXPECT_EQ(identity({{"url", "postgres://a:1,b:2/d"}}), "postgres://a:1,b:2/d");
    EXPECT_EQ(identity({{"url", "postgres:///d?host=/var/run/x/"}}),
              "postgres://%2Fvar%2Frun%2Fx:5432/d");
    EXPECT_EQ(identity({{"url", "postgres://u@h/"}}), "postgres://h:5432/u");
    EXPECT_EQ(identity({{"url", "postgres://h/a%20b"}}), "postgres://h:5432/a%20b");
    setenv("PGHOST", "Env.Example", 1);
    setenv("PGPORT", "6000", 1);
    EXPECT_EQ(identity({{"url", "postgres:///d"}}), "postgres://env.example:6000/d");
    unsetenv("PGHOST");
    unsetenv("PGPORT");
}

TEST_F(PostgresDiscover, ConnectsInEveryWay) {
    std::string const port = std::to_string(server_.port());
    TempDir directory;
    std::string const passfile = directory / "pgpass";
    write_file(passfile, "*:*:*:weir:" + std::string{PostgresServer::password} + "\n");
    ASSERT_EQ(chmod(passfile.c_str(), 0600), 0);
    EXPECT_TRUE(connect(server_.socket_url(database_))->discover().empty());
    EXPECT_TRUE(
        connect("postgres://weir@localhost:" + port + "/" + database_ + "?passfile=" + passfile)
            ->discover()
            .empty());
    Json const parts{{"host", "127.0.0.1"},
                     {"port", server_.port()},
                     {"user", "weir"},
                     {"password", PostgresServer::password},
                     {"database", database_}};
    EXPECT_TRUE((testkit::SourceInstance{host_, plugin_.component(), parts}.discover().empty()));
    setenv("PGPASSWORD", PostgresServer::password, 1);
    EXPECT_TRUE(connect("postgres://weir@127.0.0.1:" + port + "/" + database_)->discover().empty());
    unsetenv("PGPASSWORD");
}

TEST_F(PostgresDiscover, NamesWithoutASchemaLieInTheOneThatIsSaid) {
    owner_.run(
        "CREATE SCHEMA \"my_shop\"; CREATE TABLE my_shop.users (id int PRIMARY KEY);"
        "CREATE TABLE public.users (id int PRIMARY KEY, name text);"
        "INSERT INTO my_shop.users VALUES (7)");
    Json parts{{"host", "127.0.0.1"},   {"port", server_.port()},
               {"user", "weir"},        {"password", PostgresServer::password},
               {"database", database_}, {"schema", "my_shop"}};
    testkit::SourceInstance inside{host_, plugin_.component(), parts};
    std::vector<testkit::FoundStream> const found = inside.discover("users");
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].name, "my_shop.users");
    EXPECT_EQ(firsts(inside.open({.stream = "users"}).rest()), std::vector<std::string>{"7"});
    EXPECT_EQ(inside.discover("public.users").size(), 1u);
    EXPECT_EQ(connect(server_.url(database_))->discover("users")[0].name, "public.users");
}

TEST_F(PostgresDiscover, ConnectsOverIPv6) {
    PostgresServer server{{"listen_addresses = '127.0.0.1, ::1'"}};
    std::string const database = server.fresh();
    EXPECT_TRUE(connect("postgres://weir:" + std::string{PostgresServer::password} +
                        "@[::1]:" + std::to_string(server.port()) + "/" + database)
                    ->discover()
                    .empty());
}

TEST_F(PostgresDiscover, APasswordOfOddCharactersLogsIn) {
    admin("CREATE ROLE odd LOGIN PASSWORD 'p@:/% #?&'");
    auto odd = connect("postgres://odd:p%40%3A%2F%25%20%23%3F%26@127.0.0.1:" +
                       std::to_string(server_.port()) + "/" + database_);
    EXPECT_TRUE(odd->discover().empty());
    odd.reset();
    admin("DROP ROLE odd");
}

}  // namespace
}  // namespace weir::test
