// The plugin on the host's timer, whose wall clock is set while nothing is due.
#include <condition_variable>

#include "cron/plugin_fixture.hpp"
#include "support/process.hpp"

namespace weir::host {
namespace {

using cron::read_time;

class CronClock : public CronPlugin {
protected:
    CronClock() {
        timer.onto = &real;
        real.start();
    }
    ~CronClock() override { real.stop(); }

    /// Sets the wall clock, and waits until the plugin was told.
    bool set(std::string const& time) {
        std::unique_lock lock{mutex};
        int const before = calls;
        clock.now_ms = *read_time(time);
        return called.wait_for(lock, test::patience, [&] { return calls > before; });
    }

    std::mutex mutex;
    std::condition_variable called;
    int calls = 0;
    Timer real{clock, [this](std::int64_t due_ms, std::int64_t now_ms) {
                   EXPECT_TRUE(service->on_timer(due_ms, now_ms, call));
                   std::lock_guard const lock{mutex};
                   ++calls;
                   called.notify_all();
               }};
};

TEST_F(CronClock, SetFarForwardAndBackWhileIdleIsNoticedBeforeTheNextTick) {
    invoke("add_event", {{"name", "daily"}, {"schedule", "0 9 * * *"}});
    ASSERT_TRUE(set("2026-03-01T12:00:00Z"));
    ASSERT_EQ(store.events.size(), 2u);
    EXPECT_EQ(store.events[1].first, "schedule.missed") << "the days between";
    EXPECT_EQ(store.events[0].second["scheduled_at"], "2026-03-01T09:00:00.000Z");
    EXPECT_EQ(timer.aim_ms, read_time("2026-03-02T09:00:00Z"));
    ASSERT_TRUE(set("2026-01-01T10:00:05Z"));
    ASSERT_EQ(store.events.size(), 3u);
    EXPECT_EQ(store.events[2].first, "clock_corrected");
    EXPECT_EQ(timer.aim_ms, read_time("2026-01-02T09:00:00Z")) << "not in March";
    ASSERT_TRUE(set("2026-01-02T09:00:00Z"));
    ASSERT_EQ(store.events.size(), 4u);
    EXPECT_EQ(store.events[3].second["scheduled_at"], "2026-01-02T09:00:00.000Z");
}

TEST_F(CronClock, ASmallerStepBackFiresNothingTwice) {
    invoke("add_event", {{"name", "hourly"}, {"schedule", "@hourly"}});
    ASSERT_TRUE(set("2026-01-01T11:00:00Z"));
    ASSERT_EQ(store.events.size(), 1u);
    ASSERT_TRUE(set("2026-01-01T10:30:00Z"));
    EXPECT_EQ(store.events.size(), 1u);
    EXPECT_EQ(timer.aim_ms, read_time("2026-01-01T12:00:00Z"));
    ASSERT_TRUE(set("2026-01-01T12:00:00Z"));
    EXPECT_EQ(store.events.size(), 2u);
}

}  // namespace
}  // namespace weir::host
