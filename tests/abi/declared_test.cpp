// What a service may declare, and the sentence for each thing that it may not.
#include "host/abi/declared.hpp"
#include "host/abi/declared_errors.hpp"

#include "abi/fixture.hpp"

namespace weir::host {
namespace {

using Json = nlohmann::json;

Json good() {
    return {{"mounts", {"/desk", "/notes"}},
            {"routes",
             {{{"id", "put"},
               {"method", "PUT"},
               {"path", "/desk/notes/{id}"},
               {"scope", "write"},
               {"summary", "Keeps a note"},
               {"body_bytes_max", 4096},
               {"waits", true},
               {"job", {"id"}},
               {"dry_run", true},
               {"costly", true},
               {"audit", true},
               {"request", {{"type", "object"}}}},
              {{"id", "get"}, {"method", "GET"}, {"path", "/notes"}, {"scope", "read"},
               {"job_field", "note"}}}},
            {"topics", {{{"topic", "cron/1:*"}}, {{"topic", "quick"}, {"durable", false}}}},
            {"methods", {{{"service", "desk/1"}, {"method", "find"}}}},
            {"provides", {"desk/1"}},
            {"requires", {"weir.store/1", "weir.timer/1", "cron/1"}},
            {"timer", true}};
}

TEST(Declared, HoldsWhatWasDeclared) {
    Result<Declared> const read = read_declared(good());
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(read->routes.size(), 2u);
    EXPECT_EQ(read->routes[0].id, "put");
    EXPECT_EQ(read->routes[0].shape(), "PUT /desk/notes/{}");
    EXPECT_EQ(read->routes[0].body_bytes_max, 4096u);
    EXPECT_TRUE(read->routes[0].waits);
    EXPECT_EQ(read->routes[0].job, std::vector<std::string>{"id"});
    EXPECT_TRUE(read->routes[0].has_dry_run && read->routes[0].is_costly);
    EXPECT_TRUE(read->routes[0].is_audited && !read->routes[1].is_audited);
    EXPECT_EQ(read->routes[1].job_field, "note");
    EXPECT_EQ(read->routes[0].request, (Json{{"type", "object"}}));
    EXPECT_TRUE(read->routes[1].request.is_null());
    EXPECT_EQ(read->routes[1].body_bytes_max, 1u << 20);
    EXPECT_TRUE(read->topics.at(0).durable);
    EXPECT_FALSE(read->topics.at(1).durable);
    EXPECT_EQ(read->methods.at(0).method, "find");
    EXPECT_TRUE(read->provides_service("desk/1"));
    EXPECT_TRUE(read->needs_service("cron/1"));
    EXPECT_FALSE(read->needs_service("weir.bus/1"));
    EXPECT_TRUE(read->timer);
}

TEST(Declared, MayBeNothing) {
    Result<Declared> const read = read_declared(Json::object());
    ASSERT_TRUE(read);
    EXPECT_TRUE(read->routes.empty() && read->needs.empty() && !read->timer);
}

struct Mistake {
    char const *name, *pointer, *value, *sentence;
};

class Mistaken : public testing::TestWithParam<Mistake> {};

TEST_P(Mistaken, DeclarationIsRefusedWithItsSentence) {
    Json meta = good();
    meta[Json::json_pointer{GetParam().pointer}] = Json::parse(GetParam().value);
    Result<Declared> const read = read_declared(meta);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().status, WEIR_E_CONFIG);
    EXPECT_NE(read.error().message.find(GetParam().sentence), std::string::npos)
        << read.error().message;
}

constexpr char a_route[] = R"({"id":"put","method":"GET","path":"/desk/x","scope":"read"})";
Mistake const mistakes[] = {
    {"UnknownKey", "/routs", "[]", "meta_json with the unknown key routs"},
    {"UnknownKeyOfRoute", "/routes/0/waist", "true", "the route put with the unknown key waist"},
    {"NoId", "/routes/0/id", "\"\"", "a route without a id"},
    {"NoObject", "/routes/0", "7", "a route that is no object"},
    {"NoList", "/routes", "{}", "whose routes is no list"},
    {"Method", "/routes/0/method", "\"FETCH\"", "with the method FETCH; possible are GET"},
    {"Scope", "/routes/0/scope", "\"all\"", "with the scope all; possible are none, ingest"},
    {"NoScope", "/routes/0/scope", "null", "the route put without a scope"},
    {"OutsideMounts", "/routes/0/path", "\"/desks/x\"", "lies below none of its mounts: /desk,"},
    {"Relative", "/routes/0/path", "\"desk\"", "whose path must begin with /"},
    {"EmptySegment", "/routes/0/path", "\"/desk//x\"", "has the segment \"\""},
    {"Dots", "/routes/0/path", "\"/desk/../x\"", "has the segment \"..\""},
    {"OddSegment", "/routes/0/path", "\"/desk/a b\"", "has the segment \"a b\""},
    {"HalfParameter", "/routes/0/path", "\"/desk/x{id}\"", "has the segment \"x{id}\""},
    {"ParameterTwice", "/routes/0/path", "\"/desk/{a}/{a}\"", "names {a} twice"},
    {"MountWithParameter", "/mounts/0", "\"/{a}\"", "the mount /{a} that has the segment"},
    {"RouteIdTwice", "/routes/1", a_route, "two routes put"},
    {"RouteTwice", "/routes/1",
     R"({"id":"b","method":"PUT","path":"/desk/notes/{other}","scope":"read"})",
     "two routes PUT /desk/notes/{other}"},
    {"BodyTooLarge", "/routes/0/body_bytes_max", "99999999", "must be from 1 to 16777216"},
    {"BodyOfNothing", "/routes/0/body_bytes_max", "0", "must be from 1 to 16777216, not 0"},
    {"RequestOutsideProfile", "/routes/0/request", R"({"type":"object","oneOf":[]})",
     "whose request is no schema of the profile: /oneOf is a keyword outside"},
    {"Job", "/routes/0/job", "[1]", "whose job holds 1, which is no text"},
    {"Waits", "/routes/0/waits", "\"yes\"", "whose waits is neither true nor false"},
    {"Star", "/topics/0/topic", "\"cron/*:x\"", "* may only be its last character"},
    {"TopicTwice", "/topics/1/topic", "\"cron/1:*\"", "the topic cron/1:* twice"},
    {"ForeignMethod", "/methods/0/service", "\"dusk/1\"", "the service dusk/1, which it does not"},
    {"MethodTwice", "/methods/1", R"({"service":"desk/1","method":"find"})",
     "the method find of desk/1 twice"},
    {"ServiceOfTheHost", "/provides/0", "\"weir.store/1\"", "provides \"weir.store/1\""},
    {"ServiceName", "/provides/0", "\"desk\"", "provides \"desk\"; a service is named like"},
    {"NeedsTwice", "/requires/1", "\"weir.store/1\"", "weir.store/1 twice in requires"},
    {"NeedsNoText", "/requires/1", "7", "whose requires holds 7, which is no text"},
    {"UnknownTable", "/requires/0", "\"weir.stone/1\"", "requires weir.stone/1, which this Weir"},
    {"TimerNotRequired", "/requires/1", "\"other/1\"", "the timer without weir.timer/1"},
    {"TimerNotDeclared", "/timer", "false", "requires weir.timer/1 without \"timer\":true"},
};
std::string name_of(testing::TestParamInfo<Mistake> const& mistake) { return mistake.param.name; }
INSTANTIATE_TEST_SUITE_P(, Mistaken, testing::ValuesIn(mistakes), name_of);

TEST(Declared, SuggestsWhatWasMeant) {
    Json meta = good();
    meta["requires"][0] = "weir.stone/1";
    EXPECT_EQ(read_declared(meta).error().suggestion, "weir.store/1");
    EXPECT_EQ(read_declared(meta).error().code, "plugin.requires");
    meta = good();
    meta["routes"][0]["waist"] = true;
    EXPECT_EQ(read_declared(meta).error().suggestion, "waits");
    EXPECT_EQ(read_declared(meta).error().code, "plugin.declaration");
}

TEST(Declared, NamesASchemaThatIsSaidOnce) {
    Json meta = good();
    meta["definitions"] = {{"text", {{"type", "string"}}},
                           {"note", Json::parse(R"({"type":"object","properties":
                               {"text":{"$ref":"#/definitions/text"}}})")}};
    meta["routes"][0]["response"] = {{"$ref", "#/definitions/note"}};
    meta["routes"][0]["answers"] = {200, 201};
    Result<Declared> const read = read_declared(meta);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->routes.at(0).response,
              Json::parse(R"({"type":"object","properties":{"text":{"type":"string"}}})"));
    EXPECT_EQ(read->routes.at(0).answers, (std::vector<unsigned>{200, 201}));
    meta["routes"][0]["response"] = {{"$ref", "#/definitions/not"}};
    EXPECT_NE(read_declared(meta).error().message.find("#/definitions/not, which is not there"),
              std::string::npos);
    meta["routes"][0]["response"] = {{"$ref", "#/definitions/note"}};
    meta["definitions"]["text"] = {{"$ref", "#/definitions/note"}};
    EXPECT_NE(read_declared(meta).error().message.find("contains itself"), std::string::npos);
    meta = good();
    meta["routes"][0]["answers"] = {404};
    EXPECT_NE(read_declared(meta).error().message.find("holds 404"), std::string::npos);
}

TEST(Declared, SaysWhatItsErrorsMean) {
    Json meta{{"errors",
               {{{"code", "x.gone"}, {"title", "Gone"}, {"cause", "It went."},
                 {"remedy", "Wait."}}}}};
    auto const read = read_declared_errors(meta);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->at(0).remedy, "Wait.");
    meta["errors"].push_back(meta["errors"][0]);
    EXPECT_EQ(read_declared_errors(meta).error().message, "declares the error x.gone twice");
    meta["errors"] = Json::array({Json{{"code", "x.y"}}});
    EXPECT_EQ(read_declared_errors(meta).error().message, "declares an error without a title");
    EXPECT_TRUE(read_declared_errors(Json::object())->empty());
}

TEST(Declared, HasALimitOfEntries) {
    Json meta = good();
    for (int i = 0; i < 300; ++i) meta["topics"].push_back({{"topic", std::to_string(i)}});
    EXPECT_EQ(read_declared(meta).error().message, "declares 302 topics; at most 256 are possible");
}

TEST(Declared, ClashesWhereTwoClaimOneThing) {
    auto with = [](Json const& meta) { return *read_declared(meta); };
    Declared const first = with(good());
    EXPECT_EQ(clash(first, with(good())), "the timer");
    EXPECT_EQ(clash(first, with({{"provides", {"desk/1"}}})), "the service desk/1");
    EXPECT_EQ(clash(first, with({{"mounts", {"/desk/low"}}})), "the mount /desk");
    EXPECT_EQ(clash(with({{"mounts", {"/desk/low"}}}), first), "the mount /desk/low");
    EXPECT_EQ(clash(first, with({{"mounts", {"/desks"}}, {"provides", {"desk/2"}}})), "");
}

}  // namespace
}  // namespace weir::host
