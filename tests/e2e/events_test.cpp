// What `weir serve` tells at /events, and the command that shows it.
#include <algorithm>
#include <atomic>
#include <csignal>
#include <fstream>
#include <set>
#include <thread>

#include "e2e/weir_server.hpp"
#include "support/copy_fixture.hpp"
#include "support/event_reader.hpp"

namespace weir::test {
namespace {

class ServedEvents : public CopyFixture {
protected:
    std::string data() const { return directory / "data"; }

    static EventReader reader(WeirServer& host, std::string const& query = "",
                              std::string const& fields = "") {
        return EventReader{static_cast<std::uint16_t>(host.port()), host.token(), query, fields};
    }
    void make_job(WeirServer& host) {
        make_users(500);
        host.post("/replication/connections", {{"id", "shop"},
                                               {"connector", "postgres"},
                                               {"config", {{"url", server.url(database)}}}});
        Answer const made =
            host.post("/replication/jobs",
                      {{"id", "users"},
                       {"source", {{"connection", "shop"}, {"stream", "public.users"}}},
                       {"destination", {{"connection", "local"}, {"table", "users"}}}});
        ASSERT_EQ(made.status, 201u) << made;
    }
    /// Nothing more comes, but for what was on its way.
    static void expect_end(EventReader& reader) {
        for (int beats = 0; auto const frame = reader.next(true); ++beats) {
            ASSERT_EQ(frame->event, "heartbeat");
            ASSERT_LT(beats, 2) << "it goes on";
        }
    }
    /// Types up to and with `last`.
    static std::vector<std::string> types_until(EventReader& reader, std::string const& last) {
        std::vector<std::string> types;
        while (types.empty() || types.back() != last) {
            auto const frame = reader.next();
            if (!frame) break;
            types.push_back(frame->event);
        }
        return types;
    }
};

TEST_F(ServedEvents, TellTheLifeOfAJobAndItsRun) {
    WeirServer host{data()};
    EventReader here = reader(host, "?job=users");
    make_job(host);
    Answer const run = host.run_job("users");
    ASSERT_EQ(run.status, 200u) << run;
    host.post("/replication/jobs/users/pause");
    host.call("DELETE", "/replication/jobs/users");
    std::vector<std::string> types = types_until(here, "job.deleted");
    std::erase(types, "run.progress");  // as often as there was time
    std::vector<std::string> const expected{"job.created", "run.queued",   "run.started",
                                            "run.task",    "run.task",     "run.finished",
                                            "job.state",   "job.deleted"};
    EXPECT_EQ(types, expected);
    Answer const finished = host.call("GET", "/events?types=run.finished", nullptr,
                                      {{"Accept", "application/json"}});
    Json const& event = finished.body.at("items").at(0);
    EXPECT_EQ(event.at("run"), run.body.at("run_id"));
    EXPECT_EQ(event.at("status"), "succeeded");
    EXPECT_EQ(event.at("written"), 500);
}

TEST_F(ServedEvents, TellWhoIsLimitedToJobsOfThoseAlone) {
    WeirServer host{data()};
    auto const limited_to = [&](char const* jobs) {
        Answer const made = host.post(
            "/tokens", {{"name", "watch"}, {"scope", "read"}, {"jobs", jobs}});
        return EventReader{static_cast<std::uint16_t>(host.port()), made.body.at("token"),
                           "?after=0"};
    };
    make_job(host);
    host.post("/cron/events", {{"name", "tick"}, {"schedule", "@yearly"}});
    host.post("/cron/events/tick/fire");
    host.run_job("users");
    EventReader own = limited_to("use*"), other = limited_to("orders");
    EventReader all = reader(host, "?after=0");
    EXPECT_EQ(own.next()->event, "job.created");
    EXPECT_EQ(own.next()->event, "run.queued") << "and nothing of the schedule";
    auto const of_all = types_until(all, "run.queued");
    EXPECT_EQ(std::count(of_all.begin(), of_all.end(), "schedule.fired"), 1);
    EXPECT_EQ(std::count(of_all.begin(), of_all.end(), "host.state"), 1);
    host.post("/replication/jobs",
              {{"id", "orders"},
               {"source", {{"connection", "shop"}, {"stream", "public.users"}}},
               {"destination", {{"connection", "local"}, {"table", "orders"}}}});
    auto const first = other.next();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->data.at("job"), "orders");
}

TEST_F(ServedEvents, HoldTheLogForWhoAsksForIt) {
    std::string const file = directory / "weir.yaml";
    std::ofstream{file} << "version: 1\n";
    WeirServer host{data(), {"--config", file}};
    Json const narrow = host.post("/tokens", {{"name", "r"}, {"scope", "read"}}).body;
    EventReader log = reader(host, "?types=log");
    EventReader other{static_cast<std::uint16_t>(host.port()), narrow.at("token"),
                      "?types=log,job.*"};
    EventReader unasked = reader(host);
    std::ofstream{file} << "bogus: 1\n";
    host.process().kill(SIGHUP);
    auto const line = log.next();
    ASSERT_TRUE(line);
    EXPECT_EQ(line->event, "log");
    EXPECT_EQ(line->data.at("level"), "error") << line->data;
    EXPECT_EQ(line->data.at("logger"), "config") << line->data;
    EXPECT_NE(line->data.at("message").dump().find("bogus"), std::string::npos) << line->data;
    make_job(host);
    EXPECT_EQ(other.next()->event, "job.created") << "no line of the log";
    std::vector<std::string> const types = types_until(unasked, "job.created");
    EXPECT_EQ(std::count(types.begin(), types.end(), "log"), 0);
}

TEST_F(ServedEvents, EndWithTheTokenThatOpenedThem) {
    WeirServer host{data()};
    auto const made = [&](int ttl_s) {
        Json wish{{"name", "watch"}, {"scope", "read"}, {"jobs", "use*"}};
        if (ttl_s > 0) wish["ttl_seconds"] = ttl_s;
        return host.post("/tokens", wish).body;
    };
    auto const opened = [&](Json const& token) {
        return EventReader{static_cast<std::uint16_t>(host.port()), token.at("token"), "?after=0"};
    };
    auto const revoke = [&](Json const& token, char const* query) {
        return host.call("DELETE", "/tokens/" + token.at("id").get<std::string>() + query).status;
    };
    make_job(host);
    Json const revoked = made(0), kept = made(0), brief = made(5);
    EventReader here = opened(revoked), other = opened(kept), timed = opened(brief);
    for (EventReader* each : {&here, &other, &timed}) EXPECT_EQ(each->next()->event, "job.created");
    EXPECT_EQ(revoke(revoked, "?dry_run=true"), 204u);
    host.post("/replication/jobs/users/pause");
    EXPECT_EQ(here.next()->event, "job.state") << "only tried";
    EXPECT_EQ(revoke(revoked, ""), 204u);
    host.post("/replication/jobs/users/resume");
    expect_end(here);
    EXPECT_EQ(other.next()->event, "job.state");
    EXPECT_EQ(other.next()->event, "job.state") << "another token's goes on";
    for (int i = 0; i < 2; ++i) EXPECT_EQ(timed.next()->event, "job.state");
    expect_end(timed);
}

TEST_F(ServedEvents, EndWhenTheBrowserSignsOut) {
    WeirServer host{data()};
    make_job(host);
    auto const signed_in = [&] {
        Answer const in = host.post("/session", {{"token", host.token()}});
        std::string const set = in.headers.at("set-cookie");
        return set.substr(0, set.find(';'));
    };
    std::string const cookie = signed_in(), second = signed_in();
    auto const opened = [&](std::string const& with) {
        return EventReader{static_cast<std::uint16_t>(host.port()), std::nullopt, "?after=0",
                           "Cookie: " + with + "\r\n"};
    };
    EventReader here = opened(cookie), other = opened(second);
    for (EventReader* each : {&here, &other}) types_until(*each, "job.created");
    Answer const out = host.call("DELETE", "/session", nullptr,
                                 {{"Authorization", ""}, {"Cookie", cookie},
                                  {"Origin", host.url()}});
    ASSERT_EQ(out.status, 204u) << out;
    expect_end(here);
    host.post("/replication/jobs/users/pause");
    EXPECT_EQ(types_until(other, "job.state").back(), "job.state");
}

TEST_F(ServedEvents, NameEachFiringOfASchedule) {
    WeirServer host{data()};
    EventReader here = reader(host, "?types=schedule.fired");
    Answer const made = host.post("/cron/events", {{"name", "tick"}, {"schedule", "* * * * * *"}});
    ASSERT_EQ(made.status, 201u) << made;
    auto const first = here.next(), second = here.next();
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->data.at("name"), "tick");
    EXPECT_EQ(first->data.at("type"), "schedule.fired");
    EXPECT_LT(first->data.at("scheduled_at"), second->data.at("scheduled_at"));
}

TEST_F(ServedEvents, GoOnByNumberAfterAKill) {
    std::string last, place;
    {
        WeirServer host{data()};
        host.post("/cron/events", {{"name", "tick"}, {"schedule", "* * * * * *"}});
        EventReader here = reader(host, "?types=schedule.fired");
        auto const frame = here.next();
        ASSERT_TRUE(frame);
        place = frame->id;
        last = frame->data.at("scheduled_at");
        host.process().kill(SIGKILL);
        while (here.next()) {
        }
    }
    WeirServer host{data()};
    EventReader here =
        reader(host, "?types=schedule.fired,schedule.missed", "Last-Event-ID: " + place + "\r\n");
    std::set<std::string> seen{last};
    for (int i = 0; i < 3; ++i) {
        auto const frame = here.next();
        ASSERT_TRUE(frame);
        EXPECT_GT(std::stoll(frame->id), std::stoll(place));
        place = frame->id;
        if (frame->event != "schedule.fired") continue;
        EXPECT_TRUE(seen.insert(frame->data.at("scheduled_at")).second) << "twice";
    }
}

// Runs come and go without a pause; the reader is cut after every few frames and goes on with the
// number of the last one. What it got is what is stored, each once.
TEST_F(ServedEvents, AReaderThatIsCutUnderLoadHasEachEventOnce) {
    WeirServer host{data()};
    std::vector<std::string> const jobs{"a", "b", "c"};
    for (std::string const& id : jobs)
        ASSERT_EQ(host.post("/replication/jobs",
                            {{"id", id},
                             {"source", {{"url", "generator:rows=20"}}},
                             {"destination", {{"connection", "local"}, {"table", id}}},
                             {"schedule", "* * * * * *"}})
                      .status,
                  201u);
    std::atomic<bool> is_over{false};
    std::thread load{[&] {
        for (std::size_t i = 0; !is_over; ++i)
            host.post("/replication/jobs/" + jobs[i % jobs.size()] + "/run");
    }};
    std::vector<std::string> seen;
    for (std::string place = "0"; seen.size() < 400;) {
        EventReader here = reader(host, "", "Last-Event-ID: " + place + "\r\n");
        for (std::size_t left = 1 + seen.size() % 17; left > 0;) {
            auto const frame = here.next();
            if (!frame) break;
            if (frame->id.empty()) continue;  // progress is told and not kept
            seen.push_back(place = frame->id);
            --left;
        }
    }
    is_over = true;
    load.join();
    std::vector<std::string> stored;
    for (std::string place = "0"; stored.size() < seen.size();) {
        Answer const page = host.call("GET", "/events?limit=1000&after=" + place, nullptr,
                                      {{"Accept", "application/json"}});
        ASSERT_EQ(page.status, 200u) << page;
        for (Json const& item : page.body.at("items")) stored.push_back(item.at("id"));
        place = page.body.at("last");
    }
    stored.resize(seen.size());
    EXPECT_EQ(seen, stored);
}

TEST_F(ServedEvents, ShowOnTheCommandLine) {
    WeirServer host{data()};
    make_job(host);
    host.run_job("users");
    Ran const listed = host.cli({"events", "--types", "run.*", "--job", "users"});
    EXPECT_EQ(listed.code, 0) << listed.err;
    EXPECT_NE(listed.out.find("run.finished"), std::string::npos) << listed.out;
    EXPECT_NE(listed.out.find("written=500"), std::string::npos) << listed.out;
    EXPECT_EQ(listed.out.find("job.created"), std::string::npos) << listed.out;
    EXPECT_EQ(host.cli({"events", "--types", "run.finishd"}).code, 2);

    std::vector<std::string> arguments{"events", "-f", "--json", "--after", "0", "--server",
                                       host.url(), "--token-file", data() + "/admin-token"};
    Process follower{weir_command(arguments)};
    auto const has = [&](char const* text) {
        return eventually([&] { return follower.out().find(text) != std::string::npos; });
    };
    EXPECT_TRUE(has("\"type\":\"run.finished\"")) << follower.output();
    host.call("DELETE", "/replication/jobs/users");
    EXPECT_TRUE(has("\"type\":\"job.deleted\"")) << follower.output();
    follower.kill(SIGINT);
}

}  // namespace
}  // namespace weir::test
