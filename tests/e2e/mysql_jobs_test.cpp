// MariaDB as a source of jobs, over HTTP: the bodies of seeds 003 and 004 with dialect mysql, and a
// schedule beside transactions that commit late.
#include "e2e/weir_server.hpp"
#include "support/ledger.hpp"
#include "support/mysql_copy_fixture.hpp"
#include "support/postgres_server.hpp"

namespace weir::test {
namespace {

class MysqlJobs : public MysqlCopyFixture {
protected:
    MysqlJobs() {
        db.run("CREATE TABLE users (id bigint AUTO_INCREMENT PRIMARY KEY, name varchar(40),"
               " updated_at timestamp(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)"
               " ON UPDATE CURRENT_TIMESTAMP(6), KEY (updated_at, id));"
               "INSERT INTO users (name) SELECT CONCAT('user ', seq) FROM " + numbers(5));
    }
    std::string data() const { return directory / "data"; }
    Sqlite local() const { return Sqlite{data() + "/local.db"}; }
    Differences local_differs() {
        return compare(db.rows("SELECT id, name, DATE_FORMAT(updated_at, '%Y-%m-%dT%H:%i:%s.%fZ')"
                               " FROM users"),
                       local().rows("SELECT id, name, updated_at FROM users"));
    }
    bool arrives() {
        return eventually([&] { return local().has_table("users") && local_differs().none(); });
    }
    Json seed_source() const {
        return {{"dialect", "mysql"},
                {"host", "127.0.0.1"},
                {"port", server.port()},
                {"user", MariadbServer::user},
                {"password", MariadbServer::password},
                {"database", database}};
    }
    static std::size_t succeeded(WeirServer& host, std::string const& job) {
        std::size_t count = 0;
        Answer const history = host.get("/replication/jobs/" + job + "/history?limit=1000");
        for (Json const& run : history.body.at("items")) count += run.at("status") == "succeeded";
        return count;
    }
    Answer add_job(WeirServer& host, Json const& more) {
        Json source{{"connection", "shop"}, {"stream", "users"}, {"cursor", "updated_at"}};
        source.update(more);
        return host.post("/replication/jobs",
                         {{"id", "users"},
                          {"source", source},
                          {"destination", {{"connection", "local"}, {"table", "users"}}},
                          {"schedule", "* * * * * *"}});
    }
    void add_shop(WeirServer& host, std::string const& url) {
        ASSERT_EQ(host.post("/replication/connections", {{"id", "shop"},
                                                         {"connector", "mysql"},
                                                         {"config", {{"url", url}}}})
                      .status,
                  201u);
    }
};

// The source's own types come with the letters, as they did with the rows.
TEST_F(MysqlJobs, LettersOfEveryTypeAreReplayedIntoTheTableThatWeirMade) {
    db.run("CREATE TABLE r (id int PRIMARY KEY, n int, c datetime, s timestamp NULL, t time(2),"
           " w char(9), y year, d decimal(65,30), u bigint unsigned, b binary(3), e enum('a','b'),"
           " j json, f bit(5));"
           "INSERT INTO r VALUES (1, 1, '2024-02-29 12:00:00', '2024-02-29 12:00:00',"
           " '12:00:00.25', 'w', 2024, '12345678901234567890.000000000000000000000000000001',"
           " 18446744073709551615, x'00ff01', 'b', '{\"a\": [1, null]}', b'10101')");
    std::string const other = server.fresh(), far = PostgresServer::shared().fresh();
    My there = server.connect_as_owner(other);
    Pg pg = PostgresServer::shared().connect_as_owner(far);
    WeirServer host{data()};
    for (std::string const& id : {std::string{"my"}, std::string{"pg"}}) {
        std::string const url = id == "my" ? server.url(other) : PostgresServer::shared().url(far);
        ASSERT_EQ(host.post("/replication/jobs",
                            {{"id", id},
                             {"source", {{"url", server.url(database)}, {"stream", "r"}}},
                             {"destination", {{"url", url}, {"onError", "dead_letter"}}}})
                      .status,
                  201u);
        ASSERT_EQ(host.run_job(id).body.at("written"), 1);
    }
    there.run("ALTER TABLE r ADD CONSTRAINT small CHECK (n < 100)");
    pg.run("ALTER TABLE r ADD CONSTRAINT small CHECK (n < 100)");
    db.run("INSERT INTO r SELECT 2, 300, c, s, t, w, y, d, u, b, e, j, f FROM r");
    for (std::string const& id : {std::string{"my"}, std::string{"pg"}})
        ASSERT_EQ(host.run_job(id).body.at("rejected"), 1);
    there.run("ALTER TABLE r DROP CONSTRAINT small");
    pg.run("ALTER TABLE r DROP CONSTRAINT small");
    for (std::string const& id : {std::string{"my"}, std::string{"pg"}}) {
        Answer const answer = host.post("/dead-letters/replay", {{"filter", {{"job", id}}}});
        EXPECT_EQ(answer.body.at("items").at(0).at("status"), "replayed") << answer;
    }
    std::string const same =
        "SELECT count(DISTINCT c, s, t, w, y, d, u, b, e, j, f), count(*) FROM r";
    EXPECT_EQ(there.rows(same), (std::vector<Record>{{"1", "2"}}));
    EXPECT_EQ(pg.one("SELECT count(DISTINCT (to_jsonb(r) - 'id' - 'n')) || ' ' || count(*) FROM r"),
              "1 2");
}

TEST_F(MysqlJobs, H33WhereARetypedColumnIsOneTypeInPostgresqlGoOnAfterAReset) {
    std::string const far = PostgresServer::shared().fresh();
    db.run("UPDATE users SET name = CONCAT('user ', id, '  ')");
    WeirServer host{data()};
    ASSERT_EQ(host.post("/replication/jobs",
                        {{"id", "users"},
                         {"source", {{"url", server.url(database)},
                                     {"stream", "users"},
                                     {"cursor", "updated_at"}}},
                         {"destination", {{"url", PostgresServer::shared().url(far)}}}})
                  .status,
              201u);
    ASSERT_EQ(host.run_job("users").body.at("written"), 5);
    db.run("ALTER TABLE users MODIFY name char(40)");
    Answer const halted = host.run_job("users");
    EXPECT_NE(halted.text.find("postgres.column_retyped"), std::string::npos) << halted;
    EXPECT_NE(halted.text.find("read everything anew (weir job reset users or "
                               "destination.mode replace), copy"),
              std::string::npos)
        << halted;
    ASSERT_EQ(host.post("/replication/jobs/users/reset", Json::object()).status, 200u);
    Answer const ran = host.run_job("users");
    EXPECT_EQ(ran.body.at("written"), 5) << ran;
    EXPECT_EQ(PostgresServer::shared().connect_as_owner(far).one(
                  "SELECT string_agg(name, '|' ORDER BY id) FROM users"),
              "user 1|user 2|user 3|user 4|user 5");
}

TEST_F(MysqlJobs, FireTheShortFormOfSeed003) {
    WeirServer host{data()};
    Answer const made = host.post("/replication/jobs", {{"name", "users_sync"},
                                                        {"table_name", "users"},
                                                        {"tracking_col", "updated_at"},
                                                        {"tracking_type", "timestamp"},
                                                        {"cron_tab", "* * * * * *"},
                                                        {"primary_key", {"id"}},
                                                        {"source", seed_source()}});
    ASSERT_EQ(made.status, 201u) << made;
    EXPECT_EQ(made.text.find(MariadbServer::password), std::string::npos);
    EXPECT_TRUE(arrives()) << host.get("/runs").text;
    db.run("UPDATE users SET name = 'new' WHERE id = 3; INSERT INTO users (name) VALUES ('late')");
    EXPECT_TRUE(arrives()) << host.get("/runs").text;
}

TEST_F(MysqlJobs, KnowTheRoutesOfSeed004) {
    WeirServer host{data()};
    Answer const made = host.post("/data-replication/configure", {{"name", "shop-users"},
                                                                  {"sourceConfig", seed_source()},
                                                                  {"targetTable", "users"},
                                                                  {"sourceTable", "users"},
                                                                  {"syncIntervalMinutes", 30},
                                                                  {"trackingColumn", "updated_at"},
                                                                  {"isActive", true}});
    ASSERT_LT(made.status, 300u) << made;
    EXPECT_EQ(made.body["sourceConfig"]["dialect"], "mysql");
    Answer const synced =
        host.post("/data-replication/sync/shop-users", Json::object(), {{"Prefer", "wait=60"}});
    EXPECT_LT(synced.status, 300u) << synced;
    EXPECT_TRUE(arrives()) << host.get("/runs").text;
    Answer const logs = host.get("/data-replication/logs?limit=50");
    EXPECT_EQ(logs.body.at("items").at(0).at("records_processed"), 5) << logs;
    Json odd = seed_source();
    odd["defaultSchema"] = "public";
    Answer const refused = host.post("/data-replication/configure", {{"name", "other"},
                                                                     {"sourceConfig", odd},
                                                                     {"sourceTable", "users"}});
    EXPECT_EQ(refused.status, 422u) << refused;
    EXPECT_NE(refused.text.find("/sourceConfig/defaultSchema"), std::string::npos) << refused;
}

TEST_F(MysqlJobs, H2LoseNoRowThatIsCommittedLate) {
    WeirServer host{data()};
    add_shop(host, server.url(database));
    Answer const made = add_job(host, Json::object());
    ASSERT_EQ(made.status, 201u) << made;
    EXPECT_EQ(made.body["guarantee"], "settled");
    ASSERT_TRUE(arrives());
    My other = server.connect_as_owner(database);
    other.run("BEGIN; INSERT INTO users (name) VALUES ('late')");
    db.run("INSERT INTO users (name) VALUES ('after')");
    std::string const after = db.one("SELECT MAX(id) FROM users");
    ASSERT_TRUE(eventually([&] {
        return local().one("SELECT count(*) FROM users WHERE id = " + after) == "1";
    }));
    std::size_t const before = succeeded(host, "users");
    ASSERT_TRUE(eventually([&] { return succeeded(host, "users") > before + 1; }));
    other.run("COMMIT");
    EXPECT_TRUE(arrives()) << host.get("/runs").text;
}

TEST_F(MysqlJobs, SayWhatTheyGuaranteeWithoutTheRightToSeeWriters) {
    server.connect().run("DROP USER IF EXISTS unseeing; CREATE USER unseeing IDENTIFIED BY 'pw';"
                         "GRANT SELECT ON " +
                         database + ".* TO unseeing");
    WeirServer host{data()};
    add_shop(host, server.url_as("unseeing", "pw", database));
    Answer const made = add_job(host, {{"lookback", "2h"}});
    ASSERT_EQ(made.status, 201u) << made;
    EXPECT_EQ(made.body["guarantee"], "lookback 2h") << made;
    EXPECT_NE(made.text.find("GRANT PROCESS"), std::string::npos) << made;
}

TEST_F(MysqlJobs, H3RefuseIdsThatSeveralServersDraw) {
    MariadbServer two{{"--auto-increment-increment=2"}};
    std::string const there = two.fresh();
    two.connect_as_owner(there).run("CREATE TABLE users (id bigint AUTO_INCREMENT PRIMARY KEY)");
    WeirServer host{data()};
    add_shop(host, two.url(there));
    Answer const refused = add_job(host, {{"cursor", "id"}});
    EXPECT_EQ(refused.status, 422u);
    EXPECT_NE(refused.text.find("replication.cursor_unsafe"), std::string::npos) << refused;
    EXPECT_NE(refused.text.find("auto_increment_increment"), std::string::npos) << refused;
    Answer const made = add_job(host, {{"cursor", "id"}, {"lookback", "10m"}});
    EXPECT_EQ(made.status, 201u) << made;
    EXPECT_EQ(made.body["guarantee"], "lookback 10m");
}

}  // namespace
}  // namespace weir::test
