// H9, H25: rows that exchange what is unique in them, a <-> b, in one transaction of the source.
#include "support/copy_fixture.hpp"

namespace weir::test {
namespace {

class Swapped : public CopyFixture {
protected:
    Swapped() {
        db.run("CREATE TABLE seats (id int PRIMARY KEY, code text NOT NULL, at timestamptz NOT "
               "NULL DEFAULT now()); INSERT INTO seats SELECT i, 'c' || i FROM "
               "generate_series(1, 9) i");
    }
    Ran go(std::vector<std::string> const& more) {
        std::vector<std::string> line{"copy",     server.url(database), server.url(other),
                                      "--stream", "public.seats",       "--json"};
        line.insert(line.end(), more.begin(), more.end());
        return weir(line, {.directory = directory.path().string()});
    }
    /// A ring of three, a pair, and a new row with what another gave up.
    void exchange() {
        db.run("UPDATE seats SET at = now(), code = CASE id WHEN 1 THEN 'c2' WHEN 2 THEN 'c3' "
               "WHEN 3 THEN 'c1' WHEN 4 THEN 'c5' WHEN 5 THEN 'c4' WHEN 6 THEN 'free' END "
               "WHERE id < 7; INSERT INTO seats VALUES (10, 'c6')");
    }
    std::vector<Record> seats(Pg& at) { return at.rows("SELECT id, code FROM seats ORDER BY id"); }
    void expect_equal(Ran const& ran) {
        expect_exit(ran, 0);
        EXPECT_EQ(seats(there), seats(db));
    }
    std::string const other = server.fresh();
    Pg there = server.connect_as_owner(other);
};

class SwappedBy : public Swapped, public testing::WithParamInterface<std::vector<std::string>> {};

INSTANTIATE_TEST_SUITE_P(
    Each, SwappedBy,
    testing::Values(std::vector<std::string>{"--cursor", "at"},
                    std::vector<std::string>{"--mode", "full"},
                    std::vector<std::string>{"--write", "replace"},
                    std::vector<std::string>{"--mode", "reconcile", "--compare", "values"}),
    [](auto const& each) { return each.param.back(); });

TEST_P(SwappedBy, H9NullsStandInWhereTheColumnTakesThem) {
    expect_exit(go({"--cursor", "at"}), 0);
    there.run("ALTER TABLE seats ALTER code DROP NOT NULL, ADD UNIQUE (code), ADD mine text;"
              "UPDATE seats SET mine = 'kept'");
    exchange();
    expect_equal(go(GetParam()));
    EXPECT_EQ(there.one("SELECT count(*) FROM seats WHERE mine = 'kept'"), "9");
}

TEST_P(SwappedBy, H9RowsLeaveAndComeAgainWhereNobodySeesIt) {
    expect_exit(go({"--cursor", "at"}), 0);
    there.run("CREATE UNIQUE INDEX ON seats (lower(code))");
    exchange();
    expect_equal(go(GetParam()));
}

TEST_P(SwappedBy, H9WhoseRowsOthersReferToIsRefusedAndNothingOfThemIsLost) {
    expect_exit(go({"--cursor", "at"}), 0);
    there.run("ALTER TABLE seats ADD UNIQUE (code); CREATE TABLE guests (seat int REFERENCES seats "
              "ON DELETE CASCADE); INSERT INTO guests SELECT id FROM seats");
    exchange();
    std::string const said = expect_failure(go(GetParam()), 1, "postgres.unique");
    EXPECT_NE(said.find("already exists"), std::string::npos) << said;
    EXPECT_EQ(there.one("SELECT count(*) FROM guests"), "9");
    there.run("ALTER TABLE seats DROP CONSTRAINT seats_code_key, ADD UNIQUE (code) DEFERRABLE");
    expect_equal(go(GetParam()));
    EXPECT_EQ(there.one("SELECT count(*) FROM guests"), "9");
}

TEST_F(Swapped, H9BesideARowThatRefersToANewOne) {
    char const make[] = "CREATE TABLE ap (id int PRIMARY KEY, boss int REFERENCES ap ON DELETE SET "
                        "NULL, code text UNIQUE)";
    for (Pg* each : {&db, &there}) each->run(make);
    db.run("INSERT INTO ap VALUES (1, NULL, 'c1'), (2, 1, 'c2'), (3, 1, 'c3'), (4, 1, 'c4')");
    auto const replace = [&] {
        return weir({"copy", server.url(database), server.url(other), "--stream", "public.ap",
                     "--write", "replace", "--json"},
                    {.directory = directory.path().string()});
    };
    expect_exit(replace(), 0);
    db.run("UPDATE ap SET code = 't' WHERE id = 1; UPDATE ap SET code = 'c1' WHERE id = 2;"
           "UPDATE ap SET code = 'c2' WHERE id = 1; UPDATE ap SET id = 70, boss = 70 WHERE id = 4;"
           "UPDATE ap SET boss = 70 WHERE id = 3");
    expect_exit(replace(), 0);
    char const all[] = "SELECT * FROM ap ORDER BY id";
    EXPECT_EQ(there.rows(all), db.rows(all));
}

class SwappedInSqlite : public Swapped {
protected:
    SwappedInSqlite() {
        expect_exit(into(), 0);
        sink().run("CREATE UNIQUE INDEX codes ON seats (code);"
                   "ALTER TABLE seats ADD COLUMN mine TEXT; UPDATE seats SET mine = 'kept'");
        exchange();
    }
    Ran into(std::vector<std::string> more = {}) {
        more.insert(more.begin(), {"--stream", "public.seats", "--cursor", "at"});
        return copy(more);
    }
    std::vector<Record> seats_in_sink() {
        return sink().rows("SELECT id, code FROM seats ORDER BY id");
    }
};

TEST_F(SwappedInSqlite, H9RowsLeaveAndComeAgainWithWhatOthersKeepInThem) {
    expect_exit(into(), 0);
    EXPECT_EQ(seats_in_sink(), seats(db));
    EXPECT_EQ(sink().one("SELECT count(*) FROM seats WHERE mine = 'kept'"), "9");
    EXPECT_EQ(sink().one("PRAGMA integrity_check"), "ok");
}

TEST_F(SwappedInSqlite, H9WhereTriggersWouldSeeItTheyAreRefusedAndStay) {
    sink().run("CREATE TABLE gone (id); CREATE TRIGGER goes AFTER DELETE ON seats BEGIN "
               "INSERT INTO gone VALUES (old.id); END");
    std::vector<Record> const before = seats_in_sink();
    std::string const said = expect_failure(into(), 1, "sqlite.unique");
    EXPECT_NE(said.find("UNIQUE constraint failed: seats.code"), std::string::npos) << said;
    EXPECT_EQ(seats_in_sink(), before);
    EXPECT_EQ(sink().one("SELECT count(*) FROM gone"), "0");
}

TEST_F(SwappedInSqlite, H25ATrueClashIsARejectAndTheOthersExchange) {
    sink().run("INSERT INTO seats VALUES (99, 'taken', '', 'mine')");
    // Whoever waits for what the refused row holds is refused as well.
    db.run("UPDATE seats SET code = CASE id WHEN 7 THEN 'taken' ELSE 'c7' END, at = now() WHERE id "
           "IN (7, 8)");
    Ran const ran = into({"--on-error", "skip"});
    expect_exit(ran, 4);
    EXPECT_EQ(ran.stream().at("rejected"), 2) << ran;
    EXPECT_EQ(sink().one("SELECT group_concat(code) FROM (SELECT code FROM seats ORDER BY id)"),
              "c2,c3,c1,c5,c4,free,c7,c8,c9,c6,taken");
    EXPECT_EQ(sink().one("SELECT group_concat(mine) FROM seats WHERE id IN (7, 8, 99)"),
              "kept,kept,mine");
}

TEST_F(SwappedInSqlite, H25OfTwoVersionsOfOneKeyTheLaterStaysWhenTheEarlierHadToWait) {
    db.run("CREATE VIEW versions AS SELECT v.id, v.code, now() AS at FROM (VALUES (1, 1, 'c9'), "
           "(2, 9, 'c1'), (3, 1, 'later')) v (n, id, code) ORDER BY v.n");
    expect_exit(copy({"--stream", "public.versions", "--key", "id", "--to", "seats"}), 0);
    EXPECT_EQ(sink().rows("SELECT id, code FROM seats WHERE id IN (1, 9) ORDER BY id"),
              (std::vector<Record>{{"1", "later"}, {"9", "c1"}}));
}

TEST_F(Swapped, H25ATrueClashIsStillAReject) {
    expect_exit(go({"--cursor", "at"}), 0);
    there.run("ALTER TABLE seats ADD UNIQUE (code); INSERT INTO seats VALUES (99, 'taken', now())");
    exchange();
    db.run("UPDATE seats SET code = 'taken', at = now() WHERE id = 7");
    Ran const ran = go({"--cursor", "at", "--on-error", "skip"});
    expect_exit(ran, 4);
    EXPECT_EQ(there.one("SELECT code FROM seats WHERE id = 7"), "c7") << "as it was";
    EXPECT_EQ(there.one("SELECT code FROM seats WHERE id = 99"), "taken");
    EXPECT_EQ(there.one("SELECT code FROM seats WHERE id = 6"), "free");
}

}  // namespace
}  // namespace weir::test
