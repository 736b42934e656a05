// A plugin that fails leaves the host and the others working, and is named.
#include <filesystem>

#include "e2e/serve_fixture.hpp"

namespace weir::test {
namespace {

class FailingPlugins : public Serve {
protected:
    /// The check of this name in an answer of /readyz?verbose.
    static Json check(Answer const& told, std::string const& name) {
        for (Json const& each : told.body.at("checks"))
            if (each.at("name") == name) return each;
        return nullptr;
    }
    static std::string state(WeirServer& host, std::string const& id) {
        return host.get("/plugins/" + id).body.value("state", "");
    }
};

TEST_F(FailingPlugins, OneThatFailsLeavesHostAndOthersWorking) {
    make_users(10);
    WeirServer host{data(), {"--plugin-dir", E2E_FAILING}};
    Answer const told = host.get("/readyz?verbose");
    EXPECT_EQ(told.status, 200u) << told;
    EXPECT_EQ(told.body.at("status"), "degraded");
    EXPECT_EQ(check(told, "plugin lame").at("ok"), false) << told;
    EXPECT_EQ(check(told, "plugin lame").at("detail"), "the far end does not answer");
    for (char const* well : {"plugin cron", "plugin replication", "plugin moody", "store"})
        EXPECT_EQ(check(told, well).at("ok"), true) << well << told;
    EXPECT_EQ(state(host, "dev.weir.test.lame"), "failed");
    EXPECT_EQ(host.get("/plugins/dev.weir.test.lame").body.at("last_error").at("code"),
              "lame.down");
    EXPECT_EQ(host.get("/lame").status, 404u) << "what did not start answers nothing";
    EXPECT_NE(host.get("/metrics").text.find("weir_plugins{state=\"failed\"} 1"),
              std::string::npos);
    EXPECT_NE(host.process().output().find("the far end does not answer"), std::string::npos);
    ASSERT_EQ(add_shop(host).status, 201u);
    ASSERT_EQ(host.post("/replication/jobs", users_job("users", "* * * * * *")).status, 201u);
    // Every run is an event that moody refuses; its retries hold nobody else back.
    EXPECT_TRUE(eventually([&] { return finished(host, "users").size() >= 3; }));
    for (int i = 0; i < 20; ++i) {
        Answer const failed = host.get("/moody");
        EXPECT_EQ(failed.status, 500u) << failed;
        EXPECT_EQ(failed.code(), "plugin.internal");
        EXPECT_NE(failed.text.find("on_http() of the plugin moody failed"), std::string::npos);
        EXPECT_EQ(failed.text.find("not today"), std::string::npos);
    }
    EXPECT_NE(host.process().output().find("not today"), std::string::npos) << "the log has it";
    expect_local_equal();
    EXPECT_EQ(host.get("/readyz").status, 200u);
    host.process().kill(SIGTERM);
    EXPECT_EQ(host.process().wait(), 0);
}

TEST_F(FailingPlugins, ALibraryOfADirectoryGivenTwiceIsThereOnce) {
    WeirServer host{data(), {"--connector-dir", E2E_FAILING, "--plugin-dir", E2E_FAILING}};
    EXPECT_EQ(host.get("/moody").code(), "plugin.internal") << "its route is its own";
    EXPECT_EQ(state(host, "dev.weir.test.moody"), "active");
    EXPECT_EQ(host.process().output().find("taken"), std::string::npos) << host.process().output();
    EXPECT_EQ(host.process().output().find("already"), std::string::npos)
        << host.process().output();
}

TEST_F(FailingPlugins, AnotherFileOfTheSameIdIsRefused) {
    std::filesystem::path const more = directory / "more";
    std::filesystem::create_directory(more);
    std::filesystem::path const moody = std::filesystem::path{E2E_FAILING} / "e2e_moody.so";
    std::filesystem::copy_file(moody, more / "other.so");
    std::filesystem::permissions(more, std::filesystem::perms{0755});
    WeirServer host{data(), {"--plugin-dir", E2E_FAILING, "--plugin-dir", more.string()}};
    EXPECT_EQ(host.get("/moody").code(), "plugin.internal");
    std::string const said = host.get("/readyz?verbose").text;
    EXPECT_NE(said.find("other.so"), std::string::npos) << said;
    EXPECT_NE(said.find("already"), std::string::npos) << said;
}

}  // namespace
}  // namespace weir::test
