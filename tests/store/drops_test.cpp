// What is dropped is not delivered, also when it stands in line already.
#include "host/serve/deliveries.hpp"

#include <algorithm>
#include <future>

#include "store/fixture.hpp"
#include "support/process.hpp"

namespace weir::test {
namespace {

using namespace host;

class DropsTest : public StoreFixture {
protected:
    DropsTest() {
        events.subscribe("p", {"*"});
        for (char const* topic : {"first", "second", "third"})
            must(events.publish(topic, "", "{}"));
    }
    /// Takes one event at a time; the first waits until it is let go.
    Result<void> take(Event const& event) {
        if (event.topic == "first") {
            begun.set_value();
            let_go.get_future().wait();
        }
        std::lock_guard const lock{mutex};
        taken.push_back(event.topic);
        if (event.topic == "last") ended.set_value();
        return {};
    }
    std::vector<std::string> drop_while_the_first_is_taken() {
        Deliveries deliveries{
            events, clock, "p", [this](Event const& event) { return take(event); },
            {.side_by_side = 1}};
        if (is_told) events.on_dropped([&](std::string const& topic) { deliveries.drop(topic); });
        events.on_published([&](auto const&) { deliveries.wake(); });
        deliveries.start();
        if (begun.get_future().wait_for(patience) != std::future_status::ready) return {};
        must(Documents{*store}.apply("p", {.drops = {"second"}}));
        must(events.publish("last", "", "{}"));
        let_go.set_value();
        ended.get_future().wait_for(patience);
        events.on_published({});
        events.on_dropped({});
        deliveries.stop();
        return taken;
    }

    Events events{*store};
    bool is_told = true;
    std::promise<void> begun, let_go, ended;
    std::mutex mutex;
    std::vector<std::string> taken;
};

TEST_F(DropsTest, WhatIsDroppedWhileItStandsInLineDoesNotStart) {
    EXPECT_EQ(drop_while_the_first_is_taken(),
              (std::vector<std::string>{"first", "third", "last"}));
    EXPECT_EQ(number("SELECT count(*) FROM weir_delivery"), 0);
}

TEST_F(DropsTest, WithoutBeingToldItWouldStart) {
    is_told = false;
    std::vector<std::string> const all = drop_while_the_first_is_taken();
    EXPECT_EQ(std::count(all.begin(), all.end(), "second"), 1);
}

TEST_F(DropsTest, WhatIsPublishedAfterADropIsDelivered) {
    Deliveries deliveries{
        events, clock, "p", [this](Event const& event) { return take(event); },
        {.side_by_side = 1}};
    events.on_dropped([&](std::string const& topic) { deliveries.drop(topic); });
    events.on_published([&](auto const&) { deliveries.wake(); });
    deliveries.start();
    ASSERT_EQ(begun.get_future().wait_for(patience), std::future_status::ready);
    must(Documents{*store}.apply("p", {.drops = {"second"}, .events = {{"second", "", "1"}}}));
    must(events.publish("last", "", "{}"));
    let_go.set_value();
    EXPECT_EQ(ended.get_future().wait_for(patience), std::future_status::ready);
    events.on_published({});
    deliveries.stop();
    events.on_dropped({});
    EXPECT_EQ(std::count(taken.begin(), taken.end(), "second"), 1);
}

}  // namespace
}  // namespace weir::test
