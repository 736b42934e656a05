// GET /events over a real store and a real socket.
#include <thread>

#include "host/serve/event_feed.hpp"
#include "host/serve/event_routes.hpp"
#include "host/store/documents.hpp"
#include "http/server_fixture.hpp"
#include "support/event_reader.hpp"
#include "support/temp_dir.hpp"

namespace weir::test {
namespace {

using namespace host;
using Json = nlohmann::json;
using Frame = EventReader::Frame;

class EventStream : public ServerFixture {
protected:
    void begin(EventFeed::Limits const& limits = {}) {
        auto opened = Store::open(directory / "state.db", clock);
        ASSERT_TRUE(opened) << opened.error().message;
        store = std::move(*opened);
        events.emplace(*store);
        feed.emplace(*events, clock, [](auto const&) { return true; }, limits);
        events->on_published([this](auto const&) { feed->wake(); });
        events->on_passing(
            [this](auto const& topic, auto const& data) { feed->pass(topic, data); });
        feed->start();
        ASSERT_TRUE(router.add(event_routes(*feed)));
        serve();
    }
    ~EventStream() override {
        server.reset();
        if (events) events->on_published({}), events->on_passing({});
        feed.reset();
        events.reset();
    }

    std::int64_t publish(std::string const& topic, Json const& data) {
        return events->publish(topic, "", data.dump()).value().value();
    }
    /// `count` events in one transaction.
    void publish_many(int count, std::string const& topic = "job.state",
                      std::string const& filler = "") {
        Changes changes;
        for (int i = 0; i < count; ++i)
            changes.events.push_back(
                {topic, "", Json{{"job", "j" + std::to_string(i % 3)}, {"fill", filler}}.dump()});
        Documents documents{*store};
        ASSERT_TRUE(documents.apply("test", changes));
    }
    EventReader reader(std::string const& query = "", std::string const& fields = "") {
        return EventReader{port, token, query, fields};
    }
    host::http::Response page(std::string const& query) {
        Client client{port};
        Answer const answer =
            client.send(with_token("GET /events" + query, "Accept: application/json\r\n"))
                .receive();
        host::http::Response out;
        out.status = answer.status;
        out.body = answer.body;
        return out;
    }

    TempDir directory;
    std::unique_ptr<Store> store;
    std::optional<Events> events;
    std::optional<EventFeed> feed;
};

TEST_F(EventStream, SendsEachEventAsAFrameOnceItIsStored) {
    begin();
    publish("job.created", {{"job", "before"}});
    EventReader here = reader();
    EXPECT_NE(here.head().find("Content-Type: text/event-stream"), std::string::npos);
    EXPECT_EQ(here.until("\n\n"), "retry: 2000");
    std::int64_t const seq = publish("job.created", {{"job", "orders"}, {"more", 7}});
    std::optional<Frame> const frame = here.next();
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->id, std::to_string(seq));
    EXPECT_EQ(frame->event, "job.created");
    EXPECT_EQ(frame->data.at("type"), "job.created");
    EXPECT_EQ(frame->data.at("job"), "orders");
    EXPECT_EQ(frame->data.at("more"), 7);
    EXPECT_TRUE(frame->data.at("at").get<std::string>().ends_with("Z"));
}

// Cut after every few frames, resumed by number, while others publish.
TEST_F(EventStream, GoesOnByNumberWithoutGapOrRepeat) {
    begin();
    constexpr int lots = 40, lot = 50;
    std::int64_t const first = publish("host.state", {{"state", "ready"}});
    std::thread writer{[&] {
        for (int i = 0; i < lots; ++i) publish_many(lot);
    }};
    std::int64_t last = first;
    int wrong = 0, cuts = 0;
    while (last < first + lots * lot) {
        EventReader here = reader("?after=0", "Last-Event-ID: " + std::to_string(last) + "\r\n");
        for (int i = 0; i < 7 + cuts % 90 && last < first + lots * lot; ++i) {
            std::optional<Frame> const frame = here.next();
            ASSERT_TRUE(frame);
            wrong += std::stoll(frame->id) != last + 1;
            last = std::stoll(frame->id);
        }
        ++cuts;
    }
    writer.join();
    EXPECT_EQ(wrong, 0);
    EXPECT_GT(cuts, 5);
}

// The twin: who does not say where it was misses what came meanwhile, and this test sees it.
TEST_F(EventStream, WithoutItsNumberAReaderMissesWhatCameMeanwhile) {
    begin();
    std::int64_t const seen = publish("host.state", {{"state", "ready"}});
    publish_many(5);
    EventReader here = reader();
    here.until("\n\n");
    publish_many(1);
    EXPECT_NE(std::stoll(here.next()->id), seen + 1);
}

TEST_F(EventStream, ReplaysAllThatIsKeptAndSaysResetBeyondIt) {
    begin();
    publish_many(12'000, "job.state", std::string(200, 'x'));
    EventReader old = reader("?after=1");
    std::optional<Frame> const reset = old.next();
    ASSERT_TRUE(reset);
    EXPECT_EQ(reset->event, "reset");
    EXPECT_EQ(reset->id, "12000");
    publish("job.created", {{"job", "next"}});
    EXPECT_EQ(old.next()->id, "12001");
    EXPECT_EQ(reader("?after=99999").next()->event, "reset");

    // More than a reader may be behind: nobody is cut for what lies in the past.
    EventReader here = reader("?after=2001");
    for (std::int64_t expected = 2'002; expected <= 12'001; ++expected) {
        std::optional<Frame> const frame = here.next();
        ASSERT_TRUE(frame) << "cut before " << expected;
        ASSERT_EQ(frame->id, std::to_string(expected));
    }
}

TEST_F(EventStream, CutsWhoFallsBehindAndItGoesOnByNumber) {
    begin();
    EventReader here = reader();
    here.until("\n\n");
    constexpr int count = 200;
    for (int i = 0; i < count / 20; ++i) publish_many(20, "job.state", std::string(100'000, 'x'));
    std::int64_t last = 0;
    while (std::optional<Frame> const frame = here.next()) last = std::stoll(frame->id);
    EXPECT_LT(last, count) << "the reader was not cut";
    EventReader again = reader("?after=" + std::to_string(last));
    while (last < count) {
        std::optional<Frame> const frame = again.next();
        ASSERT_TRUE(frame);
        ASSERT_EQ(std::stoll(frame->id), ++last);
    }
}

TEST_F(EventStream, ProgressIsTheLatestAndEndsWithTheRun) {
    EventFeed::Limits limits;
    limits.progress_ms = 60'000;  // the first comes at once, and none after it
    begin(limits);
    EventReader here = reader("?types=run.*");
    here.until("\n\n");
    auto progress = [&](std::string const& run, int read) {
        feed->pass("run.progress",
                   Json{{"run_id", run}, {"job", "a"}, {"counts", {{"read", read}}}}.dump());
    };
    progress("r1", 1);
    std::optional<Frame> const first = here.next();
    EXPECT_EQ(first->event, "run.progress");
    EXPECT_EQ(first->id, "");
    EXPECT_EQ(first->data.at("read"), 1);
    for (int i = 2; i < 1'000; ++i) progress("r1", i);
    progress("r2", 5);
    std::optional<Frame> const other = here.next();
    EXPECT_EQ(other->data.at("run"), "r2");
    publish("runner/1:run", {{"run_id", "r1"}, {"job", "a"}, {"status", "succeeded"}});
    EXPECT_EQ(here.next()->event, "run.finished");
}

TEST_F(EventStream, ProgressThatWasHeldBackComesInTime) {
    EventFeed::Limits limits;
    limits.progress_ms = 20;
    begin(limits);
    EventReader here = reader();
    here.until("\n\n");
    for (int i = 1; i <= 5'000; ++i)
        feed->pass("run.progress",
                   Json{{"run_id", "r"}, {"job", "a"}, {"counts", {{"read", i}}}}.dump());
    int frames = 0;
    for (int read = 0; read < 5'000; ++frames) read = here.next()->data.at("read");
    EXPECT_LT(frames, 2'500) << "each was sent";
}

TEST_F(EventStream, BeatsWithThePlaceOfTheReader) {
    EventFeed::Limits limits;
    limits.heartbeat_ms = 5;
    begin(limits);
    EventReader here = reader("?types=run.finished");
    std::int64_t const seq = publish("job.created", {{"job", "not wanted here"}});
    for (;;) {
        std::optional<Frame> const frame = here.next(true);
        ASSERT_TRUE(frame);
        ASSERT_EQ(frame->event, "heartbeat");
        EXPECT_EQ(frame->data.at("type"), "heartbeat");
        if (frame->id == std::to_string(seq)) break;
    }
}

TEST_F(EventStream, FiltersByTypeJobAndRun) {
    begin();
    publish("job.created", {{"job", "a"}});
    publish("job.created", {{"job", "b"}});
    publish("runner/1:run", {{"run_id", "r1"}, {"job", "a"}, {"status", "queued"}});
    publish("runner/1:run", {{"run_id", "r2"}, {"job", "b"}, {"status", "queued"}});
    auto ids = [&](std::string const& query) {
        std::string out;
        Json const body = Json::parse(page("?after=0&" + query).body);
        for (Json const& item : body.at("items")) out += item.at("id").get<std::string>();
        return out;
    };
    EXPECT_EQ(ids(""), "1234");
    EXPECT_EQ(ids("types=run.*"), "34");
    EXPECT_EQ(ids("types=run.queued,job.created&job=a"), "13");
    EXPECT_EQ(ids("job=a&job=b&run=r2"), "4");
    host::http::Response const wrong = page("?types=run.finishd");
    EXPECT_EQ(wrong.status, 422u);
    EXPECT_NE(wrong.body.find("did you mean run.finished?"), std::string::npos) << wrong.body;
    EXPECT_EQ(page("?after=x").status, 422u);
    EXPECT_EQ(page("?typs=run.*").status, 422u);
}

TEST_F(EventStream, GivesLinesAndPagesToo) {
    begin();
    publish_many(5);
    EventReader lines = reader("?after=3", "Accept: application/x-ndjson\r\n");
    EXPECT_EQ(Json::parse(lines.until("\n").value()).at("id"), "4");
    EXPECT_EQ(Json::parse(lines.until("\n").value()).at("type"), "job.state");
    Json const first = Json::parse(page("?limit=2").body);
    EXPECT_EQ(first.at("items").size(), 2u);
    EXPECT_EQ(first.at("next"), "2");
    Json const second = Json::parse(page("?limit=3&cursor=2").body);
    EXPECT_EQ(second.at("items").size(), 3u);
    EXPECT_TRUE(second.at("next").is_null());
    EXPECT_EQ(second.at("last"), "5");
    EXPECT_EQ(ask(port, with_token("GET /events", "Accept: image/png\r\n")).status, 406u);
    EXPECT_EQ(ask(port, head("GET /events")).status, 401u);
}

TEST(PublicEvents, ShowWhatPluginsTellEachOtherInTheWordsOfTheApi) {
    auto const shown = [](std::string const& topic, Json const& data) {
        auto event = public_event({7, topic, data.dump(), 0});
        return event ? Json::parse(event->data) : Json();
    };
    Json const fired = shown("cron/1:dev.weir.replication/job:users",
                             {{"owner", "dev.weir.replication"},
                              {"name", "job:users"},
                              {"scheduled_at", "2026-01-01T00:00:00.000Z"},
                              {"payload", {{"inner", 1}}}});
    EXPECT_EQ(fired.at("type"), "schedule.fired");
    EXPECT_EQ(fired.at("job"), "users");
    EXPECT_EQ(fired.at("name"), "job:users");
    EXPECT_EQ(fired.at("scheduled_at"), "2026-01-01T00:00:00.000Z");
    EXPECT_FALSE(fired.contains("payload"));
    Json const own =
        shown("schedule.fired", {{"owner", "user"}, {"name", "job:x"}, {"payload", {{"p", 1}}}});
    EXPECT_EQ(own.at("payload").at("p"), 1);
    EXPECT_FALSE(own.contains("job"));
    Json const run = shown("runner/1:run", {{"run_id", "r"},
                                            {"job", "users"},
                                            {"status", "running"},
                                            {"begins", true},
                                            {"counts", {{"read", 3}}}});
    EXPECT_EQ(run.at("type"), "run.started");
    EXPECT_EQ(run.at("run"), "r");
    EXPECT_EQ(run.at("read"), 3);
    EXPECT_TRUE(shown("runner/1:run", {{"status", "running"}, {"begins", false}}).is_null());
    EXPECT_EQ(shown("runner/1:run", {{"status", "skipped"}}).at("type"), "run.finished");
    EXPECT_TRUE(shown("replication:callback", {{"job", "users"}}).is_null());
    Json const large = shown("job.state", {{"job", "a"}, {"more", std::string(300'000, 'x')}});
    EXPECT_EQ(large.at("left_out"), true);
    EXPECT_EQ(large.at("job"), "a");
}

}  // namespace
}  // namespace weir::test
