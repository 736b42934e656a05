// Each rule twice: on the project, and on a made-up file that breaks it, so that a rule which sees
// nothing is noticed.
#include <gtest/gtest.h>

#include <algorithm>

#include "tidy/rules.hpp"

namespace weir::tidy {
namespace {

using Rule = Findings (*)(std::vector<File> const&);

void holds(Rule rule) {
    static std::vector<File> const files = project();
    ASSERT_GT(files.size(), 50u);
    for (std::string const& finding : rule(files)) ADD_FAILURE() << finding;
}

bool sees(Rule rule, std::string const& path, std::string const& content) {
    return rule({made_up(path, content)}).size() == 1;
}

TEST(Tidy, NobodyLooksUp) {
    holds(floors);
    EXPECT_TRUE(sees(floors, "host/core/a.cpp", "#include \"host/run/pump.hpp\""));
    EXPECT_TRUE(sees(floors, "host/abi/a.cpp", "#include \"host/cli/copy.hpp\""));
    EXPECT_TRUE(sees(floors, "connectors/sqlite/a.cpp", "#include \"host/core/error.hpp\""));
    EXPECT_TRUE(sees(floors, "connectors/sqlite/a.cpp", "#include \"connectors/postgres/a.hpp\""));
    EXPECT_TRUE(sees(floors, "sdk/include/weir/cpp/batch.hpp", "#include <nlohmann/json.hpp>"));
    EXPECT_TRUE(sees(floors, "sdk/include/weir/abi.h", "#include <sys/types.h>"));
    EXPECT_FALSE(sees(floors, "host/run/a.cpp", "#include \"host/core/error.hpp\""));
}

TEST(Tidy, CHeadersAreOnlyInTheSdk) {
    holds(c_headers_are_only_in_the_sdk);
    EXPECT_TRUE(sees(c_headers_are_only_in_the_sdk, "host/core/a.h", ""));
}

TEST(Tidy, LinesHaveAtMostAHundredColumns) {
    holds(at_most_100_columns);
    EXPECT_TRUE(sees(at_most_100_columns, "host/a.cpp", std::string(101, 'a')));
    EXPECT_FALSE(sees(at_most_100_columns, "host/a.cpp", std::string(99, 'a') + "é"));
}

TEST(Tidy, FilesHoldOneIdea) {
    holds(at_most_450_lines);
    EXPECT_TRUE(sees(at_most_450_lines, "host/a.cpp", std::string(451, '\n')));
}

TEST(Tidy, EachFolderSaysWhatItIs) {
    holds(a_readme_per_folder);
    EXPECT_TRUE(sees(a_readme_per_folder, "host/core/a.cpp", ""));
}

TEST(Tidy, OnlyTheCommandLinePrints) {
    holds(only_the_command_line_prints);
    EXPECT_TRUE(sees(only_the_command_line_prints, "host/run/a.cpp", "std::cout << 1;"));
    EXPECT_FALSE(sees(only_the_command_line_prints, "host/run/a.cpp", "snprintf(a, 1, b);"));
}

TEST(Tidy, TestsWaitForEvents) {
    holds(tests_wait_for_events);
    EXPECT_TRUE(sees(tests_wait_for_events, "tests/unit/a.cpp",
                     "  usl"
                     "eep(10);"));
}

TEST(Tidy, NoChannelIsOnTheDataPath) {
    holds(no_channels_on_the_data_path);
    EXPECT_TRUE(sees(no_channels_on_the_data_path, "host/run/a.cpp", "channel<int> a;"));
}

TEST(Tidy, NothingIsLeftForLater) {
    holds(nothing_is_left_for_later);
    EXPECT_TRUE(sees(nothing_is_left_for_later, "host/a.cpp",
                     "// TO"
                     "DO: mend"));
}

TEST(Tidy, TestNamesAreClaims) {
    holds(test_names_are_claims);
    EXPECT_TRUE(sees(test_names_are_claims, "tests/unit/a.cpp",
                     "TEST"
                     "(A, b_c) {"));
}

TEST(Tidy, HazardsHaveTests) {
    holds(hazards_have_tests);
    EXPECT_TRUE(sees(hazards_have_tests, "tests/README.md", "| H1 | ties | `e2e/delta` |"));
    EXPECT_TRUE(sees(hazards_have_tests, "tests/e2e/delta_test.cpp",
                     "TEST"
                     "_F(Delta, H1Ties) {"));
    EXPECT_FALSE(sees(hazards_have_tests, "tests/e2e/delta_test.cpp",
                      "TEST"
                      "_F(Delta, HTTPWorks) {"));
}

}  // namespace
}  // namespace weir::tidy
