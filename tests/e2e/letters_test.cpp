// Dead letters through the server's doors: kept whole, replayed once, discarded.
#include <csignal>
#include <fstream>

#include "e2e/weir_server.hpp"
#include "support/copy_fixture.hpp"

namespace weir::test {
namespace {

/// A job whose sink refuses every fifth row until it is mended, into a table without a key, so that
/// a row that came twice would show.
class Letters : public CopyFixture {
protected:
    std::string data() const { return directory / "data"; }

    void make_sink(std::string const& columns) {
        sink().run("CREATE TABLE users(" + columns +
                   "); CREATE TRIGGER refuse BEFORE INSERT ON users WHEN NEW.id % 5 = 0 "
                   "BEGIN SELECT RAISE(ABORT, 'not today'); END");
    }
    Ran copy_to_file(std::vector<std::string> const& arguments) const {
        ProcessOptions options;
        options.directory = directory.path().string();
        return weir(arguments, options);
    }
    void mend() { sink().run("DROP TRIGGER refuse"); }
    Json users_job(std::string const& mode = "append") const {
        return {{"id", "users"},
                {"source",
                 {{"url", server.url(database)}, {"stream", "public.users"}, {"batchSize", 7}}},
                {"destination",
                 {{"url", sink_url()}, {"table", "users"}, {"mode", mode},
                  {"onError", "dead_letter"}}}};
    }
    void refuse_every_fifth_of(WeirServer& host, int rows, std::string const& mode = "append") {
        make_users(rows);
        make_sink("id INTEGER" + std::string{mode == "upsert" ? " PRIMARY KEY" : ""} +
                  ", name TEXT, updated_at TEXT");
        Answer const made = host.post("/replication/jobs", users_job(mode));
        ASSERT_EQ(made.status, 201u) << made;
        Answer const run = host.run_job("users");
        ASSERT_EQ(run.body.at("status"), "partial") << run;
        ASSERT_EQ(run.body.at("rejected"), rows / 5) << run;
    }
    static std::size_t waiting(WeirServer& host) {
        return host.get("/dead-letters?limit=1000").body.at("items").size();
    }
    static std::size_t with_status(Answer const& answer, std::string const& status) {
        std::size_t count = 0;
        for (Json const& item : answer.body.at("items")) count += item.at("status") == status;
        return count;
    }
    static Answer replay_all(WeirServer& host) {
        return host.post("/dead-letters/replay", {{"filter", {{"job", "users"}}}});
    }
};

TEST_F(Letters, WhenTheSinkIsMendedEachIsReplayedOnce) {
    WeirServer host{data()};
    refuse_every_fifth_of(host, 50);
    Answer const listed = host.get("/dead-letters?job=users");
    ASSERT_EQ(listed.body.at("items").size(), 10u) << listed;
    std::string const id = listed.body["items"][0].at("id");
    Answer const one = host.get("/dead-letters/" + id);
    EXPECT_EQ(one.body, listed.body["items"][0]) << one;
    EXPECT_EQ(one.body.at("record").at("id"), 50) << one;
    mend();
    Answer const few = host.post("/dead-letters/replay", {{"ids", Json::array({id, "nobody"})}});
    ASSERT_EQ(few.status, 200u) << few;
    EXPECT_EQ(with_status(few, "replayed"), 1u) << few;
    EXPECT_EQ(with_status(few, "not_found"), 1u) << few;
    Answer const rest = replay_all(host);
    EXPECT_EQ(with_status(rest, "replayed"), 9u) << rest;
    expect_users_equal();
    EXPECT_EQ(waiting(host), 0u);
    EXPECT_EQ(host.get("/dead-letters/" + id).body.at("status"), "replayed");
    Answer const again = host.post("/dead-letters/replay", {{"ids", Json::array({id})}});
    EXPECT_EQ(replay_all(host).body.at("items"), Json::array());
    EXPECT_EQ(again.body.at("items"), Json::array()) << again;
    expect_users_equal();
    Answer const history = host.get("/replication/jobs/users/history");
    Json const& run = history.body.at("items").at(0);
    EXPECT_EQ(run.at("trigger").at("by"), "replay") << history;
    EXPECT_EQ(run.at("status"), "succeeded") << history;
    EXPECT_EQ(run.at("read"), 9) << history;
    EXPECT_EQ(run.at("written"), 9) << history;
}

TEST_F(Letters, EveryValueComesBackAsTheRunWouldHaveWrittenIt) {
    db.run(R"(CREATE TABLE users (id bigint PRIMARY KEY, big bigint, small smallint, flag boolean,
        r4 real, r8 double precision, exact numeric, price numeric(12,2), words text,
        bytes bytea, day date, clock time, stamp timestamp, moment timestamptz, uid uuid,
        doc jsonb, raw json, tags text[], span interval);
      INSERT INTO users VALUES
       (4, 9223372036854775807, -7, true, 1.5, -0.0, 12345678901234567890.123450, 10.10,
        'a "quoted" é', '\x00ff', '2024-02-29', '23:59:59.000001', '2024-02-29 12:00:00.123456',
        '0044-03-15 00:00:00+00 BC', '00112233-4455-6677-8899-aabbccddeeff',
        '{"a": [1, null, "x"], "n": 1.50}', '"only a string"', '{a,"b c",NULL}', '1 day 02:00'),
       (9, NULL, NULL, NULL, 'NaN', 'Infinity', 'NaN', NULL, '', '', '9999-12-31', '24:00', NULL,
        '2024-01-01 00:00Z', NULL, 'null', '[1,2]', '{}', NULL);
      INSERT INTO users SELECT id + 1, big, small, flag, r4, r8, exact, price, words, bytes,
        day, clock, stamp, moment, uid, doc, raw, tags, span FROM users)");
    WeirServer host{data()};
    Json job = users_job("upsert");
    ASSERT_EQ(host.post("/replication/jobs", job).status, 201u);
    // The first run makes the table; then it is emptied, and refuses.
    ASSERT_EQ(host.run_job("users").body.at("written"), 4);
    std::string columns, types;
    for (Record const& column : sink().rows("SELECT name FROM pragma_table_info('users')"))
        if (*column[0] != "id") {
            columns += ", \"" + *column[0] + "\"";
            types += " || ',' || typeof(\"" + *column[0] + "\")";
        }
    std::string const all = "SELECT id" + columns + ", ''" + types + " FROM users WHERE id = ";
    std::vector<Record> const five = sink().rows(all + "5"), ten = sink().rows(all + "10");
    sink().run("DELETE FROM users; CREATE TRIGGER refuse BEFORE INSERT ON users WHEN "
               "NEW.id % 5 = 0 BEGIN SELECT RAISE(ABORT, 'not today'); END");
    ASSERT_EQ(host.run_job("users").body.at("rejected"), 2);
    mend();
    Answer const replayed = replay_all(host);
    EXPECT_EQ(with_status(replayed, "replayed"), 2u) << replayed;
    EXPECT_EQ(sink().rows(all + "5"), five);
    EXPECT_EQ(sink().rows(all + "10"), ten);
}

TEST_F(Letters, WhatIsRefusedAgainStaysWithItsReason) {
    WeirServer host{data()};
    refuse_every_fifth_of(host, 20, "upsert");
    sink().run("DROP TRIGGER refuse; CREATE TRIGGER refuse BEFORE INSERT ON users WHEN "
               "NEW.id = 10 BEGIN SELECT RAISE(ABORT, 'still not'); END");
    Answer const answer = replay_all(host);
    EXPECT_EQ(with_status(answer, "replayed"), 3u) << answer;
    EXPECT_EQ(with_status(answer, "waiting"), 1u) << answer;
    EXPECT_NE(answer.text.find("still not"), std::string::npos) << answer;
    Answer const left = host.get("/dead-letters");
    ASSERT_EQ(left.body.at("items").size(), 1u) << left;
    EXPECT_NE(left.text.find("still not"), std::string::npos) << left;
    EXPECT_EQ(left.body["items"][0].at("record").at("id"), 10) << left;
    db.run("ALTER TABLE users RENAME COLUMN name TO title");
    Answer const misfit = replay_all(host);
    EXPECT_EQ(with_status(misfit, "waiting"), 1u) << misfit;
    EXPECT_NE(misfit.text.find("replay.does_not_fit"), std::string::npos) << misfit;
    EXPECT_EQ(waiting(host), 1u);
}

/// I4: what waited is older than what came since.
TEST_F(Letters, ARowThatIsNewerByNowIsLeftAlone) {
    WeirServer host{data()};
    make_users(20);
    make_sink("id INTEGER PRIMARY KEY, name TEXT, updated_at TEXT");
    Json job = users_job("upsert");
    job["source"]["cursor"] = "updated_at";
    ASSERT_EQ(host.post("/replication/jobs", job).status, 201u);
    ASSERT_EQ(host.run_job("users").body.at("rejected"), 4);
    mend();
    db.run("UPDATE users SET name = 'newer', updated_at = now() WHERE id IN (5, 10)");
    ASSERT_EQ(host.run_job("users").body.at("status"), "succeeded");
    EXPECT_EQ(sink().one("SELECT count(*) FROM users WHERE name = 'newer'"), "2");
    Answer const answer = replay_all(host);
    EXPECT_EQ(with_status(answer, "replayed"), 2u) << answer;
    EXPECT_EQ(with_status(answer, "waiting"), 2u) << answer;
    EXPECT_NE(answer.text.find("sqlite.row_is_newer"), std::string::npos) << answer;
    EXPECT_NE(answer.text.find("is older than what users has by now"), std::string::npos) << answer;
    EXPECT_EQ(host.get("/dead-letters").body.at("items").size(), 2u);
    expect_users_equal();
    Answer const gone = host.post("/dead-letters/discard", {{"filter", {{"job", "users"}}}});
    EXPECT_EQ(with_status(gone, "discarded"), 2u) << gone;
}

TEST_F(Letters, H27ATextThatIsNoUtf8IsKeptInHexAndNeverReplayed) {
    Sqlite source{directory / "in.db"};
    source.run("CREATE TABLE texts (id INTEGER PRIMARY KEY, v TEXT, d TEXT); INSERT INTO texts "
               "VALUES (1, cast(x'ff41' AS text), '{}'), (2, 'good', '{}')");
    std::string const url = "sqlite:" + directory / "in.db";
    WeirServer host{data()};
    ASSERT_EQ(host.post("/replication/jobs",
                        {{"id", "users"},
                         {"source", {{"url", url}, {"stream", "texts"}}},
                         {"destination",
                          {{"url", server.url(database)}, {"onError", "dead_letter"}}}})
                  .status,
              201u);
    ASSERT_EQ(host.run_job("users").body.at("rejected"), 1);
    Answer const kept = host.get("/dead-letters");
    EXPECT_EQ(kept.body.at("items").at(0).at("record").at("v"), (Json{{"no_utf8", "\\xff41"}}))
        << kept;
    for (int i = 0; i < 2; ++i) {
        Answer const answer = replay_all(host);
        EXPECT_EQ(with_status(answer, "waiting"), 1u) << answer;
        EXPECT_NE(answer.text.find("bytes that are no UTF-8"), std::string::npos) << answer;
    }
    EXPECT_EQ(db.one("SELECT string_agg(id::text, ',') FROM texts"), "2");
    expect_exit(copy_to_file({"copy", url, server.url(database), "--stream", "texts", "--on-error",
                              "dead_letter", "--to", "other"}),
                4);
    std::ifstream file{directory / "weir-dead-letters.jsonl"};
    EXPECT_EQ(Json::parse(file).at("record").at("v"), (Json{{"no_utf8", "\\xff41"}}));
}

TEST_F(Letters, OutliveTheirJobAndSaySo) {
    WeirServer host{data()};
    refuse_every_fifth_of(host, 10);
    ASSERT_EQ(host.call("DELETE", "/replication/jobs/users").status, 204u);
    Answer const answer = replay_all(host);
    ASSERT_EQ(answer.status, 200u) << answer;
    EXPECT_EQ(with_status(answer, "waiting"), 2u) << answer;
    EXPECT_NE(answer.text.find("replication.job_not_found"), std::string::npos) << answer;
    EXPECT_EQ(waiting(host), 2u);
    EXPECT_EQ(host.post("/dead-letters/replay").status, 422u);
    EXPECT_EQ(host.post("/dead-letters/replay", {{"filtre", Json::object()}}).status, 422u);
    EXPECT_EQ(host.get("/dead-letters/nobody").code(), "dead_letters.not_found");
    Answer const gone = host.post("/dead-letters/discard", {{"filter", {{"job", "users"}}}});
    EXPECT_EQ(with_status(gone, "discarded"), 2u) << gone;
    EXPECT_EQ(waiting(host), 0u);
}

TEST_F(Letters, OfAStreamThatTheJobCopiesNoMoreStayAndSaySo) {
    WeirServer host{data()};
    refuse_every_fifth_of(host, 10);
    db.run("CREATE TABLE others (id bigint PRIMARY KEY)");
    Json const before = users_job();
    Json job = before;
    job["source"]["stream"] = "public.others";
    ASSERT_EQ(host.call("PUT", "/replication/jobs/users", job).status, 200u);
    mend();
    Answer const answer = replay_all(host);
    EXPECT_EQ(with_status(answer, "waiting"), 2u) << answer;
    for (Json const& item : answer.body.at("items")) {
        EXPECT_EQ(item.at("error").at("code"), "replay.stream_gone") << item;
        EXPECT_EQ(item["error"].at("message"),
                  "job users does not copy public.users any more: add it again, or discard the "
                  "record");
    }
    ASSERT_EQ(host.call("PUT", "/replication/jobs/users", before).status, 200u);
    EXPECT_EQ(with_status(replay_all(host), "replayed"), 2u);
    expect_users_equal();
}

TEST_F(Letters, ASourceThatIsAwayLosesNone) {
    WeirServer host{data()};
    refuse_every_fifth_of(host, 10);
    mend();
    db.run("ALTER TABLE users RENAME TO elsewhere");
    Answer const answer = replay_all(host);
    EXPECT_EQ(with_status(answer, "waiting"), 2u) << answer;
    EXPECT_NE(answer.text.find("source.stream_not_found"), std::string::npos) << answer;
    db.run("ALTER TABLE elsewhere RENAME TO users");
    EXPECT_EQ(with_status(replay_all(host), "replayed"), 2u);
    expect_users_equal();
}

/// Kills the host at a point of a replay and lets the next one go on; `between` comes before that.
// Which types the replay before wrote says nothing of the rows that are there.
TEST_F(Letters, AreReplayedAfterAColumnWasRetypedAndReadAnew) {
    WeirServer host{data()};
    refuse_every_fifth_of(host, 10, "upsert");
    mend();
    ASSERT_EQ(with_status(replay_all(host), "replayed"), 2u);
    db.run("ALTER TABLE users ALTER name TYPE char(9); INSERT INTO users (id, name, updated_at)"
           " VALUES (15, 'new', now())");
    sink().run("CREATE TRIGGER refuse BEFORE INSERT ON users WHEN NEW.id = 15"
               " BEGIN SELECT RAISE(ABORT, 'not today'); END");
    Answer const run = host.run_job("users");
    ASSERT_EQ(run.body.at("status"), "partial") << run;
    mend();
    Answer const answer = replay_all(host);
    EXPECT_EQ(with_status(answer, "replayed"), 1u) << answer;
    EXPECT_EQ(sink().one("SELECT name FROM users WHERE id = 15"), "new      ");
}

class LettersKillI5 : public Letters {
protected:
    void replay_with_kill(std::string const& failpoint, std::function<void()> const& between) {
        {
            WeirServer host{data()};
            refuse_every_fifth_of(host, 100);
            mend();
            host.process().kill(SIGTERM);
            host.process().wait();
        }
        ProcessOptions options;
        options.environment["WEIR_FAILPOINT"] = failpoint;
        {
            WeirServer host{data(), {}, options};
            EXPECT_ANY_THROW(replay_all(host)) << "the host was to die in it";
            EXPECT_EQ(host.process().wait(), 137);
        }
        between();
        WeirServer host{data()};
        ASSERT_TRUE(eventually([&] { return waiting(host) == 0; })) << host.get("/runs").text;
        Json const run = host.get("/runs?job=users&limit=1").body.at("items").at(0);
        ASSERT_TRUE(eventually([&] {
            return host.get("/runs/" + run.at("run_id").get<std::string>()).body.at("status") ==
                   "succeeded";
        }));
    }
    std::string rows() const {
        return sink().one("SELECT count(*) || '/' || count(DISTINCT id) FROM users");
    }
};

TEST_F(LettersKillI5, BetweenTheSinksCommitAndTheLettersNoneIsWrittenTwice) {
    replay_with_kill("replay.after_commit:2", [] {});
    expect_users_equal();
    EXPECT_EQ(rows(), "100/100");
}

TEST_F(LettersKillI5, BeforeTheSinksCommitNoneIsLost) {
    replay_with_kill("replay.before_commit:2", [] {});
    expect_users_equal();
    EXPECT_EQ(rows(), "100/100");
}

TEST_F(LettersKillI5, WithoutTheLettersInTheSinksCursorTheyWouldDouble) {
    replay_with_kill("replay.after_commit:2", [&] {
        sink().run("UPDATE _weir_checkpoint SET cursor = NULL WHERE stream LIKE 'dead letters%'");
    });
    EXPECT_EQ(rows(), "107/100");
}

TEST_F(Letters, OfOtherJobsAreNotThereForWhoIsLimitedToSome) {
    WeirServer host{data()};
    refuse_every_fifth_of(host, 10);
    sink().run("CREATE TABLE orders(id INTEGER, name TEXT, updated_at TEXT); "
               "CREATE TRIGGER refuse_orders BEFORE INSERT ON orders WHEN NEW.id % 5 = 0 "
               "BEGIN SELECT RAISE(ABORT, 'not today'); END");
    Json orders = users_job();
    orders["id"] = orders["destination"]["table"] = "orders";
    ASSERT_EQ(host.post("/replication/jobs", orders).status, 201u);
    ASSERT_EQ(host.run_job("orders").body.at("rejected"), 2);
    mend();
    sink().run("DROP TRIGGER refuse_orders");
    Answer const made =
        host.post("/tokens", {{"name", "u"}, {"scope", "write"}, {"jobs", "use*"}});
    auto ask = [&](char const* method, std::string const& path, Json const& body = nullptr) {
        return host.call(method, path, body,
                         {{"Authorization", "Bearer " + made.body.at("token").get<std::string>()}});
    };
    auto ids_of = [&](std::string const& job) {
        Json ids = Json::array();
        Answer const list = host.get("/dead-letters?job=" + job);
        for (Json const& letter : list.body.at("items")) ids.push_back(letter.at("id"));
        return ids;
    };
    Json const own = ids_of("users"), other = ids_of("orders");
    ASSERT_EQ(own.size(), 2u);
    ASSERT_EQ(other.size(), 2u) << "newer than those of users";

    Answer const list = ask("GET", "/dead-letters");
    EXPECT_EQ(list.body.at("items").size(), 2u) << list;
    EXPECT_EQ(list.text.find("orders"), std::string::npos) << list;
    Answer const page = ask("GET", "/dead-letters?limit=1");
    ASSERT_EQ(page.body.at("items").size(), 1u) << page;
    EXPECT_EQ(page.body["items"][0].at("id"), own[0]) << page;
    EXPECT_EQ(page.body.at("next"), own[0]) << "the id of no other job's";
    EXPECT_EQ(ask("GET", "/dead-letters?job=orders").body.at("items"), Json::array());
    std::string const hidden = other[0], seen = own[0];
    EXPECT_EQ(ask("GET", "/dead-letters/" + hidden).status, 404u);
    EXPECT_EQ(ask("GET", "/dead-letters/" + seen).status, 200u);

    for (char const* act : {"replay", "discard"}) {
        std::string const path = std::string{"/dead-letters/"} + act;
        Answer const by_id = ask("POST", path, {{"ids", Json::array({hidden, "nobody"})}});
        EXPECT_EQ(with_status(by_id, "not_found"), 2u) << by_id;
        EXPECT_EQ(by_id.body.at("items").size(), 2u) << by_id;
        Answer const by_job = ask("POST", path, {{"filter", {{"job", "orders"}}}});
        EXPECT_EQ(by_job.body.at("items"), Json::array()) << by_job;
    }
    Answer const replayed = ask("POST", "/dead-letters/replay", {{"ids", Json::array({seen})}});
    EXPECT_EQ(with_status(replayed, "replayed"), 1u) << replayed;
    Answer const all = ask("POST", "/dead-letters/discard", {{"filter", Json::object()}});
    EXPECT_EQ(with_status(all, "discarded"), 1u) << all;
    EXPECT_EQ(ids_of("users"), Json::array());
    EXPECT_EQ(ids_of("orders"), other) << "untouched";
    EXPECT_EQ(sink().one("SELECT count(*) FROM orders"), "8");
    Answer const owner = host.post("/dead-letters/replay", {{"ids", other}});
    EXPECT_EQ(with_status(owner, "replayed"), 2u) << "who is not limited: " << owner;
}

TEST_F(Letters, AreReadAndReplayedFromTheCommandLine) {
    WeirServer host{data()};
    refuse_every_fifth_of(host, 10);
    Ran const list = host.cli({"dlq", "list", "--job", "users"});
    EXPECT_NE(list.out.find("public.users"), std::string::npos) << list;
    std::string const id = host.get("/dead-letters").body.at("items").at(0).at("id");
    EXPECT_NE(host.cli({"dlq", "show", id}).out.find("user 10"), std::string::npos);
    EXPECT_EQ(host.cli({"dlq", "replay"}).code, 2);
    EXPECT_EQ(host.cli({"dlq", "replay", id}).code, 4) << "it is refused again";
    EXPECT_EQ(host.cli({"dlq", "discard", id, "-y"}).code, 0);
    mend();
    EXPECT_EQ(host.cli({"dlq", "replay", "--job", "users"}).code, 0);
    EXPECT_EQ(sink().one("SELECT count(*) FROM users"), "9");
}

}  // namespace
}  // namespace weir::test
