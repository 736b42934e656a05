// H33: ALTER TABLE at the source in the middle of a job: while a copy lies killed amid its read,
// while its rows are read, and while it waits for the writers of the source. Each policy of a job
// does then what it does between two runs, from PostgreSQL into SQLite and into PostgreSQL.
#include <csignal>
#include <thread>

#include "support/copy_fixture.hpp"

namespace weir::test {
namespace {

struct Change {
    char const* name;
    char const* sql;
    char const* undo;
};

constexpr Change changes[] = {
    {"add", "ALTER TABLE users ADD colour text DEFAULT 'red'", "ALTER TABLE users DROP colour"},
    {"drop", "ALTER TABLE users DROP name",
     "ALTER TABLE users ADD name text; UPDATE users SET name = 'user ' || id"},
    {"rename", "ALTER TABLE users RENAME name TO label", "ALTER TABLE users RENAME label TO name"},
    {"retype", "ALTER TABLE users ALTER name TYPE bytea USING name::bytea",
     "ALTER TABLE users ALTER name TYPE text USING convert_from(name, 'UTF8')"}};

class Alter : public CopyFixture {
protected:
    Alter(std::string const& sink, Change const& change) : is_sqlite_{sink == "sqlite"},
                                                           change_{change} {
        if (is_sqlite_) return;
        other_ = server.fresh();
        there_.emplace(server.connect_as_owner(other_));
    }
    std::vector<std::string> line(std::string const& policy,
                                  std::vector<std::string> const& more = {}) const {
        std::vector<std::string> out{"copy",
                                     server.url(database),
                                     is_sqlite_ ? sink_url() : server.url(other_),
                                     "--stream",
                                     "public.users",
                                     "--json",
                                     "--drift",
                                     policy};
        out.insert(out.end(), more.begin(), more.end());
        return out;
    }
    Ran go(std::string const& policy, std::vector<std::string> const& more = {},
           ProcessOptions options = {}) const {
        options.directory = directory.path().string();
        return weir(line(policy, more), options);
    }
    std::string one(std::string const& sql) {
        return is_sqlite_ ? sink().one(sql) : there_->one(sql);
    }
    std::string position() { return one("SELECT cursor FROM _weir_checkpoint"); }
    bool has_column(std::string const& name) {
        return one(is_sqlite_ ? "SELECT count(*) FROM pragma_table_info('users') WHERE name = '" +
                                    name + "'"
                              : "SELECT count(*) FROM pg_attribute WHERE attname = '" + name +
                                    "' AND attrelid = 'users'::regclass") == "1";
    }
    bool is_add() const { return std::string{change_.name} == "add"; }
    /// The very rows, whatever came beside them.
    void expect_same_rows() {
        std::string const all = "SELECT id || ' ' || name FROM users ORDER BY id";
        Differences const differences =
            compare(db.rows(all), is_sqlite_ ? sink().rows(all) : there_->rows(all));
        EXPECT_TRUE(differences.none()) << differences;
    }
    /// A stop that names the column, and that what was committed stays as it was.
    void expect_stopped(Ran const& ran, std::string const& policy, std::string const& rows,
                        std::string const& position_before) {
        std::string const kind = std::string{is_sqlite_ ? "sqlite" : "postgres"};
        bool const is_new = is_add() || (std::string{change_.name} == "rename" && policy == "halt");
        std::string const code = is_new ? "source.column_added"
                                 : std::string{change_.name} == "retype"
                                     ? kind + ".column_retyped"
                                     : kind + ".column_gone";
        std::string const said = expect_failure(ran, 1, code);
        EXPECT_NE(said.find(is_add() ? "\"colour\"" : "\"name\""), std::string::npos) << said;
        EXPECT_NE(said.find("the position is kept"), std::string::npos) << said;
        EXPECT_EQ(one("SELECT count(*) FROM users"), rows);
        EXPECT_EQ(position(), position_before);
    }
    /// What the policy makes of the change, in the run that finds it; `more` is how it was asked.
    void expect_policy(Ran const& found, std::string const& policy,
                       std::vector<std::string> const& more, std::string const& rows,
                       std::string const& position_before) {
        bool const goes_on = is_add() && policy != "halt";
        if (!goes_on) {
            expect_stopped(found, policy, rows, position_before);
            db.run(change_.undo);
            expect_exit(go(policy, more), 0);
        } else {
            expect_exit(found, 0);
            EXPECT_EQ(has_column("colour"), policy == "add");
            EXPECT_NE(found.stream().value("notes", Json::array()).dump().find("colour"),
                      std::string::npos)
                << found;
        }
        expect_same_rows();
        expect_moved(go(policy, more), 0, 0);
    }

    bool is_sqlite_;
    Change change_;
    std::string other_;
    std::optional<Pg> there_;
};

using Case = std::tuple<char const*, Change, char const*>;

class AlterBy : public Alter, public testing::WithParamInterface<Case> {
protected:
    AlterBy() : Alter{std::get<0>(GetParam()), std::get<1>(GetParam())} {}
    std::string const policy = std::get<2>(GetParam());
};

std::string name_of(testing::TestParamInfo<Case> const& each) {
    return std::string{std::get<0>(each.param)} + "_" + std::get<1>(each.param).name + "_" +
           std::get<2>(each.param);
}

INSTANTIATE_TEST_SUITE_P(Each, AlterBy,
                         testing::Combine(testing::Values("sqlite", "postgres"),
                                          testing::ValuesIn(changes),
                                          testing::Values("add", "ignore", "halt")),
                         name_of);

TEST_P(AlterBy, H33WhileACopyLiesKilledAmidItsRead) {
    make_users(100);
    std::vector<std::string> const more{"--cursor", "updated_at", "--batch-rows", "7"};
    ASSERT_EQ(go(policy, more, {.environment = {{"WEIR_FAILPOINT", "pump.after_commit:5"}}}).code,
              137);
    std::string const before = position();
    ASSERT_EQ(one("SELECT count(*) FROM users"), "35");
    db.run(change_.sql);
    expect_policy(go(policy, more), policy, more, "35", before);
    if (!is_add() || policy != "add") return;
    EXPECT_EQ(one("SELECT count(*) FROM users WHERE colour = 'red'"), "65")
        << "those that were read behind the change";
}

class AlterWaiting : public AlterBy {};

INSTANTIATE_TEST_SUITE_P(Each, AlterWaiting,
                         testing::Combine(testing::Values("sqlite"), testing::ValuesIn(changes),
                                          testing::Values("add", "ignore", "halt")),
                         name_of);

TEST_P(AlterWaiting, H33WhileARunWaitsForTheWritersOfTheSource) {
    make_users(20);
    std::vector<std::string> const more{"--cursor", "updated_at"};
    expect_moved(go(policy, more), 20, 20);
    db.run("CREATE TABLE elsewhere (i int)");
    Pg writer = server.connect_as_owner(database);
    // It waits for two seconds: a round that comes too late begins anew.
    std::string const waits =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '" + database +
        "' AND state = 'idle' AND query LIKE 'SELECT l.virtualtransaction%'";
    for (int last = 20;;) {
        std::string const before = position();
        add_users(last + 1, last + 1);
        writer.run("BEGIN; INSERT INTO elsewhere VALUES (1)");
        Process process{weir_command(line(policy, more)), {.directory = directory.path()}};
        while (!process.ended() && db.one(waits) == "0") continue;
        process.kill(SIGSTOP);
        bool const is_caught = db.one(waits) != "0";
        if (is_caught) db.run(change_.sql);
        process.kill(SIGCONT);
        Ran const ran = finish(process);
        writer.run("ROLLBACK");
        if (is_caught) return expect_policy(ran, policy, more, std::to_string(last), before);
        ++last;
    }
}

class AlterAmid : public Alter,
                  public testing::WithParamInterface<std::tuple<char const*, Change>> {
protected:
    AlterAmid() : Alter{std::get<0>(GetParam()), std::get<1>(GetParam())} {}
};

INSTANTIATE_TEST_SUITE_P(Each, AlterAmid,
                         testing::Combine(testing::Values("sqlite", "postgres"),
                                          testing::ValuesIn(changes)),
                         [](auto const& each) {
                             return std::string{std::get<0>(each.param)} + "_" +
                                    std::get<1>(each.param).name;
                         });

// The change waits until the last row is read: what is read is whole, and of one shape.
TEST_P(AlterAmid, H33WhileItsRowsAreRead) {
    db.run("CREATE TABLE users (id bigint PRIMARY KEY, name text, updated_at timestamptz);"
           "INSERT INTO users SELECT i, 'user ' || i || repeat('x', 400), timestamptz "
           "'2024-01-01Z' + i * interval '1 s' FROM generate_series(1, 30000) i");
    std::vector<std::string> const more{"--mode", "full", "--batch-rows", "500"};
    std::string const reads =
        "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE a.datname = '" +
        database + "' AND l.relation = 'users'::regclass AND l.granted AND a.query LIKE 'COPY (%'";
    std::string const waits =
        "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE a.datname = '" +
        database + "' AND l.relation = 'users'::regclass AND NOT l.granted";
    Pg owner = server.connect_as_owner(database);
    for (bool is_caught = false; !is_caught;) {
        Process process{weir_command(line("add", more)), {.directory = directory.path()}};
        while (!process.ended() && db.one(reads) == "0") continue;
        process.kill(SIGSTOP);
        is_caught = db.one(reads) != "0";
        if (!is_caught) {
            process.kill(SIGCONT);
            expect_exit(finish(process), 0);
            continue;
        }
        std::thread change{[&] { owner.run(change_.sql); }};
        // The rest may have been on its way: then nothing holds it up.
        while (db.one(waits) == "0" && db.one(reads) != "0") continue;
        process.kill(SIGCONT);
        Ran const ran = finish(process);
        change.join();
        expect_moved(ran, 30000, 30000);
        EXPECT_EQ(one("SELECT count(*) || ' ' || count(DISTINCT name) FROM users"), "30000 30000");
        EXPECT_FALSE(has_column("colour"));
    }
    if (is_add()) {
        expect_exit(go("add", more), 0);
        EXPECT_EQ(one("SELECT count(*) FROM users WHERE colour = 'red'"), "30000");
        return;
    }
    expect_stopped(go("add", more), "add", "30000", position());
}

}  // namespace
}  // namespace weir::test
