#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <map>
#include <thread>

#include "postgres_test.hpp"

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
    /// Waits until somebody has connected.
    int wait_for_client() { return ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC); }
    std::string url(std::string const& parameters = "") const {
        return "postgres://weir:s3cret-Pa55@127.0.0.1:" + std::to_string(port_) + "/db" +
               parameters;
    }

private:
    int socket_, port_ = 0;
};

class PostgresFailure : public PostgresTest {
protected:
    testkit::Failure cannot_discover(std::string const& url) {
        return failure([&] { connect(url)->discover(); });
    }
    testkit::Failure cannot_open(ReadRequest const& request) {
        return failure([&] { source_->open(request).rest(); });
    }
    std::string place() const { return "127.0.0.1:" + std::to_string(server_.port()); }
    void TearDown() override {
        EXPECT_EQ(host_.everything_said().find("s3cret"), std::string::npos)
            << host_.everything_said();
    }
};

TEST_F(PostgresFailure, NobodyListens) {
    testkit::Failure const failed = cannot_discover(
        "postgres://weir:s3cret-Pa55@127.0.0.1:" + std::to_string(free_port()) + "/db");
    EXPECT_EQ(failed.status, WEIR_E_IO);
    EXPECT_EQ(failed.code, "postgres.unreachable");
    EXPECT_NE(std::string{failed.what()}.find("refused"), std::string::npos) << failed.what();
}

TEST_F(PostgresFailure, UnknownHost) {
    testkit::Failure const failed =
        cannot_discover("postgres://weir:s3cret-Pa55@no.such.host.invalid/db?sslmode=disable");
    EXPECT_EQ(failed.status, WEIR_E_IO);
    EXPECT_EQ(failed.code, "postgres.unknown_host");
}

TEST_F(PostgresFailure, AWrongParameterIsNamed) {
    std::string const url = server_.url(database_);
    for (auto const& [parameters, part] : std::map<char const*, char const*>{
             {"?service=nowhere", "\"nowhere\" not found"},
             {"?options=-cgeqo=off", "options has an = in it"},
             {"?options=-c%20nosuch%3D1", "refuses an option"},
             {"?options=--geqo", "refuses an option"},
             {"?options=-cstatement_timeout%3Dsoon", "refuses an option"}}) {
        testkit::Failure const failed = cannot_discover(url + parameters);
        EXPECT_EQ(failed.status, WEIR_E_CONFIG) << parameters << failed.what();
        EXPECT_EQ(failed.code, "postgres.bad_url") << parameters << failed.what();
        EXPECT_NE(std::string{failed.what()}.find(part), std::string::npos) << failed.what();
    }
    EXPECT_NO_THROW(connect(url + "?options=-cgeqo%3Doff")->discover());
}

TEST_F(PostgresFailure, NoSocketThere) {
    EXPECT_EQ(cannot_discover("postgres:///db?host=/nowhere").code, "postgres.unreachable");
}

TEST_F(PostgresFailure, NoAnswerInTime) {
    Silence silence;
    testkit::Failure const failed = cannot_discover(silence.url("?connect_timeout=2"));
    EXPECT_EQ(failed.status, WEIR_E_TIMEOUT);
    EXPECT_EQ(failed.code, "postgres.connect_timeout");
}

TEST_F(PostgresFailure, WrongPassword) {
    testkit::Failure const failed =
        cannot_discover(server_.url_as("weir", "other-s3cret", database_));
    EXPECT_EQ(failed.status, WEIR_E_AUTH);
    EXPECT_EQ(failed.code, "postgres.login_refused");
    EXPECT_EQ(failed.sqlstate, "28P01");
    EXPECT_NE(std::string{failed.what()}.find("\"weir\""), std::string::npos);
}

TEST_F(PostgresFailure, NoPassword) {
    testkit::Failure const failed = cannot_discover("postgres://weir@" + place() + "/" + database_);
    EXPECT_EQ(failed.status, WEIR_E_AUTH);
    EXPECT_EQ(failed.code, "postgres.login_refused");
}

TEST_F(PostgresFailure, UnknownUser) {
    EXPECT_EQ(cannot_discover(server_.url_as("nobody", "x", database_)).code,
              "postgres.login_refused");
}

TEST_F(PostgresFailure, NoSuchDatabase) {
    testkit::Failure const failed = cannot_discover(server_.url("nowhere"));
    EXPECT_EQ(failed.status, WEIR_E_IO);
    EXPECT_EQ(failed.code, "postgres.no_database");
    EXPECT_TRUE(failed.flags & WEIR_ERR_FINAL);
    EXPECT_NE(std::string{failed.what()}.find("\"nowhere\""), std::string::npos);
}

TEST_F(PostgresFailure, MayNotConnect) {
    admin("REVOKE CONNECT ON DATABASE " + database_ +
          " FROM public; CREATE ROLE stranger LOGIN PASSWORD 'stranger-pw'");
    testkit::Failure const failed =
        cannot_discover(server_.url_as("stranger", "stranger-pw", database_));
    EXPECT_EQ(failed.status, WEIR_E_AUTH);
    EXPECT_EQ(failed.code, "postgres.privilege");
    admin("DROP ROLE stranger");
}

TEST_F(PostgresFailure, TooManySessions) {
    admin("ALTER ROLE weir CONNECTION LIMIT 1");
    testkit::Failure const failed = cannot_discover(server_.url(database_));
    admin("ALTER ROLE weir CONNECTION LIMIT -1");
    EXPECT_EQ(failed.status, WEIR_E_BUSY);
    EXPECT_EQ(failed.code, "postgres.too_many_connections");
}

TEST_F(PostgresFailure, BadUrlsQuoteNoPassword) {
    for (std::string const url :
         {"postgres://weir:s3cret/x@host/db", "postgres://weir:s3cret@x@host/db",
          "postgres://weir:s3cret%zz@host/db", "postgres://weir:s3cret@host:port/db",
          "postgres://weir:12/s3cret@host/db", "postgres://weir:s3cret@host:99999/db",
          "postgres://weir:s3cret?x@host/db?nonsense=1", "postgres://[::1/db",
          "postgres://h/db?s3cret", "nonsense s3cret"}) {
        testkit::Failure const failed = failure([&] { connect(url); });
        EXPECT_EQ(failed.status, WEIR_E_CONFIG) << url;
        EXPECT_EQ(failed.code, "postgres.bad_url") << url;
    }
    testkit::Failure const named =
        failure([&] { connect("postgres://weir:s3cret@host/db?slmode=require"); });
    EXPECT_NE(std::string{named.what()}.find("slmode"), std::string::npos) << named.what();
}

TEST_F(PostgresFailure, UrlAndHostTogether) {
    EXPECT_EQ(failure([&] {
                  testkit::SourceInstance{host_, plugin_.component(),
                                          Json{{"url", "postgres://h/d"}, {"host", "h"}}};
              }).status,
              WEIR_E_CONFIG);
}

TEST_F(PostgresFailure, NeitherUrlNorHost) {
    EXPECT_EQ(failure([&] {
                  testkit::SourceInstance{host_, plugin_.component(), Json{{"port", 5432}}};
              }).code,
              "postgres.bad_url");
}

TEST_F(PostgresFailure, NoSuchStream) {
    for (std::string const& name :
         std::vector<std::string>{"public.nothing", "nothing", "nowhere.t", "public.*", "a.b.c",
                                  "\"open", "public." + std::string(80, 'x')}) {
        testkit::Failure const failed = cannot_open({.stream = name});
        EXPECT_EQ(failed.status, WEIR_E_NOT_FOUND) << name;
        EXPECT_EQ(failed.code, "source.stream_not_found") << name;
    }
    owner_.run("CREATE TABLE \"" + std::string(63, 'x') + "\" (id int)");
    EXPECT_EQ(cannot_open({.stream = "public." + std::string(70, 'x')}).code,
              "source.stream_not_found");
}

TEST_F(PostgresFailure, NoSuchField) {
    owner_.run("CREATE TABLE t (id int PRIMARY KEY, name text)");
    for (Json const& select : {Json{{"fields", {"id", "nam"}}}, Json{{"key", {"nam"}}}}) {
        testkit::Failure const failed = cannot_open({.stream = "public.t", .select = select});
        EXPECT_EQ(failed.status, WEIR_E_NOT_FOUND);
        EXPECT_EQ(failed.code, "source.field_not_found");
        EXPECT_EQ(failed.where, "nam");
        EXPECT_NE(failed.suggestion.find("name"), std::string::npos);
    }
}

TEST_F(PostgresFailure, NoPrivilege) {
    admin(
        "CREATE TABLE secret (id int PRIMARY KEY); CREATE SCHEMA hidden; CREATE TABLE hidden.t (id "
        "int);"
        "GRANT SELECT ON hidden.t TO weir; CREATE TABLE half (a int, b int); GRANT SELECT (a) ON "
        "half TO weir");
    testkit::Failure const failed = cannot_open({.stream = "public.secret"});
    EXPECT_EQ(failed.status, WEIR_E_AUTH);
    EXPECT_EQ(failed.code, "postgres.privilege");
    EXPECT_EQ(failed.suggestion, "GRANT SELECT ON public.secret TO weir");
    testkit::Failure const schema = cannot_open({.stream = "hidden.t"});
    EXPECT_EQ(schema.code, "postgres.privilege");
    EXPECT_EQ(schema.suggestion, "GRANT USAGE ON SCHEMA hidden TO weir");
    EXPECT_EQ(cannot_open({.stream = "public.half"}).code, "postgres.privilege");
    EXPECT_TRUE(read({.stream = "public.half", .select = {{"fields", {"a"}}}}).empty());
    testkit::FoundStream const found = discover_one("public.secret");
    EXPECT_NE(found.meta["caveats"].dump().find("GRANT SELECT ON public.secret TO weir"),
              std::string::npos);
}

TEST_F(PostgresFailure, H18RowSecurityIsAnErrorAndNoMissingRows) {
    admin(
        "CREATE TABLE guarded (id int PRIMARY KEY, who text); INSERT INTO guarded VALUES (1, 'a');"
        "ALTER TABLE guarded ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON guarded USING (who = "
        "current_user);"
        "GRANT SELECT ON guarded TO weir; CREATE VIEW over WITH (security_invoker) AS SELECT * "
        "FROM guarded;"
        "GRANT SELECT ON over TO weir");
    for (std::string const stream : {"public.guarded", "public.over"}) {
        testkit::Failure const failed = cannot_open({.stream = stream});
        EXPECT_EQ(failed.status, WEIR_E_AUTH) << stream;
        EXPECT_EQ(failed.code, "postgres.row_security") << stream;
    }
}

TEST_F(PostgresFailure, H37AnErrorAmidTheStreamIsNoEnd) {
    owner_.run(
        "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 5000);"
        "CREATE VIEW v AS SELECT id, 1 / (id - 4000) AS x FROM t");
    testkit::Failure const failed =
        cannot_open({.stream = "public.v", .select = {{"key", {"id"}}}, .rows_max = 100});
    EXPECT_EQ(failed.status, WEIR_E_DATA);
    EXPECT_EQ(failed.sqlstate, "22012");
}

TEST_F(PostgresFailure, H37AnUnfilledViewSaysSo) {
    owner_.run("CREATE MATERIALIZED VIEW m AS SELECT 1 AS id WITH NO DATA");
    EXPECT_EQ(cannot_open({.stream = "public.m"}).code, "postgres.not_ready");
}

TEST_F(PostgresFailure, AKeyThatCannotBeSortedSaysSo) {
    owner_.run("CREATE TABLE t (p point, j json)");
    for (std::string const field : {"p", "j"})
        EXPECT_EQ(cannot_open({.stream = "public.t", .select = {{"key", {field}}}}).code,
                  "source.key_unsuitable");
}

constexpr char many_rows[] =
    "CREATE TABLE t (id int PRIMARY KEY, v text);"
    "INSERT INTO t SELECT i, repeat('x', 200) FROM generate_series(1, 100000) i";

TEST_F(PostgresFailure, ASessionEndedByTheServerIsRetryable) {
    owner_.run(many_rows);
    testkit::Reader reader = source_->open({.stream = "public.t", .select = {{"key", {"id"}}}});
    ASSERT_TRUE(reader.next());
    admin(
        "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity"
        " WHERE application_name = 'weir' AND datname = current_database()");
    testkit::Failure const failed = failure([&] { reader.rest(); });
    EXPECT_EQ(failed.status, WEIR_E_IO);
    EXPECT_EQ(failed.code, "postgres.connection_lost");
    EXPECT_FALSE(failed.flags & WEIR_ERR_FINAL);
}

TEST_F(PostgresFailure, AnIdleSessionThatWentAwayIsReplaced) {
    owner_.run("CREATE TABLE t (id int PRIMARY KEY)");
    source_->discover();
    admin(
        "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity"
        " WHERE application_name = 'weir' AND datname = current_database()");
    EXPECT_TRUE(read({.stream = "public.t"}).empty());
    EXPECT_EQ(source_->discover().size(), 1u);
}

/// Runs `work` on a thread, and `stop` again and again until it ends; answers its failure.
template <class Work, class Stop>
testkit::Failure stopped(Work work, Stop stop) {
    auto failing = std::async(std::launch::async, [&]() -> std::optional<testkit::Failure> {
        try {
            work();
        } catch (testkit::Failure const& failed) {
            return failed;
        }
        return std::nullopt;
    });
    while (failing.wait_for(std::chrono::milliseconds{5}) != std::future_status::ready) stop();
    std::optional<testkit::Failure> failed = failing.get();
    if (!failed) throw std::runtime_error{"it went through"};
    return *failed;
}

TEST_F(PostgresFailure, InterruptEndsConnecting) {
    Silence silence;
    auto source = connect(silence.url("?connect_timeout=0"));
    std::atomic<bool> connected{false};
    std::thread client{[&] {
        int const accepted = silence.wait_for_client();
        connected = true;
        char byte;
        while (::read(accepted, &byte, 1) > 0) {
        }
        ::close(accepted);
    }};
    testkit::Failure const failed = stopped([&] { source->discover(); },
                                            [&] {
                                                if (connected) source->interrupt();
                                            });
    client.join();
    EXPECT_EQ(failed.status, WEIR_E_CANCELLED);
}

TEST_F(PostgresFailure, ACancelledCallEndsConnecting) {
    Silence silence;
    auto source = connect(silence.url("?connect_timeout=0"));
    testkit::TestCall call;
    EXPECT_EQ(
        stopped([&] { source->discover(nullptr, call.get()); }, [&] { call.cancel(); }).status,
        WEIR_E_CANCELLED);
}

TEST_F(PostgresFailure, ADeadlineEndsConnecting) {
    Silence silence;
    testkit::TestCall call;
    call.deadline_in_ms(50);
    EXPECT_EQ(failure([&] { connect(silence.url())->discover(nullptr, call.get()); }).status,
              WEIR_E_TIMEOUT);
}

TEST_F(PostgresFailure, InterruptEndsAQueryAndTheServersWork) {
    owner_.run("CREATE VIEW slow AS SELECT 1 AS id, pg_sleep(1000)::text AS v");
    testkit::Reader reader =
        source_->open({.stream = "public.slow", .select = {{"fields", {"id", "v"}}}});
    Pg watcher = server_.connect(database_);
    auto running = [&] {
        return watcher.one(
                   "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY%'"
                   " AND state = 'active' AND datname = current_database()") != "0";
    };
    EXPECT_EQ(stopped([&] { reader.next(); },
                      [&] {
                          if (running()) reader.interrupt();
                      })
                  .status,
              WEIR_E_CANCELLED);
    { testkit::Reader const closed = std::move(reader); }
    while (running()) {
    }
}

TEST_F(PostgresFailure, InterruptEndsAWaitForALock) {
    owner_.run("CREATE TABLE t (id int PRIMARY KEY)");
    owner_.run("BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE");
    Pg watcher = server_.connect(database_);
    auto waiting = [&] {
        return watcher.one(
                   "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                   " AND datname = current_database()") != "0";
    };
    EXPECT_EQ(stopped([&] { source_->open({.stream = "public.t"}); },
                      [&] {
                          if (waiting()) source_->interrupt();
                      })
                  .status,
              WEIR_E_CANCELLED);
}

TEST_F(PostgresFailure, AsciiDatabasesNeedUtf8) {
    server_.connect().run(
        "CREATE DATABASE ascii ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0 "
        "OWNER weir;");
    Pg ascii = server_.connect_as_owner("ascii");
    ascii.run(
        "CREATE TABLE good (v text); INSERT INTO good VALUES ('é'); CREATE TABLE bad (id int "
        "PRIMARY KEY, v text);"
        "SET client_encoding = 'SQL_ASCII'; INSERT INTO bad VALUES (1, E'caf\\xe9')");
    auto source = connect(server_.url("ascii"));
    EXPECT_EQ(source->open({.stream = "public.good"}).rest(), (Records{{"é"}}));
    testkit::Failure const failed = failure([&] { source->open({.stream = "public.bad"}).rest(); });
    EXPECT_EQ(failed.status, WEIR_E_DATA);
    EXPECT_EQ(failed.code, "postgres.bad_text");
    EXPECT_NE(std::string{failed.what()}.find("0xe9"), std::string::npos) << failed.what();
}

TEST_F(PostgresFailure, Latin1DatabasesAreConverted) {
    server_.connect().run(
        "CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0 "
        "OWNER weir");
    Pg latin = server_.connect_as_owner("latin");
    latin.run("SET client_encoding = 'UTF8'");
    latin.run(
        "CREATE TABLE t (\"größe\" text PRIMARY KEY); INSERT INTO t "
        "VALUES ('é'), ('a')");
    auto source = connect(server_.url("latin"));
    EXPECT_EQ(source->open({.stream = "public.t", .select = {{"key", {"größe"}}}}).rest(),
              (Records{{"a"}, {"é"}}));
}

}  // namespace
}  // namespace weir::test
