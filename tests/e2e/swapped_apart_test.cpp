// H25: rows that exchange what is unique in them, but come in different batches.
#include <functional>

#include "e2e/weir_server.hpp"
#include "support/copy_fixture.hpp"
#include "support/mariadb_server.hpp"

namespace weir::test {
namespace {

/// A target in each system, with an index of its own.
class SwappedApart : public CopyFixture, public testing::WithParamInterface<std::string> {
protected:
    SwappedApart() {
        db.run("CREATE TABLE seats (id int PRIMARY KEY, code varchar(9) NOT NULL, at timestamptz "
               "NOT NULL); INSERT INTO seats SELECT i, 'c' || i, timestamptz '2024-01-01Z' FROM "
               "generate_series(1, 5) i");
        std::string const unique = "CREATE UNIQUE INDEX codes ON seats (code)";
        if (GetParam() == "postgres") {
            std::string const other = server.fresh();
            url_ = server.url(other);
            auto there = std::make_shared<Pg>(server.connect_as_owner(other));
            index_ = [=] { there->run(unique); };
            all_ = [=](std::string const& sql) { return there->rows(sql); };
        } else if (GetParam() == "mysql") {
            MariadbServer& maria = MariadbServer::shared();
            std::string const other = maria.fresh();
            url_ = maria.url(other);
            auto there = std::make_shared<My>(maria.connect_as_owner(other));
            there->run("CREATE TABLE seats (id int PRIMARY KEY, code varchar(9) NOT NULL,"
                       " at timestamp(6) NULL)");
            index_ = [=] { there->run(unique); };
            all_ = [=](std::string const& sql) { return there->rows(sql); };
        } else {
            url_ = sink_url();
            index_ = [this, unique] { sink().run(unique); };
            all_ = [this](std::string const& sql) { return sink().rows(sql); };
        }
    }
    Ran go(std::vector<std::string> more) {
        more.insert(more.begin(), {"copy", server.url(database), url_, "--stream", "public.seats",
                                   "--json"});
        return weir(more, {.directory = directory.path().string()});
    }
    void exchange() {
        db.run("UPDATE seats SET at = timestamptz '2024-01-02Z', code = CASE id WHEN 1 THEN 'c3' "
               "WHEN 3 THEN 'c5' WHEN 5 THEN 'c1' ELSE 'new' || id END");
    }
    void expect_equal() {
        std::string const codes = "SELECT id, code FROM seats ORDER BY id";
        EXPECT_EQ(all_(codes), db.rows(codes));
    }
    std::string code() const { return GetParam() + ".unique"; }

    std::string url_;
    std::function<void()> index_;
    std::function<std::vector<Record>(std::string const&)> all_;
};

INSTANTIATE_TEST_SUITE_P(Each, SwappedApart, testing::Values("postgres", "mysql", "sqlite"),
                         [](auto const& each) { return each.param; });

// 1, 2, 3 are one batch, and 4 and 5 the next.
TEST_P(SwappedApart, H25TheirLettersLandTogether) {
    WeirServer host{directory / "data"};
    Json const job{{"id", "seats"},
                   {"source",
                    {{"url", server.url(database)},
                     {"stream", "public.seats"},
                     {"cursor", "at"},
                     {"batchSize", 3}}},
                   {"destination", {{"url", url_}, {"table", "seats"}, {"mode", "upsert"}}}};
    ASSERT_EQ(host.post("/replication/jobs", job).status, 201u);
    ASSERT_EQ(host.run_job("seats").body.at("written"), 5);
    index_();
    exchange();
    Answer const stopped = host.run_job("seats");
    EXPECT_NE(stopped.text.find("weir job run seats --mode reconcile, with reconcile.compare "
                                "values"),
              std::string::npos)
        << stopped;
    Json const letters_kept{{"destination", {{"onError", "dead_letter"}}}};
    ASSERT_EQ(host.call("PATCH", "/replication/jobs/seats", letters_kept).status, 200u);
    Answer const ran = host.run_job("seats");
    EXPECT_EQ(ran.body.at("rejected"), 3) << ran;
    EXPECT_EQ(ran.body.at("written"), 2) << ran;
    Answer const letters = host.get("/dead-letters?job=seats");
    for (Json const& each : letters.body.at("items")) EXPECT_EQ(each.at("code"), code()) << each;
    Answer const replayed =
        host.post("/dead-letters/replay", {{"filter", {{"job", "seats"}}}});
    EXPECT_EQ(replayed.status, 200u) << replayed;
    expect_equal();
    EXPECT_EQ(host.get("/dead-letters?job=seats").body.at("items"), Json::array());
}

TEST_P(SwappedApart, H25AReconcileOfValuesSeesThemAllAndThePositionGoesOn) {
    std::vector<std::string> const by_time{"--cursor", "at", "--batch-rows", "1"};
    expect_exit(go(by_time), 0);
    index_();
    exchange();
    for (int i = 0; i < 2; ++i) {
        std::string const said = expect_failure(go(by_time), 1, code());
        EXPECT_NE(said.find("--mode reconcile --compare values"), std::string::npos) << said;
    }
    expect_exit(go({"--mode", "reconcile", "--compare", "values"}), 0);
    expect_equal();
    expect_exit(go(by_time), 0);
    expect_equal();
}

}  // namespace
}  // namespace weir::test
