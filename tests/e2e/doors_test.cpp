// The other ways in: TLS, a Unix socket, and the command line as their client.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <iostream>

#include "e2e/weir_server.hpp"
#include "support/temp_dir.hpp"

namespace weir::test {
namespace {

class Doors : public testing::Test {
protected:
    std::string data() const { return directory / "data"; }
    /// A certificate of its own for `name`, like "IP:127.0.0.1".
    void certify(std::string const& name) {
        Process openssl{{"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
                         "-subj", "/CN=weir", "-addext", "subjectAltName=" + name, "-keyout",
                         directory / "key.pem", "-out", directory / "cert.pem"}};
        ASSERT_EQ(openssl.wait(), 0) << openssl.output();
    }
    std::string settings(std::string const& more) {
        std::string const file = directory / "weir.yaml";
        write_file(file, "version: 1\nhttp:\n  tls: {cert: " + (directory / "cert.pem") +
                             ", key: " + (directory / "key.pem") + "}\n" + more);
        return file;
    }
    Ran client(std::string const& server, std::string const& trusted) {
        ProcessOptions options;
        options.environment["SSL_CERT_FILE"] = trusted;
        return weir({"api", "GET", "/version", "--server", server, "--token-file",
                     data() + "/admin-token", "--json"},
                    options);
    }

    TempDir directory;
};

TEST_F(Doors, TlsIsServedAndVerified) {
    certify("IP:127.0.0.1");
    std::filesystem::copy_file(directory / "cert.pem", directory / "trusted.pem");
    WeirServer host{data(), {"--config", settings("")}};
    std::string const at = "127.0.0.1:" + std::to_string(host.port());
    Ran const good = client("https://" + at, directory / "trusted.pem");
    EXPECT_EQ(good.code, 0) << good;
    EXPECT_TRUE(good.json.contains("abi")) << good;
    EXPECT_EQ(client("https://" + at, "/dev/null").code, 3) << "nobody vouches for it";
    EXPECT_EQ(client("https://localhost:" + std::to_string(host.port()),
                     directory / "trusted.pem")
                  .code,
              3)
        << "another name";
    EXPECT_EQ(client("http://" + at, directory / "trusted.pem").code, 3) << "without TLS";
    Process old{{"openssl", "s_client", "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0", "-connect",
                 at}};
    EXPECT_NE(old.wait(), 0) << old.output();
    EXPECT_NE(host.process().err().find("https://" + at), std::string::npos);
}

TEST_F(Doors, AHangupReadsTheCertificateAgain) {
    certify("IP:127.0.0.1");
    WeirServer host{data(), {"--config", settings("")}};
    std::string const at = "https://127.0.0.1:" + std::to_string(host.port());
    certify("IP:127.0.0.1");
    EXPECT_EQ(client(at, directory / "cert.pem").code, 3) << "the first one is still in use";
    host.process().kill(SIGHUP);
    EXPECT_TRUE(eventually([&] { return client(at, directory / "cert.pem").code == 0; }));
    write_file(directory / "key.pem", "no key");
    host.process().kill(SIGHUP);
    EXPECT_TRUE(host.process().wait_for("key.pem"));
    EXPECT_EQ(client(at, directory / "cert.pem").code, 0) << "the one before stays";
    host.process().kill(SIGTERM);
    EXPECT_EQ(host.process().wait(), 0);
    Ran const refused = weir({"serve", "--data-dir", data(), "--listen", "127.0.0.1:0", "--config",
                              directory / "weir.yaml"});
    EXPECT_EQ(refused.code, 2) << refused;
    EXPECT_NE(refused.err.find("key.pem"), std::string::npos) << refused;
}

TEST_F(Doors, AUnixSocketIsForItsOwnerAlone) {
    std::string const path = directory / "weir.sock";
    auto start = [&] {
        return std::make_unique<Process>(
            weir_command({"serve", "--data-dir", data(), "--listen", "unix:" + path}));
    };
    auto host = start();
    ASSERT_TRUE(host->wait_for("unix:" + path)) << host->output();
    EXPECT_EQ(host->output().find("?login="), std::string::npos);
    struct stat found {};
    ASSERT_EQ(::stat(path.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777u, 0600u);
    EXPECT_EQ(client("unix:" + path, "/dev/null").code, 0);
    Ran const second = weir({"serve", "--data-dir", directory / "other", "--listen",
                             "unix:" + path});
    EXPECT_EQ(second.code, 3) << second;
    host->kill(SIGKILL);
    host->wait();
    EXPECT_TRUE(std::filesystem::exists(path));
    host = start();
    ASSERT_TRUE(host->wait_for("unix:" + path)) << host->output();
    EXPECT_EQ(client("unix:" + path, "/dev/null").code, 0);
    host->kill(SIGTERM);
    EXPECT_EQ(host->wait(), 0) << host->output();
    EXPECT_FALSE(std::filesystem::exists(path));
    write_file(path, "a file of somebody");
    EXPECT_EQ(weir({"serve", "--data-dir", data(), "--listen", "unix:" + path}).code, 3);
    EXPECT_EQ(read_file(path), "a file of somebody");
}

// In a network of its own, whose one address beyond loopback nobody else reaches.
TEST_F(Doors, BeyondThisMachineItWarnsAndClosesTheMetrics) {
    Process probe{{"unshare", "-rn", "ip", "link", "set", "lo", "up"}};
    if (probe.wait() != 0) {
        std::cout << "no network of one's own can be made here: nothing was tested\n";
        return;
    }
    auto const asked = [&](std::vector<std::string> const& more) {
        std::vector<std::string> serve = weir_command(
            {"serve", "--data-dir", data(), "--listen", "10.9.9.9:0", "--print-port"});
        serve.insert(serve.end(), more.begin(), more.end());
        std::vector<std::string> command{"unshare", "-rn", "sh", "-c", R"sh(
ip link set lo up && ip addr add 10.9.9.9/32 dev lo || exit 77
cd "$1" && shift && rm -f port && mkfifo port || exit 1
"$@" > port & read -r port < port
at="http://10.9.9.9:$port/metrics"
curl -s -o /dev/null -w 'nobody %{http_code}\n' "$at"
curl -s -o /dev/null -w 'admin %{http_code}\n' \
    -H "Authorization: Bearer $(cat data/admin-token)" "$at"
kill $!; wait $!)sh",
                                         "sh", directory.path().string()};
        command.insert(command.end(), serve.begin(), serve.end());
        auto process = std::make_unique<Process>(command);
        process->wait();
        return process;
    };
    auto const plain = asked({});
    ASSERT_EQ(plain->wait(), 0) << plain->output();
    EXPECT_EQ(plain->out(), "nobody 401\nadmin 200\n") << plain->output();
    EXPECT_NE(plain->err().find("without TLS"), std::string::npos) << plain->output();
    std::string const file = directory / "open.yaml";
    write_file(file, "version: 1\nhttp: {public_metrics: true}\n");
    EXPECT_EQ(asked({"--config", file})->out(), "nobody 200\nadmin 200\n");

    WeirServer host{data()};
    EXPECT_EQ(host.process().err().find("without TLS"), std::string::npos) << "the control";
    Answer const trail = host.get("/audit?principal=host");
    ASSERT_FALSE(trail.body.at("items").empty()) << trail;
    EXPECT_EQ(trail.body["items"][0].at("action"), "serve without TLS");
}

TEST_F(Doors, ATrustedProxySaysWhoAsks) {
    auto const address_of = [&](std::string const& trusted, std::string const& forwarded) {
        std::string const file = directory / "proxy.yaml";
        write_file(file, "version: 1\nhttp: {trusted_proxies: [" + trusted + "]}\n");
        WeirServer host{data(), {"--config", file}};
        Answer const made = host.call("POST", "/tokens", {{"name", "ci"}, {"scope", "read"}},
                                      {{"X-Forwarded-For", forwarded}});
        EXPECT_EQ(made.status, 201u) << made;
        return host.get("/audit").body.at("items").at(0).at("address").get<std::string>();
    };
    EXPECT_EQ(address_of("127.0.0.1", "203.0.113.9"), "203.0.113.9");
    EXPECT_EQ(address_of("127.0.0.1, 10.0.0.2", "6.6.6.6, 203.0.113.9, 10.0.0.2"), "203.0.113.9")
        << "what stands before it may be made up";
    EXPECT_EQ(address_of("127.0.0.1", "203.0.113.9, nobody"), "127.0.0.1");
    EXPECT_EQ(address_of("10.0.0.2", "203.0.113.9"), "127.0.0.1") << "told by a stranger";
}

TEST_F(Doors, SettingsAreCheckedWhereTheyStand) {
    certify("IP:127.0.0.1");
    Ran const wrong = weir({"serve", "--data-dir", data(), "--listen", "127.0.0.1:0", "--config",
                            settings("  request_burst: 3\n")});
    EXPECT_EQ(wrong.code, 2) << wrong;
    EXPECT_NE(wrong.err.find("weir.yaml:4:"), std::string::npos) << wrong;
    EXPECT_NE(wrong.err.find("requests_burst"), std::string::npos) << wrong;
    Ran const type = weir({"serve", "--data-dir", data(), "--listen", "127.0.0.1:0", "--config",
                           settings("  workers: many\n")});
    EXPECT_EQ(type.code, 2) << type;
}

}  // namespace
}  // namespace weir::test
