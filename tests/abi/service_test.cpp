// What the host makes of a service that keeps its promises, and of one that breaks them.
#include "abi/desk_fixture.hpp"

namespace weir::host {
namespace {

using Json = nlohmann::json;

TEST_P(Desk, AnswersARoute) {
    HttpAnswer const made = put("a", R"({"text":"buy milk"})");
    ASSERT_FALSE(made.error) << made.error->message;
    EXPECT_EQ(made.status, 201u);
    EXPECT_EQ(made.content_type, "application/json");
    EXPECT_EQ(Json::parse(made.body), (Json{{"id", "a"}, {"revision", 1}, {"by", "ana"}}));
    ASSERT_EQ(made.headers.size(), 1u);
    EXPECT_EQ(made.headers[0].first, "location");
    EXPECT_EQ(made.headers[0].second, "/desk/notes/a");
    EXPECT_EQ(store.documents.at("dev.weir.test.desk|notes|a").json, R"({"text":"buy milk"})");
}

TEST_P(Desk, AnswersWithoutABody) {
    put("a", R"({"text":"buy milk"})");
    Asked const asked{.method = "DELETE", .params = {{"id", "a"}}};
    HttpAnswer const gone = desk.on_http("delete_note", asked.request(), call);
    EXPECT_EQ(gone.status, 204u);
    EXPECT_EQ(gone.body, "");
    EXPECT_EQ(store.events, std::vector<std::string>{R"(desk/1:deleted a {"id":"a"})"});
    EXPECT_TRUE(store.documents.empty());
}

TEST_P(Desk, ReadsTheQueryDecoded) {
    for (char const* id : {"a b", "ab", "b"}) put(id, R"({"text":"x"})");
    Asked asked{.query = "x=1&prefix=a%20b"};
    EXPECT_EQ(desk.on_http("list_notes", asked.request(), call).body, R"({"items":["a b"]})");
    asked.query = "prefix=a+b";
    EXPECT_EQ(desk.on_http("list_notes", asked.request(), call).body, R"({"items":["a b"]})");
    asked.query = "prefix=a";
    EXPECT_EQ(desk.on_http("list_notes", asked.request(), call).body, R"({"items":["a b","ab"]})");
    asked.query = "prefix";
    EXPECT_EQ(desk.on_http("list_notes", asked.request(), call).body,
              R"({"items":["a b","ab","b"]})");
}

TEST_P(Desk, TellsAllFindingsAtOnce) {
    HttpAnswer const refused = put("a", R"({"colour":"mauve"})");
    ASSERT_TRUE(refused.error);
    EXPECT_EQ(refused.error->status, WEIR_E_CONFIG);
    EXPECT_EQ(refused.error->code, "desk.text_missing");
    EXPECT_EQ(refused.error->where, "/text");
    ASSERT_EQ(refused.findings.size(), 2u);
    EXPECT_EQ(refused.findings[0].pointer, "/text");
    EXPECT_EQ(refused.findings[1].code, "desk.colour");
    EXPECT_EQ(refused.findings[1].detail, "mauve is not known");
    EXPECT_EQ(refused.findings[1].suggestion, "red");
}

TEST_P(Desk, GivesErrorsOfTheHostOnAsTheyAre) {
    put("a", R"({"text":"x"})");
    HttpAnswer const again = put("a", R"({"text":"y"})");
    ASSERT_TRUE(again.error);
    EXPECT_EQ(again.error->status, WEIR_E_CONFLICT);
    EXPECT_EQ(again.error->code, "store.conflict");
    EXPECT_TRUE(again.findings.empty());
    Asked const asked{.params = {{"id", "none"}}};
    HttpAnswer const missing = desk.on_http("get_note", asked.request(), call);
    EXPECT_EQ(missing.error->status, WEIR_E_NOT_FOUND);
    EXPECT_EQ(missing.error->code, "desk.no_note");
}

TEST_P(Desk, AnswersAMethod) {
    MethodAnswer const answer =
        desk.on_invoke("dev.weir.other", "desk/1", "echo", {{"a", 1}}, call);
    ASSERT_FALSE(answer.error);
    EXPECT_EQ(answer.json, (Json{{"caller", "dev.weir.other"}, {"in", {{"a", 1}}}}));
    MethodAnswer const failed = desk.on_invoke("host", "desk/1", "fail", Json::object(), call);
    ASSERT_TRUE(failed.error);
    EXPECT_EQ(failed.error->code, "desk.a");
    EXPECT_EQ(failed.findings.size(), 2u);
}

TEST_P(Desk, TakesAnEvent) {
    ASSERT_TRUE(desk.on_event("cron/1:a/b", "e7", R"({"n":1})", call));
    EXPECT_EQ(Json::parse(store.documents.at("dev.weir.test.desk|seen|e7").json),
              (Json{{"topic", "cron/1:a/b"}, {"data", {{"n", 1}}}}));
    EXPECT_EQ(desk.on_event("cron/1:a/b", "e8", "{", call).error().status, WEIR_E_DATA);
}

TEST_P(Desk, TakesTheTimerAndArmsItAgain) {
    ASSERT_TRUE(desk.on_timer(5'000, 5'020, call));
    EXPECT_EQ(timer.aim, "dev.weir.test.desk 6000");
    EXPECT_EQ(bus.events, std::vector<std::string>{
                              R"(dev.weir.test.desk desk/1:tick {"due":5000,"now":5020})"});
    ASSERT_TRUE(desk.on_timer(5'000, 5'900, call)) << "the same tick is published once";
    EXPECT_EQ(bus.events.size(), 1u);
}

TEST_P(Desk, MeetsAnotherOnTheBus) {
    bus.provider = desk;
    Json const in{{"service", "desk/1"}, {"method", "echo"}, {"in", 7}};
    MethodAnswer const answer = desk.on_invoke("host", "desk/1", "ask", in, call);
    ASSERT_FALSE(answer.error) << answer.error->message;
    EXPECT_EQ(answer.json, (Json{{"caller", "dev.weir.test.desk"}, {"in", 7}}));
    Json const failing{{"service", "desk/1"}, {"method", "fail"}, {"in", 7}};
    MethodAnswer const failed = desk.on_invoke("host", "desk/1", "ask", failing, call);
    EXPECT_EQ(failed.findings.size(), 2u) << "findings come through two plugins";
    bus.provider.reset();
}

TEST_P(Desk, HandsTheDeadlineOnAlongTheBus) {
    CallContext const limited{root.clock, nullptr, root.clock.monotonic_ns() + 1'234'000'000};
    Json const in{{"service", "desk/1"}, {"method", "echo"}, {"in", 7}};
    MethodAnswer const answer = desk.on_invoke("host", "desk/1", "ask", in, limited);
    EXPECT_EQ(answer.error->code, "bus.no_provider");
    EXPECT_EQ(bus.remaining_ms, 1'234);
}

TEST_P(Desk, EndsAChainThatCallsItself) {
    bus.provider = desk;
    Json in{{"service", "desk/1"}, {"method", "echo"}, {"in", 7}};
    for (int i = 0; i < 20; ++i) in = {{"service", "desk/1"}, {"method", "ask"}, {"in", in}};
    MethodAnswer const answer = desk.on_invoke("host", "desk/1", "ask", in, call);
    ASSERT_TRUE(answer.error);
    EXPECT_EQ(answer.error->code, "bus.chain_too_long");
    bus.provider.reset();
}

TEST_P(Desk, RunsBetweenStartAndStop) {
    EXPECT_EQ(root.log.lines(), std::vector<std::string>{"2 desk: started"});
    EXPECT_TRUE(desk.is_running());
    EXPECT_EQ(desk.start(call).error().code, "service.running");
    ASSERT_TRUE(desk.stop(call));
    EXPECT_EQ(root.log.lines().back(), "2 desk: stopped");
    EXPECT_FALSE(desk.is_running());
    Error const error = desk.on_event("a", "e", "{}", call).error();
    EXPECT_EQ(error.code, "service.not_running");
    EXPECT_TRUE(error.flags & WEIR_ERR_RETRYABLE);
    ASSERT_TRUE(desk.stop(call)) << "once is enough";
    EXPECT_EQ(root.log.lines().size(), 2u);
}

TEST_P(Desk, IsNotEnteredWhenCancelledBefore) {
    std::atomic<bool> stop{true};
    CallContext const cancelled{root.clock, &stop};
    EXPECT_EQ(desk.on_event("a", "e", "{}", cancelled).error().status, WEIR_E_CANCELLED);
    EXPECT_TRUE(store.documents.empty());
}

TEST_P(Desk, IsNeitherSourceNorSink) {
    Instance instance =
        *Instance::create(component("abi_desk", "desk"), Json::object(), services, "desk");
    Error const unread = instance.source().error(), unwritten = instance.sink().error();
    EXPECT_EQ(unread.status, WEIR_E_UNSUPPORTED);
    EXPECT_EQ(unread.code, "connector.no_source");
    EXPECT_EQ(unread.message, "desk cannot be read from; it is a service");
    EXPECT_EQ(unwritten.status, WEIR_E_UNSUPPORTED);
    EXPECT_EQ(unwritten.code, "connector.no_sink");
    EXPECT_EQ(unwritten.message, "desk cannot be written to; it is a service");
}

TEST_P(Desk, RefusesABodyThatIsNoJson) {
    HttpAnswer const refused = put("a", R"({"text":)");
    ASSERT_TRUE(refused.error);
    EXPECT_EQ(refused.error->status, WEIR_E_CONFIG);
    EXPECT_EQ(refused.error->code, "http.body_not_json");
    EXPECT_EQ(refused.error->message, "the body is no JSON");
    EXPECT_TRUE(store.documents.empty());
}

TEST_P(Desk, SaysWhichServiceTheHostLacks) {
    services.offered.timer = nullptr;
    ServiceProxy const lacking = started("abi_desk", "desk");
    Error const error = lacking.on_timer(1, 1, call).error();
    EXPECT_EQ(error.status, WEIR_E_UNSUPPORTED);
    EXPECT_EQ(error.code, "host.service_missing");
    EXPECT_NE(error.message.find("weir.timer/1"), std::string::npos) << error.message;
}

INSTANTIATE_TEST_SUITE_P(InTheHost, Desk, testing::Values(Placement{}));

struct Bell : ServiceTest {};

TEST_F(Bell, WrittenInCAnswersARoute) {
    ServiceProxy const bell = started("abi_bell", "bell");
    Asked const asked{.method = "POST", .params = {{"tone", "low"}}};
    HttpAnswer const rung = bell.on_http("ring", asked.request(), call);
    ASSERT_FALSE(rung.error);
    EXPECT_EQ(rung.body, R"({"tone":"low"})");
    EXPECT_EQ(rung.content_type, "application/json") << "what it is when it is not said";
    EXPECT_EQ(store.documents.at("dev.weir.test.bell|rings|low").json, R"({"rung":true})");
    Asked const cracked{.method = "POST", .params = {{"tone", "crack"}}};
    EXPECT_EQ(bell.on_http("ring", cracked.request(), call).error->code, "bell.cracked");
    EXPECT_EQ(bell.on_invoke("host", "bell/1", "rings", {}, call).json, (Json{{"rings", 1}}));
}

TEST_F(Bell, IsNotMadeWithoutWhatItNeeds) {
    services.offered.store = nullptr;
    EXPECT_EQ(Instance::create(component("abi_bell", "bell"), Json::object(), services, "bell")
                  .error()
                  .code,
              "bell.no_store");
}

// ---- one that breaks its promises ----

struct Rude : ServiceTest {
    ServiceProxy rude = started("abi_rude", "rude");
};

struct Breach {
    char const *deed, *code, *sentence;
};
constexpr char broken[] = "plugin.broken_promise";

class RudeRoute : public Rude, public testing::WithParamInterface<Breach> {};

TEST_P(RudeRoute, IsAnErrorWithItsSentence) {
    Asked const asked;
    HttpAnswer const answer = rude.on_http(GetParam().deed, asked.request(), call);
    ASSERT_TRUE(answer.error);
    EXPECT_EQ(answer.error->status, WEIR_E_INTERNAL);
    EXPECT_EQ(answer.error->code, GetParam().code);
    EXPECT_NE(answer.error->message.find(GetParam().sentence), std::string::npos)
        << answer.error->message;
    EXPECT_EQ(answer.error->message.find("rude: on_http() "), 0u) << answer.error->message;
}

Breach const rude_routes[] = {
    {"throws", broken, "let an exception cross the boundary; this is a bug in the plugin dev.weir"},
    {"throws_after_status", broken, "let an exception cross the boundary"},
    {"unknown_status", "plugin.unknown_status", "answered the unknown status -77"},
    {"positive_status", "plugin.unknown_status", "answered the unknown status 7"},
    {"no_status", broken, "answered nothing: it never called status()"},
    {"body_without_status", broken, "answered nothing: it never called status()"},
    {"status_twice", broken, "called status() twice on status_twice"},
    {"status_after_body", broken, "called status() after write()"},
    {"status_1000", broken, "called status() with 1000, where 200 to 599 is possible"},
    {"status_99", broken, "called status() with 99, where 200 to 599 is possible"},
    {"body_of_204", broken, "answered 204 with a body"},
    {"no_json", broken, "answered a body that is no JSON"},
    {"header_of_the_host", broken, "set the header content-length, which is the host's"},
    {"header_split", broken, "set a header that no HTTP message may have"},
    {"header_without_name", broken, "set a header that no HTTP message may have"},
    {"null_header", broken, "set a header that is null"},
    {"many_headers", broken, "set more than 64 headers"},
    {"header_after_body", broken, "set a header after write()"},
    {"endless", broken, "wrote more than 16777216 bytes"},
};
std::string name_of(testing::TestParamInfo<Breach> const& info) {
    std::string name;
    for (char const* c = info.param.deed; *c; ++c)
        if (*c != '_') name += *c;
    return name;
}
INSTANTIATE_TEST_SUITE_P(, RudeRoute, testing::ValuesIn(rude_routes), name_of);

TEST_F(Rude, AnswerStandsWhenItFailsAfterIt) {
    Asked const asked;
    HttpAnswer const answer = rude.on_http("fails_after_status", asked.request(), call);
    EXPECT_FALSE(answer.error);
    EXPECT_EQ(answer.status, 200u);
    EXPECT_EQ(root.log.lines().back(),
              "3 rude: on_http() answered fails_after_status and failed then: too late");
}

TEST_F(Rude, FindingsThatAreNoneAreLeftOut) {
    Asked const asked;
    HttpAnswer const answer = rude.on_http("findings_that_are_none", asked.request(), call);
    EXPECT_EQ(answer.error->message, "one of several");
    EXPECT_TRUE(answer.findings.empty()) << "text with a broken byte is no JSON";
}

TEST_F(Rude, MethodIsAnErrorWithItsSentence) {
    auto message = [&](char const* method) {
        MethodAnswer const answer = rude.on_invoke("host", "rude/1", method, {}, call);
        return answer.error ? answer.error->message : "no error";
    };
    EXPECT_NE(message("throws").find("let an exception cross"), std::string::npos);
    EXPECT_NE(message("unknown_status").find("the unknown status -77"), std::string::npos);
    EXPECT_NE(message("no_json").find("answered no JSON on no_json"), std::string::npos);
    EXPECT_NE(message("nothing").find("answered no JSON"), std::string::npos);
    EXPECT_NE(message("endless").find("answered more than 1 MiB"), std::string::npos);
}

TEST_F(Rude, EventAndTimerAreErrors) {
    EXPECT_EQ(rude.on_event("throws", "e", "{}", call).error().code, broken);
    Error const busy = rude.on_event("refuses", "e", "{}", call).error();
    EXPECT_EQ(busy.status, WEIR_E_BUSY);
    EXPECT_EQ(busy.message, "not now");
    EXPECT_EQ(rude.on_timer(1, 1, call).error().code, broken);
}

TEST_F(Rude, IsLateAtItsDeadline) {
    root.clock.step_ns = 1'000'000;
    CallContext const limited{root.clock, nullptr, root.clock.monotonic_ns() + 50'000'000};
    Asked const asked;
    HttpAnswer const answer = rude.on_http("waits", asked.request(), limited);
    ASSERT_TRUE(answer.error);
    EXPECT_EQ(answer.error->status, WEIR_E_TIMEOUT);
    EXPECT_EQ(answer.error->message, "rude: on_http() did not finish before its deadline");
}

TEST_F(Rude, AnswerThatIsThereAtTheDeadlineIsTaken) {
    root.clock.step_ns = 1'000'000;
    CallContext const limited{root.clock, nullptr, root.clock.monotonic_ns() + 50'000'000};
    Asked const asked;
    EXPECT_EQ(rude.on_http("ignores_the_end", asked.request(), limited).status, 200u);
}

}  // namespace
}  // namespace weir::host
