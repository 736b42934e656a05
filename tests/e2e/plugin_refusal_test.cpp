// Libraries that a server does not take: what served before goes on, and the host lives.
#include <sys/stat.h>

#include <map>
#include <set>

#include "chaos/seed.hpp"
#include "e2e/plugins_fixture.hpp"

namespace weir::test {
namespace {

namespace fs = std::filesystem;

TEST_F(Plugins, AFailingNewOneLeavesTheOldOneServing) {
    install("acme_1");
    WeirServer host{data(), with_libraries()};
    make_job(host, {{"rows", 100}});
    EXPECT_EQ(host.run_job("parts").body.at("status"), "succeeded");
    for (auto const& [library, code] : {std::pair{"acme_crash", "plugin.crashed"},
                                        {"acme_hang", "plugin.hung"}}) {
        install(library);
        Answer const refused = host.post("/plugins/acme/reload");
        EXPECT_EQ(refused.status, 422u) << refused;
        EXPECT_EQ(refused.code(), code) << refused;
        Json const shown = plugin(host, "acme");
        EXPECT_EQ(shown.at("state"), "active") << shown;
        EXPECT_EQ(shown.at("generation"), 1) << shown;
        EXPECT_EQ(shown.at("last_error").at("code"), code) << shown;
    }
    put("no library at all", "acme.so");
    EXPECT_EQ(host.post("/plugins/acme/reload").code(), "plugin.not_elf");
    Answer const ran = host.run_job("parts");
    EXPECT_EQ(ran.body.at("status"), "succeeded") << ran;
    EXPECT_EQ(parts("SELECT max(build) FROM parts").front(), Record{"1"});
    install("acme_2");
    EXPECT_EQ(host.post("/plugins/acme/reload").status, 200u);
    EXPECT_EQ(plugin(host, "acme").at("last_error"), nullptr);
}

// What the old one takes and the new one would not is found before the swap, not by the next run.
TEST_F(Plugins, ANewOneThatRefusesStoredConnectionsDoesNotTakeOver) {
    install("acme_1");
    WeirServer host{data(), with_libraries()};
    make_job(host, {{"rows", 250}, {"gate", ""}});
    for (auto const& [id, config] : {std::pair{"fits", Json{{"rows", 7}}},
                                     {"later", Json{{"batch", "${env:BATCH}"}}}})
        ASSERT_EQ(host.post("/replication/connections",
                            {{"id", id}, {"connector", "acme"}, {"config", config}})
                      .status,
                  201u);
    ASSERT_EQ(host.run_job("parts").body.at("status"), "succeeded");
    install("acme_3");
    Answer const refused = host.post("/plugins/acme/reload");
    EXPECT_EQ(refused.status, 409u) << refused;
    EXPECT_EQ(refused.code(), "plugin.config_refused") << refused;
    EXPECT_EQ(refused.body.at("blocked_by"),
              Json::array({{{"kind", "connection"}, {"id", "parts"}},
                           {{"kind", "job"}, {"id", "parts"}}}));
    std::set<std::string> pointers;
    for (Json const& each : refused.body.at("errors")) pointers.insert(each.at("pointer"));
    EXPECT_EQ(pointers, (std::set<std::string>{"/connections/parts/config/gate",
                                               "/connections/parts/config/rows"}))
        << refused;
    Json const shown = plugin(host, "acme");
    EXPECT_EQ(shown.at("version"), "1.0.0") << shown;
    EXPECT_EQ(shown.at("last_error").at("code"), "plugin.config_refused") << shown;
    EXPECT_EQ(host.run_job("parts").body.at("status"), "succeeded");

    ASSERT_EQ(host.call("PATCH", "/replication/connections/parts",
                        {{"config", {{"rows", 90}, {"gate", nullptr}}}})
                  .status,
              200u);
    Answer const swapped = host.post("/plugins/acme/reload");
    EXPECT_EQ(swapped.status, 200u) << swapped;
    EXPECT_EQ(swapped.body.at("version"), "3.0.0") << swapped;
    EXPECT_EQ(host.run_job("parts").body.at("status"), "succeeded");
}

TEST_F(Plugins, ANewOneWithoutAConnectorThatJobsUseDoesNotTakeOver) {
    install("acme_1");
    WeirServer host{data(), with_libraries()};
    make_job(host, {{"rows", 10}});
    install("acme_4");
    Answer const refused = host.post("/plugins/acme/reload");
    EXPECT_EQ(refused.code(), "plugin.in_use") << refused;
    EXPECT_EQ(refused.body.at("blocked_by"), Json::array({{{"kind", "job"}, {"id", "parts"}}}));
    EXPECT_EQ(host.run_job("parts").body.at("status"), "succeeded");
    ASSERT_EQ(host.post("/replication/jobs/parts/pause").status, 200u);
    EXPECT_EQ(host.post("/plugins/acme/reload").status, 200u);
    EXPECT_EQ(host.get("/connectors/acme").status, 404u);
    EXPECT_EQ(host.get("/connectors/acme_other").status, 200u);
}

class Refused : public Plugins {
protected:
    std::size_t below(std::size_t end) {
        return static_cast<std::size_t>(chance.between(0, static_cast<int>(end) - 1));
    }
    std::string cut() {
        std::string bytes = whole;
        bytes.resize(below(bytes.size()));
        return bytes;
    }
    std::string mutated(std::size_t first_bytes) {
        std::string bytes = whole;
        for (int flips = chance.between(1, 32); flips > 0; --flips)
            bytes[below(first_bytes)] ^= static_cast<char>(1u << below(8));
        return bytes;
    }
    /// Takes away whatever lies where the library belongs.
    fs::path cleared() const {
        fs::remove_all(libraries() / "acme.so");
        return libraries() / "acme.so";
    }
    static std::string file_of(fs::path const& path) {
        std::ifstream file{path, std::ios::binary};
        return {std::istreambuf_iterator<char>{file}, {}};
    }
    /// Lays down something of a kind; the codes by which it may be refused, "" where it may be
    /// taken: a bit behind the last byte that matters may have turned.
    std::set<std::string> lay(int kind) {
        std::set<std::string> const damaged{"plugin.damaged", "plugin.not_elf", "plugin.crashed",
                                            "plugin.not_loadable", "plugin.machine", ""};
        fs::path const path = cleared();
        switch (kind) {
            case 0: put(cut(), "acme.so"); return damaged;
            case 1: put(mutated(4'096), "acme.so"); return damaged;
            case 2: put(mutated(whole.size()), "acme.so"); return damaged;
            case 3: put(program, "acme.so"); return {"plugin.not_elf", "plugin.exports"};
            case 4: put("no library at all", "acme.so"); return {"plugin.not_elf"};
            case 5: fs::create_directory(path); return {"plugin.not_regular"};
            case 6: ::mkfifo(path.c_str(), 0600); return {"plugin.not_regular"};
            case 7:
                fs::create_symlink(fs::path{E2E_PLUGINS} / "acme_1.so", path);
                return {"plugin.not_regular"};
            case 8:
                put(whole, "acme.so");
                fs::permissions(path, fs::perms::others_write, fs::perm_options::add);
                return {"plugin.writable"};
            case 9: put(file_of(E2E_OTHER_MAJOR), "acme.so"); return {"plugin.abi_major"};
            default: put(crashing, "acme.so"); return {"plugin.crashed"};
        }
    }

    static constexpr int kinds = 11;
    Chance chance;
    std::string const whole = bytes_of("acme_1"), crashing = bytes_of("acme_crash"),
                      program = file_of(WEIR_BINARY);
};

TEST_F(Refused, AThousandBadOnesAndTheHostLives) {
    WeirServer host{data(), with_libraries()};
    std::map<std::string, int> codes;
    for (int i = 0; i < rounds(5 * kinds, 1'000); ++i) {
        std::set<std::string> const allowed = lay(i % kinds);
        Answer const answer = host.post("/plugins", {{"file", "acme.so"}});
        std::string const code = answer.status < 300 ? "" : answer.code();
        ASSERT_TRUE(allowed.contains(code)) << i % kinds << ": " << answer;
        ++codes[code];
        if (code.empty()) {
            ASSERT_EQ(host.call("DELETE", "/plugins/acme").status, 204u);
        } else {
            EXPECT_EQ(answer.status, 422u) << answer;
            Json const shown = plugin(host, "acme");
            EXPECT_EQ(shown.at("state"), "failed") << shown;
            EXPECT_EQ(shown.at("last_error").at("code"), code) << shown;
        }
    }
    EXPECT_GT(codes["plugin.damaged"], rounds(5, 200));
    EXPECT_EQ(host.get("/cron/events").status, 200u);
    EXPECT_EQ(host.post("/plugins", {{"file", "../acme.so"}}).code(), "plugin.file_name");
    Answer const unknown = host.post("/plugins", {{"file", "acmee.so"}});
    EXPECT_EQ(unknown.status, 404u) << unknown;
    EXPECT_EQ(unknown.code(), "plugin.file_not_found");
    // What was refused a thousand times is taken once it is whole.
    cleared();
    install("acme_1");
    EXPECT_EQ(host.post("/plugins", {{"file", "acme.so"}}).status, 201u);
    EXPECT_EQ(host.post("/connectors/acme/check", {{"config", Json::object()}}).status, 200u);
}

// The marker that lies beside a library while it is loaded is what a host that died of it leaves.
TEST_F(Refused, AHostKilledWhileItLoadedOneTakesItAgain) {
    install("acme_1");
    fs::create_directories(data() + "/gen");
    write_file(data() + "/gen/acme.so.loading", "loading\nloading\n");
    std::vector<std::string> words = with_libraries();
    words.insert(words.end(), {"--in-process", "com.example.acme"});
    WeirServer host{data(), words};
    EXPECT_EQ(host.post("/connectors/acme/check", {{"config", Json::object()}}).status, 200u);
    EXPECT_FALSE(fs::exists(data() + "/gen/acme.so.loading")) << "it went well: that is forgotten";
}

TEST_F(Refused, OneThatTookTheHostDownIsLeftAloneUntilItIsAskedFor) {
    install("acme_1");
    fs::create_directories(data() + "/gen");
    write_file(data() + "/gen/acme.so.loading", "loading\nloading\nloading\n");
    WeirServer host{data(), with_libraries()};
    ASSERT_TRUE(eventually([&] { return plugin(host, "acme").value("state", "") != ""; }));
    Json const shown = plugin(host, "acme");
    EXPECT_EQ(shown.at("state"), "quarantined") << shown;
    EXPECT_EQ(shown.at("last_error").at("code"), "plugin.quarantined") << shown;
    EXPECT_EQ(host.get("/connectors/acme").status, 404u);
    Answer const asked_for = host.post("/plugins/acme/reload");
    EXPECT_EQ(asked_for.status, 200u) << asked_for;
    EXPECT_EQ(host.get("/connectors/acme").status, 200u);
}

TEST_F(Refused, AnotherPluginUnderTheNameOfOneDoesNotTakeOver) {
    install("acme_1");
    WeirServer host{data(), with_libraries()};
    put(file_of(fs::path{WEIR_CONNECTOR_DIRECTORY} / "generator.so"), "acme.so");
    Answer const refused = host.post("/plugins/acme/reload");
    EXPECT_EQ(refused.status, 409u) << refused;
    EXPECT_EQ(refused.code(), "plugin.other_id") << refused;
    EXPECT_EQ(plugin(host, "acme").at("state"), "active");
}

}  // namespace
}  // namespace weir::test
