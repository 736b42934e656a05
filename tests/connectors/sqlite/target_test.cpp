#include "sink_fixture.hpp"

namespace weir::test {

class SqliteTarget : public SqliteSink {
protected:
    std::string refusal(Schema const& schema, WriteRequest const& request) {
        Rows batch{schema};
        Failure const failure = failure_of([&] { sink.start(request, batch.schema()); });
        EXPECT_EQ(failure.status, WEIR_E_SCHEMA) << failure.what();
        said = failure.what();
        suggestion = failure.suggestion;
        where = failure.where;
        return failure.code;
    }
    std::string said, suggestion, where;
};

TEST_F(SqliteTarget, DeclaresWhatItStores) {
    Rows batch{{{"i", Type::int64},
                {"b", Type::boolean},
                {"u", Type::uint64},
                {"f", Type::float64},
                {"t", Type::utf8},
                {"n", Type::numeric},
                {"d", Type::date},
                {"x", Type::binary},
                {"g", Type::uuid},
                {"j", Type::json}}};
    sink.start(append("all_types"), batch.schema());
    EXPECT_EQ(one("SELECT group_concat(name || ' ' || type) FROM pragma_table_info('all_types')"),
              "i INTEGER,b INTEGER,u ANY,f ANY,t TEXT,n TEXT,d TEXT,x BLOB,g TEXT,j TEXT");
    EXPECT_EQ(one("SELECT strict FROM pragma_table_list WHERE name = 'all_types'"), "1");
}

TEST_F(SqliteTarget, AWholeNumberIsTheRowidAndOtherKeysAreNot) {
    Rows batch{people()};
    sink.start(upsert(), batch.schema());
    EXPECT_EQ(one("SELECT wr FROM pragma_table_list WHERE name = 'people'"), "0");
    Rows pairs{{{"a", Type::utf8}, {"b", Type::boolean}, {"c", Type::utf8}}};
    WriteRequest request = upsert("pairs");
    request.key = {"a", "b"};
    sink.start(request, pairs.schema());
    EXPECT_EQ(one("SELECT wr FROM pragma_table_list WHERE name = 'pairs'"), "1");
    EXPECT_EQ(one("SELECT group_concat(\"notnull\") FROM pragma_table_info('pairs')"), "1,1,0");
    Rows flags{{{"id", Type::boolean}}};
    sink.start(upsert("flags"), flags.schema());
    EXPECT_EQ(one("SELECT wr FROM pragma_table_list WHERE name = 'flags'"), "1");
}

TEST_F(SqliteTarget, AnAppendHasNoKey) {
    Rows batch{people()};
    batch.add(1, "a").add(1, "a");
    WriteRequest request = append();
    request.key = {"id"};
    run(request, batch);
    run(request, batch);
    EXPECT_EQ(one("SELECT count(*) FROM people"), "4");
}

TEST_F(SqliteTarget, H25AnUpsertLeavesColumnsOfOthersAlone) {
    Rows batch{people()}, again{people()};
    batch.add(1, "a");
    run(upsert(), batch);
    sql("ALTER TABLE people ADD COLUMN mine TEXT; UPDATE people SET mine = 'kept'");
    again.add(1, "b");
    for (int i = 0; i < 3; ++i) run(upsert(), again);
    EXPECT_EQ(rows("SELECT * FROM people"), (std::vector<Record>{{"1", "b", "kept"}}));
}

TEST_F(SqliteTarget, OnlyWhatDiffersIsUpdated) {
    Schema schema{{"id", Type::int64}, {"f", Type::float64}, {"t", Type::utf8}};
    Rows batch{schema}, again{schema};
    batch.add(1, 0.0, "a").add(2, 1.5, nullptr).add(3, 1.5, "c");
    run(upsert(), batch);
    sql("CREATE TABLE changes(id); CREATE TRIGGER t AFTER UPDATE ON people "
        "BEGIN INSERT INTO changes VALUES (new.id); END");
    again.add(1, -0.0, "a").add(2, 1.5, nullptr).add(3, 1.5, "d");
    run(upsert(), again);
    EXPECT_EQ(one("SELECT group_concat(id) FROM changes"), "1,3") << "-0.0 differs from 0.0";
}

TEST_F(SqliteTarget, WhatTheTableSaysOfItsConflictsDropsNoRow) {
    sql("CREATE TABLE people(id INTEGER PRIMARY KEY ON CONFLICT REPLACE, mine TEXT DEFAULT 'kept', "
        "name TEXT UNIQUE ON CONFLICT IGNORE)");
    Rows batch{people()}, again{people()};
    batch.add(1, "a");
    run(upsert(), batch);
    sql("UPDATE people SET mine = 'changed'");
    again.add(1, "b").add(2, "b");
    testkit::Writer writer = sink.start(upsert(), again.schema());
    std::vector<Refused> const refused = writer.write_some(again);
    writer.commit("{}", true);
    EXPECT_EQ(refused.size(), 1u) << "the second is refused, not ignored";
    EXPECT_EQ(rows("SELECT * FROM people"), (std::vector<Record>{{"1", "changed", "b"}}));
}

TEST_F(SqliteTarget, UpsertNeedsAUniqueIndex) {
    sql("CREATE TABLE people(id INTEGER, name TEXT)");
    EXPECT_EQ(refusal(people(), upsert()), "sqlite.no_unique_index");
    EXPECT_NE(suggestion.find("CREATE UNIQUE INDEX"), std::string::npos);
    sql("CREATE UNIQUE INDEX partial ON people(id) WHERE id > 0");
    EXPECT_EQ(refusal(people(), upsert()), "sqlite.no_unique_index");
    sql(suggestion);
    Rows batch{people()};
    batch.add(1, "a");
    EXPECT_NO_THROW(run(upsert(), batch));
}

TEST_F(SqliteTarget, AnIndexThatIgnoresCaseIsNoKey) {
    sql("CREATE TABLE people(id TEXT COLLATE NOCASE PRIMARY KEY, name TEXT)");
    Schema schema = people();
    schema[0].type = Type::utf8;
    EXPECT_EQ(refusal(schema, upsert()), "sqlite.no_unique_index");
}

TEST_F(SqliteTarget, AColumnThatWouldChangeAValueIsRefused) {
    sql("CREATE TABLE people(id INTEGER PRIMARY KEY, name NUMERIC)");
    EXPECT_EQ(refusal({{"id", Type::int64}, {"name", Type::numeric}}, upsert()),
              "sqlite.column_type");
    EXPECT_NE(said.find("1.10"), std::string::npos) << said;
    EXPECT_EQ(where, "name");
    EXPECT_EQ(refusal({{"id", Type::int64}, {"name", Type::float64}}, upsert()),
              "sqlite.column_type");
    sql("DROP TABLE people; CREATE TABLE people(id INTEGER PRIMARY KEY, name TEXT)");
    EXPECT_EQ(refusal({{"id", Type::int64}, {"name", Type::float64}}, upsert()),
              "sqlite.column_type");
    EXPECT_EQ(refusal({{"id", Type::utf8}, {"name", Type::utf8}}, upsert()), "sqlite.column_type");
}

TEST_F(SqliteTarget, AColumnThatKeepsTheValuesIsTaken) {
    sql("CREATE TABLE people(id INTEGER PRIMARY KEY, at DATETIME, f REAL, x, \"Name\" VARCHAR(9))");
    Rows batch{{{"ID", Type::int64},
                {"at", Type::instant},
                {"f", Type::float64},
                {"x", Type::numeric},
                {"name", Type::utf8}}};
    batch.add(1, 0, 1.5, "1.10", "n");
    WriteRequest request = upsert();
    request.key = {"ID"};
    run(request, batch);
    EXPECT_EQ(rows("SELECT *, typeof(x), typeof(at) FROM people"),
              (std::vector<Record>{
                  {"1", "1970-01-01T00:00:00.000000Z", "1.5", "1.10", "n", "text", "text"}}));
}

TEST_F(SqliteTarget, AForeignTableWithoutAColumnIsRefusedWithWhatToType) {
    sql("CREATE TABLE people(id INTEGER PRIMARY KEY)");
    EXPECT_EQ(refusal(people(), upsert()), "sqlite.column_missing");
    sql(suggestion);
    Rows batch{people()};
    batch.add(1, "a");
    EXPECT_NO_THROW(run(upsert(), batch));
}

TEST_F(SqliteTarget, ARequiredColumnThatNobodySendsIsNamed) {
    sql("CREATE TABLE people(id INTEGER PRIMARY KEY, name TEXT, must TEXT NOT NULL)");
    EXPECT_EQ(refusal(people(), upsert()), "sqlite.column_required");
    EXPECT_EQ(where, "must");
}

TEST_F(SqliteTarget, H32ViewsVirtualTablesAndGeneratedColumnsAreRefused) {
    sql("CREATE VIEW people AS SELECT 1 AS id, 'a' AS name");
    EXPECT_EQ(refusal(people(), append()), "sqlite.not_a_table");
    sql("DROP VIEW people; CREATE VIRTUAL TABLE people USING fts5(id, name)");
    EXPECT_EQ(refusal(people(), append()), "sqlite.not_a_table");
    sql("DROP TABLE people; CREATE TABLE people(id INTEGER PRIMARY KEY, name TEXT AS ('n' || id))");
    EXPECT_EQ(refusal(people(), upsert()), "sqlite.generated_column");
}

TEST_F(SqliteTarget, AKeyWithoutItsFieldIsRefused) {
    WriteRequest request = upsert();
    request.key = {"code"};
    EXPECT_EQ(refusal(people(), request), "sqlite.key_missing");
}

}  // namespace weir::test
