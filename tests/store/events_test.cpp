#include <set>

#include "store/fixture.hpp"

namespace weir::test {
namespace {

using namespace host;

class EventsTest : public StoreFixture {
protected:
    std::int64_t publish(std::string const& topic, std::string const& key = "") {
        return must(Events{*store}.publish(topic, key, "{}")).value_or(0);
    }
    std::vector<std::int64_t> due(std::string const& consumer, std::size_t limit = 100) {
        std::vector<std::int64_t> seqs;
        for (Events::Delivery const& each : must(Events{*store}.due(consumer, limit)))
            seqs.push_back(each.event.seq);
        return seqs;
    }
    using Seqs = std::vector<std::int64_t>;
};

TEST_F(EventsTest, AKeyIsPublishedOncePerTopic) {
    EXPECT_NE(publish("a", "key"), 0);
    EXPECT_EQ(publish("a", "key"), 0);
    EXPECT_NE(publish("b", "key"), 0);
    EXPECT_NE(publish("a"), 0);
    EXPECT_NE(publish("a"), 0) << "no key: never a repetition";
    EXPECT_EQ(must(Events{*store}.list(0, 100)).size(), 4u);
    reopen();
    EXPECT_EQ(publish("a", "key"), 0);
}

TEST_F(EventsTest, WhoSubscribedGetsWhatMatches) {
    Events events{*store};
    events.subscribe("p", {"cron/1:p/*", "exact"});
    events.subscribe("q", {"*"});
    std::int64_t const mine = publish("cron/1:p/tick"), others = publish("cron/1:q/tick"),
                       exact = publish("exact");
    publish("exact/more");
    EXPECT_EQ(due("p"), (Seqs{mine, exact}));
    EXPECT_EQ(due("q").size(), 4u);
    events.unsubscribe("q");
    publish("later");
    EXPECT_EQ(due("q").size(), 4u);
    EXPECT_EQ(due("q")[1], others);
}

TEST_F(EventsTest, TopicsAreDeliveredInOrderAndDoNotWaitForEachOther) {
    Events events{*store};
    events.subscribe("p", {"*"});
    std::int64_t const a1 = publish("a"), a2 = publish("a"), b1 = publish("b");
    EXPECT_EQ(due("p"), (Seqs{a1, a2, b1}));
    EXPECT_EQ(due("p", 2), (Seqs{a1, a2}));
    std::int64_t const later = clock.unix_us() + 1'000'000;
    must(events.failed("p", a1, later, "down"));
    EXPECT_EQ(due("p"), Seqs{b1}) << "what failed holds its topic back, and only that";
    EXPECT_EQ(must(events.next_due_us("p")), later);
    clock.advance_us(1'000'000);
    EXPECT_EQ(due("p"), (Seqs{a1, a2, b1}));
    Events::Delivery const again = must(events.due("p", 1)).at(0);
    EXPECT_EQ(again.event.seq, a1);
    EXPECT_EQ(again.attempt, 1);
    must(events.delivered("p", {a1, b1}));
    EXPECT_EQ(due("p"), Seqs{a2});
    EXPECT_EQ(must(events.next_due_us("p")), 0);
}

TEST_F(EventsTest, DeliveriesSurviveTheHost) {
    Events{*store}.subscribe("p", {"*"});
    std::int64_t const seq = publish("a");
    reopen();
    EXPECT_EQ(due("p"), Seqs{seq});
}

TEST_F(EventsTest, DroppedTopicsAreNotDelivered) {
    Events events{*store};
    events.subscribe("p", {"*"});
    events.subscribe("gone", {"a"});
    publish("a", "1");
    std::int64_t const b = publish("b");
    events.unsubscribe("gone");
    std::vector<std::string> heard;
    events.on_dropped([&](std::string const& topic) { heard.push_back(topic); });
    must(Documents{*store}.apply("p", {.drops = {"a"}, .events = {{"a", "1", "1"}}}));
    EXPECT_EQ(heard, std::vector<std::string>{"a"});
    EXPECT_EQ(due("p"), Seqs{b}) << "and the key is known still";
    EXPECT_EQ(due("gone"), Seqs{});
    must(Documents{*store}.apply("p", {.drops = {"a"}, .events = {{"a", "2", "1"}}}));
    EXPECT_EQ(due("p").size(), 2u) << "what comes with the drop is kept";
    EXPECT_EQ(code_of(Documents{*store}.apply("p", {.drops = {""}})), "store.name");
}

TEST_F(EventsTest, ADropIsTakenBackWithItsTransaction) {
    Events events{*store};
    events.subscribe("p", {"*"});
    std::int64_t const a = publish("a");
    Changes::Put const late{"c", "k", "1", 7};
    EXPECT_EQ(code_of(Documents{*store}.apply("p", {.puts = {late}, .drops = {"a"}})),
              "store.conflict");
    EXPECT_EQ(due("p"), Seqs{a});
}

TEST_F(EventsTest, OldEventsGoAndUndeliveredOnesStay) {
    Events events{*store};
    events.subscribe("p", {"kept"});
    std::int64_t const kept = publish("kept");
    Changes many;
    for (std::size_t i = 0; i < Events::events_max + 600; ++i)
        many.events.push_back({"a", "", "1"});
    must(Documents{*store}.apply("p", many));
    EXPECT_EQ(due("p"), Seqs{kept});
    std::int64_t const count = number("SELECT count(*) FROM weir_event");
    EXPECT_LE(count, static_cast<std::int64_t>(Events::events_max) + 300);
    EXPECT_EQ(must(events.range()).first, kept);
    must(events.delivered("p", {kept}));
    must(Documents{*store}.apply("p", many));
    EXPECT_GT(must(events.range()).first, kept);
    EXPECT_EQ(must(events.list(must(events.range()).second - 1, 10)).size(), 1u);
}

TEST_F(EventsTest, NumbersAreNeverUsedAgain) {
    std::int64_t const first = publish("a");
    must(store->write([](Session& session) -> Result<void> {
        session.run("DELETE FROM weir_event");
        return {};
    }));
    EXPECT_GT(publish("a"), first);
}

TEST_F(EventsTest, TheListenerHearsOfWhatIsCommittedOnly) {
    std::atomic<int> heard{0};
    Events events{*store};
    events.on_published([&](auto const&) { ++heard; });
    publish("a", "key");
    must(store->write([](Session&) -> Result<void> { return {}; }));
    EXPECT_EQ(heard, 1);
    publish("a", "key");
    must(store->write([](Session&) -> Result<void> { return {}; }));
    EXPECT_EQ(heard, 1) << "nothing new";
    events.on_published({});
    publish("b");
    must(store->write([](Session&) -> Result<void> { return {}; }));
    EXPECT_EQ(heard, 1);
}

TEST_F(EventsTest, TheListenerHearsWhoHasSomethingToTake) {
    Events events{*store};
    events.subscribe("p", {"a"});
    events.subscribe("q", {"b", "c"});
    std::vector<std::set<std::string>> heard;
    events.on_published([&](auto const& consumers) { heard.push_back(consumers); });
    for (char const* topic : {"a", "b", "nobody's"}) publish(topic);
    must(store->write([](Session&) -> Result<void> { return {}; }));
    events.on_published({});
    EXPECT_EQ(heard, (std::vector<std::set<std::string>>{{"p"}, {"q"}, {}}));
}

class DocumentsTest : public StoreFixture {
protected:
    Documents documents() { return Documents{*store}; }
    std::uint64_t put(std::string const& key, std::string const& json) {
        return must(documents().put("p", "jobs", key, json, Documents::any_revision));
    }
};

TEST_F(DocumentsTest, ARevisionCountsItsChanges) {
    EXPECT_FALSE(must(documents().get("p", "jobs", "a")));
    EXPECT_EQ(put("a", "1"), 1u);
    EXPECT_EQ(put("a", "2"), 2u);
    Document const found = must(documents().get("p", "jobs", "a")).value();
    EXPECT_EQ(found.json, "2");
    EXPECT_EQ(found.revision, 2u);
}

TEST_F(DocumentsTest, WhoExpectsAnotherRevisionChangesNothing) {
    EXPECT_EQ(must(documents().put("p", "jobs", "a", "1", 0)), 1u);
    EXPECT_EQ(code_of(documents().put("p", "jobs", "a", "2", 0)), "store.conflict");
    EXPECT_EQ(code_of(documents().put("p", "jobs", "a", "2", 7)), "store.conflict");
    EXPECT_EQ(code_of(documents().put("p", "jobs", "b", "2", 7)), "store.conflict");
    EXPECT_EQ(must(documents().put("p", "jobs", "a", "2", 1)), 2u);
    EXPECT_EQ(code_of(documents().remove("p", "jobs", "a", 1)), "store.conflict");
    EXPECT_EQ(must(documents().get("p", "jobs", "a"))->json, "2");
    must(documents().remove("p", "jobs", "a", 2));
    EXPECT_EQ(code_of(documents().remove("p", "jobs", "a", Documents::any_revision)),
              "store.not_found");
}

TEST_F(DocumentsTest, OwnersAndCollectionsAreApart) {
    put("a", "1");
    EXPECT_FALSE(must(documents().get("q", "jobs", "a")));
    EXPECT_FALSE(must(documents().get("p", "connections", "a")));
    EXPECT_TRUE(must(documents().list("q", "jobs", "", "", 10)).empty());
}

TEST_F(DocumentsTest, ListsAreInByteOrderBehindAKeyWithAPrefix) {
    for (char const* key : {"b/2", "a", "b/10", "b/1", "B", "c", "é"}) put(key, "1");
    auto keys = [&](std::string const& prefix, std::string const& after, std::uint32_t limit) {
        std::string all;
        for (Document const& each : must(documents().list("p", "jobs", prefix, after, limit)))
            all += each.key + " ";
        return all;
    };
    EXPECT_EQ(keys("", "", 100), "B a b/1 b/10 b/2 c é ");
    EXPECT_EQ(keys("b/", "", 100), "b/1 b/10 b/2 ");
    EXPECT_EQ(keys("b/", "b/1", 1), "b/10 ");
    EXPECT_EQ(keys("b/", "c", 100), "");
}

TEST_F(DocumentsTest, WhatIsNoDocumentIsRefused) {
    auto put_code = [&](std::string const& collection, std::string const& key,
                        std::string const& json) {
        return code_of(documents().put("p", collection, key, json, Documents::any_revision));
    };
    EXPECT_EQ(put_code("jobs", "a", "{"), "store.not_json");
    EXPECT_EQ(put_code("jobs", "a", "\"\xff\""), "store.not_json");
    EXPECT_EQ(put_code("jobs", "", "1"), "store.name");
    EXPECT_EQ(put_code(std::string(256, 'x'), "a", "1"), "store.name");
    EXPECT_EQ(put_code("jobs", std::string(255, 'x'), "1"), "");
    EXPECT_EQ(put_code("jobs", "a", '"' + std::string(Documents::json_bytes_max, 'x') + '"'),
              "store.too_large");
}

TEST_F(DocumentsTest, ChangesAreMadeAllOrNone) {
    put("old", "1");
    Changes changes{.puts = {{"jobs", "a", "1"}, {"jobs", "b", "1"}},
                    .deletes = {{"jobs", "old"}, {"jobs", "never was"}},
                    .events = {{"t", "k", "1"}, {"t", "k", "2"}, {"t", "", "3"}}};
    EXPECT_EQ(must(documents().apply("p", changes)), 2u) << "one was a repetition";
    EXPECT_FALSE(must(documents().get("p", "jobs", "old")));
    EXPECT_EQ(must(documents().list("p", "jobs", "", "", 10)).size(), 2u);
    changes.puts = {{"jobs", "c", "1"}, {"jobs", "d", "1", 7}};
    EXPECT_EQ(code_of(documents().apply("p", changes)), "store.conflict");
    EXPECT_FALSE(must(documents().get("p", "jobs", "c")));
}

}  // namespace
}  // namespace weir::test
