// The document of an API, from its routes.
#include <gtest/gtest.h>

#include "host/http/openapi.hpp"

namespace weir::test {
namespace {

using namespace host::http;
using Json = nlohmann::json;

Route route(std::string const& method, std::string const& path, std::string const& owner = "host") {
    Route out;
    out.method = method;
    out.path = path;
    out.owner = owner;
    out.summary = "Does it";
    out.handler = [](Request const&) { return Response{}; };
    return out;
}

TEST(OpenApi, DescribesParametersBodiesAndAnswers) {
    Route put = route("PUT", "/things/{id}/{rest*}", "dev.example.things");
    put.id = "put_thing";
    put.scope = Scope::write;
    put.query = Json::parse(R"({"type":"object","required":["mode"],
        "properties":{"mode":{"type":"string","description":"how"},"n":{"type":"integer"}}})");
    put.request = Json::parse(R"({"type":"object","required":["a"],
        "properties":{"a":{"type":"string"}}})");
    put.response = Json::parse(R"({"type":"object"})");
    put.answers = {200, 202};
    put.waits = true;
    Router router;
    ASSERT_TRUE(router.add({put}));
    Json const all = openapi(router.routes(), "1.2");
    EXPECT_EQ(all.at("info").at("version"), "1.2");
    Json const& operation = all.at("paths").at("/things/{id}/{rest}").at("put");
    EXPECT_EQ(operation.at("operationId"), "things_put_thing");
    EXPECT_EQ(operation.at("x-scope"), "write");
    EXPECT_EQ(operation.at("tags"), Json::array({"dev.example.things"}));
    std::string names;
    for (Json const& parameter : operation.at("parameters"))
        names += parameter.at("in").get<std::string>() + ":" +
                 parameter.at("name").get<std::string>() +
                 (parameter.value("required", false) ? "! " : " ");
    EXPECT_EQ(names, "path:id! path:rest! query:mode! query:n header:Prefer ");
    EXPECT_EQ(operation.at("requestBody").at("required"), true);
    EXPECT_EQ(operation.at("requestBody").at("content").at("application/json").at("schema"),
              put.request);
    for (char const* status : {"200", "202"})
        EXPECT_EQ(operation.at("responses").at(status).at("content").at("application/json").at(
                      "schema"),
                  put.response);
    for (char const* status : {"400", "401", "403", "404", "413", "415", "422", "default"})
        EXPECT_TRUE(operation.at("responses").at(status).contains("$ref")) << status;
}

TEST(OpenApi, SaysWhatIsOpenAndWhatHasNoBody) {
    Route open = route("GET", "/livez"), gone = route("DELETE", "/things");
    open.scope = Scope::none;
    open.media = "text/plain";
    gone.answers = {204};
    Router router;
    ASSERT_TRUE(router.add({open, gone}));
    Json const paths = openapi(router.routes(), "1").at("paths");
    EXPECT_EQ(paths.at("/livez").at("get").at("security"), Json::array());
    EXPECT_FALSE(paths.at("/livez").at("get").at("responses").contains("401"));
    EXPECT_TRUE(paths.at("/livez")
                    .at("get")
                    .at("responses")
                    .at("200")
                    .at("content")
                    .contains("text/plain"));
    EXPECT_FALSE(
        paths.at("/things").at("delete").at("responses").at("204").contains("content"));
    EXPECT_EQ(paths.at("/things").at("delete").at("operationId"), "delete_things");
}

TEST(OpenApi, FollowsTheLiveRoutes) {
    Router router;
    ASSERT_TRUE(router.add({route("GET", "/a")}));
    std::uint64_t const before = router.generation();
    ASSERT_TRUE(router.add({route("GET", "/b", "plugin")}));
    EXPECT_NE(router.generation(), before);
    EXPECT_TRUE(openapi(router.routes(), "1").at("paths").contains("/b"));
    EXPECT_FALSE(router.add({route("GET", "/b", "other")}));
    std::uint64_t const loaded = router.generation();
    router.remove("plugin");
    EXPECT_NE(router.generation(), loaded);
    Json const paths = openapi(router.routes(), "1").at("paths");
    EXPECT_FALSE(paths.contains("/b"));
    EXPECT_TRUE(paths.contains("/a"));
}

}  // namespace
}  // namespace weir::test
