// What the server says of itself, against what it does: the document of its API, its routes, the
// codes of its errors.
#include <set>

#include "e2e/weir_server.hpp"
#include "host/abi/config_schema.hpp"
#include "support/copy_fixture.hpp"

namespace weir::test {
namespace {

/// `schema` that allows no member which it does not name, unless it says that there may be more.
Json strict(Json schema) {
    if (schema.is_structured())
        for (Json& each : schema) each = strict(each);
    bool const is_closed = schema.is_object() && schema.contains("properties") &&
                           schema["properties"].is_object() && !schema.value("x-open", false);
    if (is_closed) schema["additionalProperties"] = false;
    return schema;
}

/// What is wrong with an answer, by the document; empty: nothing.
std::string misfit(Json const& document, std::string const& method, std::string const& path,
                   Answer const& answer) {
    std::string lower = method;
    for (char& c : lower) c = static_cast<char>(std::tolower(c));
    Json const& paths = document.at("paths");
    if (!paths.contains(path) || !paths[path].contains(lower)) return "is not described";
    Json const& responses = paths[path][lower].at("responses");
    std::string const status = std::to_string(answer.status);
    if (!responses.contains(status)) return "answers " + status + ", which is not described";
    if (answer.status == 204) return answer.text.empty() ? "" : "has a body";
    Json const& schema =
        responses[status].at("content").at("application/json").at("schema");
    if (!schema.is_object() || schema.empty()) return "has no schema";
    Json body = answer.body;
    std::string why;
    for (host::Error const& fault : host::config_faults(strict(schema), body, 10))
        why += fault.where + ": " + fault.message + "\n";
    return why;
}

class Self : public CopyFixture {
protected:
    std::string data() const { return directory / "data"; }

    static std::set<std::string> described(Json const& document) {
        std::set<std::string> out;
        for (auto const& [path, methods] : document.at("paths").items())
            for (auto const& [method, operation] : methods.items()) {
                std::string upper = method;
                for (char& c : upper) c = static_cast<char>(std::toupper(c));
                out.insert(upper + " " + path);
            }
        return out;
    }
};

TEST_F(Self, EveryLiveRouteIsDescribedAndEveryDescribedOneLives) {
    WeirServer host{data()};
    Answer const answer = host.get("/openapi.json");
    ASSERT_EQ(answer.status, 200u) << answer;
    Json const& document = answer.body;
    EXPECT_EQ(document.at("openapi"), "3.1.0");
    std::set<std::string> const all = described(document);
    std::set<std::string> live;
    Answer const endpoints = host.get("/endpoints");
    for (Json const& route : endpoints.body.at("items")) {
        live.insert(route.at("method").get<std::string>() + " " +
                    route.at("path").get<std::string>());
        EXPECT_FALSE(route.at("summary").get<std::string>().empty()) << route;
    }
    EXPECT_EQ(all, live);
    for (char const* route :
         {"GET /livez", "GET /metrics", "GET /openapi.json", "GET /plugins/{id}", "GET /events",
          "POST /connectors/{type}/discover", "GET /runs/{id}/tasks", "POST /runs/{id}/retry",
          "GET /dead-letters", "GET /cron/events", "POST /cron/explain", "GET /errors/{code}",
          "PATCH /replication/connections/{id}", "POST /replication/jobs/{id}/run",
          "GET /replication/jobs/{id}/metrics", "POST /data-replication/sync/{name}"})
        EXPECT_TRUE(all.contains(route)) << route;
    // What libraries declare.
    Answer const listed = host.get("/plugins");
    for (Json const& plugin : listed.body.at("items"))
        for (Json const& route : plugin.at("routes"))
            EXPECT_TRUE(all.contains(route.get<std::string>())) << route;
    // Each is asked for, without its work.
    std::set<std::string> ids;
    for (auto const& [path, methods] : document.at("paths").items()) {
        std::string asked = path;
        for (std::size_t at = asked.find('{'); at != asked.npos; at = asked.find('{'))
            asked.replace(at, asked.find('}') - at + 1, "none");
        Answer const options = host.call("OPTIONS", asked);
        EXPECT_EQ(options.status, 204u) << path;
        for (auto const& [method, operation] : methods.items()) {
            std::string upper = method;
            for (char& c : upper) c = static_cast<char>(std::toupper(c));
            EXPECT_NE(options.headers.at("allow").find(upper), std::string::npos) << path;
            EXPECT_TRUE(ids.insert(operation.at("operationId")).second) << operation;
            for (auto const& [status, response] : operation.at("responses").items()) {
                bool const is_bare = response.contains("$ref") || status == "204";
                if (is_bare) continue;
                for (auto const& [media, content] : response.at("content").items())
                    EXPECT_FALSE(content.at("schema").empty()) << method << " " << path;
            }
        }
    }
    EXPECT_EQ(host.call("OPTIONS", "/nothing").status, 404u);
}

TEST_F(Self, WhatIsDescribedFollowsLibrariesThatComeAndGo) {
    WeirServer host{data()};
    char const* const route = "GET /replication/jobs";
    EXPECT_TRUE(described(host.get("/openapi.json").body).contains(route));
    Answer const off = host.post("/plugins/dev.weir.replication/disable");
    ASSERT_EQ(off.status, 200u) << off;
    EXPECT_FALSE(described(host.get("/openapi.json").body).contains(route));
    ASSERT_EQ(host.post("/plugins/dev.weir.replication/enable").status, 200u);
    EXPECT_TRUE(described(host.get("/openapi.json").body).contains(route));
    std::vector<std::string> told;
    Answer const events = host.call("GET", "/events?types=plugin.*", nullptr,
                                    {{"Accept", "application/json"}});
    for (Json const& event : events.body.at("items"))
        if (event.at("plugin") == "dev.weir.replication") told.push_back(event.at("type"));
    EXPECT_EQ(told, (std::vector<std::string>{"plugin.loaded", "plugin.unloaded",
                                              "plugin.loaded"}));
}

TEST_F(Self, RealAnswersFitWhatIsDescribed) {
    make_users(20);
    WeirServer host{data()};
    Json const document = host.get("/openapi.json").body;
    int looked_at = 0;
    auto const ask = [&](std::string const& method, std::string const& path,
                         std::map<std::string, std::string> const& values = {},
                         Json const& body = nullptr,
                         std::map<std::string, std::string> const& headers = {},
                         std::string const& query = "") {
        std::string target = path;
        for (auto const& [name, value] : values)
            target.replace(target.find("{" + name + "}"), name.size() + 2, value);
        Answer answer = host.call(method, target + query, body, headers);
        EXPECT_LT(answer.status, 300u) << method << " " << target << " " << answer;
        EXPECT_EQ(misfit(document, method, path, answer), "")
            << method << " " << path << "\n" << answer;
        ++looked_at;
        return answer;
    };
    using Body = Json;
    for (char const* path :
         {"/livez", "/readyz", "/version", "/plugins", "/connectors", "/endpoints", "/errors",
          "/openapi.json", "/loggers", "/runs", "/dead-letters", "/cron/events",
          "/replication/connections", "/replication/integrations", "/replication/jobs",
          "/data-replication/status",
          "/data-replication/logs"})
        ask("GET", path);
    ask("GET", "/readyz", {}, nullptr, {}, "?verbose");
    ask("GET", "/plugins/{id}", {{"id", "dev.weir.cron"}});
    ask("GET", "/plugins/{id}/routes", {{"id", "dev.weir.cron"}});
    ask("POST", "/plugins/scan");
    ask("POST", "/plugins", {}, {{"file", "cron.so"}});
    ask("POST", "/plugins/{id}/reload", {{"id", "dev.weir.sqlite"}});
    ask("POST", "/plugins/{id}/disable", {{"id", "dev.weir.generator"}});
    ask("POST", "/plugins/{id}/enable", {{"id", "dev.weir.generator"}});
    ask("DELETE", "/plugins/{id}", {{"id", "dev.weir.generator"}});
    Answer const token = ask("POST", "/tokens", {}, {{"name", "ci"}, {"scope", "read"}});
    std::map<std::string, std::string> const at_token{{"id", token.body.at("id")}};
    ask("GET", "/tokens");
    ask("GET", "/tokens/{id}", at_token);
    ask("DELETE", "/tokens/{id}", at_token);
    ask("PUT", "/secrets/{name}", {{"name", "hook"}}, {{"value", "s3cret"}});
    ask("GET", "/secrets");
    ask("POST", "/secrets/rotate");
    ask("DELETE", "/secrets/{name}", {{"name", "hook"}});
    ask("POST", "/session", {}, {{"token", host.token()}});
    ask("GET", "/session");
    ask("DELETE", "/session");
    ask("GET", "/audit");
    ask("GET", "/audit/verification");
    for (char const* path : {"/dead-letters/replay", "/dead-letters/discard"})
        ask("POST", path, {}, {{"filter", {{"job", "users"}}}});
    ask("GET", "/connectors/{type}", {{"type", "sqlite"}});
    ask("GET", "/errors/{code}", {{"code", "run.active"}});
    Body const config{{"config", {{"url", server.url(database)}}}};
    ask("POST", "/connectors/{type}/check", {{"type", "postgres"}}, config);
    ask("POST", "/connectors/{type}/discover", {{"type", "postgres"}}, config);

    Body const shop{{"id", "shop"}, {"connector", "postgres"}, {"config", config["config"]}};
    std::map<std::string, std::string> const at_shop{{"id", "shop"}}, at_users{{"id", "users"}};
    ask("POST", "/replication/connections", {}, shop);
    ask("GET", "/replication/connections/{id}", at_shop);
    ask("PUT", "/replication/connections/{id}", at_shop, shop);
    ask("PATCH", "/replication/connections/{id}", at_shop, Body::object());
    ask("POST", "/replication/connections/{id}/check", at_shop);
    ask("POST", "/replication/connections/{id}/discover", at_shop, Body::object());
    Body const crm{{"id", "crm"}, {"name", "CRM"}, {"connector", "sqlite"},
                   {"config", {{"url", "sqlite:crm.db"}}}};
    ask("POST", "/replication/integrations", {}, crm);
    ask("GET", "/replication/integrations/{id}", {{"id", "crm"}});
    ask("DELETE", "/replication/integrations/{id}", {{"id", "crm"}});
    Body job{{"id", "users"},
             {"source",
              {{"connection", "shop"}, {"stream", "public.users"}, {"cursor", "updated_at"}}},
             {"destination", {{"connection", "local"}, {"table", "users"}}},
             {"schedule", "1d"}};
    ask("POST", "/replication/jobs", {}, job);
    ask("GET", "/replication/jobs/{id}", at_users);
    ask("PUT", "/replication/jobs/{id}", at_users, job);
    ask("PATCH", "/replication/jobs/{id}", at_users, {{"name", "Users"}});
    ask("POST", "/replication/jobs/{id}/preview", at_users);
    Answer const run = ask("POST", "/replication/jobs/{id}/run", at_users, Body::object(),
                           {{"Prefer", "wait=60"}});
    std::map<std::string, std::string> const at_run{{"id", run.body.at("run_id")}};
    for (char const* path :
         {"/runs/{id}", "/runs/{id}/tasks", "/runs/{id}/logs", "/runs/{id}/timeline"})
        ask("GET", path, at_run);
    ask("GET", "/loggers");
    ask("GET", "/loggers/{name}", {{"name", "host"}});
    ask("PUT", "/loggers/{name}", {{"name", "host"}}, {{"level", "debug"}, {"ttl_seconds", 60}});
    for (char const* what : {"status", "history", "metrics", "next"})
        ask("GET", std::string{"/replication/jobs/{id}/"} + what, at_users);
    for (char const* what : {"pause", "resume", "cancel", "reset"})
        ask("POST", std::string{"/replication/jobs/{id}/"} + what, at_users);
    ask("GET", "/runs");
    ask("GET", "/replication/jobs");
    ask("GET", "/data-replication/status");
    ask("GET", "/data-replication/logs");
    ask("POST", "/cron/events", {}, {{"name", "nightly"}, {"schedule", "@daily"}});
    ask("GET", "/cron/events/{name}", {{"name", "nightly"}});
    ask("PATCH", "/cron/events/{name}", {{"name", "nightly"}}, {{"enabled", true}});
    ask("POST", "/cron/events/{name}/fire", {{"name", "nightly"}});
    ask("DELETE", "/cron/events/{name}", {{"name", "nightly"}});
    ask("POST", "/cron/explain", {}, {{"schedule", "*/15 * * * *"}});
    ask("DELETE", "/replication/jobs/{id}", at_users);
    ask("DELETE", "/replication/connections/{id}", at_shop);
    EXPECT_GT(looked_at, 50);

    // The twin: an answer that lacks what is promised, or has more, is found.
    Answer wrong = host.get("/version");
    wrong.body["more"] = 1;
    EXPECT_NE(misfit(document, "GET", "/version", wrong), "");
    wrong.body = Json{{"version", 7}};
    EXPECT_NE(misfit(document, "GET", "/version", wrong), "");
    wrong.status = 201;
    EXPECT_NE(misfit(document, "GET", "/version", wrong), "");
}

TEST_F(Self, EveryProblemHasACodeThatIsExplained) {
    WeirServer host{data()};
    std::vector<Answer> const problems{
        host.get("/nothing"),
        host.call("PATCH", "/runs"),
        host.call("GET", "/runs", nullptr, {{"Authorization", "Bearer wrong"}}),
        host.get("/runs?limit=0"),
        host.get("/runs?jb=x"),
        host.get("/runs/none"),
        host.get("/plugins/none"),
        host.get("/connectors/none"),
        host.get("/cron/events/none"),
        host.post("/cron/events", {{"name", "x"}, {"schedule", "* * *"}}),
        host.post("/replication/jobs", {{"id", "x"}, {"sorce", 1}}),
        host.get("/replication/jobs/none"),
        host.post("/dead-letters/discard"),
        host.get("/errors/none")};
    for (Answer const& problem : problems) {
        ASSERT_FALSE(problem.code().empty()) << problem;
        EXPECT_EQ(problem.body.at("type"), "urn:weir:problem:" + problem.code());
        Answer const row = host.get("/errors/" + problem.code());
        EXPECT_EQ(row.status, 200u) << problem;
        EXPECT_EQ(row.body.at("code"), problem.code());
        EXPECT_FALSE(row.body.at("remedy").get<std::string>().empty());
    }
    EXPECT_EQ(host.get("/errors/sqlite.locked").body.at("owner"), "dev.weir.sqlite");
    EXPECT_EQ(host.get("/errors/cron.never_due").body.at("owner"), "dev.weir.cron");
    EXPECT_EQ(host.get("/errors/run.activ").body.at("suggestion"), "did you mean run.active?");
    EXPECT_GT(host.get("/errors").body.at("items").size(), 250u);
}

TEST_F(Self, ExplainsACodeWithoutAHost) {
    Ran const host_code = weir({"explain", "run.active"});
    EXPECT_EQ(host_code.code, 0) << host_code;
    EXPECT_NE(host_code.out.find("Wait for its end, or cancel it."), std::string::npos);
    EXPECT_EQ(weir({"explain", "postgres.tls"}).code, 0);
    EXPECT_EQ(weir({"explain", "urn:weir:problem:cron.never_due"}).code, 0);
    Ran const json = weir({"explain", "sqlite.locked", "--json"});
    EXPECT_EQ(json.json.at("code"), "sqlite.locked") << json;
    Ran const unknown = weir({"explain", "sqlite.lockd"});
    EXPECT_EQ(unknown.code, 2);
    EXPECT_NE(unknown.err.find("sqlite.locked"), std::string::npos) << unknown;
    EXPECT_NE(weir({"explain"}).out.find("host.bug"), std::string::npos);
}

TEST_F(Self, PrintsItsApi) {
    WeirServer host{data()};
    Ran const printed = host.cli({"openapi"});
    EXPECT_EQ(printed.code, 0) << printed;
    EXPECT_EQ(Json::parse(printed.out).at("openapi"), "3.1.0");
}

}  // namespace
}  // namespace weir::test
