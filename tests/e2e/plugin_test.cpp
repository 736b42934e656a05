// Libraries that come, go and are replaced while `weir serve` works: over HTTP and by the command
// line.
#include <algorithm>
#include <set>

#include "e2e/plugins_fixture.hpp"

namespace weir::test {
namespace {

namespace fs = std::filesystem;

TEST_F(Plugins, OneComesIsUsedAndGoes) {
    WeirServer host{data(), with_libraries()};
    EXPECT_EQ(host.get("/connectors/acme").status, 404u);
    install("acme_1");
    Answer const loaded = host.post("/plugins", {{"file", "acme.so"}});
    EXPECT_EQ(loaded.status, 201u) << loaded;
    EXPECT_EQ(loaded.body.at("id"), "com.example.acme");
    EXPECT_EQ(loaded.body.at("generation"), 1);
    EXPECT_EQ(host.post("/plugins", {{"file", "acme.so"}}).status, 200u) << "again: no change";
    EXPECT_EQ(host.get("/connectors/acme").status, 200u);

    make_job(host, {{"rows", 250}});
    Answer const ran = host.run_job("parts");
    EXPECT_EQ(ran.body.at("status"), "succeeded") << ran;
    EXPECT_EQ(parts("SELECT count(*), max(build) FROM parts").front(), (Record{"250", "1"}));

    Answer const needed = host.call("DELETE", "/plugins/com.example.acme");
    EXPECT_EQ(needed.status, 409u) << needed;
    EXPECT_EQ(needed.code(), "plugin.in_use");
    EXPECT_EQ(needed.body.at("blocked_by"), Json::array({{{"kind", "job"}, {"id", "parts"}}}));
    EXPECT_EQ(host.post("/replication/jobs/parts/pause").status, 200u);
    Answer const gone = host.call("DELETE", "/plugins/com.example.acme");
    EXPECT_EQ(gone.status, 204u) << gone;
    EXPECT_EQ(host.get("/plugins/com.example.acme").status, 404u);
    EXPECT_EQ(host.get("/connectors/acme").status, 404u);
}

TEST_F(Plugins, ATaskGoesOnWithTheNewBuild) {
    install("acme_1");
    WeirServer host{data(), with_libraries()};
    std::string const gate = directory / "gate";
    make_job(host, {{"rows", 2'000}, {"batch", 50}, {"gate", gate}});
    std::string const run = host.post("/replication/jobs/parts/run").body.at("run_id");
    ASSERT_TRUE(eventually([&] { return run_of(host, run).at("written").get<int>() > 0; }));
    install("acme_2");
    Answer const swapped = host.post("/plugins/acme/reload");
    ASSERT_EQ(swapped.status, 200u) << swapped;
    EXPECT_EQ(swapped.body.at("version"), "2.0.0");
    EXPECT_EQ(swapped.body.at("generation"), 2);
    write_file(gate, "open");
    ASSERT_TRUE(eventually([&] { return has_ended(run_of(host, run)); }));
    Json const ended = run_of(host, run);
    EXPECT_EQ(ended.at("status"), "succeeded") << ended;
    EXPECT_EQ(ended.at("attempts"), 1) << "the swap was no try";
    EXPECT_EQ(ended.at("written"), 2'000) << ended;
    EXPECT_EQ(parts("SELECT count(*), count(DISTINCT id), max(id) FROM parts").front(),
              (Record{"2000", "2000", "2000"}));
    EXPECT_EQ(parts("SELECT count(DISTINCT build) FROM parts").front(), Record{"2"})
        << "both builds made rows";
}

// Every second a tick, and cron and replication replaced again and again: no tick is lost, doubled
// or in another order.
TEST_F(Plugins, CronAndReplicationSwapUnderTicks) {
    install("acme_1");
    WeirServer host{data(), with_libraries()};
    make_job(host, {{"rows", 10}}, "1s");
    auto const ticks = [&] {
        std::vector<std::string> slots;
        Answer const runs = host.get("/runs?job=parts&limit=1000");
        for (Json const& run : runs.body.at("items"))
            if (run.contains("scheduled_at") && run.at("scheduled_at").is_string())
                slots.push_back(run.at("scheduled_at"));
        return slots;
    };
    ASSERT_TRUE(eventually([&] { return !ticks().empty(); }));
    int swaps = 0;
    ASSERT_TRUE(eventually([&] {
        for (char const* id : {"cron", "replication"}) {
            Answer const swapped = host.post(std::string{"/plugins/"} + id + "/reload");
            EXPECT_EQ(swapped.status, 200u) << swapped;
            ++swaps;
        }
        return ticks().size() >= 6;
    }));
    EXPECT_GE(swaps, 4);
    ASSERT_EQ(host.post("/replication/jobs/parts/pause").status, 200u);
    std::vector<std::string> slots = ticks();
    std::set<std::string> const once{slots.begin(), slots.end()};
    EXPECT_EQ(once.size(), slots.size()) << "a tick ran twice";
    EXPECT_TRUE(std::is_sorted(slots.rbegin(), slots.rend()));
    ASSERT_TRUE(eventually([&] {
        return host.get("/runs?job=parts&status=running&status=queued").body.at("items").empty();
    }));
    Answer const runs = host.get("/runs?job=parts&limit=1000");
    for (Json const& run : runs.body.at("items"))
        EXPECT_TRUE(run.at("status") == "succeeded" || run.at("status") == "skipped") << run;
    Json const event = host.get("/cron/events").body;
    EXPECT_EQ(host.get("/replication/jobs/parts").status, 200u) << event;
}

TEST_F(Plugins, RebootIsTheStartOfTheHostAndOfNoPlugin) {
    auto const boots = [&] {
        return Sqlite{data() + "/state.db"}.one(
            "SELECT count(*) FROM weir_event WHERE topic = 'schedule.fired'");
    };
    {
        WeirServer host{data()};
        Answer const made = host.post("/cron/events", {{"name", "boot"}, {"schedule", "@reboot"}});
        ASSERT_EQ(made.status, 201u) << made;
        ASSERT_EQ(host.post("/plugins/cron/reload").status, 200u);
        EXPECT_EQ(boots(), "0") << "it was made after the start";
    }
    {
        WeirServer host{data()};
        EXPECT_EQ(boots(), "1");
        ASSERT_EQ(host.post("/plugins/cron/reload").status, 200u);
        EXPECT_EQ(boots(), "1");
        ASSERT_EQ(host.post("/plugins/replication/disable").status, 200u);
        ASSERT_EQ(host.call("DELETE", "/plugins/cron").status, 204u);
        ASSERT_EQ(host.post("/plugins", {{"file", "cron.so"}}).status, 201u);
        ASSERT_EQ(host.get("/cron/events/boot").status, 200u);
        EXPECT_EQ(boots(), "1");
    }
    WeirServer host{data()};
    EXPECT_EQ(boots(), "2");
}

TEST_F(Plugins, WhatIsSwitchedOffOrUnloadedStaysSo) {
    install("acme_1");
    {
        WeirServer host{data(), with_libraries()};
        make_job(host, {{"rows", 10}});
        EXPECT_EQ(host.post("/plugins/acme/disable").code(), "plugin.in_use");
        EXPECT_EQ(host.post("/replication/jobs/parts/pause").status, 200u);
        EXPECT_EQ(host.post("/plugins/acme/disable").body.at("state"), "disabled");
    }
    {
        WeirServer host{data(), with_libraries()};
        EXPECT_EQ(plugin(host, "acme").at("state"), "disabled");
        Answer const off = host.run_job("parts");
        EXPECT_NE(off.text.find("plugin.disabled"), std::string::npos) << off;
        EXPECT_EQ(host.post("/plugins/acme/enable").body.at("state"), "active");
        EXPECT_EQ(host.call("DELETE", "/plugins/acme").status, 204u);
    }
    WeirServer host{data(), with_libraries()};
    EXPECT_EQ(host.get("/plugins/acme").status, 404u);
    EXPECT_EQ(host.post("/plugins", {{"file", "acme.so"}}).status, 201u);
}

TEST_F(Plugins, WhatOthersNeedStays) {
    WeirServer host{data(), with_libraries()};
    Answer const needed = host.call("DELETE", "/plugins/cron");
    EXPECT_EQ(needed.status, 409u) << needed;
    EXPECT_EQ(needed.body.at("blocked_by"),
              Json::array({{{"kind", "plugin"}, {"id", "replication"}}}));
    EXPECT_EQ(host.post("/plugins/replication/disable").status, 200u);
    EXPECT_EQ(host.get("/replication/jobs").status, 404u) << "its routes went with it";
    EXPECT_EQ(host.call("DELETE", "/plugins/cron").status, 204u);
    EXPECT_EQ(host.get("/cron/events").status, 404u);
    Answer const waits = host.post("/plugins/replication/enable");
    EXPECT_EQ(waits.body.at("state"), "waiting") << waits;
    EXPECT_EQ(waits.body.at("last_error").at("code"), "plugin.waiting") << waits;
    EXPECT_EQ(host.post("/plugins", {{"file", "cron.so"}}).status, 201u);
    EXPECT_EQ(plugin(host, "replication").at("state"), "active") << "it waited no longer";
    EXPECT_EQ(host.get("/replication/jobs").status, 200u);
}

// One in a process of its own ends with that.
TEST_F(Plugins, WhatManyReloadsCostTheHostIsTold) {
    install("acme_1");
    std::vector<std::string> inside = with_libraries();
    inside.insert(inside.end(), {"--in-process", "com.example.acme"});
    WeirServer host{data(), inside};
    ASSERT_EQ(host.get("/connectors/acme").status, 200u);
    for (Json shown = plugin(host, "acme"); shown.at("generation") < 20;
         shown = plugin(host, "acme")) {
        EXPECT_EQ(host.process().err().find("generations of it were loaded"), std::string::npos);
        ASSERT_EQ(host.post("/plugins/acme/reload").status, 200u);
    }
    EXPECT_TRUE(host.process().wait_for("20 generations of it were loaded"));
    WeirServer other{directory / "other", with_libraries()};
    while (plugin(other, "acme").at("generation") < 20)
        ASSERT_EQ(other.post("/plugins/acme/reload").status, 200u);
    EXPECT_EQ(other.process().err().find("generations of it were loaded"), std::string::npos);
}

TEST_F(Plugins, AWatchedDirectoryIsFollowed) {
    WeirServer host{data(), {"--connector-dir", libraries().string(), "--watch"}};
    install("acme_1");
    ASSERT_TRUE(eventually([&] { return host.get("/connectors/acme").status == 200u; }));
    install("acme_2");
    ASSERT_TRUE(eventually([&] { return plugin(host, "acme").value("version", "") == "2.0.0"; }));
}

TEST_F(Plugins, TheCommandLineDoesTheSame) {
    WeirServer host{data(), with_libraries()};
    install("acme_1");
    EXPECT_NE(host.cli({"plugin", "scan"}).out.find("new"), std::string::npos);
    Ran const loaded = host.cli({"plugin", "load", "acme.so"});
    EXPECT_EQ(loaded.code, 0) << loaded;
    EXPECT_NE(host.cli({"plugin", "list"}).out.find("com.example.acme"), std::string::npos);
    EXPECT_NE(host.cli({"plugin", "show", "acme"}).out.find("generation  1"), std::string::npos);
    install("acme_2");
    EXPECT_NE(host.cli({"plugin", "scan"}).out.find("changed"), std::string::npos);
    Ran const reloaded = host.cli({"plugin", "reload", "acme"});
    EXPECT_EQ(reloaded.code, 0) << reloaded;
    EXPECT_NE(reloaded.out.find("2.0.0 (generation 2)"), std::string::npos) << reloaded;
    EXPECT_EQ(host.cli({"plugin", "disable", "acme"}).code, 0);
    EXPECT_EQ(host.cli({"plugin", "enable", "acme"}).code, 0);
    make_job(host, {{"rows", 500}});
    Ran const needed = host.cli({"plugin", "unload", "acme"});
    EXPECT_NE(needed.code, 0) << needed;
    EXPECT_NE(needed.err.find("in the way: job parts"), std::string::npos) << needed;
    install("acme_3");
    Ran const misfit = host.cli({"plugin", "reload", "acme"});
    EXPECT_NE(misfit.err.find("in the way: connection parts, job parts"), std::string::npos)
        << misfit;
    EXPECT_NE(misfit.err.find("/connections/parts/config/rows: "), std::string::npos) << misfit;
    ASSERT_EQ(host.call("DELETE", "/replication/jobs/parts").status, 204u);
    EXPECT_EQ(host.cli({"plugin", "unload", "acme"}).code, 0);
    Ran const unknown = host.cli({"plugin", "show", "cronn"});
    EXPECT_NE(unknown.code, 0);
    EXPECT_NE(unknown.err.find("plugin.not_found"), std::string::npos) << unknown;
}

TEST_F(Plugins, TheHelpOfEachVerbSaysWhatItTakes) {
    Ran const all = weir({"plugin", "--help"});
    EXPECT_EQ(all.code, 0) << all;
    for (auto const& [verb, argument] :
         {std::pair{"list", ""}, {"scan", ""}, {"show", "PLUGIN"}, {"load", "acme.so"},
          {"unload", "PLUGIN"}, {"reload", "PLUGIN"}, {"enable", "PLUGIN"}, {"disable", "PLUGIN"},
          {"check", "./acme.so"}, {"lint", "./acme.so"}}) {
        EXPECT_NE(all.out.find(std::string{"\n  "} + verb + " "), std::string::npos) << verb;
        Ran const one = weir({"plugin", verb, "--help"});
        EXPECT_EQ(one.code, 0) << one;
        EXPECT_NE(one.out.find(argument), std::string::npos) << one;
        if (*argument) {
            EXPECT_EQ(weir({"plugin", verb}).code, 2) << verb << " without its argument";
        }
    }
}

// It ends whatever process loads it; nobody who only finds it in a directory does.
TEST_F(Plugins, OneThatEndsItsProcessWhenItIsLoadedStopsNobody) {
    install("acme_leave");
    std::vector<std::string> const here{"--connector-dir", libraries().string()};
    std::vector<std::string> list{"connector", "list"},
        copy{"copy", "generator:rows=5", "sqlite:" + data() + "/a.db"};
    fs::create_directories(data());
    for (std::vector<std::string>* const words : {&list, &copy}) {
        words->insert(words->end(), here.begin(), here.end());
        Ran const ran = weir(*words);
        EXPECT_EQ(ran.code, 0) << ran;
        EXPECT_NE(ran.err.find("acme.so"), std::string::npos) << "it is told: " << ran;
    }
    EXPECT_NE(weir(list).out.find("generator"), std::string::npos);
    WeirServer host{data(), with_libraries()};
    Json const shown = plugin(host, "acme");
    EXPECT_EQ(shown.at("last_error").at("code"), "plugin.exited") << shown;
}

TEST_F(Plugins, AFileIsLookedAtWithoutAHost) {
    fs::path const built{E2E_PLUGINS};
    Ran const fine = weir({"plugin", "check", (built / "acme_1.so").string()});
    EXPECT_EQ(fine.code, 0) << fine;
    EXPECT_NE(fine.out.find("com.example.acme 1.0.0"), std::string::npos) << fine;
    EXPECT_EQ(weir({"plugin", "lint", (built / "acme_crash.so").string()}).code, 0)
        << "none of it runs";
    Ran const crashes = weir({"plugin", "check", (built / "acme_crash.so").string(), "--json"});
    EXPECT_EQ(crashes.code, 2) << crashes;
    EXPECT_EQ(crashes.error_code(), "plugin.crashed") << crashes;
    Ran const leaves = weir({"plugin", "check", (built / "acme_leave.so").string(), "--json"});
    EXPECT_EQ(leaves.code, 2) << "an exit code of 0 says nothing: " << leaves;
    EXPECT_EQ(leaves.error_code(), "plugin.exited") << leaves;
    Ran const falls = weir({"plugin", "check", (built / "acme_fall.so").string(), "--json"});
    EXPECT_EQ(falls.code, 2) << "what it said before is not all there is to it: " << falls;
    EXPECT_EQ(falls.error_code(), "plugin.exited") << falls;
    Ran const chats = weir({"plugin", "check", (built / "acme_chat.so").string(), "--json"});
    EXPECT_EQ(chats.code, 0) << chats;
    EXPECT_EQ(chats.json.value("id", ""), "com.example.acme") << chats;
    put("no library at all", "acme.so");
    Ran const bad = weir({"plugin", "check", (libraries() / "acme.so").string(), "--json"});
    EXPECT_EQ(bad.error_code(), "plugin.not_elf") << bad;
}

}  // namespace
}  // namespace weir::test
