// From one PostgreSQL to another: the same types, in the same schemas, with the same text.
#include "support/copy_fixture.hpp"

namespace weir::test {
namespace {

class Identical : public CopyFixture {
protected:
    Ran to_postgres(std::vector<std::string> const& more) {
        std::vector<std::string> line{"copy", server.url(database), server.url(other)};
        line.insert(line.end(), more.begin(), more.end());
        line.push_back("--json");
        return weir(line);
    }
    static std::vector<Record> content(Pg& at, std::string const& table) {
        return at.rows("SELECT t::text FROM " + table + " t ORDER BY 1");
    }
    static std::vector<Record> types(Pg& at, std::string const& table) {
        return at.rows(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = "
            "'" + table + "'::regclass AND attnum > 0 ORDER BY attnum");
    }
    void expect_identical(std::string const& table) {
        EXPECT_EQ(content(there, table), content(db, table)) << table;
        EXPECT_EQ(types(there, table), types(db, table)) << table;
    }
    std::string const other = server.fresh();
    Pg there = server.connect_as_owner(other);
};

class OwnTypes : public Identical {
protected:
    OwnTypes() {
        db.run(R"(CREATE TYPE mood AS ENUM ('sad', 'very, "happy"', '{}');
CREATE DOMAIN short AS varchar(5) CHECK (VALUE <> ''); CREATE DOMAIN price AS numeric(10,2);
CREATE TYPE point3 AS (x int, y price, z mood, label text);
CREATE TYPE nested AS (at point3, moods mood[], words short[]);
CREATE TABLE things (id int PRIMARY KEY, m mood, ms mood[], p point3, ps point3[], n nested,
 ns nested[], prices price[], words short[], plain int[][]);
INSERT INTO things VALUES
 (1, 'sad', ARRAY['sad', NULL, 'very, "happy"', '{}']::mood[], ROW(1, 2.50, 'sad', 'a,"b"\'),
  ARRAY[ROW(1, NULL, '{}', '')::point3, NULL, ROW(NULL, 1, NULL, NULL)::point3],
  ROW(ROW(1, 2, 'sad', 'q'), ARRAY['sad', '{}']::mood[], ARRAY['a b', 'c']::short[]),
  ARRAY[ROW(ROW(9, 9.99, 'very, "happy"', '(")'), ARRAY[NULL]::mood[], '{}')::nested],
  '{1.1,NULL,2}', '{"a b",NULL,"{}"}', '{{1,2},{3,4}}'),
 (2, NULL, '{}', NULL, '{}', NULL, NULL, '{{1,2},{3,4.5}}', NULL, '[0:1]={1,2}'),
 (3, '{}', '{{sad,sad},{"{}",NULL}}', ROW(NULL, NULL, NULL, NULL), NULL, NULL, '{}', '{}', '{}',
  NULL))");
    }
};

TEST_F(OwnTypes, AreMadeWhereTheyAreMissing) {
    expect_exit(to_postgres({"--stream", "public.things"}), 0);
    EXPECT_EQ(content(there, "things"), content(db, "things"));
    // A domain is what lies below it: its values are.
    EXPECT_EQ(types(there, "things"),
              (std::vector<Record>{{"id", "integer"},
                                   {"m", "mood"},
                                   {"ms", "mood[]"},
                                   {"p", "point3"},
                                   {"ps", "point3[]"},
                                   {"n", "nested"},
                                   {"ns", "nested[]"},
                                   {"prices", "numeric(10,2)[]"},
                                   {"words", "character varying(5)[]"},
                                   {"plain", "integer[]"}}));
    EXPECT_EQ(there.one("SELECT enum_range(NULL::mood)"), db.one("SELECT enum_range(NULL::mood)"));
    EXPECT_EQ(there.one("SELECT (p).y FROM things WHERE id = 1"), "2.50");
}

TEST_F(OwnTypes, ALabelOfTheSourceComesWithTheNextRun) {
    expect_exit(to_postgres({"--stream", "public.things"}), 0);
    db.run("ALTER TYPE mood ADD VALUE 'first' BEFORE 'sad'");
    db.run("ALTER TYPE mood ADD VALUE 'last'");
    db.run("UPDATE things SET m = 'first', ms = '{last,first}'");
    expect_exit(to_postgres({"--stream", "public.things", "--mode", "full"}), 0);
    EXPECT_EQ(content(there, "things"), content(db, "things"));
    EXPECT_EQ(there.one("SELECT enum_range(NULL::mood)"), db.one("SELECT enum_range(NULL::mood)"));
}

TEST_F(OwnTypes, OneThatCannotBeMadeIsTextOfTheSameForm) {
    server.connect(database).run("CREATE EXTENSION citext");
    db.run("CREATE TYPE tag AS (c citext, n int); CREATE TABLE tags (id int PRIMARY KEY, t tag, ts "
           "tag[]); INSERT INTO tags VALUES (1, ROW('A b', 1), ARRAY[ROW('x', 2)::tag, NULL])");
    Ran const ran = to_postgres({"--stream", "public.tags"});
    expect_exit(ran, 0);
    EXPECT_EQ(content(there, "tags"), content(db, "tags"));
    EXPECT_EQ(types(there, "tags")[2], (Record{"ts", "text[]"}));
    EXPECT_NE(ran.err.find("type \"public\".\"tag\" is not as it is in the source"),
              std::string::npos)
        << ran;
}

TEST_F(OwnTypes, DomainsAreWhatLiesBelowThemAtAnyDepth) {
    db.run(R"(CREATE DOMAIN numbers AS int[]; CREATE DOMAIN feeling AS mood;
CREATE DOMAIN feelings AS feeling[];
CREATE TYPE deep AS (f feeling, fs feelings, n numbers[]);
CREATE TABLE depths (id int PRIMARY KEY, n numbers, ns numbers[], f feeling[], fs feelings, d deep,
 ds deep[], spans int4range[], row things);
INSERT INTO depths VALUES (1, '{1,2}', ARRAY['{1,2}'::numbers, '{3}'::numbers], '{sad,NULL}',
 '{"{}"}', ROW('sad', '{sad}', ARRAY['{1,2}'::numbers]), ARRAY[ROW('sad', NULL, NULL)::deep],
 '{empty,NULL}', (SELECT t FROM things t WHERE id = 1)))");
    expect_exit(to_postgres({"--stream", "public.depths"}), 0);
    EXPECT_EQ(content(there, "depths"), content(db, "depths"));
    EXPECT_EQ(types(there, "depths")[6], (Record{"ds", "deep[]"}));
    EXPECT_EQ(types(there, "depths")[2], (Record{"ns", "text[]"})) << "an array of arrays";
}

TEST_F(OwnTypes, SeveralStreamsNeedOneTypeAtOnce) {
    for (char const* table : {"a", "b", "c", "d"})
        db.run(std::string{"CREATE TABLE "} + table +
               " (id int PRIMARY KEY, m mood[]); INSERT INTO " + table +
               " SELECT i, '{sad}' FROM generate_series(1, 5) i");
    expect_exit(to_postgres({"--stream", "public.*", "--parallel", "4"}), 0);
    for (char const* table : {"a", "b", "c", "d"}) expect_identical(table);
}

class Schemas : public Identical {
protected:
    Schemas() {
        db.run(R"(CREATE SCHEMA sales; CREATE SCHEMA "odd. ""one""😀";
CREATE TYPE sales.state AS ENUM ('new', 'paid');
CREATE TABLE orders (id int PRIMARY KEY, note text);
CREATE TABLE sales.customers (id int PRIMARY KEY);
CREATE TABLE sales.orders (id int PRIMARY KEY, state sales.state, by int REFERENCES sales.customers,
 near int REFERENCES public.orders);
CREATE TABLE "odd. ""one""😀"."a.b" (id int PRIMARY KEY);
INSERT INTO orders VALUES (1, 'public'), (2, 'public');
INSERT INTO sales.customers VALUES (7);
INSERT INTO sales.orders VALUES (1, 'new', 7, 2);
INSERT INTO "odd. ""one""😀"."a.b" VALUES (5))");
    }
    void expect_all() {
        for (char const* table :
             {"orders", "sales.customers", "sales.orders", R"("odd. ""one""😀"."a.b")"})
            expect_identical(table);
    }
};

TEST_F(Schemas, APatternKeepsTheSchemaAndMakesIt) {
    Ran const ran = to_postgres({"--stream", "sales.*"});
    expect_exit(ran, 0);
    expect_identical("sales.orders");
    EXPECT_EQ(ran.json["streams"][1]["target"], "orders") << "the bare name" << ran;
    EXPECT_EQ(there.one("SELECT count(*) FROM pg_class WHERE relname = 'orders' AND relnamespace = "
                        "'public'::regnamespace"),
              "0");
    EXPECT_EQ(there.one("SELECT count(*) FROM public._weir_checkpoint"), "2") << "all in one place";
}

TEST_F(Schemas, EverythingIsEverySchema) {
    std::vector<std::string> const line{"--stream", "*", "--with", "foreign_keys"};
    expect_exit(to_postgres(line), 0);
    expect_all();
    char const keys[] =
        "SELECT string_agg(conrelid::regclass || ' ' || pg_get_constraintdef(oid), '; ' ORDER BY "
        "conname) FROM pg_constraint WHERE contype = 'f'";
    EXPECT_EQ(there.one(keys), db.one(keys));
    db.run("UPDATE sales.orders SET state = 'paid'; DELETE FROM orders WHERE id = 1;"
           "INSERT INTO orders VALUES (9, 'nine')");
    Ran const ran = to_postgres({"--stream", "*", "--mode", "reconcile", "--compare", "values",
                                 "--max-delete-fraction", "1"});
    expect_exit(ran, 0);
    expect_all();
}

TEST_F(Schemas, TablesOfOneNameGoOnApart) {
    db.run("ALTER TABLE orders ADD at timestamptz NOT NULL DEFAULT now(); ALTER TABLE sales.orders "
           "ADD at timestamptz NOT NULL DEFAULT now()");
    std::vector<std::string> const line{"--stream", "*.orders", "--cursor", "at"};
    expect_exit(to_postgres(line), 0);
    db.run("INSERT INTO sales.orders VALUES (2, 'paid', 7, 1); INSERT INTO orders VALUES (3, 'p')");
    Ran const ran = to_postgres(line);
    expect_exit(ran, 0);
    for (Json const& stream : ran.json["streams"]) EXPECT_LE(stream["read"], 2) << ran;
    expect_identical("orders");
    expect_identical("sales.orders");
}

TEST_F(Schemas, ATargetThatIsNamedLiesWhereTheSinkPutsIt) {
    expect_exit(to_postgres({"--stream", "sales.orders", "--to", "flat"}), 0);
    EXPECT_EQ(content(there, "public.flat"), content(db, "sales.orders"));
}

TEST_F(Schemas, ASinkWithoutSchemasIsToldBothNames) {
    std::string const said = expect_failure(copy({"--stream", "*"}), 2, "copy.same_target");
    EXPECT_NE(said.find("public.orders and sales.orders"), std::string::npos) << said;
    expect_exit(copy({"--stream", "sales.*"}), 0);
    EXPECT_EQ(sink().one("SELECT count(*) FROM orders"), "1");
}

TEST_F(Schemas, WhoMayMakeNoneIsToldWhatToGrant) {
    server.connect(other).run("REVOKE CREATE ON DATABASE " + other + " FROM weir, public; ALTER "
                              "DATABASE " + other + " OWNER TO postgres; GRANT ALL ON SCHEMA "
                              "public TO weir");
    std::string const said =
        expect_failure(to_postgres({"--stream", "sales.customers"}), 3, "postgres.privilege");
    EXPECT_NE(said.find("CREATE SCHEMA sales"), std::string::npos) << said;
}

class Inherited : public Identical {
protected:
    Inherited() {
        db.run(R"(CREATE TABLE animals (id int PRIMARY KEY, name text,
 at timestamptz DEFAULT now());
CREATE TABLE birds (wings int, PRIMARY KEY (id)) INHERITS (animals);
CREATE TABLE owls (eyes text, PRIMARY KEY (id)) INHERITS (birds);
INSERT INTO animals (id, name) VALUES (1, 'cow'), (2, 'pig');
INSERT INTO birds (id, name, wings) VALUES (1, 'ibis', 2), (3, 'emu', 0);
INSERT INTO owls (id, name, eyes) VALUES (4, 'snowy', 'yellow'))");
    }
    void expect_all() {
        for (std::string const table : {"animals", "birds", "owls"}) {
            EXPECT_EQ(content(there, table), content(db, table)) << table;
            EXPECT_EQ(content(there, "ONLY " + table), content(db, "ONLY " + table)) << table;
        }
    }
    std::vector<std::string> const all{"--stream", "public.*"};
};

TEST_F(Inherited, H19TablesInheritAsTheyDoInTheSource) {
    for (std::string const mode : {"full", "full", "reconcile"}) {
        std::vector<std::string> line{"--stream", "public.*", "--mode", mode, "--parallel", "3"};
        if (mode == "reconcile")
            line.insert(line.end(), {"--compare", "values", "--max-delete-fraction", "1"});
        Ran const ran = to_postgres(line);
        expect_exit(ran, 0);
        expect_all();
        db.run("DELETE FROM ONLY animals WHERE id = 2; UPDATE birds SET name = name || '!';"
               "INSERT INTO animals (id, name) VALUES (2, 'sow') ON CONFLICT DO NOTHING;"
               "UPDATE ONLY animals SET name = 'one' WHERE id = 1");
    }
    EXPECT_EQ(there.one("SELECT count(*) FROM animals"), "5");
}

TEST_F(Inherited, H19ADeltaOfAParentSeesItsOwnRows) {
    std::vector<std::string> line = all;
    line.insert(line.end(), {"--cursor", "at"});
    expect_exit(to_postgres(line), 0);
    db.run("UPDATE animals SET name = 'new', at = now()");
    Ran const ran = to_postgres(line);
    expect_exit(ran, 0);
    expect_all();
    for (Json const& stream : ran.json["streams"]) EXPECT_LE(stream["read"], 2) << ran;
}

TEST_F(Inherited, H19AReplaceOfAParentLeavesItsChildrenAlone) {
    expect_exit(to_postgres(all), 0);
    db.run("DELETE FROM ONLY animals WHERE id = 1");
    std::vector<std::string> line = all;
    line.insert(line.end(), {"--write", "replace"});
    expect_exit(to_postgres(line), 0);
    expect_all();
}

TEST_F(Inherited, H19WhatWouldShowTwiceIsRefused) {
    expect_exit(to_postgres(all), 0);
    std::string const said =
        expect_failure(to_postgres({"--stream", "public.animals"}), 1, "postgres.inherited");
    EXPECT_NE(said.find("would show twice"), std::string::npos) << said;
    expect_all();
    there.run("ALTER TABLE owls NO INHERIT birds");
    Ran const ran = to_postgres(all);
    EXPECT_EQ(ran.code, 4) << ran;
    EXPECT_NE(ran.out.find("ALTER TABLE \\\"public\\\".\\\"owls\\\" INHERIT"), std::string::npos)
        << ran;
    there.run("ALTER TABLE owls INHERIT birds");
    expect_exit(to_postgres(all), 0);
    expect_all();
}

TEST_F(Inherited, H19AParentThatCameWithItsChildrenIsReplacedOnce) {
    expect_exit(to_postgres({"--stream", "public.animals"}), 0);
    EXPECT_EQ(content(there, "animals"), content(db, "animals"));
    Ran const refused = to_postgres(all);
    EXPECT_EQ(refused.code, 4) << refused;
    EXPECT_NE(refused.out.find("--write replace, once"), std::string::npos) << refused;
    expect_exit(to_postgres({"--stream", "public.*", "--write", "replace"}), 0);
    expect_all();
}

TEST_F(Inherited, H19WithoutOneChildAParentComesWhole) {
    expect_exit(to_postgres({"--stream", "public.animals", "--stream", "public.birds"}), 0);
    EXPECT_EQ(content(there, "animals"), content(db, "animals"));
    EXPECT_EQ(content(there, "birds"), content(db, "birds"));
    EXPECT_EQ(there.one("SELECT count(*) FROM pg_inherits"), "0");
}

}  // namespace
}  // namespace weir::test
