// A server's machine vanishes: no bytes come, no end either, and nothing that is sent is heard.
#include <array>
#include <csignal>
#include <functional>
#include <memory>
#include <thread>

#include "support/cable.hpp"
#include "support/ledger.hpp"
#include "support/mariadb_server.hpp"
#include "support/postgres_server.hpp"
#include "support/sqlite.hpp"
#include "support/weir.hpp"

namespace weir::test {
namespace {

using Ask = std::function<std::string(std::string const&)>;

/// One copy between a server there and a file here.
struct Trip {
    std::vector<std::string> words;
    Ask target;  ///< asks where the rows go, which is a table called arrived
    std::unique_ptr<Process> process = nullptr;

    int rows() const { return std::stoi(target("SELECT count(*) FROM arrived")); }
};

class Vanished : public testing::Test {
protected:
    static constexpr int rows = 300;

    static void SetUpTestSuite() {
        cable = std::make_unique<Cable>();
        cable->there([] {
            postgres = std::make_unique<PostgresServer>(
                std::vector<std::string>{"listen_addresses = '*'"});
            maria = std::make_unique<MariadbServer>(
                std::vector<std::string>{"--bind-address=0.0.0.0"});
        });
        write_file(postgres->data_directory() + "/pg_hba.conf",
                   "local all all trust\nhost all all 10.77.0.0/24 scram-sha-256\n");
        postgres->connect().run("SELECT pg_reload_conf()");
    }
    static void TearDownTestSuite() {
        maria.reset();
        postgres.reset();
        cable.reset();
    }
    ~Vanished() override { cable->plug(); }

    Pg pg() const { return postgres->connect_as_owner(in_postgres); }
    My my() const { return maria->connect_as_owner(in_maria); }
    std::string postgres_url() const {
        return "postgres://weir:" + std::string{PostgresServer::password} + "@" + Cable::address +
               ":" + std::to_string(postgres->port()) + "/" + in_postgres + "?sslmode=disable";
    }
    std::string maria_url() const {
        return "mysql://weir:" + std::string{MariadbServer::password} + "@" + Cable::address + ":" +
               std::to_string(maria->port()) + "/" + in_maria + "?sslmode=disable";
    }
    std::string file(std::string const& name) const { return directory / name; }

    void make_tables() {
        pg().run("CREATE TABLE arrived (id int, name text);"
                 "CREATE TABLE users (id int PRIMARY KEY, name text); INSERT INTO users"
                 " SELECT i, repeat('x', 100000) FROM generate_series(1, 300) i");
        my().run("CREATE TABLE arrived (id int, name longtext);"
                 "CREATE TABLE users (id int PRIMARY KEY, name longtext); INSERT INTO users"
                 " SELECT seq, repeat('x', 100000) FROM seq_1_to_300");
        Sqlite{file("users.db")}.run(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT); WITH RECURSIVE n(i) AS"
            " (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) INSERT INTO users SELECT i,"
            " replace(printf('%100000s', ''), ' ', 'x') FROM n");
    }
    Trip from(std::string const& url, std::string const& name) {
        Sqlite{file(name)}.run("CREATE TABLE arrived (id INTEGER, name TEXT)");
        return {{"copy", url, "sqlite:" + file(name)},
                [path = file(name)](std::string const& sql) { return Sqlite{path}.one(sql); }};
    }
    std::array<Trip, 2> from_there() {
        return {from(postgres_url(), "postgres.db"), from(maria_url(), "maria.db")};
    }
    std::array<Trip, 2> into_there() {
        std::string const url = "sqlite:" + file("users.db");
        return {Trip{{"copy", url, postgres_url()},
                     [this](std::string const& sql) { return pg().one(sql); }},
                Trip{{"copy", url, maria_url()},
                     [this](std::string const& sql) { return my().one(sql); }}};
    }
    void start(Trip& trip) const {
        std::vector<std::string> words = weir_command(trip.words);
        for (char const* word : {"--stream", "users", "--to", "arrived", "--cursor", "id",
                                 "--write", "append", "--batch-rows", "7", "--json"})
            words.push_back(word);
        cable->here([&] {
            trip.process = std::make_unique<Process>(
                words, ProcessOptions{.directory = directory.path().string()});
        });
    }
    /// Stands still amid its rows.
    void start_and_stop_amid_rows(Trip& trip) const {
        start(trip);
        while (!trip.process->ended() && trip.rows() < 7) continue;
        trip.process->kill(SIGSTOP);
        ASSERT_LT(trip.rows(), rows / 2) << "too fast: " << trip.process->output();
    }
    void expect_exact(Trip& trip) const {
        Ran const ran = finish(*trip.process);
        EXPECT_EQ(ran.code, 0) << ran;
        EXPECT_EQ(trip.rows(), rows);
        EXPECT_EQ(trip.target("SELECT count(DISTINCT id) FROM arrived"), std::to_string(rows));
    }
    void expect_another_try(Trip const& trip) const {
        EXPECT_TRUE(trip.process->wait_for("trying again")) << trip.process->output();
        EXPECT_NE(trip.process->output().find(std::string{"the session with "} + Cable::address),
                  std::string::npos)
            << trip.process->output();
    }
    /// Waits until each server has two sessions that wait for a lock.
    void wait_for_locked() const {
        Pg watch = postgres->connect();
        while (watch.one("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") !=
               "2")
            continue;
        My other = maria->connect();
        while (other.one("SELECT count(*) FROM information_schema.processlist WHERE state LIKE"
                         " 'Waiting for table metadata lock%'") != "2")
            continue;
    }

    static inline std::unique_ptr<Cable> cable;
    static inline std::unique_ptr<PostgresServer> postgres;
    static inline std::unique_ptr<MariadbServer> maria;
    std::string const in_postgres = postgres->fresh(), in_maria = maria->fresh();
    TempDir directory;
};

TEST_F(Vanished, F9AmidRowsItIsNoticedAndTheCopyGoesOnOnceItIsBack) {
    make_tables();
    auto from = from_there(), into = into_there();
    for (auto* trips : {&from, &into})
        for (Trip& trip : *trips) start_and_stop_amid_rows(trip);
    cable->pull();
    for (auto* trips : {&from, &into})
        for (Trip& trip : *trips) trip.process->kill(SIGCONT);
    for (auto* trips : {&from, &into})
        for (Trip& trip : *trips) expect_another_try(trip);
    cable->plug();
    for (auto* trips : {&from, &into})
        for (Trip& trip : *trips) expect_exact(trip);
}

// What a sink was asked for it may do yet, and nobody hears of it.
TEST_F(Vanished, F9AnAnswerThatNeverComesIsNotWaitedFor) {
    make_tables();
    auto from = from_there(), into = into_there();
    Pg held = pg();
    My other_held = my();
    for (Trip& trip : into) start_and_stop_amid_rows(trip);
    std::thread locking{[&] { held.run("BEGIN; LOCK TABLE users, arrived"); }};
    std::thread other_locking{[&] { other_held.run("LOCK TABLES users WRITE, arrived WRITE"); }};
    for (Trip& trip : into) trip.process->kill(SIGCONT);
    locking.join();
    other_locking.join();
    for (Trip& trip : from) start(trip);
    wait_for_locked();
    cable->pull();
    held.run("ROLLBACK");
    other_held.run("UNLOCK TABLES");
    for (Trip& trip : into) expect_another_try(trip);
    std::string const codes[] = {"postgres.connect_timeout", "mysql.connect_timeout"};
    for (std::size_t i = 0; i < from.size(); ++i) {
        Ran const ran = finish(*from[i].process);
        EXPECT_EQ(ran.code, 3) << ran;
        EXPECT_EQ(ran.error_code(), codes[i]) << "nothing had moved, and a new session fails too";
        EXPECT_NE(ran.err.find("check host, port and firewall"), std::string::npos) << ran;
    }
    cable->plug();
    for (Trip& trip : into) expect_exact(trip);
    for (Trip& trip : from) {
        start(trip);
        expect_exact(trip);
    }
}

}  // namespace
}  // namespace weir::test
