// `weir schedule explain`, with no host anywhere near.
#include <gtest/gtest.h>

#include <filesystem>

#include "support/temp_dir.hpp"
#include "support/weir.hpp"

namespace weir::test {
namespace {

class Explain : public testing::Test {
protected:
    Ran explain(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), {"schedule", "explain"});
        ProcessOptions options{.directory = directory.path().string()};
        options.environment = {{"WEIR_SERVER", "http://127.0.0.1:1"}};
        return weir(arguments, options);
    }
    TempDir directory;
};

TEST_F(Explain, SaysWhatItMeansAndWhenItFires) {
    Ran const ran = explain({"30 2 * * *", "--timezone", "Europe/Berlin", "-n", "2", "--from",
                             "2025-03-29T12:00:00Z"});
    EXPECT_EQ(ran.code, 0) << ran;
    EXPECT_EQ(ran.out,
              "at 02:30\n  2025-03-30T01:30:00.000Z\n  2025-03-31T00:30:00.000Z\n"
              "⚠ clocks in Europe/Berlin go forward by 1h at 2025-03-30T01:00:00.000Z\n");
    Ran const json = explain({"15m", "--json", "--from", "2026-01-01T00:00:00Z", "-n", "1"});
    EXPECT_EQ(json.code, 0) << json;
    EXPECT_EQ(json.json, Json::parse(R"({"text":"every 15 minutes","interval_s":900,
                                         "next":["2026-01-01T00:15:00.000Z"]})"));
    Ran const once = explain({R"({"at":"2030-01-01T00:00:00Z"})"});
    EXPECT_EQ(once.code, 0) << once;
    EXPECT_NE(once.out.find("2030-01-01T00:00:00.000Z"), std::string::npos) << once;
    EXPECT_EQ(explain({"@daily"}).code, 0);
    EXPECT_EQ(explain({"@daily", "-q"}).out, "");
}

TEST_F(Explain, SaysAllThatIsWrong) {
    Ran const ran = explain({"61 * * * *", "--timezone", "Europe/Berln", "--json"});
    EXPECT_EQ(ran.code, 2) << ran;
    EXPECT_NE(ran.err.find("EXPR"), std::string::npos) << ran;
    EXPECT_NE(ran.err.find("--timezone"), std::string::npos) << ran;
    EXPECT_NE(ran.error_code(), "") << ran;
    Ran const never = explain({"0 0 30 2 *"});
    EXPECT_EQ(never.code, 2) << never;
    EXPECT_NE(never.err.find("cron.never_due"), std::string::npos) << never;
    EXPECT_EQ(explain({}).code, 2);
    EXPECT_EQ(explain({"15m", "-n", "0"}).code, 2);
    EXPECT_EQ(explain({"15m", "--from", "yesterday"}).code, 2);
}

// A clock of somebody else, which notes what it was asked.
TEST_F(Explain, HasNoStateForAPluginThatWantsToKeepSomething) {
    namespace fs = std::filesystem;
    fs::path const plugins = directory / "plugins";
    fs::create_directory(plugins);
    fs::permissions(plugins, fs::perms::owner_all);
    fs::copy_file(E2E_NOTING_CLOCK, plugins / "clock.so");
    fs::permissions(plugins / "clock.so", fs::perms::owner_read);
    Ran const ran = explain({"15m", "--json", "--plugin-dir", plugins.string()});
    EXPECT_EQ(ran.code, 2) << ran;
    EXPECT_EQ(ran.error_code(), "store.none") << ran;
    EXPECT_NE(ran.err.find("without a server nothing is kept: weir serve"), std::string::npos)
        << ran;
}

}  // namespace
}  // namespace weir::test
