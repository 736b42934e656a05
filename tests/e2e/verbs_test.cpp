// Verbs of the command line: where their options may stand, what they ask before, what they say.
#include <gtest/gtest.h>

#include <filesystem>

#include "e2e/weir_server.hpp"
#include "support/temp_dir.hpp"

namespace weir::test {
namespace {

class Verbs : public testing::Test {
protected:
    Ran create(std::vector<std::string> const& more) {
        std::vector<std::string> words{"job", "create", "a", "generator:rows=3", "local"};
        words.insert(words.end(), more.begin(), more.end());
        return host.cli(words);
    }

    TempDir directory;
    WeirServer host{directory / "data"};
};

TEST_F(Verbs, TakeTheOptionsOfClientsBeforeThemToo) {
    std::string const token = directory / "data/admin-token";
    for (std::vector<std::string> const& words : std::vector<std::vector<std::string>>{
             {"--server", host.url(), "--token-file", token, "--json", "job", "list"},
             {"--server=" + host.url(), "job", "--token-file", token, "list", "--json"},
             {"job", "list", "--server", host.url(), "--token-file", token, "--json"}}) {
        Ran const list = weir(words);
        EXPECT_EQ(list.code, 0) << list;
        EXPECT_EQ(list.json.at("items"), Json::array()) << list;
    }
    Ran const wrong = weir({"--servr", host.url(), "job", "list"});
    EXPECT_EQ(wrong.code, 2) << wrong;
    EXPECT_EQ(weir({"--server", host.url(), "copy", "generator:rows=1", "sqlite:x.db"}).code, 2);
}

TEST_F(Verbs, DestroyNothingUnasked) {
    ASSERT_EQ(create({"--stream", "users"}).code, 0);
    for (std::vector<std::string> const& words : std::vector<std::vector<std::string>>{
             {"job", "reset", "a"}, {"job", "rm", "a"}, {"conn", "rm", "x"}, {"secret", "rm", "x"},
             {"dlq", "discard", "--job", "a"}, {"config", "rollback", "1", "--prune"},
             {"apply", "none.yaml", "--prune"}}) {
        Ran const refused = host.cli(words);
        EXPECT_EQ(refused.code, 2) << refused;
        EXPECT_NE(refused.err.find("-y"), std::string::npos) << refused;
    }
    EXPECT_EQ(host.get("/replication/jobs/a").status, 200u);
    Ran const reset = host.cli({"job", "reset", "a", "-y"});
    EXPECT_EQ(reset.code, 0) << reset;
    EXPECT_EQ(host.cli({"job", "rm", "a", "--yes"}).code, 0);
    EXPECT_EQ(host.get("/replication/jobs/a").status, 404u);
}

TEST_F(Verbs, SayThatARunGoesOnWhenTheWaitIsOver) {
    ASSERT_EQ(host.cli({"job", "create", "a", "generator:rows=500000000", "local", "--stream",
                        "users"})
                  .code,
              0);
    Ran const ran = host.cli({"job", "run", "a", "--wait", "1"});
    EXPECT_EQ(ran.code, 3) << ran;
    EXPECT_EQ(ran.out.rfind("… run ", 0), 0u) << ran;
    EXPECT_NE(ran.out.find("it goes on: weir run watch "), std::string::npos) << ran;
    EXPECT_EQ(ran.out.find(" read"), std::string::npos) << ran;
    EXPECT_EQ(host.cli({"job", "cancel", "a"}).code, 0);
}

TEST_F(Verbs, SayWhereATokenComesFrom) {
    ProcessOptions options;
    options.environment = {{"WEIR_TOKEN", "none"}};
    Ran const ran = weir({"--server", host.url(), "job", "list"}, options);
    EXPECT_EQ(ran.code, 3) << ran;
    EXPECT_NE(ran.err.find("--token-file"), std::string::npos) << ran;
}

TEST_F(Verbs, SayWhatWasCancelled) {
    ASSERT_EQ(create({"--stream", "users"}).code, 0);
    Ran const none = host.cli({"job", "cancel", "a"});
    EXPECT_EQ(none.code, 0) << none;
    EXPECT_EQ(none.out, "no run of \"a\" is active\n");
}

TEST_F(Verbs, MakeNoJobOfAStreamThatIsNotThere) {
    Ran const missing = create({"--stream", "userz", "--json"});
    EXPECT_EQ(missing.code, 2) << missing;
    EXPECT_EQ(missing.error_code(), "source.stream_not_found") << missing;
    EXPECT_NE(missing.out.find("did you mean users?"), std::string::npos) << missing;
    EXPECT_EQ(host.get("/replication/jobs/a").status, 404u);
    Ran const later = create({"--stream", "userz", "--allow-missing"});
    EXPECT_EQ(later.code, 0) << later;
    EXPECT_NE(later.out.find("did you mean users?"), std::string::npos) << later;
}

TEST_F(Verbs, DrawWhenTheStreamsOfARunWereAtWork) {
    ASSERT_EQ(create({"--stream", "users"}).code, 0);
    std::string const run = host.run_job("a").body.at("run_id");
    Ran const shown = host.cli({"run", "show", run});
    EXPECT_EQ(shown.code, 0) << shown;
    EXPECT_NE(shown.out.find("TIMELINE"), std::string::npos) << shown;
    EXPECT_NE(shown.out.find("#"), std::string::npos) << shown;
    EXPECT_EQ(host.cli({"run", "show", run, "--json"}).json.at("run_id"), run);
}

}  // namespace
}  // namespace weir::test
