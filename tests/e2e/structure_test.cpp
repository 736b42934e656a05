// What stands around the rows: keys, NOT NULL, indexes, foreign keys, sequences.
#include <atomic>
#include <thread>

#include "support/copy_fixture.hpp"

namespace weir::test {
namespace {

class Structure : public CopyFixture {
protected:
    Structure() {
        db.run("CREATE TABLE parents (id int PRIMARY KEY, code text NOT NULL UNIQUE)");
        db.run(
            "CREATE TABLE children (id bigserial PRIMARY KEY, parent int NOT NULL REFERENCES "
            "parents ON DELETE CASCADE, name text, note text)");
        db.run("CREATE INDEX children_by_name ON children (name DESC, parent)");
        db.run("CREATE INDEX children_lower ON children (lower(name)) WHERE note IS NOT NULL");
        db.run("INSERT INTO parents VALUES (1, 'a'), (2, 'b')");
        db.run("INSERT INTO children (parent, name) VALUES (1, 'x'), (2, 'y'), (2, 'z')");
    }
    Ran to_postgres(std::vector<std::string> const& more) {
        std::vector<std::string> line{"copy", server.url(database), server.url(other)};
        line.insert(line.end(), more.begin(), more.end());
        line.push_back("--json");
        return weir(line);
    }
    static std::string indexes(Pg& at) {
        return at.one(
            "SELECT coalesce(string_agg(replace(pg_get_indexdef(indexrelid), 'public.', ''), '; ' "
            "ORDER BY indexrelid::regclass::text), '') FROM pg_index WHERE NOT indisprimary AND "
            "indrelid::regclass::text IN ('parents', 'children')");
    }
    static std::string foreign_keys(Pg& at) {
        return at.one(
            "SELECT coalesce(string_agg(conname || ' ' || pg_get_constraintdef(oid), '; ' "
            "ORDER BY conname), '') FROM pg_constraint WHERE contype = 'f'");
    }
    std::string const other = server.fresh();
    Pg there = server.connect_as_owner(other);
};

TEST_F(Structure, KeysAndNotNullAreCarriedIndexesAndForeignKeysOnlyWhenAsked) {
    expect_exit(to_postgres({"--stream", "public.*"}), 0);
    EXPECT_EQ(there.one("SELECT string_agg(attname, ',') FROM pg_attribute WHERE attrelid = "
                        "'children'::regclass AND attnum > 0 AND attnotnull"),
              "id,parent");
    EXPECT_EQ(indexes(there), "");
    EXPECT_EQ(foreign_keys(there), "");
}

TEST_F(Structure, IndexesAndForeignKeysFollowTheRows) {
    std::vector<std::string> const line{"--stream", "public.*", "--with", "indexes,foreign_keys"};
    Ran const ran = to_postgres(line);
    expect_exit(ran, 0);
    EXPECT_EQ(indexes(there), indexes(db));
    EXPECT_NE(indexes(there).find("lower(name)"), std::string::npos);
    EXPECT_EQ(foreign_keys(there), foreign_keys(db));
    EXPECT_NE(ran.err.find("add foreign key children_parent_fkey to children"), std::string::npos)
        << ran;
    Ran const again = to_postgres(line);
    expect_exit(again, 0);
    EXPECT_EQ(again.err.find("add "), std::string::npos) << "they are there" << again;
}

TEST_F(Structure, CirclesOfForeignKeysGoOnWithThem) {
    db.run("DROP TABLE children, parents; CREATE TABLE a (id int PRIMARY KEY, b int); CREATE TABLE "
           "b (id int PRIMARY KEY, a int REFERENCES a DEFERRABLE INITIALLY DEFERRED); ALTER TABLE "
           "a ADD FOREIGN KEY (b) REFERENCES b DEFERRABLE INITIALLY DEFERRED");
    std::vector<std::string> const line{"--stream", "public.*", "--with", "foreign_keys"};
    for (std::string const n : {"1", "2"}) {
        db.run("BEGIN; INSERT INTO a VALUES (" + n + ", " + n + "); INSERT INTO b VALUES (" + n +
               ", " + n + "); COMMIT");
        Ran const ran = to_postgres(line);
        expect_exit(ran, 0);
        EXPECT_EQ(there.one("SELECT count(*) FROM a JOIN b ON a.b = b.id"), n);
        EXPECT_EQ(foreign_keys(there), foreign_keys(db));
        EXPECT_EQ(ran.err.find("is lifted") != std::string::npos, n == "2") << ran;
    }
    // A constraint of somebody else stays, and then the rows are refused.
    there.run("ALTER TABLE b DROP CONSTRAINT b_a_fkey, ADD CONSTRAINT b_a_fkey FOREIGN KEY (a) "
              "REFERENCES a ON DELETE CASCADE");
    there.run("ALTER TABLE a DROP CONSTRAINT a_b_fkey, ADD CONSTRAINT a_b_fkey FOREIGN KEY (b) "
              "REFERENCES b ON DELETE CASCADE");
    db.run("BEGIN; INSERT INTO a VALUES (3, 3); INSERT INTO b VALUES (3, 3); COMMIT");
    EXPECT_EQ(to_postgres(line).error_code(), "postgres.foreign_key");
}

// Each is read at a moment of its own: the children first.
TEST_F(Structure, ADeltaOfChildrenSeesNoneWhoseParentsTheRunDoesNotBring) {
    db.run("ALTER TABLE parents ADD u timestamptz DEFAULT clock_timestamp();"
           "ALTER TABLE children ADD u timestamptz DEFAULT clock_timestamp()");
    std::vector<std::string> const line{"--stream", "public.*", "--cursor", "u"};
    std::vector<std::string> first = line;
    first.insert(first.end(), {"--with", "foreign_keys"});
    expect_exit(to_postgres(first), 0);
    std::atomic<bool> ended{false};
    std::thread family{[&, session = server.connect_as_owner(database)]() mutable {
        for (int id = 100; !ended; ++id) {
            std::string const n = std::to_string(id);
            session.run("BEGIN; INSERT INTO parents VALUES (" + n + ", 'p" + n + "'); INSERT INTO "
                        "children (parent) VALUES (" + n + "); COMMIT");
        }
    }};
    for (int runs = 0; runs < 5; ++runs) expect_exit(to_postgres(line), 0);
    ended = true;
    family.join();
    expect_exit(to_postgres(line), 0);
    EXPECT_EQ(there.one("SELECT count(*) FROM children"), db.one("SELECT count(*) FROM children"));
}

// What goes, goes the other way round than what comes.
TEST_F(Structure, ParentsAndChildrenThatAreGoneGoWithTheirForeignKeysLifted) {
    expect_exit(to_postgres({"--stream", "public.*", "--with", "foreign_keys"}), 0);
    there.run("ALTER TABLE children DROP CONSTRAINT children_parent_fkey, ADD CONSTRAINT "
              "children_parent_fkey FOREIGN KEY (parent) REFERENCES parents");
    db.run("ALTER TABLE children DROP CONSTRAINT children_parent_fkey, ADD CONSTRAINT "
           "children_parent_fkey FOREIGN KEY (parent) REFERENCES parents");
    int id = 10;
    for (std::vector<std::string> how : {std::vector<std::string>{"--write", "replace"},
                                         {"--mode", "reconcile", "--max-delete-fraction", "1"}}) {
        std::string const n = std::to_string(++id);
        db.run("DELETE FROM children WHERE parent = (SELECT min(id) FROM parents);"
               "DELETE FROM parents WHERE id = (SELECT min(id) FROM parents);"
               "INSERT INTO parents VALUES (" + n + ", 'p" + n + "');"
               "INSERT INTO children (parent) VALUES (" + n + ")");
        how.insert(how.end(), {"--stream", "public.*"});
        Ran const without = to_postgres(how);
        EXPECT_EQ(without.error_code(), "postgres.foreign_key") << without;
        EXPECT_NE(without.err.find("add --with foreign_keys"), std::string::npos) << without;
        how.insert(how.end(), {"--with", "foreign_keys"});
        expect_exit(to_postgres(how), 0);
        for (std::string const sql : {"SELECT string_agg(id || code, ',' ORDER BY id) FROM parents",
                                      "SELECT string_agg(id || ':' || parent, ',' ORDER BY id) "
                                      "FROM children"})
            EXPECT_EQ(there.one(sql), db.one(sql));
        EXPECT_EQ(foreign_keys(there), foreign_keys(db));
    }
}

TEST_F(Structure, ADryRunSaysWhatWouldBeMade) {
    Ran const ran = to_postgres({"--stream", "public.*", "--with", "indexes", "--dry-run"});
    expect_exit(ran, 0);
    EXPECT_NE(ran.json.dump().find("add index children_by_name to children"), std::string::npos)
        << ran;
    EXPECT_EQ(there.one("SELECT count(*) FROM pg_class WHERE relname = 'children'"), "0");
}

TEST_F(Structure, WhatRefersToATableThatIsNotThereIsSaid) {
    Ran const ran = to_postgres({"--stream", "public.children", "--with", "foreign_keys"});
    expect_exit(ran, 0);
    EXPECT_NE(ran.err.find("left out: there is no table parents"), std::string::npos) << ran;
    EXPECT_EQ(foreign_keys(there), "");
}

TEST_F(Structure, WhatTheRowsBreakFailsTheStreamAndKeepsThem) {
    there.run("CREATE TABLE parents (id int PRIMARY KEY, code text NOT NULL)");
    there.run("INSERT INTO parents VALUES (9, 'a')");
    Ran const ran = to_postgres({"--stream", "public.parents", "--with", "indexes"});
    std::string const said = expect_failure(ran, 1, "postgres.structure");
    EXPECT_NE(said.find("parents_code_key"), std::string::npos) << said;
    EXPECT_EQ(there.one("SELECT count(*) FROM parents"), "3");
    there.run("DELETE FROM parents WHERE id = 9");
    expect_exit(to_postgres({"--stream", "public.parents", "--with", "indexes"}), 0);
    EXPECT_NE(indexes(there).find("parents_code_key"), std::string::npos);
}

TEST_F(Structure, SqliteTakesIndexesOfPlainColumns) {
    Ran const ran = copy({"--stream", "public.*", "--with", "indexes"});
    expect_exit(ran, 0);
    EXPECT_NE(ran.err.find("index children_lower of children is left out"), std::string::npos)
        << ran;
    EXPECT_EQ(sink().one("SELECT group_concat(name) FROM (SELECT name FROM sqlite_schema WHERE "
                         "type = 'index' AND sql IS NOT NULL ORDER BY name)"),
              "children_by_name,parents_code_key");
    sink().run("DELETE FROM parents; DROP INDEX parents_code_key;"
               "INSERT INTO parents VALUES (7, 'a')");
    expect_failure(copy({"--stream", "public.parents", "--mode", "full", "--with", "indexes"}), 1,
                   "sqlite.structure");
    expect_failure(copy({"--stream", "public.parents", "--with", "foreign_keys"}), 2,
                   "copy.unsupported");
}

TEST_F(Structure, SequencesOfTheTargetGoOnBehindTheRows) {
    there.run("CREATE TABLE children (id bigserial PRIMARY KEY, parent int, name text, note text)");
    there.run("CREATE TABLE parents (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text)");
    expect_exit(to_postgres({"--stream", "public.*"}), 0);
    EXPECT_EQ(there.one("INSERT INTO children (parent) VALUES (1) RETURNING id"), "4");
    EXPECT_EQ(there.one("INSERT INTO parents (code) VALUES ('new') RETURNING id"), "3");
    there.run("SELECT setval('children_id_seq', 1000)");
    expect_exit(to_postgres({"--stream", "public.children", "--mode", "full"}), 0);
    EXPECT_EQ(there.one("SELECT nextval('children_id_seq')"), "1001") << "never back";
}

TEST_F(Structure, H33ANewTriggerOfTheTargetIsTold) {
    std::vector<std::string> const line{"--stream", "public.parents", "--mode", "full", "-v"};
    expect_exit(to_postgres(line), 0);
    there.run("CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; "
              "END'; CREATE TRIGGER watch BEFORE UPDATE ON parents FOR EACH ROW EXECUTE FUNCTION "
              "nothing()");
    Ran const ran = to_postgres(line);
    expect_exit(ran, 0);
    EXPECT_NE(ran.err.find("table parents has a trigger watch, which it had not"),
              std::string::npos)
        << ran;
    EXPECT_EQ(to_postgres(line).err.find("watch"), std::string::npos) << "once";
}

TEST_F(Structure, ASequenceThatMayNotBeSetCostsNoRow) {
    there.run("CREATE TABLE parents (id serial PRIMARY KEY, code text)");
    there.run("REVOKE ALL ON SEQUENCE parents_id_seq FROM weir");
    Ran const ran = to_postgres({"--stream", "public.parents", "-v"});
    expect_exit(ran, 0);
    EXPECT_EQ(there.one("SELECT count(*) FROM parents"), "2");
    EXPECT_NE(ran.err.find("the sequence of column id of parents could not be set"),
              std::string::npos)
        << ran;
}

}  // namespace
}  // namespace weir::test
