// What helps a person at a terminal: pages of the manual, and Tab.
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

#include "e2e/weir_server.hpp"
#include "support/temp_dir.hpp"

namespace weir::test {
namespace {

std::vector<std::string> lines(std::string const& text) {
    std::vector<std::string> out;
    std::istringstream in{text};
    for (std::string line; std::getline(in, line);) out.push_back(line);
    return out;
}

std::vector<std::string> completed(std::vector<std::string> words,
                                   ProcessOptions const& options = {}) {
    words.insert(words.begin(), {"__complete", "--"});
    return lines(weir(words, options).out);
}

using Words = std::vector<std::string>;

TEST(Manual, EveryCommandHasAPage) {
    TempDir const directory;
    ASSERT_EQ(weir({"man", "--dir", directory / "man1"}).code, 0);
    for (char const* const page : {"weir.1", "weir-copy.1", "weir-job-run.1", "weir-apply.1"})
        EXPECT_TRUE(std::filesystem::exists(directory / ("man1/" + std::string{page}))) << page;
    // Every command of every help is one.
    for (std::string const& verb : completed({"job", ""}))
        EXPECT_TRUE(std::filesystem::exists(directory / ("man1/weir-job-" + verb + ".1"))) << verb;
    Ran const shown = weir({"man", "job", "run"});
    EXPECT_NE(shown.out.find(".TH WEIR\\-JOB\\-RUN 1"), std::string::npos) << shown;
    std::ifstream in{directory / "man1/weir-job-run.1"};
    std::string const written{std::istreambuf_iterator<char>{in}, {}};
    EXPECT_EQ(shown.out, written);
    EXPECT_EQ(weir({"man", "jib"}).code, 2);
    Ran const nowhere = weir({"man", "--dir", "/proc/none"});
    EXPECT_EQ(nowhere.code, 3);
    EXPECT_NE(nowhere.err.find("man.not_written"), std::string::npos) << nowhere;
}

TEST(Completion, KnowsCommandsAndOptions) {
    EXPECT_EQ(completed({"jo"}), Words{"job"});
    EXPECT_EQ(completed({"copy", "--wr"}), Words{"--write"});
    EXPECT_EQ(completed({"job", "res"}), (Words{"reset", "resume"}));
    EXPECT_EQ(completed({"job", "run", "--w"}), Words{"--wait"});
    EXPECT_EQ(completed({"nothing", "like", "that"}), Words{});
    for (char const* const shell : {"bash", "zsh", "fish"})
        EXPECT_NE(weir({"completion", shell}).out.find("weir __complete"), std::string::npos);
    EXPECT_EQ(weir({"completion", "tcsh"}).code, 2);
}

TEST(Completion, AsksARunningHostForNames) {
    TempDir const directory;
    ProcessOptions nobody;
    nobody.environment = {{"WEIR_SERVER", "http://127.0.0.1:9"}, {"WEIR_TOKEN", "none"}};
    EXPECT_EQ(completed({"job", "run", ""}, nobody), Words{}) << "no host, no names, no error";
    WeirServer host{directory / "data"};
    for (char const* const id : {"users", "orders"})
        ASSERT_EQ(host.post("/replication/jobs",
                            {{"id", id},
                             {"source", {{"url", "generator:rows=1"}, {"stream", "users"}}},
                             {"destination", {{"connection", "local"}, {"table", id}}}})
                      .status,
                  201u);
    ProcessOptions there;
    there.environment = {{"WEIR_SERVER", host.url()}, {"WEIR_TOKEN", host.token()}};
    EXPECT_EQ(completed({"job", "run", ""}, there), (Words{"orders", "users"}));
    EXPECT_EQ(completed({"job", "run", "u"}, there), Words{"users"});
    EXPECT_EQ(completed({"job", "create", ""}, there), Words{});
}

}  // namespace
}  // namespace weir::test
