// /metrics of a server: every series from the start, counted by what runs did.
#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "e2e/weir_server.hpp"
#include "support/copy_fixture.hpp"

namespace weir::test {
namespace {

class Scrape : public CopyFixture {
protected:
    std::string data() const { return directory / "data"; }
    Json users_job(std::string const& id) const {
        return {{"id", id},
                {"source",
                 {{"url", server.url(database)},
                  {"stream", "public.users"},
                  {"cursor", "updated_at"}}},
                {"destination",
                 {{"connection", "local"}, {"table", id}, {"onError", "dead_letter"}}}};
    }
    /// Every sample by its name and labels; fails on a line that is neither that nor a comment, on
    /// a sample outside its family, and on a family that comes twice.
    static std::map<std::string, double> samples(std::string const& text) {
        std::map<std::string, double> all;
        std::set<std::string> families;
        std::string family, line;
        std::regex const sample{
            R"re(([a-z_][a-z0-9_]*)(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? ([0-9.e+-]+))re"};
        for (std::istringstream lines{text}; std::getline(lines, line);) {
            if (line.starts_with("# HELP ")) continue;
            if (line.starts_with("# TYPE ")) {
                family = line.substr(7, line.find(' ', 7) - 7);
                EXPECT_TRUE(families.insert(family).second) << line;
                continue;
            }
            std::smatch parts;
            if (!std::regex_match(line, parts, sample)) {
                ADD_FAILURE() << line;
                continue;
            }
            EXPECT_TRUE(parts[1].str().starts_with(family)) << line << " in " << family;
            all[parts[1].str() + parts[2].str()] = std::stod(parts[4].str());
        }
        return all;
    }
    /// Anybody may ask.
    static std::map<std::string, double> scrape(WeirServer& host) {
        Answer const answer = host.call("GET", "/metrics", nullptr, {{"Authorization", ""}});
        EXPECT_EQ(answer.status, 200u);
        EXPECT_EQ(answer.headers.at("content-type"), "text/plain; version=0.0.4; charset=utf-8");
        EXPECT_EQ(answer.text.find(PostgresServer::password), std::string::npos);
        return samples(answer.text);
    }
    static void expect_soon(WeirServer& host, std::string const& name, double value) {
        EXPECT_TRUE(eventually([&] {
            auto const all = scrape(host);
            auto const found = all.find(name);
            return found != all.end() && found->second == value;
        })) << name;
    }
};

TEST_F(Scrape, HasEverySeriesOfAJobBeforeItRan) {
    make_users(3);
    WeirServer host{data()};
    ASSERT_EQ(host.post("/replication/jobs", users_job("users")).status, 201u);
    expect_soon(host, R"(weir_jobs{state="idle"})", 1);
    auto const all = scrape(host);
    for (char const* name :
         {R"(weir_runs_total{job="users",status="succeeded",trigger="user"})",
          R"(weir_runs_total{job="users",status="failed",trigger="user"})",
          R"(weir_run_duration_seconds_count{job="users"})",
          R"(weir_records_read_total{job="users"})", R"(weir_records_written_total{job="users"})",
          R"(weir_records_filtered_total{job="users"})",
          R"(weir_records_rejected_total{job="users"})",
          R"(weir_records_deleted_total{job="users"})", R"(weir_bytes_read_total{job="users"})",
          R"(weir_job_last_success_timestamp_seconds{job="users"})",
          R"(weir_job_next_run_timestamp_seconds{job="users"})",
          R"(weir_dead_letters{job="users"})", R"(weir_schedule_missed_total{job="users"})",
          "weir_schedule_delay_seconds_count", "weir_fenced_total",
          "weir_log_lines_dropped_total", "weir_event_streams"}) {
        ASSERT_TRUE(all.contains(name)) << name;
        EXPECT_EQ(all.at(name), 0) << name;
    }
    for (char const* name :
         {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds",
          "process_max_fds", "process_start_time_seconds", "weir_state_size_bytes",
          R"(weir_plugins{state="active"})", "weir_http_connections"}) {
        ASSERT_TRUE(all.contains(name)) << name;
        EXPECT_GT(all.at(name), 0) << name;
    }
}

TEST_F(Scrape, CountsWhatRunsDid) {
    make_users(7);
    WeirServer host{data()};
    ASSERT_EQ(host.post("/replication/jobs", users_job("users")).status, 201u);
    ASSERT_EQ(host.run_job("users").body.at("status"), "succeeded");
    add_users(8, 9);
    ASSERT_EQ(host.run_job("users").body.at("written"), 2);
    Json broken = users_job("broken");
    broken["source"]["stream"] = "public.nothing";
    ASSERT_EQ(host.post("/replication/jobs", broken).status, 201u);
    ASSERT_EQ(host.run_job("broken").body.at("status"), "failed");
    expect_soon(host, R"(weir_runs_total{job="broken",status="failed",trigger="user"})", 1);
    auto const all = scrape(host);
    EXPECT_EQ(all.at(R"(weir_runs_total{job="users",status="succeeded",trigger="user"})"), 2);
    EXPECT_EQ(all.at(R"(weir_run_duration_seconds_count{job="users"})"), 2);
    EXPECT_EQ(all.at(R"(weir_run_duration_seconds_bucket{job="users",le="+Inf"})"), 2);
    EXPECT_EQ(all.at(R"(weir_records_read_total{job="users"})"), 9);
    EXPECT_EQ(all.at(R"(weir_records_written_total{job="users"})"), 9);
    EXPECT_GT(all.at(R"(weir_bytes_read_total{job="users"})"), 0);
    std::string const success = R"(weir_job_last_success_timestamp_seconds{job="users"})";
    EXPECT_TRUE(eventually([&] { return scrape(host).at(success) > 1'700'000'000; }));
    EXPECT_EQ(all.at(R"(weir_job_last_success_timestamp_seconds{job="broken"})"), 0);
}

TEST_F(Scrape, KnowsTicksAndLetters) {
    make_users(4);
    WeirServer host{data()};
    ASSERT_EQ(host.post("/replication/jobs", users_job("first")).status, 201u);
    ASSERT_EQ(host.run_job("first").body.at("written"), 4);
    Sqlite{data() + "/local.db"}.run(
        "CREATE TRIGGER refuse BEFORE INSERT ON first BEGIN SELECT RAISE(ABORT, 'no'); END");
    add_users(5, 6);
    ASSERT_EQ(host.run_job("first").body.at("rejected"), 2);
    expect_soon(host, R"(weir_dead_letters{job="first"})", 2);
    EXPECT_EQ(scrape(host).at(R"(weir_records_rejected_total{job="first"})"), 2);
    Json ticking = users_job("ticking");
    ticking["schedule"] = "* * * * * *";
    ASSERT_EQ(host.post("/replication/jobs", ticking).status, 201u);
    std::string const ran = R"(weir_runs_total{job="ticking",status="succeeded",trigger="cron"})";
    EXPECT_TRUE(eventually([&] {
        auto const all = scrape(host);
        return all.contains(ran) && all.at(ran) >= 1;
    }));
    auto const all = scrape(host);
    EXPECT_GE(all.at("weir_schedule_delay_seconds_count"), 1);
    EXPECT_GT(all.at(R"(weir_job_next_run_timestamp_seconds{job="ticking"})"), 1'700'000'000);
    EXPECT_EQ(all.at(R"(weir_jobs{state="scheduled"})"), 1);
}

}  // namespace
}  // namespace weir::test
