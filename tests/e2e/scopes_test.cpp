// Every route × who asks: no token, a wrong one, each scope, one limited to jobs, expired, revoked.
#include <gtest/gtest.h>

#include <array>
#include <set>

#include "e2e/weir_server.hpp"
#include "support/temp_dir.hpp"

namespace weir::test {
namespace {

struct Row {
    std::string method, path, scope;
    /// What somebody limited to the jobs users_* gets who may do it otherwise: "other" 404, "" as
    /// anybody, "none" 403.
    std::string limited = "";
};

std::vector<Row> const& rows() {
    static std::vector<Row> const all{
        {"GET", "/", "none"},
        {"GET", "/livez", "none"},
        {"GET", "/readyz", "none"},
        {"GET", "/metrics", "none"},
        {"GET", "/version", "read"},
        {"GET", "/openapi.json", "read"},
        {"GET", "/endpoints", "read"},
        {"GET", "/errors", "read"},
        {"GET", "/errors/{code}", "read"},
        {"GET", "/events", "read"},
        {"GET", "/loggers", "admin"},
        {"GET", "/loggers/{name}", "admin"},
        {"PUT", "/loggers/{name}", "admin"},
        {"GET", "/plugins", "read"},
        {"GET", "/plugins/{id}", "read"},
        {"GET", "/plugins/{id}/routes", "read"},
        {"POST", "/plugins", "admin"},
        {"POST", "/plugins/scan", "admin"},
        {"DELETE", "/plugins/{id}", "admin"},
        {"POST", "/plugins/{id}/reload", "admin"},
        {"POST", "/plugins/{id}/disable", "admin"},
        {"POST", "/plugins/{id}/enable", "admin"},
        {"GET", "/runs", "read"},
        {"GET", "/runs/{id}", "read"},
        {"GET", "/runs/{id}/tasks", "read"},
        {"GET", "/runs/{id}/logs", "read"},
        {"GET", "/runs/{id}/timeline", "read"},
        {"POST", "/runs/{id}/cancel", "run"},
        {"POST", "/runs/{id}/retry", "run"},
        {"GET", "/connectors", "read"},
        {"GET", "/connectors/{type}", "read"},
        {"POST", "/connectors/{type}/check", "run", "none"},
        {"POST", "/connectors/{type}/discover", "run", "none"},
        {"GET", "/series", "read"},
        {"GET", "/dead-letters", "read"},
        {"GET", "/dead-letters/{id}", "read"},
        {"POST", "/dead-letters/replay", "run"},
        {"POST", "/dead-letters/discard", "write"},
        {"GET", "/tokens", "admin"},
        {"POST", "/tokens", "admin"},
        {"GET", "/tokens/{id}", "admin"},
        {"DELETE", "/tokens/{id}", "admin"},
        {"GET", "/session", "read"},
        {"DELETE", "/session", "read"},
        {"GET", "/audit", "admin"},
        {"GET", "/audit/verification", "admin"},
        {"GET", "/secrets", "admin"},
        {"PUT", "/secrets/{name}", "admin"},
        {"DELETE", "/secrets/{name}", "admin"},
        {"POST", "/secrets/rotate", "admin"},
        {"GET", "/config", "admin"},
        {"GET", "/config/schema", "read"},
        {"GET", "/config/revisions", "admin"},
        {"POST", "/config/validate", "admin"},
        {"POST", "/config/plan", "admin"},
        {"POST", "/config/apply", "admin"},
        {"POST", "/config/import", "admin"},
        {"POST", "/config/rollback/{revision}", "admin"},
        {"POST", "/backup", "admin"},
        {"GET", "/cron/events", "read"},
        {"POST", "/cron/events", "write", "none"},
        {"GET", "/cron/events/{name}", "read"},
        {"PATCH", "/cron/events/{name}", "write", "none"},
        {"DELETE", "/cron/events/{name}", "write", "none"},
        {"POST", "/cron/events/{name}/fire", "run", "none"},
        {"POST", "/cron/explain", "read"},
        {"GET", "/replication/connections", "read"},
        {"POST", "/replication/connections", "write", "none"},
        {"GET", "/replication/connections/{id}", "read"},
        {"PUT", "/replication/connections/{id}", "write", "none"},
        {"PATCH", "/replication/connections/{id}", "write", "none"},
        {"DELETE", "/replication/connections/{id}", "write", "none"},
        {"POST", "/replication/connections/{id}/check", "read"},
        {"POST", "/replication/connections/{id}/discover", "read"},
        {"GET", "/replication/integrations", "read"},
        {"POST", "/replication/integrations", "write", "none"},
        {"GET", "/replication/integrations/{id}", "read"},
        {"PUT", "/replication/integrations/{id}", "write", "none"},
        {"DELETE", "/replication/integrations/{id}", "write", "none"},
        {"GET", "/replication/jobs", "read"},
        {"POST", "/replication/jobs", "write"},
        {"GET", "/replication/jobs/{id}", "read", "other"},
        {"PUT", "/replication/jobs/{id}", "write", "other"},
        {"PATCH", "/replication/jobs/{id}", "write", "other"},
        {"DELETE", "/replication/jobs/{id}", "write", "other"},
        {"POST", "/replication/jobs/{id}/run", "run", "other"},
        {"POST", "/replication/jobs/{id}/pause", "run", "other"},
        {"POST", "/replication/jobs/{id}/resume", "run", "other"},
        {"POST", "/replication/jobs/{id}/cancel", "run", "other"},
        {"POST", "/replication/jobs/{id}/reset", "run", "other"},
        {"POST", "/replication/jobs/{id}/preview", "read", "other"},
        {"GET", "/replication/jobs/{id}/status", "read", "other"},
        {"GET", "/replication/jobs/{id}/history", "read", "other"},
        {"GET", "/replication/jobs/{id}/metrics", "read", "other"},
        {"GET", "/replication/jobs/{id}/next", "read", "other"},
        {"POST", "/data-replication/configure", "write"},
        {"DELETE", "/data-replication/configure/{name}", "write", "other"},
        {"POST", "/data-replication/start/{name}", "run", "other"},
        {"POST", "/data-replication/stop/{name}", "run", "other"},
        {"POST", "/data-replication/sync/{name}", "run", "other"},
        {"GET", "/data-replication/status", "read"},
        {"GET", "/data-replication/logs", "read"}};
    return all;
}

class Scopes : public testing::Test {
protected:
    static std::size_t rank(std::string const& scope) {
        constexpr std::array names{"none", "read", "run", "write", "admin"};
        for (std::size_t i = 0; i < names.size(); ++i)
            if (scope == names[i]) return i;
        return 0;
    }
    /// A path in which every parameter names what nobody made.
    static std::string path_of(Row const& row) {
        std::string path = row.path;
        for (std::size_t at = path.find('{'); at != path.npos; at = path.find('{'))
            path.replace(at, path.find('}', at) - at + 1, "nothing");
        return path;
    }
    Answer ask(Row const& row, std::string const& token) {
        Json const body = row.method == "GET" || row.method == "DELETE" ? Json() : Json::object();
        return host.call(row.method, path_of(row), body,
                         {{"Authorization", token.empty() ? "" : "Bearer " + token},
                          {"Accept", "application/json"}});
    }
    std::string made(Json wish) {
        wish["name"] = "matrix";
        return host.post("/tokens", wish).body.at("token");
    }

    TempDir directory;
    WeirServer host{directory / "data"};
};

TEST_F(Scopes, EveryRouteAsksForItsOwn) {
    std::string const expired = made({{"scope", "admin"}, {"ttl_seconds", 1}});
    std::string const revoked = made({{"scope", "admin"}});
    Answer const tokens = host.get("/tokens");
    host.call("DELETE", "/tokens/" + tokens.body["items"].back()["id"].get<std::string>());
    ASSERT_TRUE(eventually([&] { return ask({"GET", "/runs", "read"}, expired).status == 401; }));
    for (Row const& row : rows()) {
        bool const is_open = row.scope == "none";
        for (std::string const& nobody : {std::string{}, std::string{"wrong"}, expired, revoked})
            EXPECT_EQ(ask(row, nobody).status == 401, !is_open)
                << row.method << " " << row.path << " " << nobody;
    }
    for (std::string const scope : {"ingest", "read", "run", "write", "admin"}) {
        std::string const token = made({{"scope", scope}});
        for (Row const& row : rows()) {
            Answer const answer = ask(row, token);
            bool const may = rank(scope) >= rank(row.scope);
            EXPECT_EQ(answer.status == 403, !may) << row.method << " " << row.path << " as "
                                                  << scope << ": " << answer;
            EXPECT_NE(answer.status, 401u) << row.path;
            EXPECT_LT(answer.status, 500u) << row.method << " " << row.path << answer;
            if (!may) {
                EXPECT_NE(answer.text.find("scope " + row.scope), std::string::npos) << answer;
            }
        }
    }
}

TEST_F(Scopes, WhoIsLimitedToJobsChangesNothingElse) {
    std::string const token = made({{"scope", "write"}, {"jobs", "users_*"}});
    for (Row const& row : rows()) {
        if (rank(row.scope) > rank("write")) continue;
        Answer const answer = ask(row, token);
        std::string const what = row.method + " " + row.path + ": " + answer.text;
        if (row.limited == "none") {
            EXPECT_EQ(answer.status, 403u) << what;
        } else if (row.limited == "other") {
            EXPECT_EQ(answer.status, 404u) << what;
            EXPECT_EQ(answer.code(), "request.not_found") << what;
        } else {
            EXPECT_NE(answer.status, 403u) << what;
        }
    }
}

TEST_F(Scopes, TheTableHasEveryRouteWithItsScope) {
    std::set<std::string> known{"POST /session none"};  // asks for a code or a token of its own
    for (Row const& row : rows()) known.insert(row.method + " " + row.path + " " + row.scope);
    std::set<std::string> live;
    Answer const endpoints = host.get("/endpoints");
    for (Json const& route : endpoints.body.at("items"))
        live.insert(route.at("method").get<std::string>() + " " +
                    route.at("path").get<std::string>() + " " +
                    route.at("scope").get<std::string>());
    EXPECT_EQ(live, known);
}

}  // namespace
}  // namespace weir::test
