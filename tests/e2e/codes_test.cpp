// What is asked wrongly, and the code of the answer: each by the public door at which people meet
// it. That every code of the tables stands in some test is looked after by tests/tidy.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include "e2e/weir_server.hpp"
#include "support/sqlite.hpp"
#include "support/temp_dir.hpp"

namespace weir::test {
namespace {

namespace fs = std::filesystem;

struct Asked {
    char const *code, *method, *path;
    Json body = nullptr;
    std::map<std::string, std::string> headers = {};
    unsigned status = 422;
};

/// Gives one caller one answer, whatever was asked; an empty one: never.
class StrangeServer {
public:
    explicit StrangeServer(std::string const& answer) {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof at;
        auto* const address = reinterpret_cast<sockaddr*>(&at);
        if (::bind(listener_, address, size) != 0 || ::listen(listener_, 8) != 0 ||
            ::getsockname(listener_, address, &size) != 0)
            throw std::runtime_error{"nothing can be listened on"};
        port_ = ntohs(at.sin_port);
        if (answer.empty()) return;
        thread_ = std::thread{[this, answer] {
            int const caller = ::accept(listener_, nullptr, nullptr);
            char asked[4096];
            if (::recv(caller, asked, sizeof asked, 0) > 0)
                (void)!::send(caller, answer.data(), answer.size(), MSG_NOSIGNAL);
            ::close(caller);
        }};
    }
    StrangeServer(StrangeServer const&) = delete;
    StrangeServer& operator=(StrangeServer const&) = delete;
    ~StrangeServer() {
        ::shutdown(listener_, SHUT_RDWR);
        if (thread_.joinable()) thread_.join();
        ::close(listener_);
    }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

private:
    int const listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    std::uint16_t port_ = 0;
    std::thread thread_;
};

class Codes : public testing::Test {
protected:
    std::string data() const { return directory / "data"; }
    /// That of the problem, or of one of its findings.
    static bool tells(Json const& body, std::string const& code) {
        if (body.value("code", "") == code) return true;
        for (Json const& each : body.value("errors", Json::array()))
            if (each.value("code", "") == code) return true;
        return body.contains("error") && body["error"].is_object() && tells(body["error"], code);
    }
    static void expect_all(WeirServer& host, std::vector<Asked> const& all) {
        for (Asked const& each : all) {
            Answer const answer = host.call(each.method, each.path, each.body, each.headers);
            EXPECT_EQ(answer.status, each.status) << each.path << ": " << answer;
            EXPECT_TRUE(answer.body.is_object() && tells(answer.body, each.code))
                << each.code << " at " << each.path << ": " << answer;
        }
    }
    static std::map<std::string, std::string> as(std::string const& token) {
        return {{"Authorization", token.empty() ? "" : "Bearer " + token}};
    }
    static Json token(WeirServer& host, Json const& wish) {
        Answer const made = host.post("/tokens", wish);
        EXPECT_EQ(made.status, 201u) << made;
        return made.body.at("token");
    }
    std::string file(std::string const& name, std::string const& text) const {
        write_file(directory / name, text);
        return directory / name;
    }

    TempDir directory;
};

TEST_F(Codes, OfRequestsToTheHost) {
    WeirServer host{data()};
    std::string const reader = token(host, {{"name", "r"}, {"scope", "read"}});
    std::string const passing =
        token(host, {{"name", "p"}, {"scope", "admin"}, {"ttl_seconds", 600}});
    std::string const own = "sqlite:" + data() + "/state.db";
    Json const sqlite{{"id", "i"}, {"connector", "sqlite"}, {"config", {{"url", "sqlite:x.db"}}}};
    Json other = sqlite;
    other["config"]["url"] = "sqlite:y.db";
    ASSERT_EQ(host.post("/replication/integrations", sqlite).status, 201u);
    expect_all(
        host,
        {{"request.unauthorized", "GET", "/runs", nullptr, as(""), 401},
         {"request.forbidden", "POST", "/plugins/scan", Json::object(), as(reader), 403},
         {"request.content_encoding", "POST", "/tokens", Json::object(),
          {{"Content-Encoding", "br"}}, 415},
         {"request.not_acceptable", "GET", "/events", nullptr, {{"Accept", "image/png"}}, 406},
         {"request.unknown_parameter", "GET", "/runs?limitt=3"},
         {"request.expectation", "GET", "/livez", nullptr, {{"Expect", "200-ok"}}, 417},
         {"request.required", "POST", "/tokens", {{"name", "x"}}},
         {"request.enum", "POST", "/tokens", {{"name", "x"}, {"scope", "rea"}}},
         {"request.type", "POST", "/tokens", {{"name", 7}, {"scope", "read"}}},
         {"request.minimum", "POST", "/tokens",
          {{"name", "x"}, {"scope", "read"}, {"ttl_seconds", -1}}},
         {"request.maxLength", "POST", "/tokens",
          {{"name", std::string(2'000, 'x')}, {"scope", "read"}}},
         {"token.jobs", "POST", "/tokens", {{"name", "x"}, {"scope", "admin"}, {"jobs", "a*"}}},
         {"token.wider", "POST", "/tokens", {{"name", "x"}, {"scope", "admin"}}, as(passing), 403},
         {"errors.not_found", "GET", "/errors/no.such", nullptr, {}, 404},
         {"log.unknown_logger", "PUT", "/loggers/nobody", {{"level", "debug"}}, {}, 404},
         {"connector.not_found", "GET", "/connectors/nothing", nullptr, {}, 404},
         {"config.not_there", "GET", "/config?pointer=/nowhere", nullptr, {}, 404},
         {"config.own_file", "POST", "/connectors/sqlite/check", {{"config", {{"url", own}}}}, {},
          200},
         {"generator.bad_option", "POST", "/connectors/generator/check",
          {{"config", {{"url", "generator:rows=x"}}}}, {}, 200},
         {"request.forbidden", "GET", "/cron/events?owner=dev.weir.replication", nullptr,
          as(reader), 403},
         {"request.minLength", "PUT", "/secrets/s", {{"value", ""}}},
         {"request.maximum", "PUT", "/loggers/default",
          {{"level", "debug"}, {"ttl_seconds", 1'000'000'000'000}}},
         {"cron.bad_request", "GET", "/cron/events?limit=0"},
         {"cron.bad_event", "POST", "/cron/events", {{"name", "a b/c"}, {"schedule", "@daily"}}},
         {"cron.unknown_member", "POST", "/cron/events",
          {{"name", "a"}, {"schedule", "@daily"}, {"nam", 1}}},
         {"replication.connection_builtin", "DELETE", "/replication/connections/local", nullptr, {},
          409},
         {"replication.integration_exists", "POST", "/replication/integrations", other, {}, 409},
         {"replication.integration_not_found", "GET", "/replication/integrations/j", nullptr, {},
          404},
         {"replication.other_id", "PUT", "/replication/connections/a", sqlite}});
}

// Where copies of the state belong somebody put a file.
TEST_F(Codes, OfABackupThatHasNoFolder) {
    WeirServer host{data()};
    write_file(data() + "/backups", "in the way");
    expect_all(host, {{"backup.not_written", "POST", "/backup", Json::object(), {}, 502}});
    Answer const answer = host.post("/backup");
    std::string const detail = answer.body.at("detail");
    EXPECT_NE(detail.find(data() + "/backups"), std::string::npos) << answer;
    EXPECT_NE(detail.find("Not a directory"), std::string::npos) << answer;
    fs::remove(data() + "/backups");
    EXPECT_EQ(host.post("/backup").status, 201u);
}

TEST_F(Codes, OfWarningsOfJobs) {
    WeirServer host{data()};
    Sqlite{directory / "in.db"}.run("CREATE TABLE bare(x TEXT)");
    auto const warns = [&](Json const& source, Json const& destination, char const* code) {
        Answer const made = host.post("/replication/jobs", {{"id", "j"},
                                                            {"source", source},
                                                            {"destination", destination},
                                                            {"schedule", "1h"}});
        EXPECT_EQ(made.status, 201u) << made;
        bool is_told = false;
        for (Json const& each : made.body.value("warnings", Json::array()))
            is_told = is_told || each.value("code", "") == code;
        EXPECT_TRUE(is_told) << code << ": " << made;
        host.call("DELETE", "/replication/jobs/j");
    };
    warns({{"url", "generator:rows=3"}},
          {{"connection", "local"}, {"table", "j"}, {"mode", "append"}},
          "replication.append_repeats");
    warns({{"url", "sqlite:" + (directory / "in.db")}, {"stream", "bare"}},
          {{"connection", "local"}, {"table", "j"}}, "replication.appends");
}

TEST_F(Codes, OfAHostWithoutReplication) {
    WeirServer host{data()};
    ASSERT_EQ(host.post("/plugins/replication/disable").status, 200u);
    expect_all(host, {{"config.no_plugin", "GET", "/config"}});
}

TEST_F(Codes, OfAFolderThatAnotherHostHolds) {
    WeirServer host{data()};
    Ran const second = weir({"serve", "--data-dir", data(), "--listen", "127.0.0.1:0"});
    EXPECT_EQ(second.code, 3) << second;
    EXPECT_NE(second.err.find("serve.data_dir_held"), std::string::npos) << second;
    Ran const nowhere = weir({"serve", "--data-dir", "/proc/x", "--listen", "127.0.0.1:0"});
    EXPECT_EQ(nowhere.code, 3) << nowhere;
    EXPECT_NE(nowhere.err.find("serve.data_dir"), std::string::npos) << nowhere;
}

TEST_F(Codes, OfACertificateThatIsNone) {
    std::string const none = file("none.pem", "nothing");
    std::string const config = file(
        "weir.yaml", "version: 1\nhttp: {tls: {cert: " + none + ", key: " + none + "}}\n");
    Ran const ran =
        weir({"serve", "--data-dir", data(), "--listen", "127.0.0.1:0", "--config", config});
    EXPECT_EQ(ran.code, 2) << ran;
    EXPECT_NE(ran.err.find("serve.tls"), std::string::npos) << ran;
}

TEST_F(Codes, OfAFileOfConfiguration) {
    struct Written {
        char const *code, *text;
    };
    for (auto const& [code, text] :
         {Written{"config.syntax", "a: [1"}, {"config.version", "version: 2"},
          {"config.type", "version: 1\nhost: []"},
          {"config.twice", "version: 1\nconnections: {a: {connector: sqlite, connector: x}}"},
          {"config.tag", "version: 1\nconnections: {a: {connector: !odd sqlite}}"}}) {
        Ran const ran = weir({"validate", file("weir.yaml", text), "--json"});
        EXPECT_EQ(ran.code, 2) << code << ran;
        EXPECT_TRUE(ran.json.is_object() && tells(ran.json, code)) << code << ": " << ran;
    }
    Ran const large =
        weir({"validate", file("weir.yaml", std::string(17u << 20, '#')), "--json"});
    EXPECT_TRUE(large.json.is_object() && tells(large.json, "config.too_large")) << large;
    Ran const none = weir({"validate", directory / "none.yaml", "--json"});
    EXPECT_TRUE(none.json.is_object() && tells(none.json, "config.not_readable")) << none;
}

TEST_F(Codes, OfAClientWithoutItsHost) {
    ProcessOptions signed_in;
    signed_in.environment["WEIR_TOKEN"] = "weir_x";
    auto const told = [&](std::string const& code, std::vector<std::string> arguments) {
        arguments.push_back("--json");
        Ran const ran = weir(arguments, signed_in);
        EXPECT_NE(ran.code, 0) << ran;
        EXPECT_EQ(ran.error_code(), code) << ran;
    };
    told("server.unreachable", {"job", "list", "--server", "http://127.0.0.1:1"});
    told("server.bad_url", {"job", "list", "--server", "ftp://here"});
    told("client.no_token", {"job", "list", "--token-file", directory / "none"});
    told("dlq.nothing_named", {"dlq", "replay"});
}

TEST_F(Codes, OfSomebodyElseWhoAnswers) {
    auto const told = [](StrangeServer const& server, std::string const& code) {
        ProcessOptions signed_in;
        signed_in.environment["WEIR_TOKEN"] = "weir_x";
        Ran const ran = weir(
            {"job", "list", "--json", "--timeout", "1", "--server", server.url()}, signed_in);
        EXPECT_EQ(ran.code, 3) << code << ran;
        EXPECT_EQ(ran.error_code(), code) << ran;
    };
    told(StrangeServer{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"}, "server.odd_answer");
    told(StrangeServer{"HTTP/1.1 502 Bad\r\nContent-Length: 6\r\n\r\n<html>"}, "server.refused");
    told(StrangeServer{""}, "server.timeout");
}

TEST_F(Codes, OfMoreTokensThanAreKept) {
    { WeirServer const makes_the_state{data()}; }
    Sqlite{data() + "/state.db"}.run(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) "
        "INSERT INTO weir_token SELECT 't' || i, 'x', 'h' || i, 'read', '', 0, 'admin', 0, 0 "
        "FROM n");
    WeirServer host{data()};
    expect_all(host, {{"token.too_many", "POST", "/tokens",
                       {{"name", "one more"}, {"scope", "read"}}, {}, 409}});
}

TEST_F(Codes, OfADamagedDatabase) {
    std::string const path = directory / "in.db";
    Sqlite{path}.run("PRAGMA page_size = 4096; CREATE TABLE a(id INTEGER PRIMARY KEY, t TEXT);"
                     "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
                     "2000) INSERT INTO a SELECT i, hex(randomblob(64)) FROM n");
    std::string bytes = read_file(path);
    for (std::size_t at = 2 * 4096; at < bytes.size(); ++at) bytes[at] = '\xff';
    write_file(path, bytes);
    Ran const ran = weir(
        {"copy", "sqlite:" + path, "sqlite:" + (directory / "out.db"), "--stream", "a", "--json"});
    EXPECT_EQ(ran.code, 3) << ran;
    EXPECT_TRUE(ran.json.is_object() && tells(ran.json, "sqlite.damaged")) << ran;
}

TEST_F(Codes, OfCopies) {
    auto const told = [&](std::string const& code, std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "copy");
        arguments.push_back("--json");
        Ran const ran = weir(arguments);
        EXPECT_NE(ran.code, 0) << ran;
        EXPECT_EQ(ran.error_code(), code) << ran;
    };
    std::string const in = "sqlite:" + (directory / "in.db");
    std::string const out = "sqlite:" + (directory / "out.db");
    Sqlite{directory / "in.db"}.run("CREATE TABLE a(id INTEGER PRIMARY KEY);"
                                    "CREATE TABLE b(id INTEGER PRIMARY KEY)");
    told("copy.no_stream", {in, out});
    told("copy.unsupported", {in, out, "--stream", "a", "--transform", "x"});
    told("connector.no_sink", {in, "generator:rows=1"});
    told("generator.bad_option", {"generator:rows=1&nope=2", out});
    told("source.field_not_found", {in, out, "--stream", "a", "--cursor", "none"});
}

TEST_F(Codes, OfAnOutputThatTakesNoMore) {
    ProcessOptions closed;
    closed.stdout_path = "/dev/full";
    Ran const ran = weir({"explain"}, closed);
    EXPECT_EQ(ran.code, 3) << ran;
    EXPECT_NE(ran.err.find("output.closed"), std::string::npos) << ran;
}

}  // namespace
}  // namespace weir::test
