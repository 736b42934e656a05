#pragma once

#include "e2e/plugins_fixture.hpp"

namespace weir::test {

/// A server with a library of somebody else, which has a process of its own there.
class Contained : public Plugins {
protected:
    Contained() { install("acme_1"); }

    /// A job of its parts that is tried again at once.
    static void make_patient_job(WeirServer& host, Json const& config) {
        ASSERT_EQ(host.post("/replication/connections",
                            {{"id", "parts"}, {"connector", "acme"}, {"config", config}})
                      .status,
                  201u);
        Json const retry{{"attempts", 3}, {"delay", 10}};
        Answer const made = host.post(
            "/replication/jobs",
            {{"id", "parts"},
             {"source", {{"connection", "parts"}, {"stream", "parts"}, {"retry", retry}}},
             {"destination", {{"connection", "local"}, {"table", "parts"}}}});
        ASSERT_EQ(made.status, 201u) << made;
    }
    /// As with_libraries(), but it runs in the host.
    std::vector<std::string> in_the_host() const {
        return {"--connector-dir", libraries().string(), "--in-process", "com.example.acme"};
    }
    static Json shown(WeirServer& host) { return plugin(host, "com.example.acme"); }
    static std::string start(WeirServer& host) {
        return host.post("/replication/jobs/parts/run").body.at("run_id");
    }
    static Json ended(WeirServer& host, std::string const& run) {
        EXPECT_TRUE(eventually([&] { return has_ended(run_of(host, run)); }));
        return run_of(host, run);
    }
    std::string count() const {
        return Sqlite{data() + "/local.db"}.one("SELECT count(*) || ' ' || sum(id) FROM parts");
    }
};

}  // namespace weir::test
