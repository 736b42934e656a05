// `weir plugin lock`: which libraries a server, and a copy, may load; nothing else is.
#include "e2e/plugins_fixture.hpp"

namespace weir::test {
namespace {

namespace fs = std::filesystem;

class PluginsLock : public Plugins {
protected:
    std::string lock() const { return data() + "/plugins.lock"; }
    Ran run_lock(std::vector<std::string> const& more = {}) const {
        fs::create_directories(data());
        fs::permissions(data(), fs::perms::owner_all);
        std::vector<std::string> arguments{"plugin",          "lock", "--data-dir", data(),
                                           "--connector-dir", libraries().string()};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return weir(arguments);
    }
    static std::string why(WeirServer& host, std::string const& file) {
        Answer const all = host.get("/plugins");
        for (Json const& each : all.body.at("items"))
            if (each.at("file") == file && each.at("last_error").is_object())
                return each.at("last_error").at("code");
        return "";
    }
};

TEST_F(PluginsLock, NothingElseIsLoaded) {
    install("acme_1");
    Ran const locked = run_lock({"--json"});
    ASSERT_EQ(locked.code, 0) << locked;
    EXPECT_EQ(locked.json.at("file"), lock());
    EXPECT_GE(locked.json.at("libraries"), 4) << "those of the installation as well";
    install("acme_2", "stranger.so");
    WeirServer host{data(), with_libraries()};
    EXPECT_EQ(host.get("/connectors/acme").status, 200u);
    EXPECT_EQ(plugin(host, "com.example.acme").at("version"), "1.0.0");
    EXPECT_EQ(why(host, "stranger.so"), "plugin.not_locked");

    // A new build under the old name, and by the door as well.
    install("acme_2");
    Answer const swapped = host.post("/plugins/acme/reload");
    EXPECT_EQ(swapped.status, 422u) << swapped;
    EXPECT_EQ(swapped.code(), "plugin.not_locked");
    EXPECT_NE(swapped.body.value("detail", "").find("is another build than the one"),
              std::string::npos)
        << swapped;
    EXPECT_NE(swapped.body.dump().find("weir plugin lock"), std::string::npos) << swapped;
    Answer const loaded = host.post("/plugins", {{"file", "stranger.so"}});
    EXPECT_EQ(loaded.code(), "plugin.not_locked") << loaded;
    EXPECT_EQ(plugin(host, "com.example.acme").at("version"), "1.0.0") << "the old one serves on";

    fs::remove(libraries() / "stranger.so");
    Ran const differs = run_lock({"--check"});
    EXPECT_EQ(differs.code, 1) << differs;
    EXPECT_NE(differs.out.find("- acme.so com.example.acme 1.0.0"), std::string::npos) << differs;
    EXPECT_NE(differs.out.find("+ acme.so com.example.acme 2.0.0"), std::string::npos) << differs;
    ASSERT_EQ(run_lock().code, 0);
    EXPECT_EQ(run_lock({"--check"}).code, 0);
    EXPECT_EQ(host.post("/plugins/acme/reload").status, 200u) << "the lock counts at once";
    EXPECT_EQ(plugin(host, "com.example.acme").at("version"), "2.0.0");
}

// A library that never runs leaves no trace: this one ends whoever loads it.
TEST_F(PluginsLock, WhatIsNotLockedRunsNowhere) {
    ASSERT_EQ(run_lock().code, 0);
    install("acme_crash", "crash.so");
    WeirServer host{data(), with_libraries()};
    EXPECT_EQ(why(host, "crash.so"), "plugin.not_locked") << "no child has looked at it";
    fs::remove(lock());
    EXPECT_EQ(host.post("/plugins", {{"file", "crash.so"}}).code(), "plugin.crashed")
        << "and without the lock one does";
}

TEST_F(PluginsLock, ALockThatCannotBeTrustedLoadsNothing) {
    install("acme_1");
    ASSERT_EQ(run_lock().code, 0);
    fs::permissions(lock(), fs::perms::group_write | fs::perms::others_write,
                    fs::perm_options::add);
    {
        WeirServer host{data(), with_libraries()};
        EXPECT_EQ(why(host, "acme.so"), "plugin.lock_unusable");
        EXPECT_EQ(why(host, "cron.so"), "plugin.lock_unusable");
    }
    fs::remove(lock());
    write_file(lock(), R"({"libraries":[{"file":"acme.so"}]})");
    fs::permissions(lock(), fs::perms::owner_read);
    EXPECT_EQ(run_lock({"--check", "--json"}).error_code(), "plugin.lock_unusable");
    EXPECT_EQ(run_lock({"--output", (directory / "no/such/plugins.lock"), "--json"}).error_code(),
              "plugin.lock_not_written");
}

TEST_F(PluginsLock, AFileOfTheConfigurationMustBeThere) {
    write_file(directory / "weir.yaml", "host: {plugins_lock: mine.lock}\n");
    std::vector<std::string> const with{"--config", directory / "weir.yaml"};
    {
        WeirServer host{data(), with};
        EXPECT_EQ(why(host, "cron.so"), "plugin.lock_unusable");
    }
    ASSERT_EQ(run_lock({"--output", directory / "mine.lock"}).code, 0);
    WeirServer host{data(), with};
    EXPECT_EQ(why(host, "cron.so"), "");
    EXPECT_EQ(host.get("/cron/events").status, 200u);
}

TEST_F(PluginsLock, ADirectoryThatIsNotThereYetIsMadeAsTheHostMakesIt) {
    std::string const fresh = directory / "new/data";
    Ran const locked = weir({"plugin", "lock", "--data-dir", fresh});
    ASSERT_EQ(locked.code, 0) << locked;
    EXPECT_EQ(fs::status(fresh).permissions(), fs::perms::owner_all);
    EXPECT_TRUE(fs::exists(fresh + "/plugins.lock"));
    Ran const other = weir({"plugin", "lock", "--check", "--data-dir", directory / "none"});
    EXPECT_EQ(other.code, 1) << other;
    EXPECT_FALSE(fs::exists(directory / "none")) << "a look changes nothing";
}

TEST_F(PluginsLock, OneThatNamesNothingSaysSo) {
    std::string const file = directory / "mine.lock";
    write_file(file, R"({"libraries":[]})");
    fs::permissions(file, fs::perms::owner_read);
    Ran const none = weir({"discover", "acme:", "--plugins-lock", file, "--json"});
    EXPECT_EQ(none.error_code(), "connector.unknown") << none;
    EXPECT_NE(none.err.find("there is no connector here that may be loaded"), std::string::npos)
        << none;
    EXPECT_NE(none.err.find("weir plugin lock --check"), std::string::npos) << none;
}

TEST_F(PluginsLock, HoldsForACopyToo) {
    install("acme_1");
    std::string const file = directory / "mine.lock";
    std::vector<std::string> const copy{"copy",           "generator:rows=3", "sqlite:" + data(),
                                        "--plugins-lock", file,               "--json"};
    Ran const without = weir(copy);
    EXPECT_EQ(without.error_code(), "plugin.lock_unusable") << without;
    EXPECT_NE(without.err.find("generator.so: cannot read " + file), std::string::npos) << without;
    ASSERT_EQ(run_lock({"--output", file}).code, 0);
    fs::remove_all(data());
    EXPECT_EQ(weir(copy).code, 0);
    install("acme_2");
    Ran const refused = weir({"discover", "acme:", "--plugins-lock", file, "--json",
                              "--connector-dir", libraries().string()});
    EXPECT_EQ(refused.error_code(), "plugin.not_locked") << refused;
    EXPECT_NE(refused.err.find("acme.so (sha256 "), std::string::npos) << refused;
    EXPECT_NE(refused.err.find("is another build than the one"), std::string::npos) << refused;
}

}  // namespace
}  // namespace weir::test
