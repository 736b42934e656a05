#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <thread>

#include "mysql_test.hpp"
#include "support/postgres_server.hpp"

namespace weir::test {
namespace {

/// Listens and never answers.
class Silence {
public:
    Silence() : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const any = reinterpret_cast<sockaddr*>(&address);
        if (::bind(socket_, any, size) != 0 || ::listen(socket_, 8) != 0 ||
            ::getsockname(socket_, any, &size) != 0)
            throw std::runtime_error{"no socket"};
        port_ = ntohs(address.sin_port);
    }
    ~Silence() { ::close(socket_); }
    int wait_for_client() const { return ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC); }
    std::string url(std::string const& parameters = "") const {
        return "mysql://weir:s3cret-Pa55@127.0.0.1:" + std::to_string(port_) + "/db" + parameters;
    }

private:
    int socket_, port_ = 0;
};

class MysqlFailure : public MysqlTest {
protected:
    testkit::Failure cannot_discover(std::string const& url) {
        return failure([&] { connect(url)->discover(); });
    }
    void TearDown() override {
        EXPECT_EQ(host_.everything_said().find("s3cret"), std::string::npos)
            << host_.everything_said();
    }
};

TEST_F(MysqlFailure, NobodyListens) {
    testkit::Failure const failed = cannot_discover(
        "mysql://weir:s3cret-Pa55@127.0.0.1:" + std::to_string(free_port()) + "/db");
    EXPECT_EQ(failed.status, WEIR_E_IO);
    EXPECT_EQ(failed.code, "mysql.unreachable");
}

TEST_F(MysqlFailure, NobodyAnswers) {
    Silence const silence;
    testkit::Failure const failed = cannot_discover(silence.url("?connect_timeout=1"));
    EXPECT_EQ(failed.status, WEIR_E_TIMEOUT);
    EXPECT_EQ(failed.code, "mysql.connect_timeout");
}

TEST_F(MysqlFailure, AnInterruptEndsALogin) {
    Silence const silence;
    std::unique_ptr<testkit::SourceInstance> const source = connect(silence.url());
    testkit::TestCall call;
    std::future<testkit::Failure> failed = std::async(std::launch::async, [&] {
        return failure([&] { source->discover(nullptr, call.get()); });
    });
    int const client = silence.wait_for_client();
    call.cancel();
    while (failed.wait_for(std::chrono::milliseconds{10}) != std::future_status::ready)
        source->interrupt();
    EXPECT_EQ(failed.get().status, WEIR_E_CANCELLED);
    ::close(client);
}

TEST_F(MysqlFailure, LoginsAndDatabases) {
    testkit::Failure failed = cannot_discover(server_.url_as("weir", "wr0ng-s3cret", database_));
    EXPECT_EQ(failed.status, WEIR_E_AUTH);
    EXPECT_EQ(failed.code, "mysql.login_refused");
    failed = cannot_discover(server_.url_as("weir", "", database_));
    EXPECT_EQ(failed.code, "mysql.login_refused");
    failed = cannot_discover("mysql://weir:s3cret-Pa55@no-such-host.invalid/db?sslmode=disable");
    EXPECT_EQ(failed.code, "mysql.unknown_host");
    admin("GRANT SELECT ON no_such_database.* TO weir");
    failed = cannot_discover(server_.url("no_such_database"));
    EXPECT_EQ(failed.code, "mysql.no_database");
    EXPECT_TRUE(failed.flags & WEIR_ERR_FINAL);
    failed = cannot_discover(server_.url("mysql"));
    EXPECT_EQ(failed.code, "mysql.privilege");
    EXPECT_EQ(failed.status, WEIR_E_AUTH);
}

TEST_F(MysqlFailure, UrlsThatCannotBeRead) {
    for (char const* url :
         {"mysql:weir", "mysql://weir:s3cret@x@host/db", "mysql://weir:s3cret/db@host/db",
          "mysql://weir:s3cret#@host/db", "mysql://weir:s3%cret@host/db", "mysql://host:0/db",
          "mysql://host:s3cret/db", "mysql://host/db/more", "mysql://[::1/db",
          "mysql://host/db?sslmode=perhaps", "mysql://host/db?colour=s3cret",
          "mysql://host/db?connect_timeout=soon", "mysql://host/db?sslmode"}) {
        testkit::Failure const failed = cannot_discover(url);
        EXPECT_EQ(failed.status, WEIR_E_CONFIG) << url;
        EXPECT_EQ(failed.code, "mysql.bad_url") << url;
    }
}

TEST_F(MysqlFailure, AUserWithoutTheRightIsToldTheGrant) {
    owner_.run("CREATE TABLE t (id int PRIMARY KEY)");
    admin("DROP USER IF EXISTS guest; CREATE USER guest IDENTIFIED BY 's3cret-guest';"
          "GRANT INSERT ON " +
          database_ + ".t TO guest");
    std::unique_ptr<testkit::SourceInstance> const guest =
        connect(server_.url_as("guest", "s3cret-guest", database_));
    testkit::Failure const failed =
        failure([&] { guest->open({.stream = stream("t")}).rest(); });
    EXPECT_EQ(failed.status, WEIR_E_AUTH);
    EXPECT_EQ(failed.code, "mysql.privilege");
    EXPECT_NE(failed.suggestion.find("GRANT SELECT ON `" + database_ + "`.`t` TO 'guest'"),
              std::string::npos)
        << failed.suggestion;
    ASSERT_EQ(guest->discover("t").size(), 1u);
    EXPECT_NE(guest->discover("t")[0].meta["caveats"][0].get<std::string>().find("GRANT"),
              std::string::npos);
}

TEST_F(MysqlFailure, TooManySessionsIsBusy) {
    admin("DROP USER IF EXISTS crowd; CREATE USER crowd IDENTIFIED BY 's3cret-crowd' WITH"
          " MAX_USER_CONNECTIONS 1");
    std::string const url = server_.url_as("crowd", "s3cret-crowd", "");
    std::unique_ptr<testkit::SourceInstance> const first = connect(url);
    first->discover();
    testkit::Failure const failed = cannot_discover(url);
    EXPECT_EQ(failed.status, WEIR_E_BUSY);
    EXPECT_EQ(failed.code, "mysql.too_many_connections");
}

TEST_F(MysqlFailure, H37ASessionThatIsKilledAmidAReadIsLost) {
    owner_.run("CREATE TABLE t (id int PRIMARY KEY, v text);"
               "INSERT INTO t SELECT seq, REPEAT('x', 1000) FROM " +
               numbers(20'000));
    testkit::Reader reader =
        source_->open({.stream = stream("t"), .select = {{"key", {"id"}}}, .rows_max = 10});
    ASSERT_TRUE(reader.next());
    My root = server_.connect();
    root.run("KILL " + root.one("SELECT ID FROM information_schema.PROCESSLIST WHERE DB = '" +
                                database_ + "' AND COMMAND = 'Execute'"));
    testkit::Failure const failed = failure([&] { reader.rest(); });
    EXPECT_EQ(failed.status, WEIR_E_IO);
    EXPECT_EQ(failed.code, "mysql.connection_lost") << failed.what();
    EXPECT_EQ(source_->open({.stream = stream("t"), .select = {{"limit", 3}}}).rest().size(), 3u)
        << "the next read has a session of its own";
}

TEST_F(MysqlFailure, AStatementThatIsCancelledSaysSo) {
    owner_.run("CREATE TABLE t (id int PRIMARY KEY);"
               "CREATE VIEW slow AS SELECT id, SLEEP(100) AS s FROM t; INSERT INTO t VALUES (1)");
    std::future<testkit::Failure> failed = std::async(std::launch::async, [&] {
        return failure([&] { source_->open({.stream = stream("slow")}).rest(); });
    });
    My root = server_.connect();
    std::string id;
    while (id.empty()) {
        std::vector<Record> const found =
            root.rows("SELECT ID FROM information_schema.PROCESSLIST WHERE STATE = 'User sleep'");
        if (!found.empty()) id = found[0][0].value();
    }
    root.run("KILL QUERY " + id);
    testkit::Failure const said = failed.get();
    EXPECT_EQ(said.status, WEIR_E_TIMEOUT);
    EXPECT_EQ(said.code, "mysql.cancelled") << said.what();
}

TEST_F(MysqlFailure, ALockThatIsHeldIsBusy) {
    owner_.run("CREATE TABLE t (id int PRIMARY KEY)");
    server_.connect().run("SET GLOBAL lock_wait_timeout = 1");
    owner_.run("LOCK TABLES t WRITE");
    testkit::Failure const failed = failure(
        [&] { connect(server_.url(database_))->open({.stream = stream("t")}).rest(); });
    server_.connect().run("SET GLOBAL lock_wait_timeout = DEFAULT");
    EXPECT_EQ(failed.status, WEIR_E_BUSY);
    EXPECT_EQ(failed.code, "mysql.locked") << failed.what();
}

TEST_F(MysqlFailure, H37AViewOfNothingFails) {
    owner_.run("CREATE TABLE t (id int PRIMARY KEY); CREATE VIEW broken AS SELECT id FROM t;"
               "DROP TABLE t");
    testkit::Failure const failed =
        failure([&] { source_->open({.stream = stream("broken")}).rest(); });
    EXPECT_EQ(failed.code, "mysql.failed") << failed.what();
}

TEST_F(MysqlFailure, AStreamThatIsNotThere) {
    EXPECT_EQ(failure([&] { source_->open({.stream = "nothing"}); }).code,
              "source.stream_not_found");
    EXPECT_EQ(failure([&] { source_->open({.stream = "no_such_db.t"}); }).code,
              "mysql.privilege")
        << "who may not look there is not told what is there";
    owner_.run("CREATE TABLE t (id int PRIMARY KEY, j json)");
    EXPECT_EQ(failure([&] {
                  source_->open({.stream = stream("t"), .select = {{"key", {"j"}}}});
              }).code,
              "source.key_unsuitable");
}

// The catalog does not tell of them.
TEST_F(MysqlFailure, FieldsThatTheUserMayNotReadAreLeftOutAndThatIsSaid) {
    owner_.run("CREATE TABLE t (id int PRIMARY KEY, pay int, name text); INSERT INTO t VALUES (1,"
               " 2, 'x'); CREATE TABLE u (id int PRIMARY KEY); CREATE VIEW v AS SELECT * FROM t");
    admin("DROP USER IF EXISTS narrow; CREATE USER narrow IDENTIFIED BY 's3cret-narrow';"
          "GRANT SELECT (id, name) ON t TO narrow; GRANT SELECT (id) ON v TO narrow;"
          "GRANT SELECT ON u TO narrow");
    source_ = connect(server_.url_as("narrow", "s3cret-narrow", database_));
    for (char const* const table : {"t", "v"}) {
        std::string const said = stream(table) + " has columns that \"narrow\" may not read";
        ReadRequest request{.stream = stream(table), .select = {{"fields", {"id"}}}};
        EXPECT_EQ(read(request), (Records{{"1"}}));
        EXPECT_FALSE(host_.logged(said)) << "who names fields wants no others";
        request.select.erase("fields");
        EXPECT_EQ(read(request)[0].size(), table == std::string{"t"} ? 2u : 1u);
        EXPECT_TRUE(host_.logged(said));
    }
    read({.stream = stream("u")});
    EXPECT_FALSE(host_.logged(stream("u")));
}

}  // namespace
}  // namespace weir::test
