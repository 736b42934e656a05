// Columns that come, go and change, at the source and by hand at the sink: what a run does then.
#include "support/copy_fixture.hpp"

namespace weir::test {
namespace {

class Drift : public CopyFixture {
protected:
    Drift() {
        make_users(10);
        expect_moved(copy(by_time), 10, 10);
    }
    void expect_stopped(std::string const& column) {
        std::string const before = sink().one("SELECT cursor FROM _weir_checkpoint");
        Ran const ran = copy(by_time);
        EXPECT_NE(expect_failure(ran, 1, ran.error_code()).find(column), std::string::npos) << ran;
        EXPECT_EQ(sink().one("SELECT cursor FROM _weir_checkpoint"), before) << "position kept";
        EXPECT_EQ(sink().one("SELECT count(*) FROM users WHERE name LIKE 'user %'"), "10");
    }
    std::vector<std::string> const by_time{"--stream", "public.users", "--cursor", "updated_at"};
};

TEST_F(Drift, H33AColumnAddedIsAdded) {
    db.run("ALTER TABLE users ADD colour text");
    db.run("INSERT INTO users VALUES (11, 'user 11', timestamptz '2025-01-01Z', 'red')");
    expect_moved(copy(by_time), 1, 1);
    EXPECT_EQ(sink().rows("SELECT id, colour FROM users WHERE id >= 10 ORDER BY id"),
              (std::vector<Record>{{"10", std::nullopt}, {"11", "red"}}));
}

TEST_F(Drift, H33AColumnDroppedStopsTheRun) {
    db.run("ALTER TABLE users DROP name");
    expect_stopped("name");
}

TEST_F(Drift, H33AColumnRenamedStopsTheRun) {
    db.run("ALTER TABLE users RENAME name TO label");
    expect_stopped("name");
}

TEST_F(Drift, H33AColumnRetypedStopsTheRun) {
    db.run("ALTER TABLE users ALTER name TYPE bytea USING name::bytea");
    expect_stopped("name");
}

TEST_F(Drift, H33AnotherPrimaryKeyStopsTheRunAndSaysWhatToDo) {
    db.run("ALTER TABLE users DROP CONSTRAINT users_pkey, ADD PRIMARY KEY (name)");
    for (std::vector<std::string> const& arguments :
         {by_time, std::vector<std::string>{"--stream", "public.users", "--mode", "full"}}) {
        std::string const said = expect_failure(copy(arguments), 1, "copy.key_changed");
        EXPECT_NE(said.find("by its key id, now its key is name"), std::string::npos) << said;
        EXPECT_NE(said.find("--to"), std::string::npos) << said;
        EXPECT_NE(said.find("--key"), std::string::npos) << said;
    }
    EXPECT_EQ(sink().one("SELECT count(*) FROM users"), "10");
    expect_moved(copy({"--stream", "public.users", "--to", "anew"}), 10, 10);
    expect_users_equal("anew");
    add_users(11, 12);
    expect_moved(copy({"--stream", "public.users", "--mode", "full", "--key", "id"}), 12, 12);
    expect_users_equal();
}

TEST_F(Drift, H33AfterItIsMendedTheRunGoesOn) {
    db.run("ALTER TABLE users RENAME name TO label");
    expect_stopped("name");
    db.run("ALTER TABLE users RENAME label TO name");
    add_users(11, 12);
    expect_moved(copy(by_time), 2, 2);
    expect_users_equal();
}

TEST_F(Drift, H33AColumnOnlyTheSinkHasIsLeftAlone) {
    sink().run("ALTER TABLE users ADD COLUMN note TEXT; UPDATE users SET note = 'mine'");
    add_users(11, 12);
    expect_moved(copy(by_time), 2, 2);
    expect_users_equal();
    EXPECT_EQ(sink().one("SELECT count(*) FROM users WHERE note = 'mine'"), "10");
}

TEST_F(Drift, H33AColumnDroppedInTheSinkStopsTheRun) {
    sink().run("ALTER TABLE users DROP COLUMN name");
    add_users(11, 12);
    std::string const said = expect_failure(copy(by_time), 1, "sqlite.column_missing");
    EXPECT_NE(said.find("\"name\", which the last run wrote"), std::string::npos) << said;
    EXPECT_EQ(sink().one("SELECT count(*) FROM users"), "10");
}

class DriftPolicies : public Drift {
protected:
    Ran copy_with(std::string const& policy, std::vector<std::string> more = {}) {
        more.insert(more.begin(), by_time.begin(), by_time.end());
        more.insert(more.end(), {"--drift", policy});
        return copy(more);
    }
    void add_colour(std::string const& row) {
        db.run("ALTER TABLE users ADD IF NOT EXISTS colour text");
        db.run("INSERT INTO users (id, name, updated_at, colour) VALUES (" + row +
               ", timestamptz '2025-01-01Z' + " + row.substr(0, 2) + " * interval '1 s', 'red')");
    }
    bool says(Ran const& ran, std::string const& words) {
        return ran.err.find(words) != std::string::npos &&
               ran.stream().value("notes", Json::array()).dump().find("colour") !=
                   std::string::npos;
    }
    std::string columns() {
        return sink().one("SELECT group_concat(name) FROM pragma_table_info('users')");
    }
};

TEST_F(DriftPolicies, H33AddedIsToldOnce) {
    add_colour("11, 'user 11'");
    Ran const ran = copy_with("add");
    expect_moved(ran, 1, 1);
    EXPECT_TRUE(says(ran, "has a new column \"colour\": it is added")) << ran;
    EXPECT_EQ(columns(), "id,name,updated_at,colour");
    add_colour("12, 'user 12'");
    Ran const next = copy_with("add");
    expect_moved(next, 1, 1);
    EXPECT_FALSE(next.stream().contains("notes")) << next;
}

TEST_F(DriftPolicies, H33IgnoredIsLeftOutUntilItIsWanted) {
    add_colour("11, 'user 11'");
    Ran const ran = copy_with("ignore");
    expect_moved(ran, 1, 1);
    EXPECT_TRUE(says(ran, "colour\", which is left out")) << ran;
    EXPECT_EQ(columns(), "id,name,updated_at");
    add_colour("12, 'user 12'");
    expect_moved(copy_with("ignore"), 1, 1);
    EXPECT_EQ(columns(), "id,name,updated_at") << "still";
    EXPECT_EQ(sink().one("SELECT name FROM users WHERE id = 12"), "user 12");
    db.run("ALTER TABLE users DROP name");
    expect_failure(copy_with("ignore"), 1, "sqlite.column_gone");
    db.run("ALTER TABLE users ADD name text");
    db.run("UPDATE users SET name = 'user ' || id");
    add_colour("13, 'user 13'");
    expect_exit(copy_with("add"), 0);
    EXPECT_EQ(columns(), "id,name,updated_at,colour");
}

TEST_F(DriftPolicies, H33IgnoredIsLeftOutWhereAnotherColumnIsGoneToo) {
    db.run("ALTER TABLE users DROP name, ADD secret text DEFAULT 's'");
    Ran const stopped = copy_with("ignore");
    expect_failure(stopped, 1, "sqlite.column_gone");
    EXPECT_EQ(stopped.err.find("is added to the target"), std::string::npos) << stopped;
    Ran const unmended = copy_with("add");
    expect_failure(unmended, 1, "sqlite.column_gone");
    EXPECT_EQ(unmended.err.find("is added to the target"), std::string::npos) << unmended;
    sink().run("ALTER TABLE users DROP name");
    db.run("UPDATE users SET updated_at = now() WHERE id = 1");
    Ran const ran = copy_with("ignore");
    expect_moved(ran, 1, 1);
    EXPECT_NE(ran.err.find("secret\", which is left out"), std::string::npos) << ran;
    EXPECT_EQ(columns(), "id,updated_at");
    expect_moved(copy_with("ignore"), 0, 0);
    EXPECT_EQ(columns(), "id,updated_at") << "still";
}

TEST_F(DriftPolicies, H33HaltNamesTheColumnAndKeepsThePosition) {
    std::string const before = sink().one("SELECT cursor FROM _weir_checkpoint");
    add_colour("11, 'user 11'");
    for (std::vector<std::string> const& more :
         {std::vector<std::string>{}, std::vector<std::string>{"--dry-run"}}) {
        std::string const said = expect_failure(copy_with("halt", more), 1, "source.column_added");
        EXPECT_NE(said.find("\"colour\""), std::string::npos) << said;
        EXPECT_NE(said.find("--drift add"), std::string::npos) << said;
    }
    EXPECT_EQ(sink().one("SELECT cursor FROM _weir_checkpoint"), before);
    EXPECT_EQ(sink().one("SELECT count(*) FROM users"), "10");
    db.run("ALTER TABLE users DROP colour");
    expect_moved(copy_with("halt"), 1, 1);
    EXPECT_EQ(columns(), "id,name,updated_at");
}

TEST_F(DriftPolicies, H33AChoiceOfFieldsHasNoNewOnes) {
    std::vector<std::string> const chosen{"--fields", "id,name,updated_at"};
    (void)copy_with("halt", chosen);
    add_colour("11, 'user 11'");
    Ran const ran = copy_with("halt", chosen);
    expect_exit(ran, 0);
    EXPECT_EQ(columns(), "id,name,updated_at");
}

TEST_F(DriftPolicies, H33RefusedWordsAreSaid) {
    std::string const said = expect_failure(copy_with("ignor"), 2, "usage");
    EXPECT_NE(said.find("--drift ignore"), std::string::npos) << said;
}

TEST_F(DriftPolicies, H33IntoPostgresqlToo) {
    std::string const other = server.fresh();
    Pg there = server.connect_as_owner(other);
    auto const go = [&](std::string const& policy) {
        return weir({"copy", server.url(database), server.url(other), "--stream", "public.users",
                     "--cursor", "updated_at", "--drift", policy, "--json"});
    };
    expect_moved(go("halt"), 10, 10);
    add_colour("11, 'user 11'");
    expect_failure(go("halt"), 1, "source.column_added");
    expect_moved(go("ignore"), 1, 1);
    std::string const list =
        "SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute WHERE attnum > 0 AND "
        "attrelid = 'users'::regclass";
    EXPECT_EQ(there.one(list), "id,name,updated_at");
    add_colour("12, 'user 12'");
    expect_moved(go("add"), 1, 1);
    EXPECT_EQ(there.one(list), "id,name,updated_at,colour");
    EXPECT_EQ(there.one("SELECT colour FROM users WHERE id = 12"), "red");
}

/// Whoever changes the sink as the source was changed goes on.
class DriftMended : public CopyFixture {
protected:
    DriftMended() { make_users(10); }
    Ran go(std::vector<std::string> const& more = {}) {
        std::vector<std::string> line{"copy",     server.url(database), server.url(other),
                                      "--stream", "public.users",       "--cursor",
                                      "updated_at", "--json"};
        line.insert(line.end(), more.begin(), more.end());
        return weir(line);
    }
    void expect_equal() {
        char const all[] = "SELECT u::text FROM users u ORDER BY id";
        EXPECT_EQ(there.rows(all), db.rows(all));
    }
    std::string const other = server.fresh();
    Pg there = server.connect_as_owner(other);
};

TEST_F(DriftMended, H33ARenamedColumnGoesOnUnderItsNewName) {
    for (std::string const policy : {"add", "ignore"}) {
        expect_exit(go({"--drift", policy}), 0);
        std::string const rename = policy == "add" ? "ALTER TABLE users RENAME name TO label"
                                                   : "ALTER TABLE users RENAME label TO name";
        db.run(rename);
        expect_failure(go({"--drift", policy}), 1, "postgres.column_gone");
        there.run(rename);
        policy == "add" ? add_users(11, 12) : add_users(13, 14);
        expect_moved(go({"--drift", policy}), 2, 2);
        expect_equal();
        expect_moved(go({"--drift", policy}), 0, 0);
    }
}

TEST_F(DriftMended, H33ADroppedColumnGoesOnWhereItIsDroppedToo) {
    expect_moved(go(), 10, 10);
    db.run("ALTER TABLE users DROP name");
    expect_failure(go(), 1, "postgres.column_gone");
    there.run("ALTER TABLE users DROP name");
    db.run("INSERT INTO users VALUES (11, timestamptz '2025-01-01Z')");
    expect_moved(go(), 1, 1);
    expect_equal();
    // And what is dropped in the sink alone is no change of the source.
    there.run("ALTER TABLE users DROP updated_at");
    expect_failure(go(), 1, "postgres.column_missing");
}

TEST_F(DriftMended, H33ARetypedColumnGoesOnWhereItIsRetypedToo) {
    expect_moved(go(), 10, 10);
    char const retype[] = "ALTER TABLE users ALTER name TYPE bytea USING name::bytea";
    db.run(retype);
    std::string const said = expect_failure(go(), 1, "postgres.column_retyped");
    EXPECT_NE(said.find("do the same to column \"name\" of users"), std::string::npos) << said;
    there.run("ALTER TABLE users ALTER name TYPE xml USING NULL");
    expect_failure(go(), 1, "postgres.column_retyped");
    there.run("ALTER TABLE users ALTER name TYPE bytea USING NULL");
    db.run("UPDATE users SET updated_at = now(), name = 'x'");
    expect_moved(go(), 10, 10);
    expect_equal();
}

TEST_F(Drift, H33ARenamedColumnGoesOnInSqliteToo) {
    db.run("ALTER TABLE users RENAME name TO label");
    expect_stopped("name");
    sink().run("ALTER TABLE users RENAME name TO label");
    db.run("INSERT INTO users VALUES (11, 'user 11', timestamptz '2025-01-01Z')");
    expect_moved(copy(by_time), 1, 1);
    EXPECT_EQ(sink().one("SELECT label FROM users WHERE id = 11"), "user 11");
    EXPECT_EQ(sink().one("SELECT label FROM users WHERE id = 1"), "user 1");
}

// SQLite changes no type of a column: whoever makes it anew has seen what happened.
TEST_F(Drift, H33ARetypedColumnGoesOnWhereItIsRetypedInSqliteToo) {
    db.run("ALTER TABLE users ALTER name TYPE bytea USING name::bytea");
    std::string const said = expect_failure(copy(by_time), 1, "sqlite.column_retyped");
    EXPECT_NE(said.find("make column \"name\" of users BLOB"), std::string::npos) << said;
    sink().run("ALTER TABLE users RENAME COLUMN name TO old");
    std::string const missing = expect_failure(copy(by_time), 1, "sqlite.column_missing");
    EXPECT_NE(missing.find("ADD COLUMN \"name\" BLOB"), std::string::npos) << missing;
    sink().run("ALTER TABLE users ADD COLUMN name INTEGER");
    expect_failure(copy(by_time), 1, "sqlite.column_type");
    sink().run("ALTER TABLE users DROP COLUMN name; ALTER TABLE users ADD COLUMN name BLOB;"
               "UPDATE users SET name = CAST(old AS BLOB); ALTER TABLE users DROP COLUMN old");
    db.run("INSERT INTO users VALUES (11, 'user 11', timestamptz '2025-01-01Z')");
    expect_moved(copy(by_time), 1, 1);
    EXPECT_EQ(sink().one("SELECT group_concat(DISTINCT typeof(name)) || ' ' || count(*) FROM users "
                         "WHERE CAST(name AS TEXT) = 'user ' || id"),
              "blob 11");
    expect_moved(copy(by_time), 0, 0);
    // The control: as long as nobody changed it here, each run stops.
    db.run("ALTER TABLE users ALTER name TYPE text USING convert_from(name, 'UTF8')");
    for (int i = 0; i < 2; ++i) expect_failure(copy(by_time), 1, "sqlite.column_retyped");
}

}  // namespace
}  // namespace weir::test
