// Calls into a library of somebody else that do not come back.
#include "e2e/contained_fixture.hpp"

namespace weir::test {
namespace {

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

// Long enough that no call of a busy machine is taken for one that hangs.
constexpr char const* call_ms = "5000";

TEST_F(Contained, ACallThatNeverComesBackIsEndedAndTriedAgain) {
    std::ofstream{directory / "weir.yaml"} << "plugins: {call_ms: 3600000}\n";
    // In a loop, and with its process stopped.
    for (char const* const fault : {"stay", "stop"}) {
        TempDir const room;
        std::vector<std::string> words = with_libraries();
        words.insert(words.end(), {"--config", directory / "weir.yaml", "--call-ms", call_ms});
        WeirServer host{room / "data", words};
        make_patient_job(host, {{"rows", 1'000}, {"fault", fault}, {"mark", room / "mark"}});
        std::string const run = start(host);
        Json const done = ended(host, run);
        EXPECT_EQ(done.at("status"), "succeeded") << done;
        EXPECT_EQ(done.at("attempts"), 2) << done;
        Sqlite written{room / "data/local.db"};
        EXPECT_EQ(written.one("SELECT count(*) || ' ' || sum(id) FROM parts"), "1000 500500");
        std::string const sentence = "next() did not come back within 5000 ms, and was ended";
        EXPECT_NE(shown(host).at("last_error").dump().find(sentence), std::string::npos)
            << shown(host);
        EXPECT_NE(host.get("/runs/" + run + "/logs").text.find(sentence), std::string::npos);
        EXPECT_NE(host.process().err().find(sentence), std::string::npos) << host.process().err();
    }
}

TEST_F(Contained, ACallThatNeverComesBackCostsACopyABatchAndALookItsAnswer) {
    auto const ran = [&](std::vector<std::string> words) {
        words.insert(words.end(), {"--connector-dir", libraries().string(), "--call-ms", "2000"});
        Ran const done = weir(words);
        EXPECT_NE(done.err.find("() did not come back within 2000 ms, and was ended"),
                  std::string::npos)
            << done;
        return done.code;
    };
    std::string const out = directory / "out.db";
    EXPECT_EQ(ran({"copy", "acme:stay?" + (directory / "one"), "sqlite:" + out}), 0);
    EXPECT_EQ(Sqlite{out}.one("SELECT count(*) || ' ' || sum(id) FROM parts"), "1000 500500");
    EXPECT_NE(ran({"discover", "acme:discover_stay?" + (directory / "two")}), 0);
}

// It cannot be ended there, so people are told, until it is back.
TEST_F(Contained, ACallInTheHostThatDoesNotComeBackIsNamedInRunListAndLog) {
    std::string const gate = directory / "gate";
    std::ofstream{directory / "weir.yaml"}
        << "plugins: {in_process: [com.example.acme], call_ms: 300}\n";
    WeirServer host{data(), {"--connector-dir", libraries().string(), "--config",
                             directory / "weir.yaml"}};
    make_patient_job(host, {{"rows", 1'000}, {"gate", gate}});
    std::string const run = start(host);
    std::string const sentence =
        "next() of the plugin com.example.acme did not come back within 300 ms";
    ASSERT_TRUE(eventually([&] {
        return shown(host).at("last_error").dump().find(sentence) != std::string::npos;
    })) << shown(host);
    EXPECT_EQ(shown(host).at("last_error").at("code"), "plugin.stuck");
    EXPECT_TRUE(eventually([&] {
        return host.process().err().find(sentence) != std::string::npos &&
               host.get("/runs/" + run + "/logs").text.find(sentence) != std::string::npos;
    })) << host.process().err();
    Ran const list = host.cli({"plugin", "list"});
    EXPECT_NE(list.out.find("plugin.stuck"), std::string::npos) << list;
    std::ofstream{gate} << "x";
    Json const done = ended(host, run);
    EXPECT_EQ(done.at("status"), "succeeded") << done;
    EXPECT_EQ(done.at("attempts"), 1) << done;
    EXPECT_EQ(count(), "1000 500500");
    EXPECT_NE(done.dump().find(sentence), std::string::npos) << done;
    EXPECT_TRUE(shown(host).at("last_error").is_null()) << "it came back after all";
}

TEST_F(Contained, ALimitThatIsNoneIsRefused) {
    struct Limit {
        std::string option, name, sentence;
    };
    for (auto const& [option, name, sentence] :
         {Limit{"--call-ms", "call_ms", "1:20: call_ms is a number of milliseconds, 1 at least"},
          Limit{"--plugin-memory-mb", "memory_mb", "1:22: memory_mb is a number of MiB, 1 at "}})
        for (std::string const wrong : {"0", "-5", "soon", "1.5", "9999999999999"}) {
            Ran const ran = weir({"discover", "generator:rows=1", option, wrong});
            EXPECT_EQ(ran.code, 2) << ran;
            EXPECT_NE(ran.err.find(option), std::string::npos) << ran;
            std::ofstream{directory / "weir.yaml"} << "plugins: {" << name << ": " << wrong << "}";
            Ran const read =
                weir({"serve", "--config", directory / "weir.yaml", "--data-dir", data()});
            EXPECT_EQ(read.code, 2) << read;
            EXPECT_NE(read.err.find("weir.yaml:" + sentence), std::string::npos) << read;
        }
}

}  // namespace
}  // namespace weir::test
