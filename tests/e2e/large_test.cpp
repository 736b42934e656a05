// Records that are too large, tables that are wide, and numbers of rows at the border of a batch.
#include <fstream>

#include "support/copy_fixture.hpp"

namespace weir::test {
namespace {

#ifdef __SANITIZE_ADDRESS__  // which keeps three times as much, and what was freed
constexpr std::int64_t resident_kib_max = 1 << 20;
#else
constexpr std::int64_t resident_kib_max = 64 << 10;
#endif

class H29Large : public CopyFixture {
protected:
    /// Rows 1 to 3, of which 2 has a document of `bytes` characters.
    void make_documents(std::string const& bytes, std::string const& type = "json") {
        db.run("CREATE TABLE docs (id int PRIMARY KEY, name text NOT NULL, doc " + type + ")");
        db.run("INSERT INTO docs VALUES (1, 'one', '[1]'), (2, 'two', ('\"' || repeat('x', " +
               bytes + ") || '\"')::" + type + "), (3, 'three', '[3]')");
    }
    std::vector<std::string> const letters{"--on-error", "dead_letter", "--dead-letters",
                                           "letters.jsonl"};
    Json letter() {
        std::ifstream file{directory / "letters.jsonl"};
        std::string line;
        std::getline(file, line);
        return Json::parse(line, nullptr, false);
    }
    Ran copy_docs(std::vector<std::string> more) {
        more.insert(more.begin(), {"--stream", "public.docs"});
        return copy(more);
    }
};

TEST_F(H29Large, ADocumentOf100MegabytesIsRejectedUnread) {
    make_documents("104857600");
    Ran const ran = copy_docs(letters);
    expect_exit(ran, 4);
    EXPECT_EQ(ran.stream().at("read"), 3) << ran;
    EXPECT_EQ(ran.stream().at("rejected"), 1) << ran;
    EXPECT_EQ(sink().rows("SELECT id, doc FROM docs ORDER BY id"),
              (std::vector<Record>{{"1", "[1]"}, {"3", "[3]"}}));
    Json const kept = letter();
    EXPECT_EQ(kept.at("code"), "source.row_too_large");
    EXPECT_EQ(kept.at("where"), "doc");
    EXPECT_EQ(kept.at("record"), (Json{{"id", 2}, {"name", "two"}, {"doc", nullptr}}));
    std::string const message = kept.at("message");
    EXPECT_NE(message.find("id 2"), std::string::npos) << message;
    EXPECT_NE(message.find("104857602 bytes in its field \"doc\""), std::string::npos)
        << message;
    EXPECT_LE(ran.peak_kib, resident_kib_max);
}

// What the source refuses never comes into the stage of a replace: its rows are not gone.
TEST_F(H29Large, AReplaceKeepsWhatItHasOfThem) {
    db.run("CREATE TABLE docs (id int PRIMARY KEY, doc text); CREATE TABLE keyless AS "
           "SELECT i AS id, 'small' AS doc FROM generate_series(1, 5) i; "
           "INSERT INTO docs SELECT * FROM keyless");
    std::string const other = server.fresh();
    Pg there = server.connect_as_owner(other);
    auto const into_other = [&](std::vector<std::string> more) {
        more.insert(more.begin(), {"copy", server.url(database), server.url(other), "--stream",
                                   "public.docs", "--json"});
        return weir(more);
    };
    std::vector<std::string> const more{"--write",  "replace",         "--on-error",
                                        "skip",     "--row-bytes-max", "1000000"};
    expect_moved(copy_docs(more), 5, 5);
    expect_moved(into_other(more), 5, 5);
    expect_moved(copy({"--stream", "public.keyless", "--write", "replace"}), 5, 5);
    db.run("UPDATE docs SET doc = repeat('x', 3000000) WHERE id < 4; DELETE FROM docs WHERE id = 4;"
           "UPDATE docs SET doc = 'new' WHERE id = 5; UPDATE keyless SET doc = repeat('x', 3000000)"
           " WHERE id = 1");
    for (Ran const& ran : {copy_docs(more), into_other(more)}) {
        expect_exit(ran, 4);
        EXPECT_EQ(ran.stream().at("rejected"), 3) << ran;
        EXPECT_EQ(ran.stream().at("deleted"), 0) << ran;
        EXPECT_NE(ran.stream().at("notes").dump().find("no row of docs was deleted"),
                  std::string::npos)
            << ran;
    }
    std::string const kept = "1small,2small,3small,4small,5new";
    EXPECT_EQ(sink().one("SELECT group_concat(id || doc) FROM docs"), kept);
    EXPECT_EQ(there.one("SELECT string_agg(id || doc, ',' ORDER BY id) FROM docs"), kept);
    std::vector<std::string> keyless{"--stream", "public.keyless"};
    keyless.insert(keyless.end(), more.begin(), more.end());
    expect_failure(copy(keyless), 1, "copy.replace_refused");
    EXPECT_EQ(sink().one("SELECT count(*) FROM keyless WHERE doc = 'small'"), "5");
    // By its keys what is gone is found, and what is too large there.
    std::vector<std::string> const by_keys{"--mode", "reconcile", "--max-delete-fraction", "1"};
    for (Ran const& ran : {copy_docs(by_keys), into_other(by_keys)}) {
        expect_exit(ran, 0);
        EXPECT_EQ(ran.stream().at("deleted"), 1) << ran;
    }
    EXPECT_EQ(sink().one("SELECT group_concat(id) FROM docs"), "1,2,3,5");
}

TEST_F(H29Large, AReconcileRefusesThemAndKeepsWhatTheTargetHas) {
    db.run("CREATE TABLE docs (id int PRIMARY KEY, doc text); INSERT INTO docs "
           "SELECT i, 'small' FROM generate_series(1, 5) i");
    expect_moved(copy_docs({}), 5, 5);
    db.run("UPDATE docs SET doc = repeat('x', 20000000) WHERE id = 1; UPDATE docs SET doc = 'new' "
           "WHERE id = 2; DELETE FROM docs WHERE id = 3; "
           "INSERT INTO docs VALUES (6, repeat('x', 20000000)), (7, 'small')");
    std::string const all = "SELECT group_concat(id || doc) FROM docs";
    std::vector<std::string> const values{"--mode", "reconcile", "--compare", "values"};
    expect_failure(copy_docs(values), 1, "source.row_too_large");
    std::vector<std::string> more = values;
    more.insert(more.end(), letters.begin(), letters.end());
    Ran const ran = copy_docs(more);
    expect_exit(ran, 4);
    EXPECT_EQ(ran.stream().at("rejected"), 2) << ran;
    EXPECT_EQ(ran.stream().at("written"), 2) << ran;
    EXPECT_EQ(ran.stream().at("deleted"), 0) << ran;
    EXPECT_EQ(sink().one(all), "1small,2new,3small,4small,5small,7small");
    EXPECT_LE(ran.peak_kib, resident_kib_max);
    // The one that is missing is asked for by its key.
    std::vector<std::string> keys{"--mode", "reconcile", "--max-delete-fraction", "1"};
    expect_failure(copy_docs(keys), 1, "source.row_too_large");
    keys.insert(keys.end(), letters.begin(), letters.end());
    Ran const by_keys = copy_docs(keys);
    expect_exit(by_keys, 4);
    EXPECT_EQ(by_keys.stream().at("rejected"), 1) << by_keys;
    EXPECT_EQ(by_keys.stream().at("deleted"), 1) << by_keys;
    EXPECT_EQ(sink().one(all), "1small,2new,4small,5small,7small");
}

TEST_F(H29Large, ItStopsTheRunUnlessItMayBeRejected) {
    make_documents("17000000");
    std::string const said = expect_failure(copy_docs({}), 1, "source.row_too_large");
    EXPECT_NE(said.find("--row-bytes-max"), std::string::npos) << said;
}

TEST_F(H29Large, ALargerLimitTakesIt) {
    make_documents("17000000");
    Ran const ran = copy_docs({"--row-bytes-max", "20000000"});
    expect_moved(ran, 3, 3);
    EXPECT_EQ(sink().one("SELECT length(doc) FROM docs WHERE id = 2"), "17000002");
}

TEST_F(H29Large, OfEveryKindOfValue) {
    db.run("CREATE TABLE docs (id int PRIMARY KEY, a text, b bytea, c jsonb, d text[], e xml)");
    db.run("INSERT INTO docs VALUES (0, 'a', 'b', '1', '{d}', 'e')");
    std::string const big = "repeat('x', 3000)";
    db.run("INSERT INTO docs (id, a) VALUES (1, " + big + ")");
    db.run("INSERT INTO docs (id, b) VALUES (2, " + big + "::bytea)");
    db.run("INSERT INTO docs (id, c) VALUES (3, to_jsonb(" + big + "))");
    db.run("INSERT INTO docs (id, d) VALUES (4, ARRAY[" + big + "])");
    db.run("INSERT INTO docs (id, e) VALUES (5, " + big + "::xml)");
    std::vector<std::string> more{"--row-bytes-max", "2500"};
    more.insert(more.end(), letters.begin(), letters.end());
    Ran const ran = copy_docs(more);
    EXPECT_EQ(ran.stream().at("rejected"), 5) << ran;
    EXPECT_EQ(sink().one("SELECT group_concat(id) FROM docs"), "0");
}

TEST_F(H29Large, FieldsThatAreTooMuchTogetherOnly) {
    db.run("CREATE TABLE docs (id int PRIMARY KEY, a text, b text)");
    db.run("INSERT INTO docs VALUES (1, repeat('a', 1500), repeat('b', 1600)), (2, 'a', 'b')");
    std::vector<std::string> more{"--row-bytes-max", "3000"};
    more.insert(more.end(), letters.begin(), letters.end());
    EXPECT_EQ(copy_docs(more).stream().at("rejected"), 1);
    EXPECT_EQ(letter().at("where"), "b");
    more[1] = "3200";
    expect_moved(copy_docs(more), 2, 2);
}

TEST_F(H29Large, InADeltaThePositionGoesPastIt) {
    db.run("CREATE TABLE docs (id int PRIMARY KEY, at timestamptz NOT NULL, doc text)");
    db.run("INSERT INTO docs SELECT i, timestamptz '2024-01-01Z' + i * interval '1 s',"
           " CASE WHEN i % 10 = 0 THEN repeat('x', 5000) ELSE 'small' END"
           " FROM generate_series(1, 100) i");
    std::vector<std::string> more{"--cursor", "at", "--row-bytes-max", "4000", "--batch-rows", "7"};
    more.insert(more.end(), letters.begin(), letters.end());
    Ran const first = copy_docs(more);
    EXPECT_EQ(first.stream().at("written"), 90) << first;
    EXPECT_EQ(first.stream().at("rejected"), 10) << first;
    Ran const second = copy_docs(more);
    expect_moved(second, 0, 0);
    db.run("UPDATE docs SET doc = 'smaller', at = timestamptz '2025-01-01Z' WHERE id = 50");
    expect_moved(copy_docs(more), 1, 1);
    EXPECT_EQ(sink().one("SELECT doc FROM docs WHERE id = 50"), "smaller");
}

TEST_F(H29Large, SqliteFindsItToo) {
    Sqlite source{directory / "in.db"};
    source.run("CREATE TABLE docs (id INTEGER PRIMARY KEY, name TEXT, doc TEXT);"
               "CREATE TABLE plain (name TEXT, doc BLOB);"
               "CREATE TABLE worded (name TEXT PRIMARY KEY, doc TEXT) WITHOUT ROWID;"
               "CREATE TABLE loose (name, doc);");
    for (char const* table : {"docs (name, doc)", "plain", "worded", "loose"})
        source.run(std::string{"INSERT INTO "} + table + " VALUES ('one', 'small'),"
                   " ('two', CAST(zeroblob(100000000) AS TEXT)), ('three', 'small')");
    for (char const* table : {"docs", "plain", "worded", "loose"}) {
        std::vector<std::string> line{"copy", "sqlite:in.db", "sqlite:out.db", "--stream", table};
        line.insert(line.end(), letters.begin(), letters.end());
        line.push_back("--json");
        ProcessOptions options;
        options.directory = directory.path().string();
        Ran const ran = weir(line, options);
        expect_exit(ran, 4);
        EXPECT_EQ(ran.stream().at("rejected"), 1) << ran;
        // Of a table without numbers SQLite holds a row while it looks for its key.
        if (table != std::string{"worded"}) EXPECT_LE(ran.peak_kib, resident_kib_max) << table;
        EXPECT_EQ(sink().one(std::string{"SELECT count(*) FROM "} + table +
                             " WHERE name IN ('one', 'three')"), "2") << table;
    }
    Json const kept = letter();
    EXPECT_EQ(kept.at("where"), "doc");
    EXPECT_EQ(kept.at("record").at("id"), 2);
}

TEST_F(H29Large, NoneOneAndTheMultiplesOfABatch) {
    db.run("CREATE TABLE few (id int PRIMARY KEY, at timestamptz NOT NULL DEFAULT '2024-01-01Z')");
    int there = 0;
    for (int const rows : {0, 1, 6, 7, 14, 15}) {
        if (rows > there)
            db.run("INSERT INTO few SELECT generate_series(" + std::to_string(there + 1) + ", " +
                   std::to_string(rows) + ")");
        there = rows;
        std::string const target = "few" + std::to_string(rows);
        for (std::vector<std::string> mode : {std::vector<std::string>{"--mode", "full"},
                                              {"--cursor", "at"}, {"--write", "append"}}) {
            std::string const to = target + mode[1];
            mode.insert(mode.end(), {"--stream", "public.few", "--batch-rows", "7", "--to", to});
            auto const count = static_cast<std::uint64_t>(rows);
            expect_moved(copy(mode), count, count);
            EXPECT_EQ(sink().one("SELECT count(*) FROM \"" + to + "\""), std::to_string(rows));
        }
    }
}

}  // namespace
}  // namespace weir::test
