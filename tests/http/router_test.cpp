#include "host/http/router.hpp"

#include <gtest/gtest.h>

#include "host/http/percent.hpp"

namespace weir::test {
namespace {

using namespace host::http;

Route route(std::string method, std::string path, std::string owner = "host") {
    Route out;
    out.method = std::move(method);
    out.path = std::move(path);
    out.owner = std::move(owner);
    return out;
}

std::string found(Router const& router, std::string const& method, std::string const& path) {
    auto const match = router.find(method, path);
    return match.route ? match.route->path : match.allow.empty() ? "404" : "405";
}

TEST(HttpRouter, PrefersLiteralSegmentsThenOneThenTheRest) {
    Router router;
    ASSERT_TRUE(router.add({route("GET", "/"), route("GET", "/{page*}"), route("GET", "/jobs/{id}"),
                            route("GET", "/jobs/all"), route("POST", "/jobs/{id}/run"),
                            route("POST", "/hooks/{endpoint*}")}));
    EXPECT_EQ(found(router, "GET", "/"), "/");
    EXPECT_EQ(found(router, "GET", "/jobs/all"), "/jobs/all");
    EXPECT_EQ(found(router, "HEAD", "/jobs/a"), "/jobs/{id}");
    EXPECT_EQ(found(router, "GET", "/jobs/"), "/{page*}");
    EXPECT_EQ(found(router, "POST", "/jobs/all/run"), "/jobs/{id}/run");
    EXPECT_EQ(found(router, "POST", "/jobs/all"), "405");
    EXPECT_EQ(found(router, "POST", "/hooks"), "405");
    auto const match = router.find("POST", "/hooks/webhook/sy%2Fnc");
    ASSERT_TRUE(match.route);
    EXPECT_EQ(match.params.at("endpoint"), "webhook/sy/nc");
}

TEST(HttpRouter, AddsAllOrNone) {
    Router router;
    ASSERT_TRUE(router.add({route("GET", "/jobs/{id}", "a")}));
    auto const again = router.add({route("GET", "/new", "b"), route("GET", "/jobs/{name}", "b")});
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().status, WEIR_E_CONFLICT);
    EXPECT_EQ(again.error().code, "plugin.route_conflict");
    EXPECT_NE(again.error().message.find("/jobs/{id} of a"), std::string::npos);
    EXPECT_EQ(found(router, "GET", "/new"), "404");
    for (char const* path : {"jobs", "", "/a//b", "/a/{b", "/{a*}/b", "/{}", "/a b", "/a?b"})
        EXPECT_EQ(router.add({route("GET", path)}).error().code, "plugin.route_path") << path;
    EXPECT_EQ(router.add({route("HEAD", "/a")}).error().code, "plugin.route_method");
}

TEST(HttpRouter, TakesAwayWhatOneOwnerHas) {
    Router router;
    ASSERT_TRUE(router.add({route("GET", "/jobs/{id}", "a"), route("POST", "/jobs/{id}", "b")}));
    auto const held = router.find("GET", "/jobs/x").route;
    router.remove("a");
    EXPECT_EQ(found(router, "GET", "/jobs/x"), "405");
    EXPECT_EQ(router.find("GET", "/jobs/x").allow, "OPTIONS, POST");
    EXPECT_EQ(held->path, "/jobs/{id}");
    EXPECT_EQ(router.routes().size(), 1u);
}

TEST(HttpRouter, DecodesOnceAndOnlyWhatDecodes) {
    EXPECT_EQ(percent_decode("a%2525+"), "a%25+");
    EXPECT_EQ(percent_decode("a+b", true), "a b");
    for (char const* bad : {"%", "%2", "%zz", "%00", "%0A", "%7f", "%ff", "%c3"})
        EXPECT_FALSE(percent_decode(bad)) << bad;
    for (char const* bad : {"/a/../b", "/%2e%2E/b", "/.", "/a/%2e"})
        EXPECT_FALSE(decode_path(bad)) << bad;
    Request request;
    request.query = "limit=10&q=a%26b+c&limit=20&flag";
    EXPECT_EQ(request.query_param("limit"), "10");
    EXPECT_EQ(request.query_param("q"), "a&b c");
    EXPECT_EQ(request.query_param("flag"), "");
    EXPECT_EQ(request.query_param("none"), std::nullopt);
}

}  // namespace
}  // namespace weir::test
