// How consumers are given their events.
#include "host/serve/deliveries.hpp"

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>

#include "store/fixture.hpp"

namespace weir::test {
namespace {

using namespace host;

/// Takes events, but for those it is told to refuse once, and tells when there are enough.
class Taker {
public:
    Result<void> take(Event const& event) {
        std::lock_guard const lock{mutex_};
        if (refused_.erase(event.seq) > 0) return Error{WEIR_E_IO, "test.down", "down"};
        taken_[event.topic].push_back(event.seq);
        ++count_;
        changed_.notify_all();
        return {};
    }
    void refuse_once(std::int64_t seq) { refused_.insert(seq); }
    void await(std::size_t count) {
        std::unique_lock lock{mutex_};
        if (!changed_.wait_for(lock, std::chrono::seconds{60}, [&] { return count_ >= count; }))
            throw std::runtime_error{"only " + std::to_string(count_) + " events came"};
    }
    std::vector<std::int64_t> of(std::string const& topic) {
        std::lock_guard const lock{mutex_};
        return taken_[topic];
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, std::vector<std::int64_t>> taken_;
    std::set<std::int64_t> refused_;
    std::size_t count_ = 0;
};

class DeliveriesTest : public StoreFixture {
protected:
    DeliveriesTest() { events.subscribe("p", {"*"}); }
    /// Their numbers.
    std::vector<std::int64_t> publish(std::string const& topic, int count) {
        Changes changes;
        for (int i = 0; i < count; ++i) changes.events.push_back({topic, "", "{}"});
        must(Documents{*store}.apply("q", changes));
        std::int64_t const last = must(events.range()).second;
        std::vector<std::int64_t> seqs;
        for (int i = 1; i <= count; ++i) seqs.push_back(last - count + i);
        return seqs;
    }
    Deliveries deliveries(Deliveries::Limits const& limits = {}) {
        return {events, clock, "p", [this](Event const& event) { return taker.take(event); },
                limits};
    }

    Events events{*store};
    Taker taker;
};

TEST_F(DeliveriesTest, ManyEventsOfOneTopicComeInOrderAndShareTheirCommits) {
    constexpr int count = 1'000;
    std::vector<std::int64_t> const seqs = publish("a", count);
    std::uint64_t const before = store->figures().commits;
    {
        Deliveries giving = deliveries();
        giving.start();
        taker.await(count);
    }
    EXPECT_EQ(taker.of("a"), seqs);
    EXPECT_EQ(number("SELECT count(*) FROM weir_delivery"), 0);
    EXPECT_LE(store->figures().commits - before, 20u) << "one for a batch, not one for each";
}

TEST_F(DeliveriesTest, EventsThatComeOneByOneAreGivenOnceAndMarkedTogether) {
    Deliveries giving = deliveries({.mark_ms = 60'000});
    giving.start();
    std::uint64_t const before = store->figures().commits;
    std::vector<std::int64_t> seqs;
    for (std::size_t i = 1; i <= 5; ++i) {
        seqs.push_back(publish("a", 1).front());
        giving.wake();
        taker.await(i);
    }
    EXPECT_EQ(number("SELECT count(*) FROM weir_delivery"), 5) << "a kill now gives them again";
    giving.stop();
    EXPECT_EQ(taker.of("a"), seqs);
    EXPECT_EQ(number("SELECT count(*) FROM weir_delivery"), 0);
    EXPECT_EQ(store->figures().commits - before, 5u + 1u);
}

TEST_F(DeliveriesTest, MoreThanAFewAreNotLeftUnmarked) {
    Deliveries giving = deliveries({.mark_ms = 60'000, .unmarked_max = 3});
    giving.start();
    publish("a", 3);
    giving.wake();
    taker.await(3);
    while (number("SELECT count(*) FROM weir_delivery") != 0) {
    }
}

TEST_F(DeliveriesTest, WhatIsRefusedHoldsBackItsTopicAloneAndComesAgain) {
    std::vector<std::int64_t> const a = publish("a", 5), b = publish("b", 5);
    taker.refuse_once(a[2]);
    Deliveries giving = deliveries();
    giving.start();
    taker.await(7);
    EXPECT_EQ(taker.of("a"), (std::vector{a[0], a[1]})) << "the third waits, and so do the others";
    EXPECT_EQ(taker.of("b"), b);
    while (number("SELECT count(*) FROM weir_delivery WHERE run_at > 0") != 1) {
    }
    clock.advance_us(Deliveries::Limits{}.pause_ms_min * 1'000);
    giving.wake();
    taker.await(10);
    giving.stop();
    EXPECT_EQ(taker.of("a"), a);
}

}  // namespace
}  // namespace weir::test
