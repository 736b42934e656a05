#include "support/postgres_server.hpp"

#include <arpa/inet.h>
#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <random>
#include <stdexcept>

namespace weir::test {
namespace {

/// PostgreSQL refuses root: then somebody else runs it.
Process::Options some_user() {
    Process::Options options;
    options.environment = {{"LC_ALL", "C.UTF-8"}, {"TZ", "UTC"}};
    if (::geteuid() != 0) return options;
    passwd const* found = ::getpwnam("postgres");
    if (!found) found = ::getpwnam("nobody");
    if (!found) throw std::runtime_error{"neither user postgres nor nobody is there"};
    options.uid = found->pw_uid;
    options.gid = found->pw_gid;
    return options;
}

}  // namespace

std::string const PostgresServer::programs = "/usr/lib/postgresql/15/bin/";

// Below those that the system gives to whoever connects: a server that is started again must find
// its port as it left it.
int free_port() {
    constexpr int tries_max = 100;
    std::random_device random;
    std::uniform_int_distribution<int> some{20'000, 32'000};
    for (int i = 0; i < tries_max; ++i) {
        int const port = some(random);
        int const fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        bool const bound =
            ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
        ::close(fd);
        if (bound) return port;
    }
    throw std::runtime_error{"no free port"};
}

PostgresServer::PostgresServer(std::vector<std::string> settings,
                               std::map<std::string, std::string> const& environment)
    : data_directory_{directory_ / "data"},
      socket_directory_{directory_.path().string()},
      settings_{std::move(settings)},
      as_user_{some_user()},
      port_{free_port()} {
    as_user_.directory = socket_directory_;
    if (as_user_.uid && ::chown(socket_directory_.c_str(), *as_user_.uid, *as_user_.gid) != 0)
        throw std::runtime_error{"cannot give " + socket_directory_ + " away"};
    make_cluster();
    for (auto const& [name, value] : environment) as_user_.environment[name] = value;
    start();
    Pg admin = connect();
    admin.run("CREATE ROLE weir LOGIN PASSWORD " + quoted(password));
}

PostgresServer::~PostgresServer() { end(SIGQUIT); }

PostgresServer& PostgresServer::shared() {
    static PostgresServer server;
    return server;
}

void PostgresServer::make_cluster() {
    Process init{
        {programs + "initdb", "-D", data_directory_, "-U", "postgres", "--auth=trust",
         "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"},
        as_user_};
    if (init.wait() != 0) throw std::runtime_error{"initdb: " + init.output()};
    write_file(data_directory_ + "/pg_hba.conf",
               "local all all trust\n"
               "local replication all trust\n"
               "host all all 127.0.0.1/32 scram-sha-256\n"
               "host all all ::1/128 scram-sha-256\n");
    std::string config = read_file(data_directory_ + "/postgresql.conf") +
                         "\nlisten_addresses = 'localhost'\nport = " + std::to_string(port_) +
                         "\nunix_socket_directories = '" + socket_directory_ +
                         "'\nfsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"
                         "shared_buffers = 32MB\nmax_connections = 40\nautovacuum = off\n"
                         "timezone = 'America/Sao_Paulo'\nlc_messages = 'C'\n"
                         "password_encryption = 'scram-sha-256'\n";
    for (std::string const& setting : settings_) config += setting + "\n";
    write_file(data_directory_ + "/postgresql.conf", config);
}

void PostgresServer::start() {
    server_ = std::make_unique<Process>(
        std::vector<std::string>{programs + "postgres", "-D", data_directory_},
        as_user_);
    if (!server_->wait_for("ready to accept"))
        throw std::runtime_error{"postgres: " + server_->output()};
}

void PostgresServer::as_server(std::vector<std::string> const& command) const {
    Process process{command, as_user_};
    if (process.wait() != 0) throw std::runtime_error{command.front() + ": " + process.output()};
}

void PostgresServer::end(int signal) {
    if (!server_) return;
    server_->kill(signal);
    server_->wait();
    server_.reset();
}

void PostgresServer::stop() { end(SIGINT); }

void PostgresServer::stop_immediately() { end(SIGQUIT); }

std::string PostgresServer::fresh() {
    std::string const name = "db" + std::to_string(++databases_);
    connect().run("CREATE DATABASE " + name + " OWNER weir TEMPLATE template0");
    return name;
}

std::string PostgresServer::url(std::string const& database) const {
    return url_as(user, password, database);
}

std::string PostgresServer::url_as(std::string const& name, std::string const& secret,
                                   std::string const& database) const {
    return "postgres://" + name + ":" + secret + "@127.0.0.1:" + std::to_string(port_) + "/" +
           database;
}

std::string PostgresServer::socket_url(std::string const& database) const {
    return "postgres://weir@/" + database + "?host=" + socket_directory_ +
           "&port=" + std::to_string(port_);
}

Pg PostgresServer::connect(std::string const& database) const {
    return Pg{"host=" + socket_directory_ + " port=" + std::to_string(port_) +
              " user=postgres dbname=" + database};
}

Pg PostgresServer::connect_as_owner(std::string const& database) const {
    return Pg{"host=" + socket_directory_ + " port=" + std::to_string(port_) +
              " user=weir dbname=" + database};
}

}  // namespace weir::test
