#include "host/run/circuits.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace weir::host {
namespace {

class HandClock final : public Clock {
public:
    std::int64_t unix_us() const override { return now_ns / 1000; }
    std::int64_t monotonic_ns() const override { return now_ns; }
    void pass(std::int64_t ms) { now_ns += ms * 1'000'000; }
    std::atomic<std::int64_t> now_ns{1'000'000'000'000};
};

class OneCircuit : public testing::Test {
protected:
    static constexpr char key[] = "a";
    static Error lost() { return {WEIR_E_IO, "postgres.unreachable", "nobody answers"}; }
    void fail(int times) {
        for (int i = 0; i < times; ++i) circuits.enter(key)->failed(lost());
    }
    bool may_enter() { return circuits.enter(key).has_value(); }

    HandClock clock;
    Circuits circuits{clock};
};

TEST_F(OneCircuit, OpensAtTheFifthFailureInARow) {
    fail(4);
    circuits.enter(key)->answered();
    fail(4);
    EXPECT_TRUE(may_enter());
    fail(1);
    Result<Circuits::Pass> const refused = circuits.enter(key);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Circuits::down);
    EXPECT_NE(refused.error().message.find("nobody answers"), std::string::npos);
    EXPECT_GE(refused.error().retry_after_ms, Circuits::pause_ms_min);
    EXPECT_TRUE(circuits.enter("b")) << "another connection";
    EXPECT_FALSE(circuits.look(key));
    EXPECT_EQ(circuits.state(key)["state"], "open");
}

TEST_F(OneCircuit, LetsOneTryAfterEachPauseAndThePausesGrow) {
    fail(5);
    std::int64_t pause = Circuits::pause_ms_min;
    for (int i = 0; i < 10; ++i) {
        clock.pass(pause - 1);
        EXPECT_FALSE(may_enter()) << i;
        clock.pass(2);
        Result<Circuits::Pass> probe = circuits.enter(key);
        ASSERT_TRUE(probe) << i;
        EXPECT_EQ(circuits.state(key)["state"], "probing");
        EXPECT_FALSE(may_enter()) << "a second one beside the probe";
        probe->failed(lost());
        pause = std::min(pause * 2, Circuits::pause_ms_max);
    }
    clock.pass(pause + 1);
    circuits.enter(key)->answered();
    EXPECT_TRUE(may_enter());
    EXPECT_EQ(circuits.state(key), (nlohmann::json{{"state", "closed"}, {"failures", 0}}));
}

TEST_F(OneCircuit, AProbeThatSaysNothingIsGivenBack) {
    fail(5);
    clock.pass(Circuits::pause_ms_min + 1);
    EXPECT_TRUE(may_enter());  // and was dropped at once
    Result<Circuits::Pass> probe = circuits.enter(key);
    ASSERT_TRUE(probe);
    probe->failed({WEIR_E_BUSY, "postgres.too_many_connections", "full"});
    EXPECT_EQ(circuits.state(key)["failures"], 5) << "a busy server lives";
}

TEST_F(OneCircuit, WhateverTheSystemSaysIsAnAnswer) {
    fail(4);
    circuits.enter(key)->failed({WEIR_E_NOT_FOUND, "source.stream_not_found", "no"});
    fail(4);
    EXPECT_TRUE(may_enter());
}

TEST_F(OneCircuit, OneOfManyThreadsProbes) {
    fail(5);
    clock.pass(Circuits::pause_ms_min + 1);
    std::atomic<int> inside{0}, refused{0};
    std::vector<std::thread> threads;
    constexpr int count = 8;
    for (int i = 0; i < count; ++i)
        threads.emplace_back([&] {
            Result<Circuits::Pass> pass = circuits.enter(key);
            ++(pass ? inside : refused);
            while (inside + refused < count) std::this_thread::yield();
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(inside, 1);
}

}  // namespace
}  // namespace weir::host
