#include "sink_fixture.hpp"

namespace weir::test {

class SqliteNames : public SqliteSink {};

TEST_F(SqliteNames, H30AnyNameWorks) {
    for (std::string const name :
         {"Sel\"ect é😀", "a.b",          "two words", "select", "it's",     "*",
          "rowid",       "weir_batch_1", "a/*b*/",    "[x]",    "`y`",      "line\nbreak",
          "%s",          "-- no",        "1",         "abort",  "excluded", "t",
          "staged",      "main"}) {
        Rows batch{
            {{"id", Type::int64, false}, {name, Type::utf8}, {"\"" + name + "\"", Type::utf8}}};
        batch.add(1, "v", "w").add(2, nullptr, "");
        for (WriteRequest const& request : {upsert(name), replace(name), append(name + "+")}) {
            run(request, batch, "{\"at\":1}");
            EXPECT_FALSE(sink.peek(request).is_null()) << name;
        }
        std::string quoted;
        for (char const c : name) quoted += c == '"' ? "\"\"" : std::string{c};
        EXPECT_EQ(rows("SELECT * FROM \"" + quoted + "\""),
                  (std::vector<Record>{{"1", "v", "w"}, {"2", std::nullopt, ""}}))
            << name;
    }
}

TEST_F(SqliteNames, AnyNameWorksAsAKey) {
    for (std::string const name : {"Sel\"ect", "é😀", "order by", "t", "excluded", "s"}) {
        Rows batch{{{name, Type::utf8, false}, {"v", Type::int64}}},
            again{{{name, Type::utf8, false}, {"v", Type::int64}}};
        batch.add("a", 1).add("b", 2);
        again.add("b", 3);
        WriteRequest request = upsert("k" + name);
        request.key = {name};
        run(request, batch);
        run(request, again);
        request.write_mode = WEIR_WRITE_REPLACE;
        request.flags = WEIR_BEGIN_STAGED;
        EXPECT_EQ(run(request, again), 1u) << name;
    }
}

TEST_F(SqliteNames, H30NamesThatDifferInCaseOnlyAreRefusedBeforeAnythingIsWritten) {
    Rows batch{{{"id", Type::int64}, {"Order", Type::utf8}, {"order", Type::utf8}}};
    Failure const failure = failure_of([&] { sink.prepare(upsert(), batch.schema()); });
    EXPECT_EQ(failure.code, "sqlite.name_clash");
    EXPECT_NE(std::string{failure.what()}.find("\"Order\""), std::string::npos);
    EXPECT_NE(std::string{failure.what()}.find("\"order\""), std::string::npos);
    EXPECT_FALSE(Sqlite{file}.has_table("people"));
}

TEST_F(SqliteNames, LettersBeyondAsciiAreKeptApart) {
    Rows batch{{{"id", Type::int64}, {"É", Type::utf8}, {"é", Type::utf8}}};
    batch.add(1, "big", "small");
    run(upsert(), batch);
    EXPECT_EQ(rows("SELECT \"É\", \"é\" FROM people"), (std::vector<Record>{{"big", "small"}}));
}

TEST_F(SqliteNames, ReservedNamesAreRefused) {
    Rows batch{people()};
    for (char const* name : {"_weir_checkpoint", "_WEIR_x", "sqlite_master", "SQLITE_stat1", ""})
        expect_code("sqlite.reserved_name", [&] { sink.start(append(name), batch.schema()); });
    Rows own{{{"id", Type::int64}, {"_weir_epoch", Type::utf8}}};
    expect_code("sqlite.reserved_name", [&] { sink.start(append(), own.schema()); });
}

TEST_F(SqliteNames, TheTargetIsTheSameInAnyCase) {
    sql("CREATE TABLE People(ID INTEGER PRIMARY KEY, Name TEXT)");
    Rows batch{people()};
    batch.add(1, "a");
    run(upsert("PEOPLE"), batch);
    EXPECT_EQ(rows("SELECT ID, Name FROM People"), (std::vector<Record>{{"1", "a"}}));
}

TEST_F(SqliteNames, AUrlIsDecodedAndItsMistakesAreSaid) {
    EXPECT_EQ(make("sqlite:" + directory.path().string() + "/a%20b%25.db").describe()["identity"],
              "sqlite:" + (directory / "a b%.db"));
    EXPECT_EQ(make("sqlite://" + (directory / "x.db")).describe()["identity"],
              "sqlite:" + (directory / "x.db"));
    for (char const* url : {"sqlite:", "sqlite::memory:", "sqlite:a%2.db", "sqlite:a.db?mode=ro",
                            "sqlite://host/a.db", "sqlite:a%00.db", "sqlite:a#b"})
        expect_code("sqlite.url", [&] { make(url); });
}

TEST_F(SqliteNames, OneFileHasOneIdentityHoweverItIsSpelled) {
    std::filesystem::create_directory(directory / "sub");
    std::filesystem::create_directory_symlink(directory / "sub", directory / "link");
    std::filesystem::create_symlink("sub/real.db", directory / "late.db");
    std::string const wanted = "sqlite:" + (directory / "sub/real.db");
    for (char const* spelling : {"sub/real.db", "link/real.db", "sub/../link/./real.db", "late.db"})
        EXPECT_EQ(make("sqlite:" + (directory / spelling)).describe()["identity"], wanted);
    write_file(directory / "sub/real.db", "");
    EXPECT_EQ(make("sqlite:" + (directory / "late.db")).describe()["identity"], wanted);
    EXPECT_EQ(sink.describe()["cursor"], "atomic");
}

}  // namespace weir::test
