// The ways to a PostgreSQL server: socket, .pgpass, references, and a pooler in transaction mode.
#include <sys/stat.h>

#include <fstream>

#include "support/copy_fixture.hpp"

namespace weir::test {
namespace {

class Connect : public CopyFixture {
protected:
    Ran copy_from(std::string const& url, ProcessOptions options = {}) {
        options.directory = directory.path().string();
        return weir({"copy", url, sink_url(), "--stream", "public.users", "--cursor", "updated_at",
                     "--json"},
                    options);
    }
    std::string without_password() const {
        return "postgres://weir@127.0.0.1:" + std::to_string(server.port()) + "/" + database;
    }
    void write(std::string const& path, std::string const& text) {
        std::ofstream{path} << text;
        chmod(path.c_str(), 0600);
    }
};

TEST_F(Connect, OverTheUnixSocket) {
    make_users(3);
    expect_moved(copy_from(server.socket_url(database)), 3, 3);
}

TEST_F(Connect, WithThePasswordFromTheEnvironment) {
    make_users(3);
    ProcessOptions options;
    options.environment["PGPASSWORD"] = PostgresServer::password;
    expect_moved(copy_from(without_password(), options), 3, 3);
}

TEST_F(Connect, WithThePasswordFromAPgpassFile) {
    make_users(3);
    write(directory / ".pgpass", std::string{"*:*:*:weir:"} + PostgresServer::password + "\n");
    ProcessOptions options;
    options.environment["HOME"] = directory.path().string();
    options.environment["PGPASSFILE"] = directory / ".pgpass";
    expect_moved(copy_from(without_password(), options), 3, 3);
}

TEST_F(Connect, WithAUrlFromAReference) {
    make_users(3);
    write(directory / "url", server.url(database) + "\n");
    expect_moved(copy_from("${file:" + (directory / "url") + "}"), 3, 3);
}

TEST_F(Connect, WithAPasswordOfAnyCharactersFromAReference) {
    make_users(3);
    server.connect().run("CREATE ROLE odd LOGIN PASSWORD 'p@:/%#? x'");
    db.run("GRANT SELECT ON users TO odd");
    ProcessOptions options;
    options.environment["ODD"] = "p@:/%#? x";
    std::string const url =
        "postgres://odd:${env:ODD}@127.0.0.1:" + std::to_string(server.port()) + "/" + database;
    expect_moved(copy_from(url, options), 3, 3);
}

TEST_F(Connect, TheSamePositionHoldsHoweverTheUrlIsSpelled) {
    make_users(3);
    expect_moved(copy_from(server.url(database)), 3, 3);
    std::string spelled = server.url(database);
    spelled.replace(0, std::string{"postgres"}.size(), "postgresql");
    expect_moved(copy_from(spelled + "?application_name=other"), 0, 0);
}

/// pgbouncer before the fixture's server, every transaction on whatever session is free.
class Pooled : public Connect {
protected:
    void SetUp() override {
        int const port = free_port();
        std::string const config = directory / "pgbouncer.ini";
        write(directory / "users", std::string{"\"weir\" \""} + PostgresServer::password + "\"\n");
        write(config,
              "[databases]\n* = host=127.0.0.1 port=" + std::to_string(server.port()) +
                  "\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = " + std::to_string(port) +
                  "\nunix_socket_dir =\nauth_type = scram-sha-256\n"
                  "auth_file = " +
                  (directory / "users") + "\npool_mode = transaction\n");
        ProcessOptions options;
        if (getuid() == 0) {  // it refuses to run as root
            options.uid = options.gid = 65534;
            chmod(directory.path().c_str(), 0755);
            for (std::string const& file : {config, directory / "users"})
                if (chown(file.c_str(), 65534, 65534) != 0) FAIL() << file;
        }
        pooler = std::make_unique<Process>(std::vector<std::string>{"/usr/sbin/pgbouncer", config},
                                           options);
        ASSERT_TRUE(pooler->wait_for("process up")) << pooler->output();
        url = "postgres://weir:" + std::string{PostgresServer::password} +
              "@127.0.0.1:" + std::to_string(port) + "/" + database;
    }
    void TearDown() override {
        pooler->kill(SIGTERM);
        pooler->wait();
    }

    std::unique_ptr<Process> pooler;
    std::string url;
};

TEST_F(Pooled, AFirstRunAndADelta) {
    make_users(2000);
    expect_moved(copy_from(url), 2000, 2000);
    expect_moved(copy_from(url), 0, 0);
    add_users(2001, 2003);
    expect_moved(copy_from(url), 3, 3);
    expect_users_equal();
}

TEST_F(Pooled, TwoCopiesShareTheSessions) {
    make_users(2000);
    std::vector<std::string> const first{
        "copy",         url, "sqlite:" + (directory / "a.db"), "--stream", "public.users",
        "--batch-rows", "7"};
    std::vector<std::string> const second{
        "copy",         url, "sqlite:" + (directory / "b.db"), "--stream", "public.users",
        "--batch-rows", "7"};
    Process one{weir_command(first)}, two{weir_command(second)};
    EXPECT_EQ(one.wait(), 0) << one.output();
    EXPECT_EQ(two.wait(), 0) << two.output();
    for (char const* name : {"a.db", "b.db"})
        EXPECT_EQ(Sqlite{directory / name}.one("SELECT count(*) FROM users"), "2000");
}

}  // namespace
}  // namespace weir::test
