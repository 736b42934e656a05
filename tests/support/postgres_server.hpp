#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/pg.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"

namespace weir::test {

/// A PostgreSQL 15 of its own on a temporary directory, run as a user who is not root.
///
/// It listens on 127.0.0.1 and ::1 at a free port (password, scram) and on a Unix socket (any user,
/// trusted). Superuser `postgres`; `weir` with the password `password`, who owns the databases that
/// fresh() makes. Nothing is synced to disk. Ends with this object, and with the test process.
class PostgresServer {
public:
    /// `settings` are more lines of postgresql.conf: "wal_level=logical".
    /// `environment` is that of the server, over the test's own.
    explicit PostgresServer(std::vector<std::string> settings = {},
                            std::map<std::string, std::string> const& environment = {});
    PostgresServer(PostgresServer const&) = delete;
    PostgresServer& operator=(PostgresServer const&) = delete;
    ~PostgresServer();

    /// One for the whole test binary, started at first use.
    static PostgresServer& shared();

    static constexpr char user[] = "weir";
    static constexpr char password[] = "s3cret-Pa55";

    int port() const { return port_; }
    std::string const& socket_directory() const { return socket_directory_; }
    std::string const& data_directory() const { return data_directory_; }

    /// Makes an empty database and answers its name, which no other has.
    std::string fresh();
    /// postgres://weir:...@127.0.0.1:port/database
    std::string url(std::string const& database) const;
    std::string url_as(std::string const& name, std::string const& secret,
                       std::string const& database) const;
    /// Over the Unix socket, without a password.
    std::string socket_url(std::string const& database) const;
    /// As superuser, over the socket.
    Pg connect(std::string const& database = "postgres") const;
    /// As `weir`, who owns the database.
    Pg connect_as_owner(std::string const& database) const;

    void start();  ///< again, after a stop
    void stop();
    /// At once, as after a crash: sessions end, the next start recovers.
    void stop_immediately();

    /// Runs a command as the server's user, who owns its files. Throws when it fails.
    void as_server(std::vector<std::string> const& command) const;
    /// Where the server's own programs are: "…/bin/", pg_resetwal, pg_dump.
    static std::string const programs;

private:
    void make_cluster();
    void end(int signal);

    TempDir directory_;
    std::string data_directory_, socket_directory_;
    std::vector<std::string> settings_;
    Process::Options as_user_;
    int port_;
    int databases_ = 0;
    std::unique_ptr<Process> server_;
};

/// A port of 127.0.0.1 that nobody listens on.
int free_port();

}  // namespace weir::test
