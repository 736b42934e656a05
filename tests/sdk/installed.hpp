#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/process.hpp"
#include "support/temp_dir.hpp"

namespace weir::test {

/// What a command printed; a failure of the test, with all it said, when it ends badly.
inline std::string said(std::vector<std::string> const& command,
                        ProcessOptions const& options = {}) {
    Process process{command, options};
    ExitCode const code = process.wait();
    EXPECT_EQ(code, 0) << command.front() << "\n" << process.output();
    return process.out();
}

/// This build tree, installed once for all tests of a program.
class Installed : public testing::Test {
protected:
    static void SetUpTestSuite() {
        if (place) return;
        place = std::make_unique<TempDir>();
        said({WEIR_CMAKE, "--install", WEIR_BUILD_TREE, "--prefix", prefix()});
        said({"chmod", "-R", "go-w", prefix()});
    }

    static std::string prefix() { return *place / "a prefix"; }
    static std::string weir() { return prefix() + "/bin/weir"; }

    /// Configures the project in `source` against the installation alone, and builds it.
    static void build(std::string const& source) {
        said({WEIR_CMAKE, "-S", source, "-B", source + "/build", "-DCMAKE_UNITY_BUILD=ON",
              "-DCMAKE_PREFIX_PATH=" + prefix()});
        said({WEIR_CMAKE, "--build", source + "/build"});
    }

    TempDir project;

private:
    static inline std::unique_ptr<TempDir> place;
};

}  // namespace weir::test
