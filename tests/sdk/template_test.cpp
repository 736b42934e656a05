// `weir connector new`: what it writes builds against an installation alone and passes the suite.
#include <nlohmann/json.hpp>

#include <filesystem>

#include "sdk/installed.hpp"
#include "support/sqlite.hpp"

namespace weir::test {
namespace {

class Template : public Installed, public testing::WithParamInterface<char const*> {};

TEST_P(Template, BuildsElsewhereAndPassesTheSuite) {
    std::string const directory = project / "log";
    std::string const told = said(
        {weir(), "connector", "new", "sales_log", "--language", GetParam(), "--dir", directory});
    EXPECT_NE(told.find("ctest"), std::string::npos) << told;
    EXPECT_NE(told.find(prefix()), std::string::npos) << "where the SDK is: " << told;
    build(directory);
    std::string const built = directory + "/build/lib/weir/connectors";
    for (std::vector<std::string> const& judge :
         {std::vector<std::string>{WEIR_CTEST, "--test-dir", directory + "/build", "--verbose"},
          {weir(), "connector", "test", built + "/sales_log.so"}}) {
        std::string const outcome = said(judge);
        EXPECT_NE(outcome.find("0 failed, 0 not told"), std::string::npos) << outcome;
    }
    std::string const list = said({weir(), "connector", "list", "--connector-dir", built});
    EXPECT_NE(list.find("sales_log"), std::string::npos) << list;
    write_file(project / "a.txt", "one\n\ntwo\nhalf");
    said({weir(), "copy", "sales_log:" + project / "a.txt", "sqlite:" + project / "out.db",
          "--connector-dir", built});
    EXPECT_EQ(Sqlite{project / "out.db"}.rows("SELECT at, text FROM lines ORDER BY at"),
              (std::vector<Record>{{"4", "one"}, {"5", ""}, {"9", "two"}}));
}

INSTANTIATE_TEST_SUITE_P(Languages, Template, testing::Values("cpp", "c"),
                         [](auto const& of) { return std::string{of.param}; });

TEST_F(Installed, TellsCommandsThatAShellTakesAsTheyAre) {
    std::string const told =
        said({weir(), "connector", "new", "shop", "--dir", project / "a b; c"});
    EXPECT_NE(told.find("cmake -S '" + project / "a b; c" + "' -B '"), std::string::npos) << told;
    EXPECT_NE(told.find(" --connector-dir '"), std::string::npos) << told;
}

TEST_F(Installed, WritesNothingOverWhatIsThere) {
    write_file(project / "mine.txt", "mine");
    Process again{{weir(), "connector", "new", "acme", "--dir", project.path().string(), "--json"}};
    EXPECT_EQ(again.wait(), 2) << again.output();
    EXPECT_NE(again.output().find("connector.exists"), std::string::npos) << again.output();
    EXPECT_FALSE(std::filesystem::exists(project / "CMakeLists.txt"));
    Process taken{{weir(), "connector", "new", "sqlite", "--json"}};
    EXPECT_EQ(taken.wait(), 2) << taken.output();
    EXPECT_NE(taken.output().find("connector.exists"), std::string::npos) << taken.output();
    Process odd{{weir(), "connector", "new", "Not-A-Name"}};
    EXPECT_EQ(odd.wait(), 2) << odd.output();
    Process unwritable{{weir(), "connector", "new", "acme", "--dir", "/proc/acme", "--json"}};
    EXPECT_EQ(unwritable.wait(), 3) << unwritable.output();
    EXPECT_NE(unwritable.output().find("connector.not_written"), std::string::npos);
}

// The program alone, as the package weir has it.
TEST_F(Installed, SaysWhatIsMissingWithoutTheSdk) {
    std::string const alone = project / "bin/weir";
    std::filesystem::create_directories(project / "bin");
    std::filesystem::copy_file(weir(), alone);
    Process no_template{{alone, "connector", "new", "acme", "--dir", project / "acme", "--json"}};
    EXPECT_EQ(no_template.wait(), 2) << no_template.output();
    EXPECT_NE(no_template.output().find("connector.sdk_missing"), std::string::npos);
}

}  // namespace
}  // namespace weir::test
