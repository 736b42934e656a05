// What the conventions promise of answers: refusals that name what is wrong and what is in the way.
#include <gtest/gtest.h>

#include <set>

#include "e2e/weir_server.hpp"
#include "support/temp_dir.hpp"

namespace weir::test {
namespace {

class Answers : public testing::Test {
protected:
    static Json job(std::string const& id) {
        return {{"id", id},
                {"source", {{"connection", "numbers"}, {"stream", "users"}}},
                {"destination", {{"connection", "local"}, {"table", id}}}};
    }
    Answer add_numbers() {
        return host.post("/replication/connections", {{"id", "numbers"},
                                                      {"connector", "generator"},
                                                      {"config", {{"url", "generator:rows=3"}}}});
    }
    static std::vector<std::string> pointers(Answer const& answer) {
        std::vector<std::string> out;
        for (Json const& each : answer.body.value("errors", Json::array()))
            out.push_back(each.value("pointer", ""));
        return out;
    }

    TempDir directory;
    WeirServer host{directory / "data"};
};

TEST_F(Answers, RefuseParametersThatNobodyKnows) {
    add_numbers();
    for (char const* path :
         {"/replication/jobs?conection=a", "/replication/connections/numbers?x=1",
          "/replication/jobs?limit=1&conection=a", "/cron/events?conection=a"}) {
        Answer const refused = host.get(path);
        EXPECT_EQ(refused.status, 422u) << path << refused;
        EXPECT_EQ(refused.code(), "request.unknown_parameter") << path << refused;
    }
    Answer const near = host.get("/replication/jobs?conection=a");
    EXPECT_EQ(near.body.value("pointer", ""), "/conection") << near;
    EXPECT_EQ(near.body.value("suggestion", ""), "connection") << near;
    EXPECT_EQ(host.post("/replication/jobs?dry_run=true", job("a")).status, 201u);
    host.post("/replication/jobs", job("a"));
    EXPECT_EQ(host.post("/replication/jobs/a/run?onActive=quue").status, 422u);
    EXPECT_EQ(host.post("/replication/jobs/a/run?onActive=queue").status, 202u);
}

TEST_F(Answers, NameAllThatIsWrongWithAScheduleAtOnce) {
    auto const pointers = [](Answer const& answer) {
        EXPECT_EQ(answer.status, 422u) << answer;
        std::set<std::string> out;
        for (Json const& each : answer.body.value("errors", Json::array()))
            out.insert(each.value("pointer", ""));
        return out;
    };
    Answer const explained = host.post(
        "/cron/explain", {{"schedule", "5/15 * * * *"}, {"timezone", "Europe/Berln"},
                          {"from", "yesterday"}, {"count", 0}, {"dst_gap", "skp"}, {"cout", 1}});
    EXPECT_EQ(pointers(explained), (std::set<std::string>{"/schedule", "/timezone", "/from",
                                                          "/count", "/dst_gap", "/cout"}))
        << explained;
    std::map<std::string, std::string> meant;
    for (Json const& each : explained.body.at("errors"))
        meant[each.value("pointer", "")] = each.value("suggestion", "");
    EXPECT_EQ(meant["/dst_gap"], "skip");
    EXPECT_EQ(meant["/cout"], "count");
    Json const event{{"name", ""}, {"schedule", "x"}, {"timezone", 7}, {"misfire", "skp"},
                     {"enabled", "yes"}, {"paylod", 1}};
    EXPECT_EQ(pointers(host.post("/cron/events", event)),
              (std::set<std::string>{"/name", "/schedule", "/timezone", "/misfire", "/enabled",
                                     "/paylod"}));
    Json patch = event;
    patch.erase("name");
    ASSERT_EQ(host.post("/cron/events", {{"name", "e"}, {"schedule", "1h"}}).status, 201u);
    EXPECT_EQ(pointers(host.call("PATCH", "/cron/events/e", patch)),
              (std::set<std::string>{"/schedule", "/timezone", "/misfire", "/enabled",
                                     "/paylod"}));
    EXPECT_EQ(host.post("/cron/explain", Json::array({1})).code(), "request.type");
    EXPECT_EQ(host.post("/cron/explain").body.value("pointer", ""), "/schedule");
}

TEST_F(Answers, RefuseStatusesAndCursorsThatAreNone) {
    for (auto const& [path, pointer] : std::vector<std::pair<std::string, std::string>>{
             {"/runs?status=bogus", "/status"},
             {"/runs?status=failed&status=sucseeded", "/status"},
             {"/dead-letters?status=bogus", "/status"},
             {"/runs?cursor=bogus", "/cursor"},
             {"/dead-letters?cursor=bogus", "/cursor"},
             {"/audit?cursor=bogus", "/cursor"},
             {"/tokens?cursor=bogus", "/cursor"},
             {"/config/revisions?cursor=bogus", "/cursor"},
             {"/replication/jobs?cursor=%20", "/cursor"},
             {"/data-replication/logs?cursor=bogus", "/cursor"}}) {
        Answer const refused = host.get(path);
        EXPECT_EQ(refused.status, 422u) << path << refused;
        EXPECT_EQ(refused.code(), "request.bad_parameter") << path << refused;
        EXPECT_EQ(refused.body.value("pointer", ""), pointer) << path << refused;
    }
    Answer const near = host.get("/runs?status=sucseeded");
    EXPECT_NE(near.body.value("suggestion", "").find("succeeded"), std::string::npos) << near;
}

TEST_F(Answers, NameWhatIsInTheWayOnce) {
    add_numbers();
    Json loop = job("a");
    host.post("/replication/jobs", loop);
    Answer const used = host.call("DELETE", "/replication/connections/numbers");
    EXPECT_EQ(used.status, 409u) << used;
    EXPECT_EQ(used.code(), "replication.in_use");
    EXPECT_EQ(used.body.at("blocked_by"), Json::parse(R"([{"kind":"job","id":"a"}])")) << used;
    Json const both{{"id", "c"}, {"connector", "sqlite"},
                    {"config", {{"path", directory / "c.db"}}}};
    ASSERT_EQ(host.post("/replication/connections", both).status, 201u);
    Json self = job("b");
    self["source"] = {{"connection", "c"}, {"stream", "x"}};
    self["destination"]["connection"] = "c";
    ASSERT_EQ(host.post("/replication/jobs", self).status, 201u);
    Answer const twice = host.call("DELETE", "/replication/connections/c");
    EXPECT_EQ(twice.body.at("blocked_by").size(), 1u) << twice;
    EXPECT_EQ(twice.body.value("detail", ""), "\"c\" is used by job b") << twice;
}

TEST_F(Answers, TellWhereAChangeThatCameLateDiffers) {
    add_numbers();
    std::string const tag = host.post("/replication/jobs", job("a")).headers.at("etag");
    ASSERT_EQ(host.call("PATCH", "/replication/jobs/a", {{"source", {{"batchSize", 5}}}}).status,
              200u);
    std::map<std::string, std::string> const old{{"If-Match", tag}};
    Json mine = job("a");
    mine["source"]["batchSize"] = 7;
    for (char const* method : {"PUT", "PATCH"}) {
        Answer const late = host.call(method, "/replication/jobs/a", mine, old);
        EXPECT_EQ(late.status, 412u) << late;
        EXPECT_EQ(pointers(late), std::vector<std::string>{"/source/batchSize"}) << late;
        EXPECT_NE(late.headers.at("etag"), tag);
    }
}

TEST_F(Answers, OfTheTrailHoldWhatWasChangedAndNothingElse) {
    add_numbers();
    host.post("/replication/jobs", job("a"));
    host.call("PATCH", "/replication/jobs/a", {{"name", "first"}});
    host.call("DELETE", "/replication/jobs/a");
    std::string const yaml =
        "connections:\n  more: {connector: generator, config: {url: 'generator:rows=1'}}\n";
    for (char const* verb : {"validate", "plan", "apply"})
        ASSERT_EQ(host.post_text(std::string{"/config/"} + verb, yaml, "application/yaml").status,
                  200u)
            << verb;
    std::map<std::string, Json> differences;
    Answer const trail = host.get("/audit");
    for (Json const& each : trail.body.at("items"))
        differences[each.at("action")] = each.at("difference");
    EXPECT_EQ(differences.at("PATCH /replication/jobs/{id}"),
              Json::parse(R"([{"pointer":"/name","after":"first"}])"))
        << trail;
    Json const gone = differences.at("DELETE /replication/jobs/{id}");
    ASSERT_EQ(gone.size(), 1u) << trail;
    EXPECT_EQ(gone[0].at("before").at("name"), "first") << trail;
    EXPECT_FALSE(gone[0]["before"].contains("updatedAt")) << trail;
    Json const made = differences.at("POST /replication/jobs");
    EXPECT_EQ(made.at(0).at("after").at("id"), "a") << trail;
    Json const applied = differences.at("POST /config/apply");
    ASSERT_EQ(applied.size(), 1u) << trail;
    EXPECT_EQ(applied[0].at("id"), "more") << trail;
    EXPECT_FALSE(differences.contains("POST /config/plan")) << trail;
    EXPECT_FALSE(differences.contains("POST /config/validate")) << trail;
}

TEST_F(Answers, CarryATraceIntoTheRun) {
    add_numbers();
    host.post("/replication/jobs", job("a"));
    std::string const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for (auto const& [said, kept] : std::vector<std::pair<std::string, Json>>{
             {trace, trace}, {"00-" + std::string(32, '0') + trace.substr(35), nullptr},
             {"not a trace", nullptr}}) {
        Answer const run = host.post("/replication/jobs/a/run", Json::object(),
                                     {{"traceparent", said}, {"Prefer", "wait=60"}});
        ASSERT_EQ(run.status, 200u) << run;
        EXPECT_EQ(run.body.at("trigger").value("traceparent", Json()), kept) << run;
        std::string const id = run.body.at("run_id");
        std::string const log = host.get("/runs/" + id + "/logs").text;
        EXPECT_EQ(log.find("traceparent " + trace) != log.npos, kept == trace) << log;
    }
}

}  // namespace
}  // namespace weir::test
