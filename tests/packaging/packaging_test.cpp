// The Debian packages: what is in them, what they need, and that what was unpacked works.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <sstream>

#include "support/process.hpp"
#include "support/temp_dir.hpp"

namespace weir::test {
namespace {

namespace fs = std::filesystem;

std::string said(std::vector<std::string> const& command, ProcessOptions const& options = {}) {
    Process process{command, options};
    ExitCode const code = process.wait();
    EXPECT_EQ(code, 0) << command.front() << "\n" << process.output();
    return process.out();
}

/// Made once for all tests.
class Packages : public testing::Test {
protected:
    static void SetUpTestSuite() {
        directory = std::make_unique<TempDir>();
        ProcessOptions options;
        options.environment = {{"SOURCE_DATE_EPOCH", "1700000000"}};
        said({WEIR_CPACK, "--config", WEIR_BUILD_TREE "/CPackConfig.cmake", "-B",
              directory->path().string()},
             options);
        for (auto const& entry : fs::directory_iterator{directory->path()})
            if (entry.path().extension() == ".deb") {
                std::string const file = entry.path().string();
                std::string const name = field(file, "Package");
                files[name] = file;
                said({"dpkg-deb", "-x", file, root()});
            }
    }
    static void TearDownTestSuite() { directory.reset(); }

    static std::string field(std::string const& file, std::string const& name) {
        std::string text = said({"dpkg-deb", "-f", file, name});
        text.erase(std::remove(text.begin(), text.end(), '\n'), text.end());
        return text;
    }
    static std::string root() { return *directory / "root"; }
    static bool has(std::string const& path) { return fs::exists(root() + path); }

    static inline std::unique_ptr<TempDir> directory;
    static inline std::map<std::string, std::string> files;
};

TEST_F(Packages, AreThreeAndNameWhatTheyNeed) {
    ASSERT_EQ(files.size(), 3u);
    std::string const host = field(files.at("weir"), "Depends");
    for (char const* const library : {"libc6", "libsqlite3-0", "libsodium23", "adduser"})
        EXPECT_NE(host.find(library), std::string::npos) << host;
    EXPECT_EQ(host.find("libpq5"), std::string::npos) << "only the connector needs it: " << host;
    std::string const postgres = field(files.at("weir-connector-postgres"), "Depends");
    EXPECT_NE(postgres.find("libpq5"), std::string::npos) << postgres;
    EXPECT_NE(postgres.find("weir (= "), std::string::npos) << postgres;
}

TEST_F(Packages, PutEverythingWhereDebianLooks) {
    for (char const* const path :
         {"/usr/bin/weir", "/usr/lib/weir/weir-runner", "/usr/lib/weir/connectors/sqlite.so",
          "/usr/lib/weir/connectors/sqlite.json", "/usr/lib/weir/connectors/postgres.so",
          "/usr/lib/weir/plugins/cron.so", "/usr/lib/weir/plugins/replication.so",
          "/usr/include/weir/abi.h", "/usr/include/weir/cpp/source.hpp",
          "/usr/lib/cmake/weir/weirConfig.cmake", "/usr/share/pkgconfig/weir.pc",
          "/usr/share/man/man1/weir.1", "/usr/share/man/man1/weir-copy.1",
          "/usr/share/bash-completion/completions/weir", "/usr/share/zsh/site-functions/_weir",
          "/usr/share/fish/vendor_completions.d/weir.fish",
          "/usr/lib/systemd/system/weir.service", "/usr/share/weir/examples/weir.yaml"})
        EXPECT_TRUE(has(path)) << path;
    std::string const unit = read_file(root() + "/usr/lib/systemd/system/weir.service");
    EXPECT_NE(unit.find("Type=notify"), std::string::npos);
    EXPECT_NE(unit.find("ExecStart=/usr/bin/weir serve"), std::string::npos) << unit;
}

TEST_F(Packages, WorkFromWhereTheyWereUnpacked) {
    std::string const weir = root() + "/usr/bin/weir";
    said({"chmod", "-R", "go-w", root()});
    said({weir, "copy", "generator:rows=100", "sqlite:" + (*directory / "out.db")});
    said({weir, "validate", root() + "/usr/share/weir/examples/weir.yaml"});
    EXPECT_NE(said({"pkg-config", "--cflags", root() + "/usr/share/pkgconfig/weir.pc"})
                  .find("share/pkgconfig/../../include"),
              std::string::npos);
}

}  // namespace
}  // namespace weir::test
