// Cancelling, deadlines, lanes.
#include <thread>

#include "abi/fixture.hpp"
#include "host/abi/misdeeds.hpp"

namespace weir::host {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

class Stop : public OddTest {
protected:
    std::atomic<bool> stop{false};
    CallContext stoppable{root.clock, &stop};
};

TEST_F(Stop, InterruptsTheCallThatIsInside) {
    ReaderProxy read = reader("blocks");
    Result<NextBatch> answer = Error{};
    std::thread pump{[&] { answer = read.next(stoppable); }};
    root.log.wait_for("2 odd: inside");
    stop = true;
    pump.join();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().status, WEIR_E_CANCELLED);
    EXPECT_EQ(answer.error().code, "cancelled");
}

TEST_F(Stop, InterruptsAgainUntilTheCallReturns) {
    ReaderProxy read = reader("blocks_thrice");
    Result<NextBatch> answer = Error{};
    std::thread pump{[&] { answer = read.next(stoppable); }};
    root.log.wait_for("2 odd: inside");
    root.clock.step_ns = second_ns;  // each look of the watchdog is a second after the last
    stop = true;
    pump.join();
    EXPECT_EQ(answer.error().status, WEIR_E_CANCELLED);
}

TEST_F(Stop, InterruptsCallsOnTheInstanceItself) {
    Instance instance = odd("discover_blocks");
    std::thread main{[&] {
        root.log.wait_for("2 odd: inside");
        stop = true;
        root.watchdog.nudge();
    }};
    EXPECT_EQ(instance.source()->discover(stoppable, {}).error().status, WEIR_E_CANCELLED);
    main.join();
}

TEST_F(Stop, InterruptsAWriter) {
    Instance instance = odd("write_blocks");
    std::uint64_t epoch = 0;
    std::string cursor;
    WriterProxy writer = std::move(*instance.sink()->begin(call, {}, epoch, cursor));
    ReaderProxy read = reader();
    OwnedSchema const schema = std::move(*read.schema());
    NextBatch const batch = std::move(*read.next(call));
    std::thread main{[&] {
        root.log.wait_for("2 odd: inside");
        stop = true;
    }};
    EXPECT_EQ(writer.write(stoppable, *schema, *batch.array, nullptr).error().status,
              WEIR_E_CANCELLED);
    main.join();
}

TEST_F(Stop, NamesTheCallThatMissedItsDeadline) {
    ReaderProxy read = reader("blocks");
    CallContext const timed{root.clock, &stop, root.clock.monotonic_ns() + 5 * second_ns};
    EXPECT_EQ(timed.remaining_ms(), 5000);
    Result<NextBatch> answer = Error{};
    std::thread pump{[&] { answer = read.next(timed); }};
    root.log.wait_for("2 odd: inside");
    root.clock.now_ns += 6 * second_ns;
    pump.join();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().status, WEIR_E_TIMEOUT);
    EXPECT_EQ(answer.error().message, "odd: next() did not finish before its deadline");
    EXPECT_EQ(timed.remaining_ms(), -1000);
}

TEST_F(Stop, UnblocksByHandWithoutCancelling) {
    ReaderProxy read = reader("blocks");
    Result<NextBatch> answer = Error{};
    std::thread pump{[&] { answer = read.next(stoppable); }};
    root.log.wait_for("2 odd: inside");
    read.interrupt();
    pump.join();
    EXPECT_EQ(answer.error().status, WEIR_E_IO) << "what the plugin said stands";
}

constexpr char const* stuck =
    "4 odd: next() of the plugin dev.weir.test.odd did not come back within 3600000 ms, and "
    "keeps its thread: in the host's process a call cannot be ended";

TEST_F(Stop, NamesTheCallThatDoesNotComeBackUntilItDoes) {
    ReaderProxy read = reader("blocks");
    std::thread pump{[&] { static_cast<void>(read.next(call)); }};
    root.log.wait_for("2 odd: inside");
    root.clock.step_ns = 600 * second_ns;  // each look of the watchdog is ten minutes later
    root.log.wait_for(stuck);
    std::optional<Error> const told = Misdeeds::here().last("dev.weir.test.odd");
    ASSERT_TRUE(told);
    EXPECT_EQ(told->code, "plugin.stuck");
    EXPECT_EQ(told->status, WEIR_E_TIMEOUT);
    read.interrupt();
    pump.join();
    EXPECT_EQ(root.log.lines().back(),
              "3 odd: next() of the plugin dev.weir.test.odd came back after all");
    EXPECT_FALSE(Misdeeds::here().last("dev.weir.test.odd"));
    std::vector<std::string> const lines = root.log.lines();
    EXPECT_EQ(std::count(lines.begin(), lines.end(), stuck), 1);
}

TEST_F(Stop, DoesNotEnterThePluginOnceCancelled) {
    ReaderProxy read = reader();
    ASSERT_TRUE(read.next(stoppable));
    stop = true;
    EXPECT_EQ(read.next(stoppable).error().status, WEIR_E_CANCELLED);
}

TEST_F(Stop, InterruptBetweenCallsHitsNoCall) {
    ReaderProxy read = reader("blocks");
    read.interrupt();
    read.interrupt();
    Result<NextBatch> answer = Error{};
    std::thread pump{[&] { answer = read.next(stoppable); }};
    root.log.wait_for("2 odd: inside");
    EXPECT_EQ(component().generation->in_flight(), 1);
    read.interrupt();
    pump.join();
    EXPECT_EQ(component().generation->in_flight(), 0);
}

TEST_F(Stop, RefusesASecondCallOnALane) {
    ReaderProxy read = reader("blocks");
    std::thread pump{[&] { static_cast<void>(read.next(stoppable)); }};
    root.log.wait_for("2 odd: inside");
    Error const error = read.schema().error();
    EXPECT_EQ(error.code, "host.overlap");
    EXPECT_EQ(error.message, "odd: schema() was called while another call was inside");
    stop = true;
    pump.join();
}

TEST_F(Stop, LanesWorkSideBySideWhileBeingInterrupted) {
    // Under the thread sanitizer this is the test of lanes, pins and counters.
    root.clock.step_ns = second_ns;
    auto work = [&](int readers) {
        for (int i = 0; i < readers; ++i) {
            ReaderProxy read = reader();
            std::thread other{[&] { read.interrupt(); }};
            while (!read.next(stoppable)->is_end) {
            }
            other.join();
        }
    };
    std::thread one{work, 50}, two{work, 50};
    one.join();
    two.join();
    EXPECT_EQ(component().generation->pins(), 0);
    EXPECT_EQ(component().generation->in_flight(), 0);
}

}  // namespace
}  // namespace weir::host
