#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/my.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"

namespace weir::test {

/// 1 to `last`, `seq` of a table in FROM: of servers with sequences to select from, and of others.
std::string numbers(int last);

/// A MariaDB 10.11, or a MySQL 8, of its own on a temporary directory, run as a user who is not
/// root.
///
/// It listens on 127.0.0.1 at a free port and on a Unix socket. `root` without a password over the
/// socket; `weir` with the password `password`, who owns the databases that fresh() makes
/// and may see who is at work (PROCESS). Nothing is synced to disk, the server's zone is not UTC.
/// Ends with this object, and with the test process.
class MariadbServer {
public:
    /// `settings` are more options: "--max-statement-time=1". `environment` adds to that of the
    /// server: {"TZ", "Europe/Berlin"}. `mysql8` is the folder of a MySQL 8 that is started
    /// instead: of the one that WEIR_MYSQL8 names where WEIR_TEST_ON is "mysql8".
    explicit MariadbServer(std::vector<std::string> settings = {},
                           std::map<std::string, std::string> environment = {},
                           std::string mysql8 = asked_for());
    MariadbServer(MariadbServer const&) = delete;
    MariadbServer& operator=(MariadbServer const&) = delete;
    ~MariadbServer();

    /// One for the whole test binary, started at first use.
    static MariadbServer& shared();
    /// The same of the MySQL 8 in the folder that WEIR_MYSQL8 names, which nothing installs. Throws
    /// what to do where there is none.
    static MariadbServer& shared_mysql8();

    static constexpr char user[] = "weir";
    static constexpr char password[] = "s3cret-Pa55";

    int port() const { return port_; }
    std::string const& socket() const { return socket_; }

    /// Makes an empty database and answers its name, which no other has.
    std::string fresh();
    /// mysql://weir:...@127.0.0.1:port/database
    std::string url(std::string const& database) const;
    std::string url_as(std::string const& name, std::string const& secret,
                       std::string const& database) const;
    /// As root, over the socket.
    My connect(std::string const& database = "mysql") const;
    /// As `weir`, who owns the database.
    My connect_as_owner(std::string const& database) const;

    void start();  ///< again, after a stop
    void stop();
    /// At once, as after a crash.
    void stop_immediately();

private:
    static std::string asked_for();
    std::vector<std::string> first_command() const;
    void make_directory();
    void end(int signal);

    TempDir directory_;
    std::string data_directory_, socket_, mysql8_;
    std::vector<std::string> settings_;
    Process::Options as_user_;
    int port_;
    int databases_ = 0;
    std::unique_ptr<Process> server_;
};

}  // namespace weir::test
