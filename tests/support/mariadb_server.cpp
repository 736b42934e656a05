#include "support/mariadb_server.hpp"

#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

#include "support/postgres_server.hpp"

namespace weir::test {
namespace {

/// MariaDB refuses root: then somebody else runs it.
Process::Options mariadb_user() {
    Process::Options options;
    options.environment = {{"LC_ALL", "C.UTF-8"}, {"TZ", "UTC"}};
    if (::geteuid() != 0) return options;
    passwd const* found = ::getpwnam("mysql");
    if (!found) found = ::getpwnam("nobody");
    if (!found) throw std::runtime_error{"neither user mysql nor nobody is there"};
    options.uid = found->pw_uid;
    options.gid = found->pw_gid;
    return options;
}

std::string mysql8_folder() {
    char const* const folder = std::getenv("WEIR_MYSQL8");
    std::string const program = std::string{folder ? folder : ""} + "/bin/mysqld";
    if (folder && ::access(program.c_str(), X_OK) == 0) return folder;
    throw std::runtime_error{
        "WEIR_MYSQL8 names no folder of a MySQL 8 (bin/mysqld): `tests/run -L mysql8` brings one, "
        "or names the one that is there"};
}

}  // namespace

std::string numbers(int last) {
    return "(WITH RECURSIVE n(seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM n WHERE seq < " +
           std::to_string(last) + ") SELECT seq FROM n) AS numbers";
}

std::string MariadbServer::asked_for() {
    char const* const asked = std::getenv("WEIR_TEST_ON");
    return asked && std::string_view{asked} == "mysql8" ? mysql8_folder() : std::string{};
}

MariadbServer::MariadbServer(std::vector<std::string> settings,
                             std::map<std::string, std::string> environment, std::string mysql8)
    : data_directory_{directory_ / "data"},
      socket_{directory_ / "s.sock"},
      mysql8_{std::move(mysql8)},
      settings_{std::move(settings)},
      as_user_{mariadb_user()},
      port_{free_port()} {
    for (auto const& [name, value] : environment) as_user_.environment[name] = value;
    std::string const path = directory_.path().string();
    as_user_.directory = path;
    if (as_user_.uid && ::chown(path.c_str(), *as_user_.uid, *as_user_.gid) != 0)
        throw std::runtime_error{"cannot give " + path + " away"};
    make_directory();
    start();
    connect().run("CREATE USER weir IDENTIFIED BY " + quoted(password) +
                  "; GRANT PROCESS ON *.* TO weir");
}

MariadbServer::~MariadbServer() { end(SIGKILL); }

MariadbServer& MariadbServer::shared() {
    static MariadbServer server;
    return server;
}

MariadbServer& MariadbServer::shared_mysql8() {
    static MariadbServer server{{"--local-infile=1"}, {}, mysql8_folder()};
    return server;
}

std::vector<std::string> MariadbServer::first_command() const {
    std::string const data = "--datadir=" + data_directory_,
                      temporary = "--tmpdir=" + directory_.path().string();
    if (mysql8_.empty())
        return {"/usr/bin/mariadb-install-db", "--no-defaults", data, temporary, "--skip-test-db",
                "--skip-name-resolve", "--auth-root-authentication-method=normal",
                "--loose-innodb-log-file-size=16M"};
    return {mysql8_ + "/bin/mysqld", "--no-defaults", "--initialize-insecure",
            "--basedir=" + mysql8_, data, temporary, "--loose-innodb-log-file-size=16M"};
}

void MariadbServer::make_directory() {
    Process make{first_command(), as_user_};
    if (make.wait() != 0) throw std::runtime_error{first_command()[0] + ": " + make.output()};
}

void MariadbServer::start() {
    std::string const program =
        mysql8_.empty() ? "/usr/sbin/mariadbd" : mysql8_ + "/bin/mysqld";
    std::vector<std::string> command{
        program, "--no-defaults", "--datadir=" + data_directory_,
        "--tmpdir=" + directory_.path().string(), "--socket=" + socket_,
        "--port=" + std::to_string(port_), "--bind-address=127.0.0.1",
        "--pid-file=" + data_directory_ + "/pid", "--skip-name-resolve",
        "--innodb-buffer-pool-size=32M", "--loose-innodb-log-file-size=16M",
        "--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync",
        "--innodb-doublewrite=OFF", "--character-set-server=utf8mb4", "--max-connections=60",
        "--loose-max-recursive-iterations=1000000", "--loose-cte-max-recursion-depth=1000000",
        "--default-time-zone=-03:00"};
    if (!mysql8_.empty())
        command.insert(command.end(), {"--basedir=" + mysql8_, "--mysqlx=OFF",
                                       "--loose-log-bin-trust-function-creators=ON"});
    command.insert(command.end(), settings_.begin(), settings_.end());
    server_ = std::make_unique<Process>(command, as_user_);
    if (!server_->wait_for("ready for connections"))
        throw std::runtime_error{program + ": " + server_->output()};
}

void MariadbServer::end(int signal) {
    if (!server_) return;
    server_->kill(signal);
    server_->wait();
    server_.reset();
}

void MariadbServer::stop() { end(SIGTERM); }

void MariadbServer::stop_immediately() { end(SIGKILL); }

std::string MariadbServer::fresh() {
    std::string const name = "db" + std::to_string(++databases_);
    connect().run("CREATE DATABASE " + name + " CHARACTER SET utf8mb4; GRANT ALL ON " + name +
                  ".* TO weir");
    return name;
}

std::string MariadbServer::url(std::string const& database) const {
    return url_as(user, password, database);
}

std::string MariadbServer::url_as(std::string const& name, std::string const& secret,
                                  std::string const& database) const {
    return "mysql://" + name + ":" + secret + "@127.0.0.1:" + std::to_string(port_) + "/" +
           database;
}

My MariadbServer::connect(std::string const& database) const {
    return My{{socket_, "root", "", database}};
}

My MariadbServer::connect_as_owner(std::string const& database) const {
    return My{{socket_, user, password, database}};
}

}  // namespace weir::test
