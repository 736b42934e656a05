// A column that is retyped at the source: what stops a run, and how it goes on.
#include <tuple>

#include "e2e/jobs_fixture.hpp"
#include "support/copy_fixture.hpp"

namespace weir::test {
namespace {

/// One table of one column that is retyped, in PostgreSQL on both sides.
class DriftOfModifiers : public CopyFixture {
protected:
    Ran go(std::string const& to) {
        return weir({"copy", server.url(database), to, "--stream", "public.t", "--cursor", "u",
                     "--json"});
    }
    void make(std::string const& type, std::string const& value) {
        db.run("DROP TABLE IF EXISTS t; CREATE TABLE t (id bigserial PRIMARY KEY, v " + type +
               ", u timestamptz NOT NULL); INSERT INTO t (v, u) VALUES (" + value +
               ", timestamptz '2024-01-01Z')");
        there.run("DROP TABLE IF EXISTS t");
        expect_moved(go(server.url(other)), 1, 1);
    }
    void retype(Pg& where, std::string const& type) {
        where.run("ALTER TABLE t ALTER v TYPE " + type + " USING v::" + type);
    }
    std::string const other = server.fresh();
    Pg there = server.connect_as_owner(other);
};

// The server rewrites such values, and no tracking field tells of it.
TEST_F(DriftOfModifiers, H33AModifierThatRewritesValuesStopsTheRun) {
    for (auto const& [before, value, after] :
         {std::tuple{"numeric(10,4)", "1.2345", "numeric(10,2)"},
          {"numeric", "1.23456", "numeric(10,4)"},
          {"timestamp(6)", "'2024-01-01 00:00:00.7'", "timestamp(0)"},
          {"char(5)", "'ab'", "char(10)"},
          {"varchar(10)", "'abcdef'", "varchar(3)"},
          {"bit(5)", "'10101'", "bit(8)"}}) {
        SCOPED_TRACE(after);
        make(before, value);
        retype(db, after);
        std::string const said = expect_failure(go(server.url(other)), 1,
                                                "postgres.column_retyped");
        EXPECT_NE(said.find("\"v\" was "), std::string::npos) << said;
        retype(there, after);
        expect_moved(go(server.url(other)), 0, 0);
        db.run("INSERT INTO t (v, u) SELECT v, timestamptz '2024-01-02Z' FROM t");
        expect_moved(go(server.url(other)), 1, 1);
        EXPECT_EQ(there.rows("SELECT v FROM t"), db.rows("SELECT v FROM t"));
    }
}

TEST_F(DriftOfModifiers, H33AModifierThatKeepsValuesIsNone) {
    for (auto const& [before, value, after] :
         {std::tuple{"varchar(10)", "'abcdef'", "varchar(30)"},
          {"varchar(10)", "'abcdef'", "varchar"},
          {"numeric(10,2)", "1.50", "numeric(12,2)"}}) {
        SCOPED_TRACE(after);
        make(before, value);
        retype(db, after);
        expect_moved(go(server.url(other)), 0, 0);
        db.run("INSERT INTO t (v, u) VALUES (" + std::string{value} + ", now())");
        expect_moved(go(server.url(other)), 1, 1);
    }
}

TEST_F(DriftOfModifiers, H33AScaleStopsTheRunIntoSqliteToo) {
    make("numeric(10,2)", "1.50");
    expect_moved(go(sink_url()), 1, 1);
    retype(db, "numeric(20,4)");
    std::string const said = expect_failure(go(sink_url()), 1, "sqlite.column_retyped");
    EXPECT_NE(said.find("was numeric(10,2) in the source and is now numeric(20,4)"),
              std::string::npos)
        << said;
    retype(db, "numeric(10,2)");
    db.run("INSERT INTO t (v, u) VALUES (2.5, now())");
    expect_moved(go(sink_url()), 1, 1);
    EXPECT_EQ(sink().one("SELECT group_concat(v) FROM t"), "1.50,2.50");
}

// There is nothing to be changed in SQLite, whose column is TEXT before and after.
TEST_F(DriftOfModifiers, H33AScaleIsTakenOverInSqliteWhereEverythingIsReadAnew) {
    make("numeric(10,2)", "1.50");
    for (std::vector<std::string> const& way :
         {std::vector<std::string>{"--mode", "full"},
          {"--write", "replace"},
          {"--mode", "reconcile", "--compare", "values"}}) {
        sink().run("DROP TABLE IF EXISTS t");
        expect_moved(go(sink_url()), 1, 1);
        retype(db, "numeric(20,4)");
        std::string const said = expect_failure(go(sink_url()), 1, "sqlite.column_retyped");
        EXPECT_NE(said.find("read everything anew (--mode full or --write replace), copy into"),
                  std::string::npos)
            << said;
        // Keys alone say nothing of the values.
        expect_exit(copy({"--stream", "public.t", "--cursor", "u", "--mode", "reconcile"}), 0);
        expect_failure(go(sink_url()), 1, "sqlite.column_retyped");
        std::vector<std::string> all{"--stream", "public.t"};
        all.insert(all.end(), way.begin(), way.end());
        Ran ran = copy(all);
        expect_exit(ran, 0);
        EXPECT_NE(ran.err.find("\"v\" of t was numeric(10,2) in the source and is now "
                               "numeric(20,4); all of them are read and written anew"),
                  std::string::npos)
            << ran;
        EXPECT_EQ(sink().one("SELECT v FROM t"), "1.5000");
        expect_exit(go(sink_url()), 0);
        retype(db, "numeric(10,2)");
        expect_failure(go(sink_url()), 1, "sqlite.column_retyped");
    }
    // What is appended would stand beside what is there.
    std::vector<std::string> const append{"--stream", "public.t", "--write", "append", "--to",
                                          "log", "--mode", "full"};
    expect_moved(copy(append), 1, 1);
    retype(db, "numeric(20,4)");
    EXPECT_EQ(expect_failure(copy(append), 1, "sqlite.column_retyped").find("everything anew"),
              std::string::npos);
}

TEST_F(DriftOfModifiers, H33WhatWasReadAnewInPartIsReadToItsEnd) {
    make("numeric(10,2)", "1.50");
    db.run("INSERT INTO t (v, u) SELECT i, timestamptz '2024-01-01Z' FROM generate_series(2, 9) i");
    expect_moved(go(sink_url()), 9, 9);
    retype(db, "numeric(20,4)");
    ProcessOptions options{.directory = directory.path().string()};
    options.environment = {{"WEIR_FAILPOINT", "pump.after_commit:2"}};
    Ran const killed = copy({"--stream", "public.t", "--mode", "full", "--batch-rows", "2"},
                            options);
    EXPECT_EQ(killed.code, 137) << killed;
    std::string const anew = "SELECT count(*) FROM t WHERE v LIKE '%.__00'";
    EXPECT_EQ(sink().one(anew), "4");
    expect_exit(go(sink_url()), 0);
    EXPECT_EQ(sink().one(anew), "9");
}

TEST_F(DriftOfModifiers, H33AWiderNumberIsNoneInSqliteAndIsTold) {
    make("smallint", "7");
    expect_moved(go(sink_url()), 1, 1);
    for (std::string const type : {"integer", "bigint"}) {
        retype(db, type);
        Ran const ran = go(sink_url());
        expect_exit(ran, 0);
        EXPECT_NE(ran.err.find("and is now " + type + "; its values stay as they are"),
                  std::string::npos)
            << ran;
        EXPECT_EQ(go(sink_url()).err.find("is now"), std::string::npos) << "once";
    }
    db.run("INSERT INTO t (v, u) VALUES (9007199254740993, now())");
    expect_moved(go(sink_url()), 1, 1);
    EXPECT_EQ(sink().one("SELECT group_concat(v) FROM t"), "7,9007199254740993");
    db.run("DELETE FROM t WHERE v > 7");
    retype(db, "integer");
    expect_failure(go(sink_url()), 1, "sqlite.column_retyped");
}

TEST_F(DriftOfModifiers, H33ACheckpointThatRemembersNoModifierGoesOn) {
    make("numeric(10,2)", "1.50");
    expect_moved(go(sink_url()), 1, 1);
    sink().run("UPDATE _weir_checkpoint SET fields = json_set(fields, '$.columns', (SELECT"
               " json_group_array(json_array(value ->> 0, value ->> 1)) FROM"
               " json_each(fields, '$.columns')))");
    EXPECT_EQ(sink().one("SELECT fields ->> '$.columns[1]' FROM _weir_checkpoint"),
              "[\"v\",\"numeric\"]");
    db.run("INSERT INTO t (v, u) VALUES (2.5, now())");
    expect_moved(go(sink_url()), 1, 1);
    retype(db, "numeric(10,1)");
    expect_failure(go(sink_url()), 1, "sqlite.column_retyped");
}

TEST_F(JobsOverHttp, H33ARetypedColumnThatIsOneTypeInSqliteGoesOnAfterAReset) {
    make_users(3);
    WeirServer host{data()};
    ASSERT_EQ(add_shop(host).status, 201u);
    ASSERT_EQ(host.post("/replication/jobs", users_job("users")).status, 201u);
    ASSERT_EQ(host.run_job("users").body.at("status"), "succeeded");
    db.run("ALTER TABLE users ALTER name TYPE char(9)");
    Answer const halted = host.run_job("users");
    EXPECT_NE(halted.text.find("sqlite.column_retyped"), std::string::npos) << halted;
    EXPECT_NE(halted.text.find("read everything anew (weir job reset users or "
                               "destination.mode replace), copy"),
              std::string::npos)
        << halted;
    ASSERT_EQ(host.post(job_path("users") + "/reset", Json::object()).status, 200u);
    Answer const ran = host.run_job("users");
    EXPECT_EQ(ran.body.at("written"), 3) << ran;
    EXPECT_EQ(local().one("SELECT group_concat(name, '|') FROM users"),
              "user 1   |user 2   |user 3   ");
    EXPECT_EQ(host.run_job("users").body.at("status"), "succeeded");
}

}  // namespace
}  // namespace weir::test
