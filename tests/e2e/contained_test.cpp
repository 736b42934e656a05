// A library of somebody else runs in a process of its own: what it does to that process costs a
// batch, and nobody else.
#include <algorithm>
#include <csignal>

#include "e2e/plugins_fixture.hpp"

namespace weir::test {
namespace {

class Contained : public Plugins {
protected:
    Contained() { install("acme_1"); }

    /// A job of its parts that is tried again at once.
    static void make_patient_job(WeirServer& host, Json const& config) {
        ASSERT_EQ(host.post("/replication/connections",
                            {{"id", "parts"}, {"connector", "acme"}, {"config", config}})
                      .status,
                  201u);
        Json const retry{{"attempts", 3}, {"delay", 10}};
        Answer const made = host.post(
            "/replication/jobs",
            {{"id", "parts"},
             {"source", {{"connection", "parts"}, {"stream", "parts"}, {"retry", retry}}},
             {"destination", {{"connection", "local"}, {"table", "parts"}}}});
        ASSERT_EQ(made.status, 201u) << made;
    }
    static Json shown(WeirServer& host) { return plugin(host, "com.example.acme"); }
    static std::string start(WeirServer& host) {
        return host.post("/replication/jobs/parts/run").body.at("run_id");
    }
    static Json ended(WeirServer& host, std::string const& run) {
        EXPECT_TRUE(eventually([&] { return has_ended(run_of(host, run)); }));
        return run_of(host, run);
    }
    std::string count() const {
        return Sqlite{data() + "/local.db"}.one("SELECT count(*) || ' ' || sum(id) FROM parts");
    }
};

TEST_F(Contained, WhatDidNotComeWithWeirHasAProcessOfItsOwn) {
    WeirServer host{data(), with_libraries()};
    make_patient_job(host, {{"rows", 2'000}});
    EXPECT_EQ(host.run_job("parts").body.at("written"), 2'000);
    EXPECT_EQ(shown(host).at("placement"), "child");
    EXPECT_GT(shown(host).at("pid").get<int>(), 0);
    EXPECT_EQ(count(), "2000 2001000");
    EXPECT_EQ(plugin(host, "dev.weir.sqlite").at("placement"), "host");
    EXPECT_NE(host.cli({"plugin", "show", "acme"}).out.find("a process of its own, "),
              std::string::npos);
}

TEST_F(Contained, ItsProcessKilledInABatchThatBatchIsTriedAgain) {
    std::string const gate = directory / "gate";
    WeirServer host{data(), with_libraries()};
    make_patient_job(host, {{"rows", 2'000}, {"batch", 100}, {"gate", gate}});
    std::string const run = start(host);
    ASSERT_TRUE(eventually([&] { return run_of(host, run).value("written", 0) >= 900; }));
    int const pid = shown(host).at("pid");
    ASSERT_EQ(::kill(pid, SIGKILL), 0);
    std::ofstream{gate} << "x";
    Json const done = ended(host, run);
    EXPECT_EQ(done.at("status"), "succeeded") << done;
    EXPECT_EQ(done.at("attempts"), 2) << done;
    EXPECT_EQ(count(), "2000 2001000") << "nothing lost, nothing twice";
    EXPECT_NE(shown(host).at("pid"), pid);
    EXPECT_NE(host.get("/runs/" + run + "/logs").text.find("plugin.process_ended"),
              std::string::npos);
}

TEST_F(Contained, ItsProcessLostBetweenRunsCostsNone) {
    WeirServer host{data(), with_libraries()};
    make_patient_job(host, {{"rows", 100}});
    ASSERT_EQ(host.run_job("parts").body.at("status"), "succeeded");
    ASSERT_EQ(::kill(shown(host).at("pid").get<int>(), SIGKILL), 0);
    ASSERT_TRUE(eventually([&] { return shown(host).at("pid").is_null(); }));
    Json const done = host.run_job("parts").body;
    EXPECT_EQ(done.at("status"), "succeeded") << done;
    EXPECT_EQ(done.at("attempts"), 1) << "the loss was seen before";
}

TEST_F(Contained, WhatEndsItsProcessEndsNothingElse) {
    WeirServer host{data(), with_libraries()};
    ASSERT_EQ(host.cli({"conn", "add", "made", "generator", "rows=10"}).code, 0);
    ASSERT_EQ(host.cli({"job", "create", "made", "made", "local", "--stream", "users"}).code, 0);
    std::string const mark = directory / "mark";
    make_patient_job(host, {{"rows", 1'000}, {"fault", "abort"}, {"mark", mark}});
    Json const done = ended(host, start(host));
    EXPECT_EQ(done.at("status"), "succeeded") << done;
    EXPECT_EQ(done.at("attempts"), 2) << done;
    EXPECT_EQ(count(), "1000 500500");
    EXPECT_EQ(host.run_job("made").body.at("status"), "succeeded");
}

TEST_F(Contained, AfterThreeCrashesItIsLeftAloneUntilItIsAskedFor) {
    WeirServer host{data(), with_libraries()};
    make_patient_job(host, {{"rows", 1'000}, {"fault", "exit"}});
    Json const done = ended(host, start(host));
    EXPECT_EQ(done.at("status"), "failed") << done;
    EXPECT_NE(done.at("error").at("message").get<std::string>().find("exit code 7"),
              std::string::npos)
        << done;
    EXPECT_EQ(shown(host).at("state"), "quarantined") << shown(host);
    Json const refused = ended(host, start(host));
    EXPECT_EQ(refused.at("error").at("code"), "plugin.quarantined") << refused;
    EXPECT_EQ(refused.at("attempts"), 1) << "no try would help";
    // Somebody mended it.
    EXPECT_EQ(host.call("PATCH", "/replication/connections/parts",
                        {{"config", {{"fault", nullptr}}}})
                  .status,
              200u);
    ASSERT_EQ(host.post("/plugins/com.example.acme/reload").status, 200u);
    EXPECT_EQ(shown(host).at("state"), "active");
    EXPECT_EQ(ended(host, start(host)).at("status"), "succeeded");
}

/// Weir's own connectors, put where somebody else's lie: source and sink are in children then.
class ContainedCopy : public Contained {
protected:
    ContainedCopy() {
        std::filesystem::path const own =
            std::filesystem::path{weir_command({}).front()}.parent_path().parent_path() /
            "lib/weir/connectors";
        for (char const* const name : {"generator", "sqlite"})
            for (char const* const end : {".so", ".json"})
                std::filesystem::copy_file(own / (std::string{name} + end),
                                           libraries() / (std::string{name} + end));
    }
    Ran copy(bool in_children, std::vector<std::string> words) const {
        words.insert(words.begin(), {"copy", "--json", "--connector-dir", libraries().string()});
        if (!in_children)
            for (char const* const id : {"dev.weir.generator", "dev.weir.sqlite"})
                words.insert(words.end(), {"--in-process", id});
        return weir(words);
    }
    std::string file(std::string const& name) const { return directory / name; }
};

TEST_F(ContainedCopy, EveryValueArrivesAsThroughTheHost) {
    std::string const source =
        "generator:rows=5000,types=boolean+int64+uint64+float32+float64+text+binary+uuid+date+time+"
        "timestamp+instant+decimal+numeric+json";
    std::vector<Record> rows[2];
    for (bool const in_children : {false, true}) {
        std::string const db = file(in_children ? "child.db" : "host.db");
        Ran const ran = copy(in_children, {source, "sqlite:" + db, "--batch-rows", "700"});
        ASSERT_EQ(ran.code, 0) << ran;
        EXPECT_EQ(ran.stream().at("written"), 5'000) << ran;
        rows[in_children] = Sqlite{db}.rows("SELECT * FROM records ORDER BY 1");
    }
    EXPECT_EQ(rows[0].size(), 5'000u);
    EXPECT_TRUE(rows[0] == rows[1]);
}

TEST_F(ContainedCopy, RefusedRowsComeBackOneByOneAndAtTheSwap) {
    Sqlite{file("from.db")}.run(
        "CREATE TABLE keyed (id INTEGER PRIMARY KEY, v INTEGER);"
        "CREATE TABLE loose (id INTEGER, v INTEGER);"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) "
        "INSERT INTO keyed SELECT i, i FROM n; INSERT INTO loose SELECT * FROM keyed;");
    Sqlite{file("to.db")}.run(
        "CREATE TABLE keyed (id INTEGER PRIMARY KEY, v INTEGER CHECK (v % 100 <> 7));"
        "CREATE TABLE loose (id INTEGER, v INTEGER CHECK (v % 100 <> 7));");
    Ran const ran = copy(true, {"sqlite:" + file("from.db"), "sqlite:" + file("to.db"), "--stream",
                                "keyed", "--stream", "loose", "--on-error", "dead_letter",
                                "--dead-letters", file("letters.jsonl")});
    EXPECT_EQ(ran.code, 4) << ran;
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(ran.stream(i).at("written"), 297) << ran;
        EXPECT_EQ(ran.stream(i).at("rejected"), 3) << ran;
    }
    std::ifstream in{file("letters.jsonl")};
    std::string const letters{std::istreambuf_iterator<char>{in}, {}};
    EXPECT_EQ(std::count(letters.begin(), letters.end(), '\n'), 6) << letters;
    EXPECT_NE(letters.find("107"), std::string::npos) << letters;
}

TEST_F(Contained, IsInTheHostWhereThatIsSaid) {
    {
        WeirServer host{data(), {"--connector-dir", libraries().string(), "--in-process",
                                 "com.example.acme"}};
        make_patient_job(host, {{"rows", 10}});
        EXPECT_EQ(host.run_job("parts").body.at("written"), 10);
        EXPECT_EQ(shown(host).at("placement"), "host");
    }
    std::ofstream{directory / "weir.yaml"} << "plugins: {in_process: [com.example.acme]}\n";
    WeirServer host{data(), {"--connector-dir", libraries().string(), "--config",
                             (directory / "weir.yaml")}};
    EXPECT_EQ(host.run_job("parts").body.at("written"), 10);
    EXPECT_EQ(shown(host).at("placement"), "host");
}

TEST_F(Contained, OneInTheHostIsNamedWhenItTookTheHostDown) {
    std::vector<std::string> const inside{"--connector-dir", libraries().string(), "--in-process",
                                          "com.example.acme"};
    std::string run;
    {
        WeirServer host{data(), inside};
        make_patient_job(host, {{"rows", 1'000}, {"fault", "abort"}});
        run = start(host);
        EXPECT_NE(host.process().wait(), 0);
    }
    // The run goes on where it was, and takes the next host down too, until that is enough.
    for (int starts = 1; starts <= 2; ++starts) {
        std::string said;
        try {
            WeirServer host{data(), inside};
            EXPECT_NE(host.process().wait(), 0);
            said = host.process().err();
        } catch (std::runtime_error const& before_it_was_ready) {
            said = before_it_was_ready.what();
        }
        EXPECT_NE(said.find("crashed (signal 6) in next() of the plugin com.example.acme"),
                  std::string::npos)
            << said;
    }
    WeirServer host{data(), inside};
    Json const refused = ended(host, run);
    EXPECT_EQ(refused.at("error").at("code"), "plugin.quarantined") << refused;
    EXPECT_EQ(host.get("/readyz").status, 200u);
}

TEST_F(Contained, WhatDoesNotComeBackIsEnded) {
    WeirServer host{data(), with_libraries()};
    std::string const mark = directory / "mark";
    make_patient_job(host, {{"rows", 1'000}, {"fault", "stay"}, {"mark", mark}});
    std::string const run = start(host);
    ASSERT_TRUE(eventually([&] { return std::filesystem::exists(mark); }));
    EXPECT_EQ(host.post("/replication/jobs/parts/cancel").status, 202u);
    EXPECT_EQ(ended(host, run).at("status"), "cancelled");
    Json const again = ended(host, start(host));
    EXPECT_EQ(again.at("status"), "succeeded") << again;
}

}  // namespace
}  // namespace weir::test
