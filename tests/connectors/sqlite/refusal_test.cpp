#include <sqlite3.h>

#include <thread>

#include "sink_fixture.hpp"

namespace weir::test {

/// What SQLite itself refuses, in words that say what to do.
class SqliteRefusal : public SqliteSink {
protected:
    Failure reading(std::string const& stream, TestCall* call = nullptr) {
        return failure_of([&] {
            testkit::Reader reader = open(stream);
            while (reader.next(call ? call->get() : nullptr)) {
            }
        });
    }
    testkit::Reader open(std::string const& stream) {
        return source.open({.stream = stream, .select = {{"key", Json::array()}}, .rows_max = 10});
    }
    Failure starting(Schema const& schema) {
        Rows const none{schema};
        return failure_of([&] { sink.start(append(), none.schema()); });
    }
    /// The rows refused of a batch of {1, 1}, {2, 2}, {3, 3} in a table whose trigger does `work`
    /// with new.n.
    std::vector<Refused> refused_by(std::string const& work) {
        sql("CREATE TABLE people(id INTEGER, n INTEGER); CREATE TABLE notes(v);"
            "CREATE VIRTUAL TABLE boxes USING rtree(id, low, high);"
            "CREATE TRIGGER t AFTER INSERT ON people BEGIN " +
            work + "; END");
        Rows batch{numbers};
        batch.add(1, 1).add(2, 2).add(3, 3);
        testkit::Writer writer = sink.start(append(), batch.schema());
        std::vector<Refused> refused = writer.write_some(batch);
        writer.commit("{}", true);
        return refused;
    }
    static void expect(Failure const& failed, weir_status status, std::string const& code,
                       std::string const& sentence, std::string const& suggestion = "") {
        EXPECT_EQ(failed.status, status) << failed.what();
        EXPECT_EQ(failed.code, code) << failed.what();
        EXPECT_NE(std::string{failed.what()}.find(sentence), std::string::npos) << failed.what();
        EXPECT_NE(failed.suggestion.find(suggestion), std::string::npos) << failed.suggestion;
    }

    Schema const numbers{{"id", Type::int64}, {"n", Type::int64}};
    testkit::SourceInstance source{host, plugin.component(), {{"url", "sqlite:" + file}}};
};

TEST_F(SqliteRefusal, ARowThatBreaksAnotherTablesRuleIsNamed) {
    std::vector<Refused> const refused =
        refused_by("INSERT INTO boxes VALUES (new.id, new.n, 2)");
    ASSERT_EQ(refused.size(), 1u);
    EXPECT_EQ(refused[0].row, 2);
    EXPECT_EQ(refused[0].why, WEIR_E_DATA);
    EXPECT_EQ(refused[0].code, "sqlite.constraint");
    EXPECT_NE(refused[0].message.find("boxes.(low<=high)"), std::string::npos)
        << refused[0].message;
    EXPECT_EQ(one("SELECT group_concat(id) FROM people"), "1,2");
}

TEST_F(SqliteRefusal, ARowThatIsTooLargeIsNamed) {
    std::vector<Refused> const refused =
        refused_by("INSERT INTO notes SELECT zeroblob(2000000000) WHERE new.n = 2");
    ASSERT_EQ(refused.size(), 1u);
    EXPECT_EQ(refused[0].row, 1);
    EXPECT_EQ(refused[0].why, WEIR_E_DATA);
    EXPECT_EQ(refused[0].code, "sqlite.row_too_big");
    EXPECT_NE(refused[0].message.find("too big"), std::string::npos) << refused[0].message;
    EXPECT_EQ(one("SELECT group_concat(id) FROM people"), "1,3");
}

TEST_F(SqliteRefusal, AValueTooLargeToBeReadIsSaid) {
    sql("CREATE VIEW v AS SELECT zeroblob(2000000000) AS b");
    expect(reading("v"), WEIR_E_DATA, "sqlite.row_too_big", "string or blob too big", "--fields");
}

TEST_F(SqliteRefusal, AViewOfATableThatIsGoneIsRefused) {
    sql("CREATE TABLE t(id); CREATE VIEW v AS SELECT id FROM t; DROP TABLE t");
    expect(reading("v"), WEIR_E_SCHEMA, "sqlite.refused", "no such table: main.t");
}

TEST_F(SqliteRefusal, AStreamWithoutFieldsIsNoTable) {
    expect(starting({}), WEIR_E_SCHEMA, "sqlite.no_fields",
           "the source sends no fields for people: choose another stream");
}

TEST_F(SqliteRefusal, MoreFieldsThanATableTakesAreRefused) {
    Schema wide;
    for (int i = 0; i < 2001; ++i) wide.push_back({"c" + std::to_string(i), Type::int64});
    expect(starting(wide), WEIR_E_SCHEMA, "sqlite.too_many_columns", "2001 fields for people",
           "--fields");
    wide.pop_back();
    Rows const most{wide};
    EXPECT_NO_THROW(sink.start(append(), most.schema()));
}

TEST_F(SqliteRefusal, ADecimalOfTooManyDigitsIsRefused) {
    Field price{"price", Type::decimal};
    price.precision = 38;
    price.scale = 1001;
    Rows batch{{price}};
    testkit::Writer writer = sink.begin(append());
    Failure const failed = failure_of([&] {
        sink.prepare(append(), batch.schema());
        writer.write(batch);
    });
    expect(failed, WEIR_E_SCHEMA, "sqlite.decimal_scale", "\"price\" is a decimal with 1001",
           "--fields");
    EXPECT_EQ(failed.where, "price");
}

TEST_F(SqliteRefusal, TheDeadlineOfACallEndsAReadThatHangs) {
    sql("CREATE VIEW v AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
        "SELECT i FROM n WHERE i < 0");
    TestCall call;
    call.deadline_in_ms(30);
    Failure const failed = failure_of([&] {
        source.open({.stream = "v", .select = {{"fields", {"i"}}}}, call.get()).next(call.get());
    });
    expect(failed, WEIR_E_TIMEOUT, "sqlite.timeout", "the time for the call ran out");
    EXPECT_NE(std::string{failed.what()}.find("out.db"), std::string::npos) << failed.what();
}

TEST_F(SqliteRefusal, ACancelledReadSaysSo) {
    sql("CREATE VIEW v AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
        "SELECT i FROM n WHERE i < 0");
    TestCall call;
    std::thread stopper{[&] { call.cancel(); }};
    Failure const failed = failure_of([&] {
        source.open({.stream = "v", .select = {{"fields", {"i"}}}}, call.get()).next(call.get());
    });
    stopper.join();
    expect(failed, WEIR_E_CANCELLED, "sqlite.cancelled", "cancelled");
}

// SQLite reads what another program wrote from its log; cut short, it is a failure of the disk.
TEST_F(SqliteRefusal, ALogThatIsCutShortIsAFailureOfTheDisk) {
    Sqlite writer{file};
    writer.run("PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; CREATE TABLE t(id, v);"
               "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) "
               "INSERT INTO t SELECT i, zeroblob(3000) FROM n");
    testkit::Reader reader = open("t");
    ASSERT_TRUE(reader.next());
    std::filesystem::resize_file(file + "-wal", 32);
    Failure const failed = failure_of([&] { reader.rest(); });
    expect(failed, WEIR_E_IO, "sqlite.io", "reading or writing ", "check the disk");
    EXPECT_NE(std::string{failed.what()}.find("out.db failed: "), std::string::npos);
}

TEST_F(SqliteRefusal, MemoryThatIsRefusedIsSaid) {
    sql("CREATE VIEW v AS SELECT zeroblob(50000000) || 'x' AS b");
    sqlite3_hard_heap_limit64(sqlite3_memory_used() + 20'000'000);
    Failure const failed = reading("v");
    sqlite3_hard_heap_limit64(0);
    expect(failed, WEIR_E_NOMEM, "sqlite.memory", "out of memory for ", "--batch-rows");
    testkit::Reader reader = open("v");
    EXPECT_TRUE(reader.next());
}

/// As long as this lives, every connection knows odd(): it fails as no table of a user would.
class OddFunction {
public:
    OddFunction() { sqlite3_auto_extension(reinterpret_cast<void (*)()>(add)); }
    ~OddFunction() { sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(add)); }
    OddFunction(OddFunction const&) = delete;
    OddFunction& operator=(OddFunction const&) = delete;

private:
    static int add(sqlite3* db, char const**, sqlite3_api_routines const*) {
        auto fail = [](sqlite3_context* context, int, sqlite3_value**) {
            sqlite3_result_error(context, "very odd", -1);
            sqlite3_result_error_code(context, SQLITE_PROTOCOL);
        };
        return sqlite3_create_function(db, "odd", 0, SQLITE_UTF8, nullptr, fail, nullptr, nullptr);
    }
};

TEST_F(SqliteRefusal, WhatFitsNoOtherCodeKeepsItsSentence) {
    OddFunction const odd;
    sql("CREATE VIEW v AS SELECT odd() AS v");
    Failure const failed = reading("v");
    expect(failed, WEIR_E_INTERNAL, "sqlite.error", "out.db: very odd");
}

}  // namespace weir::test
