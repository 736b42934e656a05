#include <gtest/gtest.h>

#include <cstdlib>

#include "host/core/caught.hpp"
#include "host/core/name_list.hpp"
#include "host/core/secret.hpp"
#include "host/core/text.hpp"
#include "support/temp_dir.hpp"
#include "weir/cpp/nearest.hpp"

namespace weir::host {
namespace {

TEST(MaskUrl, HidesThePassword) {
    EXPECT_EQ(mask_secrets("postgres://weir:secret@host:5432/db"),
              "postgres://weir:***@host:5432/db");
    EXPECT_EQ(mask_secrets("\"postgres://u:p?a${ss@h/d\" was not expected"),
              "\"postgres://u:***@h/d\" was not expected");
    EXPECT_EQ(mask_secrets("host=h PASSWORD=x"), "host=h PASSWORD=***");
    EXPECT_EQ(mask_secrets("postgres://host/db?user=a&password=secret&sslmode=require"),
              "postgres://host/db?user=a&password=***&sslmode=require");
    EXPECT_EQ(mask_secrets("postgres://weir:s%40c:r@t@host/db").find("s%40c"), std::string::npos);
}

TEST(MaskUrl, LeavesTheRestAsItIs) {
    for (char const* url : {"sqlite:/path/a.db", "generator:rows=10", "postgres://weir@host/db",
                            "postgres://${env:SHOP}@host/db", "", ":"})
        EXPECT_EQ(mask_secrets(url), url);
}

TEST(References, AreResolved) {
    ::setenv("WEIR_UNIT_TEST", "va:lue", 1);
    weir::test::TempDir directory;
    weir::test::write_file(directory / "secret", "from a file\n");
    EXPECT_EQ(*resolve_references("a ${env:WEIR_UNIT_TEST} b"), "a va:lue b");
    EXPECT_EQ(*resolve_references("${file:" + (directory / "secret") + "}"), "from a file");
    EXPECT_EQ(*resolve_references("no reference, $HOME, {env:X}"), "no reference, $HOME, {env:X}");
}

TEST(References, ThatDoNotResolveAreNamed) {
    ::unsetenv("WEIR_UNIT_ABSENT");
    auto const absent = resolve_references("postgres://a:b@${env:WEIR_UNIT_ABSENT}/db");
    ASSERT_FALSE(absent);
    EXPECT_EQ(absent.error().status, WEIR_E_CONFIG);
    EXPECT_NE(absent.error().message.find("WEIR_UNIT_ABSENT"), std::string::npos);
    EXPECT_FALSE(resolve_references("${file:/no/such/file}"));
    EXPECT_FALSE(resolve_references("${vault:x}"));
    EXPECT_FALSE(resolve_references("${env:WEIR"));
}

TEST(Caught, TurnsWhatIsThrownIntoAnError) {
    auto const none = caught([]() -> Result<int> { throw std::bad_alloc{}; });
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().status, WEIR_E_NOMEM);
    EXPECT_EQ(none.error().code, "host.memory");
    EXPECT_EQ(none.error().message, "out of memory");
    auto const bug = caught([]() -> Result<int> { throw std::runtime_error{"oh"}; });
    EXPECT_EQ(bug.error().code, "host.internal");
    EXPECT_EQ(*caught([]() -> Result<int> { return 7; }), 7);
}

TEST(Nearest, FindsWhatWasMeant) {
    std::vector<std::string> const names{"public.users", "public.orders", "updated_at"};
    EXPECT_EQ(nearest("public.user", names), "public.users");
    EXPECT_EQ(nearest("PUBLIC.USERS", names), "public.users");
    EXPECT_EQ(nearest("updatde_at", names), "updated_at");
    EXPECT_EQ(nearest("something else", names), "");
    EXPECT_EQ(nearest("x", {}), "");
}

TEST(HumanBytes, HaveAUnit) {
    EXPECT_EQ(human_bytes(0), "0 B");
    EXPECT_EQ(human_bytes(812), "812 B");
    EXPECT_NE(human_bytes(1'600'000).find("1.6 MB"), std::string::npos) << human_bytes(1'600'000);
    EXPECT_NE(human_bytes(UINT64_MAX).find("PB"), std::string::npos) << human_bytes(UINT64_MAX);
}

TEST(WithCommas, GroupsByThree) {
    EXPECT_EQ(with_commas(0), "0");
    EXPECT_EQ(with_commas(999), "999");
    EXPECT_EQ(with_commas(1'000), "1,000");
    EXPECT_EQ(with_commas(UINT64_MAX), "18,446,744,073,709,551,615");
}

TEST(Ulid, SortsByTime) {
    std::string const early = make_ulid(1'700'000'000'000'000),
                      late = make_ulid(1'700'000'000'001'000);
    EXPECT_EQ(early.size(), 26u);
    EXPECT_LT(early, late);
    EXPECT_NE(make_ulid(5'000'000), make_ulid(5'000'000));
    EXPECT_EQ(early.substr(0, 10), make_ulid(1'700'000'000'000'999).substr(0, 10));
    EXPECT_EQ(early.find_first_not_of("0123456789ABCDEFGHJKMNPQRSTVWXYZ"), std::string::npos);
}

TEST(Fingerprint, IsStable) {
    EXPECT_EQ(fingerprint(""), "cbf29ce484222325");
    EXPECT_EQ(fingerprint("a"), "af63dc4c8601ec8c");
}

TEST(NameList, IsALineOfCsv) {
    using Names = std::vector<std::string>;
    std::vector<std::pair<std::string, Names>> const cases{
        {"id", {"id"}},
        {"id,email", {"id", "email"}},
        {"\"a,b\",c", {"a,b", "c"}},
        {"c,\"a \"\"b\"\"\"", {"c", "a \"b\""}},
        {"say \"x\"", {"say \"x\""}},
        {" a, b", {" a", " b"}},
    };
    for (auto const& [text, names] : cases) {
        Result<Names> const found = split_names(text);
        ASSERT_TRUE(found) << text;
        EXPECT_EQ(*found, names);
        EXPECT_EQ(*split_names(join_names(names)), names) << join_names(names);
    }
}

TEST(NameList, RefusesWhatIsNoList) {
    for (char const* text :
         {"", "a,", ",a", "a,,b", "\"\"", "\"a", "\"a\"b", "\"a\",\"", "\"a\"\""})
        EXPECT_FALSE(split_names(text)) << text;
}

}  // namespace
}  // namespace weir::host
