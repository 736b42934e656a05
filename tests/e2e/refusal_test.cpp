// Rows that a staged copy finds refused only when they are about to show: each is named, kept whole
// and counted, and the others show with it, in one transaction.
#include <fstream>

#include "support/copy_fixture.hpp"

namespace weir::test {
namespace {

class Refusal : public CopyFixture {
protected:
    static std::vector<std::string> with(std::vector<std::string> arguments,
                                         std::vector<std::string> const& more) {
        arguments.insert(arguments.end(), more.begin(), more.end());
        return arguments;
    }
    std::vector<Json> letters(std::string const& name = "weir-dead-letters.jsonl") const {
        std::ifstream file{directory / name};
        std::vector<Json> found;
        for (std::string line; std::getline(file, line);) found.push_back(Json::parse(line));
        return found;
    }
    /// The target holds one row of its own, and takes no "user 3".
    void make_picky_target() {
        sink().run(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT CHECK (name <> 'user 3'), "
            "updated_at TEXT); INSERT INTO users VALUES (99, 'old', '')");
    }
    void expect_partial(Ran const& ran, int read, int written, int rejected) const {
        expect_exit(ran, 4);
        EXPECT_EQ(ran.json.value("status", ""), "partial") << ran;
        EXPECT_EQ(ran.stream().at("read"), read) << ran;
        EXPECT_EQ(ran.stream().at("written"), written) << ran;
        EXPECT_EQ(ran.stream().at("rejected"), rejected) << ran;
    }

    std::vector<std::string> const users{"--stream", "public.users"};
    std::vector<std::string> const replace{"--stream", "public.users", "--write", "replace"};
};

TEST_F(Refusal, H34StopsAndNamesTheRow) {
    make_users(5);
    make_picky_target();
    std::string const said = expect_failure(copy(replace), 1, "sqlite.check");
    EXPECT_NE(said.find("the row with id 3 was refused by users"), std::string::npos) << said;
    EXPECT_NE(said.find("nothing was changed"), std::string::npos) << said;
    EXPECT_EQ(sink().rows("SELECT id, name FROM users"), (std::vector<Record>{{"99", "old"}}));
}

TEST_F(Refusal, H34SkipsTheRowAndShowsTheOthers) {
    make_users(5);
    make_picky_target();
    Ran const ran = copy(with(replace, {"--on-error", "skip", "--batch-rows", "2"}));
    expect_partial(ran, 5, 4, 1);
    EXPECT_EQ(ran.stream().at("deleted"), 1) << ran;
    EXPECT_EQ(sink().one("SELECT group_concat(id) FROM users"), "1,2,4,5");
    EXPECT_EQ(sink().one("SELECT \"rows\" FROM _weir_checkpoint"), "4");
    EXPECT_TRUE(letters().empty());
}

TEST_F(Refusal, H34OfATriggerIsOneRowsToo) {
    make_users(5);
    sink().run(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, updated_at TEXT); "
        "CREATE TRIGGER no BEFORE INSERT ON users WHEN new.id = 4 "
        "BEGIN SELECT raise(ABORT, 'not here'); END");
    expect_partial(copy(with(replace, {"--on-error", "dead_letter"})), 5, 4, 1);
    EXPECT_EQ(sink().one("SELECT group_concat(id) FROM users"), "1,2,3,5");
    ASSERT_EQ(letters().size(), 1u);
    EXPECT_EQ(letters()[0].at("code"), "sqlite.trigger");
    EXPECT_EQ(letters()[0].at("record").at("id"), 4);
}

TEST_F(Refusal, OfATriggerThatUndoesEverythingChangesNothing) {
    make_users(5);
    make_picky_target();
    for (std::string const how : {"ROLLBACK", "FAIL"}) {
        sink().run(
            "DROP TRIGGER IF EXISTS no; CREATE TRIGGER no AFTER INSERT ON users "
            "WHEN new.id = 4 BEGIN SELECT raise(" +
            how + ", 'never'); END");
        expect_failure(copy(with(replace, {"--on-error", "skip"})), 1, "sqlite.trigger");
        EXPECT_EQ(sink().one("SELECT group_concat(id) FROM users"), "99") << how;
    }
}

TEST_F(Refusal, OfAnUpsertLeavesWhatWasThere) {
    make_users(5);
    db.run("ALTER TABLE users DROP CONSTRAINT users_pkey");
    make_picky_target();
    sink().run("INSERT INTO users VALUES (3, 'as it was', '')");
    expect_partial(copy(with(users, {"--key", "id", "--on-error", "dead_letter"})), 5, 4, 1);
    EXPECT_EQ(sink().one("SELECT group_concat(id) FROM users"), "1,2,3,4,5,99");
    EXPECT_EQ(sink().one("SELECT name FROM users WHERE id = 3"), "as it was");
    EXPECT_EQ(letters().size(), 1u);
}

TEST_F(Refusal, H34FindsManyRowsOfAKeyOfTwoFields) {
    db.run(
        "CREATE TABLE parts (a int, b text, v int, PRIMARY KEY (b, a)); "
        "INSERT INTO parts SELECT i % 100, 'b' || i / 100, i FROM generate_series(0, 1999) i");
    sink().run(
        "CREATE TABLE parts (a INTEGER, b TEXT, v INTEGER CHECK (v % 10 <> 7), note TEXT, "
        "PRIMARY KEY (a, b)); INSERT INTO parts VALUES (7, 'b0', 1, 'was'), (8, 'b0', 1, 'kept')");
    Ran const ran = copy({"--stream", "public.parts", "--write", "replace", "--on-error",
                          "dead_letter", "--batch-rows", "300"});
    expect_partial(ran, 2000, 1800, 200);
    EXPECT_EQ(ran.stream().at("deleted"), 0) << ran;
    EXPECT_EQ(sink().one("SELECT count(*) || ' ' || sum(v % 10 = 7) FROM parts"), "1801 0");
    EXPECT_EQ(sink().one("SELECT group_concat(v || note) FROM parts WHERE note <> ''"),
              "1was,8kept");
    ASSERT_EQ(letters().size(), 200u);
    EXPECT_EQ(letters()[0].at("record").at("v").get<int>() % 10, 7);
}

TEST_F(Refusal, KeepsTheRecordAsABatchWouldHave) {
    db.run(
        "CREATE TABLE things (id bigint PRIMARY KEY, yes boolean, n numeric(9, 3), f float8, "
        "r real, t text, b bytea, d date, h time, s timestamp, z timestamptz, j jsonb, u uuid, "
        "big numeric, no text); "
        "INSERT INTO things VALUES (9007199254740993, true, 1.500, 'NaN', 0.1, 'it''s ü', "
        "'\\x00ff', '0044-03-15 BC', '24:00', '2024-02-29 12:00:00.5', '2024-02-29 12:00Z', "
        "'{\"a\": [1, null]}', '00112233-4455-6677-8899-aabbccddeeff', 'Infinity', NULL), "
        "(2, false, -0.001, '-Infinity', -0.0, '', '', 'infinity', '00:00', 'infinity', "
        "'-infinity', '1', NULL, 12345678901234567890, NULL)");
    std::string const table =
        "things (id INTEGER PRIMARY KEY, yes, n, f, r, t, b, d, h, s, z, j, u, big, "
        "no CHECK (no IS NOT NULL))";
    sink().run("CREATE TABLE " + table);
    std::vector<std::string> const things{"--stream", "public.things", "--on-error", "dead_letter"};
    expect_partial(copy(with(things, {"--dead-letters", "batch.jsonl"})), 2, 0, 2);
    expect_partial(copy(with(things, {"--write", "replace", "--dead-letters", "staged.jsonl"})), 2,
                   0, 2);
    ASSERT_EQ(letters("batch.jsonl").size(), 2u);
    ASSERT_EQ(letters("staged.jsonl").size(), 2u);
    for (std::size_t i = 0; i < 2; ++i) {
        Json const batch = letters("batch.jsonl")[i], staged = letters("staged.jsonl")[i];
        EXPECT_EQ(staged.at("record").dump(), batch.at("record").dump());
        for (char const* member : {"code", "where", "stream", "target"})
            EXPECT_EQ(staged.value(member, ""), batch.value(member, "")) << member;
    }
}

TEST_F(Refusal, OfAnAppendThatIsThereAlreadySkipsIt) {
    make_users(3);
    db.run("ALTER TABLE users DROP CONSTRAINT users_pkey");
    sink().run("CREATE TABLE users (id INTEGER, name TEXT UNIQUE, updated_at TEXT)");
    expect_moved(copy(users), 3, 3);
    add_users(4, 5);
    std::string const said = expect_failure(copy(users), 1, "sqlite.unique");
    EXPECT_NE(said.find("id 1, name user 1"), std::string::npos) << said;
    expect_partial(copy(with(users, {"--on-error", "skip"})), 5, 2, 3);
    EXPECT_EQ(sink().one("SELECT group_concat(id) FROM users"), "1,2,3,4,5");
}

TEST_F(Refusal, H25IsNoneWhereUniqueValuesChangePlaces) {
    make_users(4);
    sink().run(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT UNIQUE, updated_at TEXT, note "
        "TEXT)");
    expect_moved(copy(replace), 4, 4);
    sink().run("UPDATE users SET note = 'mine ' || id");
    db.run("UPDATE users SET name = 'user ' || (id % 4 + 1)");
    expect_moved(copy(replace), 4, 4);
    expect_users_equal();
    EXPECT_EQ(sink().one("SELECT group_concat(note) FROM users"), "mine 1,mine 2,mine 3,mine 4");
}

TEST_F(Refusal, H34OfARowThatWasThereLeavesItAsItWas) {
    make_users(4);
    make_picky_target();
    sink().run("INSERT INTO users VALUES (3, 'as it was', '')");
    Ran const ran = copy(with(replace, {"--on-error", "skip"}));
    expect_partial(ran, 4, 3, 1);
    EXPECT_EQ(ran.stream().at("deleted"), 1) << ran;
    EXPECT_EQ(sink().one("SELECT group_concat(id) FROM users"), "1,2,3,4");
    EXPECT_EQ(sink().one("SELECT name FROM users WHERE id = 3"), "as it was");
}

TEST_F(Refusal, H34OfAllRowsTakesNoneAway) {
    db.run("CREATE TABLE rj (id int PRIMARY KEY, v text); "
           "INSERT INTO rj SELECT i, 'v' || i FROM generate_series(1, 20) i");
    sink().run("CREATE TABLE rj (id INTEGER PRIMARY KEY, v TEXT CHECK (v NOT LIKE 'bad%'))");
    std::vector<std::string> const rj{"--stream", "public.rj", "--write", "replace", "--on-error",
                                      "skip"};
    expect_moved(copy(rj), 20, 20);
    db.run("UPDATE rj SET v = 'bad' || id");
    Ran const ran = copy(rj);
    expect_partial(ran, 20, 0, 20);
    EXPECT_EQ(ran.stream().at("deleted"), 0) << ran;
    EXPECT_EQ(sink().one("SELECT count(*) FROM rj WHERE v = 'v' || id"), "20");
}

TEST_F(Refusal, H25WhoWaitsForWhatARefusedRowKeepsStaysToo) {
    make_users(6);
    sink().run(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT UNIQUE CHECK (name <> 'bad'), "
        "updated_at TEXT, note TEXT)");
    expect_moved(copy(replace), 6, 6);
    sink().run("UPDATE users SET note = 'mine ' || id");
    // 1 wants what 2 has, that what 3 has, which is refused; 4 and 5 exchange theirs; 6 goes.
    db.run("UPDATE users SET name = CASE id WHEN 3 THEN 'bad' WHEN 4 THEN 'user 5' "
           "WHEN 5 THEN 'user 4' ELSE 'user ' || id + 1 END; DELETE FROM users WHERE id = 6");
    expect_failure(copy(replace), 1, "sqlite.check");
    Ran const ran = copy(with(replace, {"--on-error", "dead_letter"}));
    expect_partial(ran, 5, 2, 3);
    EXPECT_EQ(ran.stream().at("deleted"), 1) << ran;
    EXPECT_EQ(sink().one("SELECT group_concat(name || '/' || note) FROM users"),
              "user 1/mine 1,user 2/mine 2,user 3/mine 3,user 5/mine 4,user 4/mine 5");
    EXPECT_EQ(letters().size(), 3u);
}

TEST_F(Refusal, IsOnPaperBeforeTheOthersShow) {
    make_users(5);
    make_picky_target();
    std::vector<std::string> const arguments = with(replace, {"--on-error", "dead_letter"});
    // A letter that cannot be kept: nothing shows.
    expect_failure(copy(with(arguments, {"--dead-letters", "."})), 3, "copy.dead_letters");
    EXPECT_EQ(sink().one("SELECT group_concat(id) FROM users"), "99");
    // Killed as soon as the rows show: the letter is there.
    ProcessOptions options{.directory = directory.path().string()};
    options.environment = {{"WEIR_FAILPOINT", "pump.after_commit:1"}};
    EXPECT_EQ(copy(arguments, options).code, 137);
    EXPECT_EQ(sink().one("SELECT group_concat(id) FROM users"), "1,2,4,5");
    EXPECT_EQ(letters().size(), 1u);
}

}  // namespace
}  // namespace weir::test
