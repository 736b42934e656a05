#include "sink_fixture.hpp"

namespace weir::test {
namespace {

class PostgresTarget : public PostgresSinkTest {
protected:
    std::string refusal(Schema const& schema, WriteRequest const& request,
                        weir_status status = WEIR_E_SCHEMA) {
        Rows batch{schema};
        Failure const failure = failure_of([&] { sink.start(request, batch.schema()); });
        EXPECT_EQ(failure.status, status) << failure.what();
        said = failure.what();
        suggestion = failure.suggestion;
        where = failure.where;
        return failure.code;
    }
    std::string columns(std::string const& table) {
        return one("SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod) ||"
                   " CASE WHEN attnotnull THEN ' !' ELSE '' END, ', ' ORDER BY attnum)"
                   " FROM pg_attribute WHERE attnum > 0 AND attrelid = " +
                   quoted(table) + "::regclass");
    }
    std::string said, suggestion, where;
};

TEST_F(PostgresTarget, HasTheTypesThatHoldWhatComes) {
    Schema schema{{"i", Type::int64, false}, {"b", Type::boolean},   {"u", Type::uint64},
                  {"f", Type::float64},      {"r", Type::float32},   {"t", Type::utf8},
                  {"n", Type::numeric},      {"d", Type::date},      {"x", Type::binary},
                  {"g", Type::uuid},         {"j", Type::json},      {"at", Type::instant},
                  {"l", Type::timestamp},    {"c", Type::time},      {"o", Type::opaque}};
    schema.push_back({"m", Type::decimal, true, "", 12, 2});
    Rows batch{schema};
    sink.start(append("all_types"), batch.schema());
    EXPECT_EQ(columns("all_types"),
              "i bigint !, b boolean, u numeric(20,0), f double precision, r real, t text,"
              " n numeric, d date, x bytea, g uuid, j json, at timestamp with time zone,"
              " l timestamp without time zone, c time without time zone, o text, m numeric(12,2)");
}

TEST_F(PostgresTarget, HasTheTypesOfAnotherPostgres) {
    sql("CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE SCHEMA s;"
        "CREATE TYPE s.\"odd type\" AS (a integer)");
    Schema schema{{"id", Type::int64, false, "smallint"},
                  {"v", Type::utf8, true, "character varying(40)"},
                  {"m", Type::utf8, true, "mood"},
                  {"o", Type::opaque, true, "s.\"odd type\""},
                  {"a", Type::json, true, "numeric(4,1)[]"},
                  {"z", Type::opaque, true, "interval day to second(3)"},
                  {"gone", Type::utf8, true, "no_such_type"},
                  {"bad", Type::utf8, true, "text); DROP TABLE users; --"}};
    for (Field& field : schema) field.vendor = "postgres";
    Rows batch{schema};
    sink.start(upsert("typed"), batch.schema());
    EXPECT_EQ(columns("typed"),
              "id smallint !, v character varying(40), m mood, o s.\"odd type\","
              " a numeric(4,1)[], z interval day to second(3), gone text, bad text");
    // A type of that name in another system is another type.
    for (Field& field : schema) field.vendor.clear();
    Rows plain{schema};
    sink.start(upsert("untyped"), plain.schema());
    EXPECT_EQ(columns("untyped"),
              "id bigint !, v text, m text, o text, a json, z text, gone text, bad text");
}

TEST_F(PostgresTarget, HasTheKeyAsItsPrimaryKeyUnlessItIsAppendedTo) {
    Schema const pairs{{"a", Type::utf8}, {"b", Type::boolean}, {"c", Type::utf8}};
    WriteRequest request = upsert("pairs");
    request.key = {"b", "a"};
    Rows batch{pairs};
    sink.start(request, batch.schema());
    EXPECT_EQ(one("SELECT pg_get_constraintdef(oid) FROM pg_constraint"
                  " WHERE conrelid = 'pairs'::regclass"),
              "PRIMARY KEY (b, a)");
    request.write_mode = WEIR_WRITE_APPEND;
    request.target = "log";
    sink.start(request, batch.schema());
    EXPECT_EQ(one("SELECT count(*) FROM pg_constraint WHERE conrelid = 'log'::regclass"), "0");
}

TEST_F(PostgresTarget, H30NamesOfAnyKindAreTaken) {
    std::string const name = "Sel\"ect é😀.x";
    Schema const schema{{"Order", Type::int64}, {"order", Type::int64}, {name, Type::utf8},
                        {"a'b\\c", Type::utf8}};
    WriteRequest request = upsert(name);
    request.key = {"Order", name};
    for (int i = 0; i < 2; ++i) {
        Rows batch{schema};
        batch.add(1, 2 + i, "x", "it's");
        run(request, batch);
    }
    EXPECT_EQ(rows("SELECT * FROM \"Sel\"\"ect é😀.x\""),
              (std::vector<Record>{{"1", "3", "x", "it's"}}));
}

TEST_F(PostgresTarget, H30NamesThatTheServerWouldCutOrKeepForItselfAreRefused) {
    std::string const long_name(64, 'n');
    EXPECT_EQ(refusal({{long_name, Type::int64}}, append(), WEIR_E_CONFIG), "postgres.bad_name");
    EXPECT_NE(said.find("63"), std::string::npos);
    EXPECT_EQ(refusal({{"ctid", Type::int64}}, append(), WEIR_E_CONFIG), "postgres.bad_name");
    EXPECT_EQ(refusal({{"_weir_x", Type::int64}}, append(), WEIR_E_CONFIG),
              "postgres.reserved_name");
    EXPECT_EQ(refusal(people(), append(long_name), WEIR_E_CONFIG), "postgres.bad_name");
    EXPECT_EQ(refusal(people(), append("_weir_x"), WEIR_E_CONFIG), "postgres.reserved_name");
    std::string const just_fits(63, 'n');
    Rows batch{{{just_fits, Type::int64}}};
    EXPECT_NO_THROW(sink.start(append(just_fits), batch.schema()));
}

TEST_F(PostgresTarget, UpsertNeedsAUniqueIndex) {
    sql("CREATE TABLE people(id bigint, name text)");
    EXPECT_EQ(refusal(people(), upsert()), "postgres.no_unique_index");
    EXPECT_NE(suggestion.find("CREATE UNIQUE INDEX"), std::string::npos);
    sql("CREATE UNIQUE INDEX partial ON people(id) WHERE id > 0");
    EXPECT_EQ(refusal(people(), upsert()), "postgres.no_unique_index");
    sql(suggestion);
    Rows batch{people()};
    batch.add(1, "a");
    EXPECT_NO_THROW(run(upsert(), batch));
}

TEST_F(PostgresTarget, WhatNobodyCouldWriteIsRefused) {
    EXPECT_EQ(refusal({}, append()), "postgres.no_fields");
    Schema wide;
    for (int i = 0; i < 1601; ++i) wide.push_back({"c" + std::to_string(i), Type::int64});
    EXPECT_EQ(refusal(wide, append()), "postgres.too_many_columns");
    EXPECT_EQ(refusal({{"name", Type::utf8}}, upsert()), "postgres.key_missing");
    WriteRequest request = upsert();
    request.version = "no_such";
    EXPECT_EQ(refusal(people(), request), "postgres.no_field");
}

TEST_F(PostgresTarget, AColumnThatWouldChangeAValueIsRefused) {
    struct Case {
        char const* column;
        Type type;
    };
    for (Case const& each : {Case{"double precision", Type::numeric},
                             {"double precision", Type::int64},
                             {"real", Type::float64},
                             {"numeric(10,2)", Type::numeric},
                             {"timestamp(0)", Type::timestamp},
                             {"timestamp", Type::instant},
                             {"date", Type::timestamp},
                             {"boolean", Type::int64},
                             {"text", Type::binary}}) {
        sql(std::string{"DROP TABLE IF EXISTS people; CREATE TABLE people(id bigint PRIMARY KEY,"
                        " name "} + each.column + ")");
        EXPECT_EQ(refusal({{"id", Type::int64}, {"name", each.type}}, upsert()),
                  "postgres.column_type")
            << each.column;
        EXPECT_EQ(where, "name");
    }
}

TEST_F(PostgresTarget, AColumnThatReadsATextInItsOwnWayIsOfItsSourcesTypeOrRefused) {
    for (std::string const column :
         {"\"char\"", "name", "money", "interval", "tsvector", "tsquery", "character(5)", "inet",
          "xml", "int4range", "point", "bit varying"}) {
        SCOPED_TRACE(column);
        sql("DROP TABLE IF EXISTS people; CREATE TABLE people(id bigint PRIMARY KEY, name " +
            column + ")");
        Field field{"name", Type::utf8, true, "character varying"};
        for (char const* vendor : {"", "postgres"}) {
            field.vendor = vendor;
            EXPECT_EQ(refusal({{"id", Type::int64}, field}, upsert()), "postgres.column_type");
            EXPECT_EQ(where, "name");
        }
        field.source_type = column;
        Rows batch{{{"id", Type::int64}, field}};
        EXPECT_NO_THROW(sink.start(upsert(), batch.schema()));
    }
}

// 'a' and 'a ' are two keys elsewhere, and one of char(5).
TEST_F(PostgresTarget, H31AKeyOfBlanksIsRefused) {
    sql("CREATE TABLE people(id character(5) PRIMARY KEY)");
    EXPECT_EQ(refusal({{"id", Type::utf8, false}}, upsert()), "postgres.column_type");
    EXPECT_NE(said.find("blanks"), std::string::npos) << said;
}

TEST_F(PostgresTarget, AColumnThatKeepsTheValuesIsTaken) {
    sql("CREATE DOMAIN word AS varchar(20) CHECK (value <> '');"
        "CREATE TABLE people(id integer PRIMARY KEY, a word, n numeric(30,3), t varchar, f float8,"
        " extra text DEFAULT 'x')");
    Schema schema{{"id", Type::int64}, {"a", Type::utf8}, {"n", Type::decimal, true, "", 10, 2},
                  {"t", Type::int64}, {"f", Type::float32}};
    Rows batch{schema};
    Batch& builder = batch.builder();
    builder.column(0).integer(1);
    builder.column(1).text("a");
    __extension__ __int128 const cents = -1234;
    builder.column(2).bytes16(&cents);
    builder.column(3).integer(7);
    builder.column(4).float32(0.5f);
    run(upsert(), batch);
    EXPECT_EQ(rows("SELECT * FROM people"),
              (std::vector<Record>{{"1", "a", "-12.340", "7", "0.5", "x"}}));
}

TEST_F(PostgresTarget, ViewsAndColumnsThatMustBeGivenAreRefused) {
    sql("CREATE VIEW people AS SELECT 1 AS id, 'x' AS name");
    EXPECT_EQ(refusal(people(), append()), "postgres.not_a_table");
    sql("DROP VIEW people; CREATE TABLE people(id bigint, name text, more text NOT NULL)");
    EXPECT_EQ(refusal(people(), append()), "postgres.column_required");
    EXPECT_EQ(where, "more");
}

TEST_F(PostgresTarget, H19APartitionedTableIsOneTable) {
    sql("CREATE TABLE people(id bigint PRIMARY KEY, name text) PARTITION BY RANGE (id);"
        "CREATE TABLE low PARTITION OF people FOR VALUES FROM (0) TO (100);"
        "CREATE TABLE high PARTITION OF people FOR VALUES FROM (100) TO (200)");
    for (char const* name : {"a", "b"}) {
        Rows batch{people()};
        batch.add(1, name).add(150, name);
        run(upsert(), batch);
    }
    EXPECT_EQ(rows("SELECT tableoid::regclass, name FROM people ORDER BY id"),
              (std::vector<Record>{{"low", "b"}, {"high", "b"}}));
}

TEST_F(PostgresTarget, WhatTheUserMayNotDoIsSaidWithTheGrant) {
    Pg admin = server.connect(database);
    std::string const role = "reader_" + database;
    admin.run("CREATE ROLE " + role + " LOGIN PASSWORD 'r3ader-Pa55'; CREATE TABLE people(id"
              " bigint PRIMARY KEY, name text)");
    testkit::SinkInstance other = make(server.url_as(role, "r3ader-Pa55", database));
    Rows batch{people()};
    Failure const schema = failure_of([&] { other.start(upsert(), batch.schema()); });
    EXPECT_EQ(schema.status, WEIR_E_AUTH) << schema.what();
    EXPECT_EQ(schema.code, "postgres.privilege");
    EXPECT_NE(schema.suggestion.find("GRANT USAGE, CREATE ON SCHEMA public"), std::string::npos)
        << schema.suggestion;
    admin.run("GRANT CREATE ON SCHEMA public TO " + role);
    batch.add(1, "a");
    testkit::Writer writer = other.start(upsert(), batch.schema());
    Failure const table = failure_of([&] { writer.write(batch); });
    EXPECT_EQ(table.code, "postgres.privilege");
    EXPECT_NE(table.suggestion.find("GRANT SELECT, INSERT, UPDATE, DELETE ON public.people"),
              std::string::npos)
        << table.suggestion;
    EXPECT_EQ(host.everything_said().find("r3ader-Pa55"), std::string::npos);
}

TEST_F(PostgresTarget, AServerThatTakesNoWritesSaysSo) {
    Rows batch{people()};
    batch.add(1, "a");
    run(upsert(), batch);
    server.connect().run("ALTER DATABASE " + database +
                         " SET default_transaction_read_only = on");
    testkit::SinkInstance other = make(server.url(database));
    Failure const failure = failure_of([&] { other.start(upsert(), batch.schema()); });
    EXPECT_EQ(failure.status, WEIR_E_UNSUPPORTED) << failure.what();
    EXPECT_EQ(failure.code, "postgres.read_only");
}

TEST_F(PostgresTarget, AnotherSchemaIsThatOfTheConfiguration) {
    sql("CREATE SCHEMA other");
    testkit::SinkInstance there{host, plugin.component(),
                                {{"url", server.url(database)}, {"schema", "other"}}};
    Rows batch{people()};
    batch.add(1, "a");
    testkit::Writer writer = there.start(upsert(), batch.schema());
    writer.write(batch);
    writer.commit("{}", true);
    EXPECT_EQ(one("SELECT count(*) FROM other.people"), "1");
    EXPECT_EQ(one("SELECT count(*) FROM other._weir_checkpoint"), "1");
    testkit::SinkInstance nowhere{host, plugin.component(),
                                  {{"url", server.url(database)}, {"schema", "nowhere"}}};
    expect_code("postgres.no_schema", [&] { nowhere.start(upsert(), batch.schema()); });
}

}  // namespace
}  // namespace weir::test
