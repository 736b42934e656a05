#include <csignal>
#include <fstream>

#include "postgres_test.hpp"

namespace weir::test {
namespace {

bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

/// What a server says when it does not answer a read, or what has to be said before it is asked.
class PostgresRefusal : public PostgresTest {
protected:
    testkit::Failure cannot_read(ReadRequest const& request) {
        return failure([&] { source_->open(request).rest(); });
    }
    void expect(testkit::Failure const& failed, weir_status status, std::string const& code,
                std::string const& suggestion) {
        EXPECT_EQ(failed.status, status) << failed.what();
        EXPECT_EQ(failed.code, code) << failed.what();
        EXPECT_TRUE(has(failed.suggestion, suggestion)) << code << ": " << failed.suggestion;
        EXPECT_EQ(failed.flags & WEIR_ERR_FINAL, 0u) << code;
    }
};

TEST_F(PostgresRefusal, EachStateOfTheServerSaysWhoseMoveItIs) {
    owner_.run(
        "CREATE FUNCTION refuse(state text) RETURNS int LANGUAGE plpgsql AS"
        " $$BEGIN RAISE EXCEPTION 'the reason' USING ERRCODE = state; END$$");
    struct Case {
        char const *state, *code;
        weir_status status;
        char const* suggestion;
    };
    for (Case const& each : {
             Case{"40001", "postgres.conflict", WEIR_E_IO, "from the last commit"},
             Case{"40P01", "postgres.conflict", WEIR_E_IO, "from the last commit"},
             Case{"22003", "postgres.data", WEIR_E_DATA, "--fields"},
             Case{"53100", "postgres.resources", WEIR_E_IO, "disk, memory or sessions"},
             Case{"55P03", "postgres.locked", WEIR_E_BUSY, "pg_locks"},
             Case{"P0001", "postgres.failed", WEIR_E_IO, "log of the server"},
             Case{"XX001", "postgres.failed", WEIR_E_IO, "log of the server"},
         }) {
        owner_.run(std::string{"CREATE OR REPLACE VIEW v AS SELECT refuse('"} + each.state +
                   "') AS id");
        testkit::Failure const failed = cannot_read({.stream = "public.v"});
        expect(failed, each.status, each.code, each.suggestion);
        EXPECT_EQ(failed.sqlstate, each.state);
        EXPECT_TRUE(has(failed.what(), "public.v") && has(failed.what(), "the reason"))
            << failed.what();
    }
}

TEST_F(PostgresRefusal, AValueThatCannotBeComputedIsNamed) {
    owner_.run("CREATE VIEW v AS SELECT 1 / (i - 7) AS x FROM generate_series(1, 9) i");
    testkit::Failure const failed = cannot_read({.stream = "public.v"});
    expect(failed, WEIR_E_DATA, "postgres.data", "--fields");
    EXPECT_TRUE(has(failed.what(), "division by zero")) << failed.what();
}

// The table that is read is waited for; what stands behind a view has the patience of its author.
TEST_F(PostgresRefusal, ALockBehindAViewIsSaid) {
    owner_.run(
        "CREATE TABLE t (id int); CREATE FUNCTION count_t() RETURNS bigint LANGUAGE plpgsql"
        " SET lock_timeout = '20ms' AS $$BEGIN RETURN (SELECT count(*) FROM t); END$$;"
        "CREATE VIEW v AS SELECT count_t() AS n");
    Pg other = server_.connect_as_owner(database_);
    other.run("BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE");
    testkit::Failure const failed = cannot_read({.stream = "public.v"});
    expect(failed, WEIR_E_BUSY, "postgres.locked", "pg_locks");
    EXPECT_EQ(failed.sqlstate, "55P03");
    other.run("COMMIT");
    EXPECT_EQ(read({.stream = "public.v"}), (Records{{"0"}}));
}

TEST_F(PostgresRefusal, ATableWithoutColumnsHasNothingToCopy) {
    owner_.run("CREATE TABLE bare (); INSERT INTO bare DEFAULT VALUES");
    testkit::Failure const failed = cannot_read({.stream = "public.bare"});
    EXPECT_EQ(failed.status, WEIR_E_UNSUPPORTED);
    EXPECT_EQ(failed.code, "postgres.no_columns");
    EXPECT_TRUE(has(failed.what(), "public.bare has no columns: choose another stream"));
    owner_.run("ALTER TABLE bare ADD id int");
    EXPECT_EQ(read({.stream = "public.bare"}), (Records{{std::nullopt}}));
}

TEST_F(PostgresRefusal, ASchemaWithoutANameIsNone) {
    for (std::string const& schema : {std::string{}, std::string{"a\0b", 3}}) {
        testkit::Failure const failed = failure([&] {
            testkit::SourceInstance{host_, plugin_.component(),
                                    Json{{"url", server_.url(database_)}, {"schema", schema}}};
        });
        EXPECT_EQ(failed.status, WEIR_E_CONFIG);
        EXPECT_EQ(failed.code, "postgres.bad_schema");
        EXPECT_EQ(failed.where, "/schema");
        EXPECT_TRUE(has(failed.what(), "leave it out for public")) << failed.what();
    }
}

TEST_F(PostgresRefusal, ADeltaNeedsATrackingField) {
    owner_.run("CREATE TABLE t (id int PRIMARY KEY)");
    testkit::Failure const failed =
        cannot_read({.stream = "public.t", .mode = WEIR_READ_DELTA, .select = {{"key", {"id"}}}});
    expect(failed, WEIR_E_CONFIG, "source.cursor_missing", "");
    EXPECT_TRUE(has(failed.what(), "public.t needs a tracking field: name it with --cursor"))
        << failed.what();
}

TEST_F(PostgresRefusal, APositionOfSomebodyElseIsRefused) {
    owner_.run("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)");
    ReadRequest request{.stream = "public.t", .select = {{"key", {"id"}}, {"tracking", "id"}}};
    request.mode = WEIR_READ_DELTA;
    std::string const own = run(request).cursor;
    for (std::string const& cursor : {std::string{"nonsense"}, std::string{"{}"},
                                      std::string{R"({"fp":1,"src":[],"scan":null})"},
                                      own.substr(0, own.size() - 1)}) {
        request.cursor = cursor;
        testkit::Failure const failed = cannot_read(request);
        expect(failed, WEIR_E_CONFLICT, "source.cursor_unreadable", "--mode full");
    }
    request.cursor = own;
    EXPECT_TRUE(read(request).empty());
}

// A server that was told to stop lets the sessions end that it has, and takes no others.
TEST(PostgresShutdown, IsNoRefusalForGood) {
    PostgresServer server;
    std::string const database = server.fresh();
    Pg const held = server.connect_as_owner(database);
    testkit::TestHost host;
    testkit::Plugin const plugin{connector_path("postgres")};
    testkit::SourceInstance source{host, plugin.component(), Json{{"url", server.url(database)}}};
    pid_t postmaster = 0;
    std::ifstream{server.data_directory() + "/postmaster.pid"} >> postmaster;
    ASSERT_GT(postmaster, 0);
    ASSERT_EQ(::kill(postmaster, SIGTERM), 0);
    std::optional<testkit::Failure> failed;
    while (!failed) {
        // A session that is kept would be used again.
        testkit::SourceInstance fresh{host, plugin.component(),
                                      Json{{"url", server.url(database)}}};
        try {
            fresh.discover();
        } catch (testkit::Failure const& said) {
            failed = said;
        }
    }
    EXPECT_EQ(failed->status, WEIR_E_IO);
    EXPECT_EQ(failed->code, "postgres.starting");
    EXPECT_EQ(failed->sqlstate, "57P03");
    EXPECT_EQ(failed->flags & WEIR_ERR_FINAL, 0u);
    EXPECT_TRUE(has(failed->what(), "takes no session now: the database system is shutting down"))
        << failed->what();
    EXPECT_TRUE(has(failed->suggestion, "once it is up")) << failed->suggestion;
}

}  // namespace
}  // namespace weir::test
