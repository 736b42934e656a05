#pragma once

#include <string>
#include <vector>

#include "e2e/weir_server.hpp"
#include "support/copy_fixture.hpp"

namespace weir::test {

/// A server's data directory beside a fresh PostgreSQL database.
class Serve : public CopyFixture {
protected:
    std::string data() const { return directory / "data"; }
    Sqlite local() const { return Sqlite{data() + "/local.db"}; }

    Answer add_shop(WeirServer& host) {
        return host.post("/replication/connections", {{"id", "shop"},
                                                      {"connector", "postgres"},
                                                      {"config", {{"url", server.url(database)}}}});
    }
    static Json users_job(std::string const& id, Json const& schedule = nullptr) {
        Json job{{"id", id},
                 {"source",
                  {{"connection", "shop"}, {"stream", "public.users"}, {"cursor", "updated_at"}}},
                 {"destination", {{"connection", "local"}, {"table", "users"}}}};
        if (!schedule.is_null()) job["schedule"] = schedule;
        return job;
    }
    Differences local_differs(std::string const& target = "users") {
        return compare(users_in_source(),
                       local().rows("SELECT id, name, updated_at FROM \"" + target + "\""));
    }
    void expect_local_equal() {
        Differences const differences = local_differs();
        EXPECT_TRUE(differences.none()) << differences;
    }
    /// The seed's body, with this server's address in it.
    Json seed_source() const {
        return {{"dialect", "postgresql"},
                {"host", "127.0.0.1"},
                {"port", server.port()},
                {"user", PostgresServer::user},
                {"password", PostgresServer::password},
                {"database", database}};
    }
    static std::vector<Json> finished(WeirServer& host, std::string const& job) {
        std::vector<Json> runs;
        Answer const history = host.get("/replication/jobs/" + job + "/history?limit=1000");
        for (Json const& run : history.body.at("items"))
            if (run.at("status") == "succeeded") runs.push_back(run);
        return runs;
    }
};

}  // namespace weir::test
