// The Debian packages: what is in them, what they need, and that what was unpacked works.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
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

TEST_F(Packages, AreFourAndNameWhatTheyNeed) {
    ASSERT_EQ(files.size(), 4u);
    std::string const host = field(files.at("weir"), "Depends");
    for (char const* const library : {"libc6", "libsqlite3-0", "libsodium23", "adduser"})
        EXPECT_NE(host.find(library), std::string::npos) << host;
    EXPECT_EQ(host.find("libpq5"), std::string::npos) << "only the connector needs it: " << host;
    std::string const postgres = field(files.at("weir-connector-postgres"), "Depends");
    EXPECT_NE(postgres.find("libpq5"), std::string::npos) << postgres;
    EXPECT_NE(postgres.find("weir (= "), std::string::npos) << postgres;
    std::string const mysql = field(files.at("weir-connector-mysql"), "Depends");
    EXPECT_NE(mysql.find("libmariadb3"), std::string::npos) << mysql;
    EXPECT_NE(mysql.find("weir (= "), std::string::npos) << mysql;
}

/// The words behind NEEDED of an ELF file; nothing for another file.
std::set<std::string> needed_by(std::string const& file) {
    Process objdump{{"objdump", "-p", file}};
    if (objdump.wait() != 0) return {};
    std::set<std::string> names;
    std::istringstream in{objdump.out()};
    for (std::string word; in >> word;)
        if (word == "NEEDED" && in >> word) names.insert(word);
    return names;
}

/// "libpq5:amd64: /usr/lib/…" of each line of dpkg -S.
std::set<std::string> packages_with(std::string const& library) {
    std::set<std::string> names;
    std::istringstream in{said({"dpkg-query", "-S", "*/" + library})};
    for (std::string line; std::getline(in, line);)
        names.insert(line.substr(0, line.find(':')));
    return names;
}

// On a clean Debian nothing else is there than what they ask for.
TEST_F(Packages, AskForEveryLibraryThatTheyLoad) {
    int seen = 0;
    std::map<std::string, std::set<std::string>> owners;
    for (auto const& [name, file] : files) {
        std::string const depends = field(file, "Depends");
        std::string const alone = *directory / ("alone-" + name);
        said({"dpkg-deb", "-x", file, alone});
        for (auto const& entry : fs::recursive_directory_iterator{alone}) {
            std::string const path = fs::relative(entry.path(), alone).string();
            bool const is_program = path.starts_with("usr/bin/") || path.starts_with("usr/lib/");
            if (!is_program || !entry.is_regular_file() || entry.is_symlink()) continue;
            for (std::string const& library : needed_by(entry.path().string())) {
                if (library.starts_with("ld-linux")) continue;  // with libc6
                if (!owners.contains(library)) owners[library] = packages_with(library);
                std::set<std::string> const& from = owners[library];
                bool const is_asked_for =
                    std::any_of(from.begin(), from.end(), [&](std::string const& package) {
                        return depends.find(package) != std::string::npos;
                    });
                EXPECT_TRUE(is_asked_for) << name << " loads " << library << ", and asks for "
                                          << depends;
                ++seen;
            }
        }
    }
    EXPECT_GT(seen, 10);
}

TEST_F(Packages, PutEverythingWhereDebianLooks) {
    for (char const* const path :
         {"/usr/bin/weir", "/usr/lib/weir/weir-runner", "/usr/lib/weir/connectors/sqlite.so",
          "/usr/lib/weir/connectors/sqlite.json", "/usr/lib/weir/connectors/postgres.so",
          "/usr/lib/weir/plugins/cron.so", "/usr/lib/weir/plugins/replication.so",
          "/usr/include/weir/abi.h", "/usr/include/weir/cpp/source.hpp",
          "/usr/lib/cmake/weir/weirConfig.cmake", "/usr/lib/weir/weir-conformance",
          "/usr/share/weir/templates/cpp/acme.cpp", "/usr/share/pkgconfig/weir.pc",
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
