// GET /runs and `weir run list`: which runs of many.
#include <gtest/gtest.h>

#include <algorithm>

#include "e2e/weir_server.hpp"
#include "support/temp_dir.hpp"

namespace weir::test {
namespace {

using Words = std::vector<std::string>;

class RunList : public testing::Test {
protected:
    void SetUp() override {
        for (char const* id : {"users_a", "orders", "users_b"}) {
            Answer const made =
                host.post("/replication/jobs",
                          {{"id", id},
                           {"source", {{"url", "generator:rows=3"}, {"stream", "users"}}},
                           {"destination", {{"connection", "local"}, {"table", id}}}});
            ASSERT_EQ(made.status, 201u) << made;
            Answer const run = host.run_job(id);
            ASSERT_EQ(run.status, 200u) << run;
            created[id] = run.body.at("created_at");
        }
    }
    static Words jobs_in(Json const& list) {
        Words jobs;
        for (Json const& run : list.at("items")) jobs.push_back(run.at("job"));
        return jobs;
    }
    Words found(std::string const& query) {
        Answer const list = host.get("/runs?" + query);
        EXPECT_EQ(list.status, 200u) << query << list;
        return list.status == 200 ? jobs_in(list.body) : Words{};
    }
    void expect_refused(std::string const& query, std::string const& pointer) {
        Answer const answer = host.get("/runs?" + query);
        EXPECT_EQ(answer.status, 422u) << query << answer;
        EXPECT_EQ(answer.code(), "request.bad_parameter") << answer;
        EXPECT_EQ(answer.body.value("pointer", ""), pointer) << answer;
    }

    TempDir directory;
    WeirServer host{directory / "data"};
    std::map<std::string, std::string> created;
};

TEST_F(RunList, TakesATimeToBeginWithAndOneToEndBefore) {
    std::string const second = created["orders"];
    EXPECT_EQ(found("since=" + second), (Words{"users_b", "orders"}));
    EXPECT_EQ(found("until=" + second), Words{"users_a"});
    EXPECT_EQ(found("since=" + second + "&until=" + created["users_b"]), Words{"orders"});
    EXPECT_EQ(found("since=" + second + "&until=" + second), Words{});
    EXPECT_EQ(found("since=" + second + "&job=users_b&status=succeeded"), Words{"users_b"});
    std::string const bare = second.substr(0, second.size() - 1);
    for (char const* offset : {"+00:00", "%2B00:00", "-00:00"})
        EXPECT_EQ(found("since=" + bare + offset), (Words{"users_b", "orders"})) << offset;
    EXPECT_EQ(found("since=" + bare + "%2B01:00").size(), 3u) << "an hour before";
    expect_refused("since=yesterday", "/since");
    expect_refused("until=2026-01-01", "/until");
    expect_refused("since=" + created["users_b"] + "&until=" + second, "/until");
    EXPECT_NE(host.get("/runs?sinse=" + second).text.find(R"("suggestion":"since")"),
              std::string::npos);
}

TEST_F(RunList, TakesAPartOfAJobsId) {
    EXPECT_EQ(found("q=USERS"), (Words{"users_b", "users_a"}));
    EXPECT_EQ(found("q=sers_a"), Words{"users_a"});
    EXPECT_EQ(found("q=r%25"), Words{}) << "a letter like any other";
    EXPECT_EQ(found("q=users&until=" + created["users_b"]), Words{"users_a"});
}

TEST_F(RunList, HasFullPagesForWhoIsLimitedToSomeJobs) {
    Answer const made =
        host.post("/tokens", {{"name", "o"}, {"scope", "read"}, {"jobs", "orders"}});
    Answer const page =
        host.call("GET", "/runs?limit=1", nullptr,
                  {{"Authorization", "Bearer " + made.body.at("token").get<std::string>()}});
    EXPECT_EQ(jobs_in(page.body), Words{"orders"}) << page;
    EXPECT_EQ(page.body.at("next"), page.body["items"][0].at("run_id")) << "no other job's";
}

TEST_F(RunList, TakesTheTimesOnTheCommandLine) {
    Ran const since = host.cli({"run", "list", "--since", created["users_b"], "--json"});
    ASSERT_EQ(since.code, 0) << since;
    EXPECT_EQ(jobs_in(since.json), Words{"users_b"});
    Ran const until = host.cli({"run", "list", "--until", created["users_b"], "--json"});
    EXPECT_EQ(jobs_in(until.json), (Words{"orders", "users_a"})) << until;
    Ran const wrong = host.cli({"run", "list", "--since", "yesterday"});
    EXPECT_EQ(wrong.code, 2) << wrong;
    EXPECT_NE(wrong.err.find("since=yesterday"), std::string::npos) << wrong;
}

}  // namespace
}  // namespace weir::test
