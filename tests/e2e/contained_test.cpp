// A library of somebody else runs in a process of its own: what it does to that process costs a
// batch, and nobody else.
#include <algorithm>
#include <csignal>
#include <set>

#include "e2e/contained_fixture.hpp"

namespace weir::test {
namespace {

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

// When memory runs out, the kernel ends the process with the greatest score.
TEST_F(Contained, ItsProcessIsTheFirstToGoWhenMemoryRunsOut) {
    WeirServer host{data(), with_libraries()};
    auto const score_of = [](int pid) {
        int score = 0;
        std::ifstream{"/proc/" + std::to_string(pid) + "/oom_score_adj"} >> score;
        return score;
    };
    EXPECT_EQ(score_of(shown(host).at("pid")), 1000);
    EXPECT_LT(score_of(host.process().pid()), 1000);
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
    Ran const events = host.cli({"events", "--types", "plugin.failed"});
    EXPECT_NE(events.out.find("quarantined"), std::string::npos) << events;
    for (std::vector<std::string> const& words :
         {std::vector<std::string>{"status"}, {"doctor", "--data-dir", data()}}) {
        Ran const seen = host.cli(words);
        for (char const* text :
             {"✗ plugin com.example.acme", "→ weir plugin reload com.example.acme"})
            EXPECT_NE(seen.out.find(text), std::string::npos) << seen;
    }
    std::string const said = host.process().err();
    for (char const* const sentence :
         {"the process of acme.so ended (it ended itself with exit code 7), loss 1 of 3 within ten "
          "minutes; the next call starts another",
          "loss 3 of 3 within ten minutes; it is started no more", "weir plugin reload"})
        EXPECT_NE(said.find(sentence), std::string::npos) << sentence << said;
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
    Ran const other = weir({"discover", "generator:rows=1", "--connector-dir",
                            libraries().string(), "--in-process", "acme"});
    EXPECT_NE(other.err.find("no plugin here has the id acme, which is to run in this process; did "
                             "you mean com.example.acme?"),
              std::string::npos)
        << other;
    std::ofstream{directory / "weir.yaml"} << "plugins: {in_process: [com.example.acme]}\n";
    WeirServer host{data(), {"--connector-dir", libraries().string(), "--config",
                             (directory / "weir.yaml")}};
    EXPECT_EQ(host.run_job("parts").body.at("written"), 10);
    EXPECT_EQ(shown(host).at("placement"), "host");
}

TEST_F(Contained, OneInTheHostIsNamedWhenItTookTheHostDown) {
    std::string run;
    {
        WeirServer host{data(), in_the_host()};
        make_patient_job(host, {{"rows", 1'000}, {"fault", "abort"}});
        run = start(host);
        EXPECT_NE(host.process().wait(), 0);
    }
    // The run goes on where it was, and takes the next host down too, until that is enough.
    for (int starts = 1; starts <= 2; ++starts) {
        std::string said;
        try {
            WeirServer host{data(), in_the_host()};
            EXPECT_NE(host.process().wait(), 0);
            said = host.process().err();
        } catch (std::runtime_error const& before_it_was_ready) {
            said = before_it_was_ready.what();
        }
        EXPECT_NE(said.find("crashed (signal 6) in next() of the plugin com.example.acme"),
                  std::string::npos)
            << said;
    }
    WeirServer host{data(), in_the_host()};
    Json const refused = ended(host, run);
    EXPECT_EQ(refused.at("error").at("code"), "plugin.quarantined") << refused;
    EXPECT_EQ(host.get("/readyz").status, 200u);
}

// The limit of the file is its own, and gives way to the one of the command line.
TEST_F(Contained, MemoryThatItDoesNotGiveBackCostsItsProcessABatch) {
    std::ofstream{directory / "weir.yaml"} << "plugins: {memory_mb: 512}";
    struct Case {
        std::vector<std::string> words;
        char const* most;
    };
    for (auto const& [words, most] :
         {Case{{}, "512"}, Case{{"--plugin-memory-mb", "640"}, "640"}}) {
        TempDir const room;
        std::vector<std::string> all = with_libraries();
        all.insert(all.end(), {"--config", directory / "weir.yaml"});
        all.insert(all.end(), words.begin(), words.end());
        WeirServer host{room / "data", all};
        make_patient_job(host, {{"rows", 1'000}, {"fault", "leak"}, {"mark", room / "mark"}});
        Json const done = ended(host, start(host));
        EXPECT_EQ(done.at("status"), "succeeded") << done;
        EXPECT_EQ(done.at("attempts"), 2) << done;
        Sqlite written{room / "data/local.db"};
        EXPECT_EQ(written.one("SELECT count(*) || ' ' || sum(id) FROM parts"), "1000 500500");
        std::string const sentence =
            std::string{" MiB, more than the "} + most + " of plugins.memory_mb, and was ended";
        EXPECT_NE(host.process().err().find(sentence), std::string::npos) << host.process().err();
        EXPECT_NE(shown(host).at("last_error").dump().find(sentence), std::string::npos);
    }
}

constexpr char const* ended_the_host =
    "the host was ended by exit() in next() of the plugin com.example.acme";

/// By exit(), by _exit().
class ContainedEnds : public Contained, public testing::WithParamInterface<std::string> {};
INSTANTIATE_TEST_SUITE_P(, ContainedEnds, testing::Values("leave", "exit"),
                         [](auto const& each) { return each.param; });

TEST_P(ContainedEnds, OneInTheHostIsNamedWhenItEndedTheHost) {
    std::string run;
    {
        WeirServer host{data(), in_the_host()};
        make_patient_job(host, {{"rows", 1'000}, {"fault", GetParam()}, {"mark", directory / "m"}});
        run = start(host);
        EXPECT_EQ(host.process().wait(), 7);
    }
    WeirServer host{data(), in_the_host()};
    EXPECT_NE(host.process().err().find(ended_the_host), std::string::npos) << host.process().err();
    EXPECT_EQ(ended(host, run).at("status"), "succeeded");
    EXPECT_EQ(count(), "1000 500500") << "nothing lost, nothing twice";
}

TEST_F(Contained, TheEndOfAProcessThatOneInTheHostForkedIsNoEndOfTheHost) {
    {
        WeirServer host{data(), in_the_host()};
        make_patient_job(host,
                         {{"rows", 1'000}, {"fault", "fork_exit"}, {"mark", directory / "m"}});
        EXPECT_EQ(ended(host, start(host)).at("status"), "succeeded");
        host.process().kill(SIGKILL);
        host.process().wait();
    }
    WeirServer host{data(), in_the_host()};
    EXPECT_EQ(host.process().err().find(ended_the_host), std::string::npos) << host.process().err();
}

TEST_F(Contained, ReloadsUnderLoadLoseAndDoubleNothing) {
    install("acme_1");
    WeirServer host{data(), with_libraries()};
    std::string const gate = directory / "gate";
    make_patient_job(host, {{"rows", 4'000}, {"batch", 10}, {"gate", gate}});
    std::string const run = start(host);
    ASSERT_TRUE(eventually([&] { return run_of(host, run).value("written", 0) > 0; }));
    std::set<int> processes;
    for (char const* const build : {"acme_2", "acme_1", "acme_2", "acme_1", "acme_2"}) {
        processes.insert(shown(host).at("pid").get<int>());
        install(build);
        Answer const swapped = host.post("/plugins/acme/reload");
        ASSERT_EQ(swapped.status, 200u) << swapped;
        EXPECT_EQ(shown(host).at("placement"), "child");
    }
    EXPECT_EQ(processes.size(), 5u);
    ASSERT_FALSE(has_ended(run_of(host, run))) << "it was at work";
    std::ofstream{gate} << "x";
    Json const done = ended(host, run);
    EXPECT_EQ(done.at("status"), "succeeded") << done;
    EXPECT_EQ(done.at("attempts"), 1) << done;
    EXPECT_EQ(done.at("written"), 4'000) << done;
    EXPECT_EQ(parts("SELECT count(*), count(DISTINCT id), max(id) FROM parts").front(),
              (Record{"4000", "4000", "4000"}));
}

TEST_F(Contained, WhatThrowsIsNamedInRunListAndLog) {
    for (bool const is_inside : {false, true}) {
        TempDir const room;
        std::vector<std::string> words = with_libraries();
        if (is_inside) words.insert(words.end(), {"--in-process", "com.example.acme"});
        WeirServer host{room / "data", words};
        make_patient_job(host, {{"rows", 1'000}, {"fault", "throw"}});
        Json const done = ended(host, start(host));
        std::string const sentence =
            "next() failed: unknown exception; this is a bug in the plugin com.example.acme";
        EXPECT_EQ(done.at("status"), "failed") << done;
        EXPECT_NE(done.at("error").at("message").get<std::string>().find(sentence),
                  std::string::npos)
            << done;
        EXPECT_NE(shown(host).at("last_error").dump().find(sentence), std::string::npos)
            << shown(host);
        Ran const list = host.cli({"plugin", "list"});
        EXPECT_NE(list.out.find("plugin.internal"), std::string::npos) << list;
        EXPECT_NE(host.process().err().find(sentence), std::string::npos) << host.process().err();
        EXPECT_EQ(host.post("/plugins/com.example.acme/reload").status, 200u);
        EXPECT_TRUE(shown(host).at("last_error").is_null()) << "another build may be better";
    }
}

/// In a process of its own, in the host.
class ContainedThreads : public Contained, public testing::WithParamInterface<std::string> {};
INSTANTIATE_TEST_SUITE_P(, ContainedThreads, testing::Values("child", "host"),
                         [](auto const& each) { return each.param; });

TEST_P(ContainedThreads, ThatItsInstancesLeaveAreNamedInListAndLog) {
    WeirServer host{data(), GetParam() == "host" ? in_the_host() : with_libraries()};
    for (char const* const id : {"tidy", "untidy"}) {
        Json config{{"rows", 10}};
        if (id == std::string{"untidy"}) config["fault"] = "thread";
        Json const body{{"id", id}, {"connector", "acme"}, {"config", config}};
        ASSERT_EQ(host.post("/replication/connections", body).status, 201u);
    }
    auto const lives_until_named = [&](std::string const& id) {
        constexpr int lives_max = 60;
        for (int lives = 0; lives < lives_max; ++lives) {
            Json const error = shown(host).at("last_error");
            if (!error.is_null() && error.at("code") == "plugin.leaves_threads") return lives;
            EXPECT_EQ(shown(host).at("placement"), GetParam());
            EXPECT_EQ(host.post("/replication/connections/" + id + "/check").status, 200u);
        }
        return lives_max;
    };
    EXPECT_EQ(lives_until_named("tidy"), 60);
    EXPECT_LT(lives_until_named("untidy"), 60);
    std::string const sentence = "acme.so leaves threads behind with each of its instances, ";
    EXPECT_NE(shown(host).at("last_error").dump().find(sentence), std::string::npos);
    EXPECT_TRUE(eventually([&] {
        return host.process().err().find(sentence) != std::string::npos;
    })) << host.process().err();
    for (int more = 0; more < 3; ++more)
        EXPECT_EQ(host.post("/replication/connections/untidy/check").status, 200u);
    std::string const log = host.process().err();
    EXPECT_EQ(log.find(sentence), log.rfind(sentence)) << "told once";
    EXPECT_NE(host.cli({"plugin", "list"}).out.find("plugin.leaves_threads"), std::string::npos);
    make_patient_job(host, {{"rows", 10}});
    Json const run = ended(host, start(host));
    EXPECT_NE(run.at("streams").dump().find(sentence), std::string::npos) << run;
}

/// Whether a runner of a library there goes on, or a copy of one.
bool is_anybody_left(std::filesystem::path const& library) {
    std::error_code ignored;
    for (std::filesystem::directory_iterator at{"/proc", ignored}, end; at != end;
         at.increment(ignored)) {
        std::ifstream file{at->path() / "cmdline", std::ios::binary};
        std::string words;
        std::getline(file, words);  // one that ends meanwhile fails the read, which is no exception
        if (words.find("--serve") != std::string::npos &&
            words.find(library.string()) != std::string::npos)
            return true;
    }
    return false;
}

TEST_F(Contained, ACopyOfItsProcessHoldsUpNoCopy) {
    for (std::string const fault : {"fork", "open_fork", "fork_abort", "fork_return"}) {
        std::string const db = directory / (fault + ".db");
        Ran const ran = weir({"copy", "--json", "--connector-dir", libraries().string(),
                              "acme:" + fault + "?" + (directory / (fault + ".mark")),
                              "sqlite:" + db});
        EXPECT_EQ(ran.code, 0) << fault << ran;
        EXPECT_EQ(Sqlite{db}.one("SELECT count(*) || ' ' || sum(id) FROM parts"), "1000 500500")
            << fault << ran;
        EXPECT_TRUE(eventually([&] { return !is_anybody_left(libraries()); })) << fault;
    }
}

TEST_F(Contained, CopiesOfItsProcessHoldUpNeitherReloadNorOthers) {
    WeirServer host{data(), with_libraries()};
    ASSERT_EQ(host.cli({"conn", "add", "made", "generator", "rows=10"}).code, 0);
    ASSERT_EQ(host.cli({"job", "create", "made", "made", "local", "--stream", "users"}).code, 0);
    make_patient_job(host, {{"rows", 1'000}});
    for (std::string const fault : {"fork", "open_fork", "fork_abort"}) {
        Json const config{{"rows", 1'000},
                          {"fault", fault},
                          {"mark", std::string{directory / (fault + ".mark")}}};
        ASSERT_EQ(host.call("PATCH", "/replication/connections/parts", {{"config", config}}).status,
                  200u);
        Json const done = ended(host, start(host));
        EXPECT_EQ(done.at("status"), "succeeded") << fault << done;
        EXPECT_EQ(done.at("attempts"), fault == "fork_abort" ? 2 : 1) << fault << done;
        EXPECT_EQ(host.run_job("made").body.at("status"), "succeeded") << fault;
        EXPECT_EQ(host.post("/plugins/com.example.acme/reload").status, 200u) << fault;
        EXPECT_EQ(shown(host).at("state"), "active") << fault;
    }
    EXPECT_EQ(host.post("/plugins/dev.weir.sqlite/reload").status, 200u);
    EXPECT_EQ(count(), "1000 500500");
}

}  // namespace
}  // namespace weir::test
