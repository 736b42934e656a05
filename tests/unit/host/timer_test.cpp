// The one timer, on a clock that tests set. It looks at the clock each second of the machine's.
#include "host/serve/timer.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <vector>

#include "support/process.hpp"

namespace weir::test {
namespace {

constexpr std::int64_t hour_ms = 3'600'000, start_ms = 1'704'067'200'000;

class WallClock final : public host::Clock {
public:
    std::int64_t unix_us() const override { return now_ms * 1'000; }
    std::int64_t monotonic_ns() const override { return elapsed_ms * 1'000'000; }
    void pass(std::int64_t ms) {
        elapsed_ms += ms;
        now_ms += ms;
    }
    std::atomic<std::int64_t> now_ms{start_ms}, elapsed_ms{0};
};

class TimerTest : public testing::Test {
protected:
    struct Call {
        std::int64_t due_ms, now_ms;
    };
    /// Waits for the `count`th call; false when it does not come.
    bool wait_for(std::size_t count) {
        std::unique_lock lock{mutex_};
        return called_.wait_for(lock, patience, [&] { return calls_.size() >= count; });
    }
    std::vector<Call> calls() {
        std::lock_guard const lock{mutex_};
        return calls_;
    }

    WallClock clock;
    std::mutex mutex_;
    std::condition_variable called_;
    std::vector<Call> calls_;
    host::Timer timer{clock, [this](std::int64_t due_ms, std::int64_t now_ms) {
                          std::lock_guard const lock{mutex_};
                          calls_.push_back({due_ms, now_ms});
                          called_.notify_all();
                      }};
};

TEST_F(TimerTest, NoticesThatTheClockWasSetForward) {
    timer.start();
    timer.arm(start_ms + 2 * hour_ms);
    clock.now_ms += 5 * hour_ms;
    ASSERT_TRUE(wait_for(1));
    EXPECT_EQ(calls()[0].due_ms, start_ms + 2 * hour_ms);
    EXPECT_EQ(calls()[0].now_ms, start_ms + 5 * hour_ms);
}

TEST_F(TimerTest, NoticesThatTheClockWasSetBack) {
    timer.start();
    timer.arm(start_ms + hour_ms);
    clock.now_ms -= 48 * hour_ms;
    ASSERT_TRUE(wait_for(1));
    EXPECT_EQ(calls()[0].due_ms, start_ms + hour_ms);
    EXPECT_EQ(calls()[0].now_ms, start_ms - 48 * hour_ms);
    // Once per aim, and the next one is as good as any.
    timer.arm(clock.now_ms + hour_ms);
    clock.pass(hour_ms);
    ASSERT_TRUE(wait_for(2));
    EXPECT_EQ(calls()[1].now_ms, calls()[1].due_ms);
}

TEST_F(TimerTest, ASmallStepBackIsHowClocksAreKeptRight) {
    timer.start();
    timer.arm(start_ms + hour_ms);
    clock.now_ms -= 900;
    clock.pass(hour_ms);
    timer.arm(start_ms + hour_ms);  // has it look
    clock.pass(900);
    ASSERT_TRUE(wait_for(1));
    EXPECT_EQ(calls().size(), 1u);
    EXPECT_GE(calls()[0].now_ms, calls()[0].due_ms);
}

TEST_F(TimerTest, NothingComesAfterStop) {
    timer.start();
    timer.arm(start_ms + hour_ms);
    timer.stop();
    clock.pass(2 * hour_ms);
    timer.arm(start_ms);
    EXPECT_TRUE(calls().empty());
}

}  // namespace
}  // namespace weir::test
