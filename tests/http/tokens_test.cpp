#include "host/http/tokens.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <set>

#include "support/temp_dir.hpp"

namespace weir::test {
namespace {

using host::http::AdminToken;
using host::http::make_token;
using host::http::Scope;

TEST(HttpTokens, AreLongDifferentAndKnownToScanners) {
    std::set<std::string> seen;
    for (int i = 0; i < 100; ++i) {
        std::string const token = make_token();
        EXPECT_EQ(token.size(), 5u + 43u + 6u);
        EXPECT_TRUE(token.starts_with("weir_"));
        EXPECT_TRUE(seen.insert(token).second);
    }
}

TEST(HttpTokens, MakesAFileThatOnlyItsOwnerReads) {
    TempDir dir;
    std::string const file = dir / "admin-token";
    mode_t const before = umask(0);
    auto const made = AdminToken::open(std::nullopt, file);
    umask(before);
    ASSERT_TRUE(made) << made.error().message;
    struct stat about {};
    ASSERT_EQ(stat(file.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777u, 0600u);
    std::string token = test::read_file(file);
    token.pop_back();
    EXPECT_EQ(made->find(token)->scope, Scope::admin);
    auto const again = AdminToken::open(std::nullopt, file);
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->find(token));
    EXPECT_FALSE(again->find(token + "x"));
    EXPECT_FALSE(again->find(""));
}

TEST(HttpTokens, RefusesFilesThatAreNotPrivate) {
    TempDir dir;
    std::string const file = dir / "admin-token";
    test::write_file(file, "a-token-that-others-have-seen\n");
    ASSERT_EQ(chmod(file.c_str(), 0644), 0);
    EXPECT_EQ(AdminToken::open(std::nullopt, file).error().code, "serve.token");
    ASSERT_EQ(chmod(file.c_str(), 0600), 0);
    EXPECT_TRUE(AdminToken::open(std::nullopt, file));
    std::string const link = dir / "link";
    std::filesystem::create_symlink(file, link);
    EXPECT_FALSE(AdminToken::open(std::nullopt, link));
    test::write_file(file, "\n");
    EXPECT_EQ(AdminToken::open(std::nullopt, file).error().status, WEIR_E_CONFIG);
    EXPECT_FALSE(AdminToken::open(std::nullopt, dir / "none/admin-token"));
}

TEST(HttpTokens, PrefersWhatTheEnvironmentSaysAndForgetsIt) {
    TempDir dir;
    setenv("WEIR_ADMIN_TOKEN", "short", 1);
    auto const given = host::http::take_admin_token();
    EXPECT_EQ(given, "short");
    EXPECT_EQ(std::getenv("WEIR_ADMIN_TOKEN"), nullptr);
    auto const token = AdminToken::open(given, dir / "admin-token");
    ASSERT_TRUE(token);
    EXPECT_TRUE(token->find("short"));
    EXPECT_FALSE(token->warning().empty());
    EXPECT_EQ(token->warning().find("short"), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(dir / "admin-token"));
    EXPECT_FALSE(AdminToken::open("", dir / "admin-token"));
}

}  // namespace
}  // namespace weir::test
