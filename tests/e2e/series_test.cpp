// GET /series: what grew when, kept for charts.
#include <gtest/gtest.h>

#include <csignal>

#include "e2e/weir_server.hpp"
#include "support/temp_dir.hpp"

namespace weir::test {
namespace {

class KeptFigures : public testing::Test {
protected:
    WeirServer& host() {
        if (!host_) host_ = std::make_unique<WeirServer>(directory / "data");
        return *host_;
    }
    void stop() {
        host_->process().kill(SIGTERM);
        EXPECT_EQ(host_->process().wait(), 0);
        host_.reset();
    }
    void run(std::string const& id) {
        Json const job{{"id", id},
                       {"source", {{"url", "generator:rows=3"}, {"stream", "users"}}},
                       {"destination", {{"connection", "local"}, {"table", id}}}};
        Answer const made = host().post("/replication/jobs", job);
        ASSERT_TRUE(made.status == 201 || made.status == 200) << made;
        ASSERT_EQ(host().run_job(id).body.at("status"), "succeeded");
    }
    static double sum_of(Answer const& answer) {
        EXPECT_EQ(answer.status, 200u) << answer;
        double sum = 0;
        for (Json const& point : answer.body.at("points"))
            sum += point.at("value").get<double>();
        return sum;
    }
    double sum(std::string const& query) { return sum_of(host().get("/series?" + query)); }
    void expect_refused(std::string const& query, std::string const& pointer) {
        Answer const answer = host().get("/series?" + query);
        EXPECT_EQ(answer.status, 422u) << query << answer;
        EXPECT_EQ(answer.code(), "request.bad_parameter") << answer;
        EXPECT_EQ(answer.body.value("pointer", ""), pointer) << answer;
    }

    TempDir directory;
    std::unique_ptr<WeirServer> host_;
};

TEST_F(KeptFigures, OfAJobThatNeverWasAreNone) {
    run("users_a");
    Answer const unknown = host().get("/series?name=records_read&job=users_b");
    EXPECT_EQ(unknown.status, 404u) << unknown;
    EXPECT_EQ(unknown.code(), "series.unknown_job") << unknown;
    EXPECT_NE(unknown.text.find("users_a"), std::string::npos) << unknown;
    EXPECT_EQ(sum("name=records_rejected&job=users_a"), 0) << "it is there, and nothing grew";
}

TEST_F(KeptFigures, OutliveTheServerInEveryResolution) {
    run("users_a");
    run("orders");
    stop();
    for (char const* step : {"", "&step=10s", "&step=1m", "&step=1h"}) {
        EXPECT_EQ(sum(std::string{"name=records_read&job=users_a"} + step), 3) << step;
        EXPECT_EQ(sum(std::string{"name=records_written"} + step), 6) << step;
        EXPECT_EQ(sum(std::string{"name=runs_succeeded&job=orders"} + step), 1) << step;
        EXPECT_EQ(sum(std::string{"name=runs_failed"} + step), 0) << step;
        EXPECT_GT(sum(std::string{"name=run_seconds"} + step), 0) << step;
    }
    Answer const answer = host().get("/series?name=records_read&job=users_a");
    EXPECT_EQ(answer.body.at("step"), "10s");
    EXPECT_EQ(answer.body.at("job"), "users_a");
    EXPECT_GE(answer.body.at("points").size(), 360u);
    for (Json const& point : answer.body["points"]) {
        std::string const at = point.at("at");
        EXPECT_EQ(at.substr(at.size() - 9), "0.000000Z") << "a whole ten seconds";
    }
    EXPECT_EQ(host().get("/series?name=records_read&from=2026-01-01T00:00:00Z").body.at("step"),
              "1h");
    EXPECT_EQ(sum("name=records_read&to=2026-01-02T00:00:00Z&from=2026-01-01T00:00:00Z"), 0);
}

TEST_F(KeptFigures, AreStoredWhileTheServerWorks) {
    run("users_a");
    EXPECT_TRUE(eventually([&] { return sum("name=records_read&job=users_a") == 3; }));
    run("users_a");
    EXPECT_TRUE(eventually([&] { return sum("name=records_read&job=users_a") == 6; }));
    EXPECT_EQ(sum("name=runs_succeeded&job=users_a"), 2);
}

TEST_F(KeptFigures, OfOtherJobsAreNotThereForWhoIsLimitedToSome) {
    run("users_a");
    run("orders");
    stop();
    Answer const made =
        host().post("/tokens", {{"name", "u"}, {"scope", "read"}, {"jobs", "users_*"}});
    auto ask = [&](std::string const& query) {
        return host().call(
            "GET", "/series?name=records_read" + query, nullptr,
            {{"Authorization", "Bearer " + made.body.at("token").get<std::string>()}});
    };
    EXPECT_EQ(sum_of(ask("")), 3);
    EXPECT_EQ(sum_of(ask("&job=users_a")), 3);
    EXPECT_EQ(ask("&job=orders").status, 404u);
    EXPECT_EQ(sum("name=records_read"), 6) << "who is not limited";
}

TEST_F(KeptFigures, RefuseWhatIsNone) {
    expect_refused("name=record_read", "/name");
    EXPECT_NE(host().get("/series?name=record_read").text.find("did you mean records_read?"),
              std::string::npos);
    Answer const unnamed = host().get("/series");
    EXPECT_EQ(unnamed.status, 422u);
    EXPECT_NE(unnamed.text.find("run_seconds"), std::string::npos) << "all are listed" << unnamed;
    expect_refused("name=records_read&step=5s", "/step");
    expect_refused("name=records_read&from=yesterday", "/from");
    expect_refused("name=records_read&from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "/to");
    EXPECT_EQ(host().get("/series?nam=records_read").status, 422u);
}

}  // namespace
}  // namespace weir::test
