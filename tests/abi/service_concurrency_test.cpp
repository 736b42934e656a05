// A service is entered by several threads; the one to run under the thread sanitizer.
#include <thread>

#include "abi/service_fixture.hpp"

namespace weir::host {
namespace {

struct Busy : ServiceTest {
    /// Runs `work` on several threads, which begin together.
    template <class Work>
    void together(int count, Work work) {
        std::vector<std::thread> threads;
        std::atomic<int> ready{0};
        for (int i = 0; i < count; ++i)
            threads.emplace_back([&, i] {
                for (++ready; ready < count;) std::this_thread::yield();
                work(i);
            });
        for (std::thread& thread : threads) thread.join();
    }
};

TEST_F(Busy, RoutesAreAnsweredSideBySide) {
    ServiceProxy const desk = started("abi_desk", "desk");
    constexpr int threads = 8, each = 50;
    std::atomic<int> made{0};
    together(threads, [&](int thread) {
        for (int i = 0; i < each; ++i) {
            Asked const asked{.method = "PUT",
                              .body = R"({"text":"x"})",
                              .params = {{"id", std::to_string(thread * each + i)}}};
            made += desk.on_http("put_note", asked.request(), call).status == 201 ? 1 : 0;
        }
    });
    EXPECT_EQ(made, threads * each);
    EXPECT_EQ(store.documents.size(), std::size_t{threads * each});
}

TEST_F(Busy, TwoCallsAreInsideAtOnce) {
    ServiceProxy const rude = started("abi_rude", "rude");
    std::atomic<bool> stop{false};
    CallContext const until{root.clock, &stop};
    Generation const& generation = *component("abi_rude", "rude").generation;
    auto wait = [&] {
        Asked const asked;
        HttpAnswer const answer = rude.on_http("waits", asked.request(), until);
        EXPECT_EQ(answer.error->status, WEIR_E_CANCELLED);
    };
    std::thread one{wait}, two{wait};
    while (generation.in_flight() < 2) std::this_thread::yield();
    EXPECT_EQ(generation.in_flight(), 2);
    stop = true;
    one.join();
    two.join();
    EXPECT_EQ(generation.in_flight(), 0);
}

TEST_F(Busy, ACallThatDoesNotComeBackIsNamed) {
    ServiceProxy const rude = started("abi_rude", "rude");
    std::atomic<bool> stop{false};
    CallContext const until{root.clock, &stop};
    std::thread inside{[&] {
        Asked const asked;
        rude.on_http("waits", asked.request(), until);
    }};
    root.log.wait_for("2 rude: inside");
    root.clock.step_ns = 600'000'000'000;  // each look of the watchdog is ten minutes later
    root.log.wait_for(
        "4 rude: on_http() of the plugin dev.weir.test.rude did not come back within 3600000 "
        "ms, and keeps its thread: in the host's process a call cannot be ended");
    stop = true;
    inside.join();
}

TEST_F(Busy, StopWaitsForTheCallsInside) {
    ServiceProxy rude = started("abi_rude", "rude");
    std::atomic<bool> stop{false};
    CallContext const until{root.clock, &stop};
    std::thread inside{[&] {
        Asked const asked;
        rude.on_http("waits", asked.request(), until);
    }};
    root.log.wait_for("2 rude: inside");
    std::thread stopper{[&] {
        EXPECT_TRUE(rude.stop(call));
        EXPECT_EQ(root.log.lines().back(), "2 rude: done");
    }};
    while (rude.is_running()) std::this_thread::yield();
    Asked const asked;
    EXPECT_EQ(rude.on_http("no_json", asked.request(), call).error->code, "service.not_running");
    stop = true;
    inside.join();
    stopper.join();
}

TEST_F(Busy, StopGivesUpCallsThatDoNotEnd) {
    ServiceProxy rude = started("abi_rude", "rude");
    std::atomic<bool> stop{false};
    CallContext const until{root.clock, &stop};
    std::thread inside{[&] {
        Asked const asked;
        rude.on_http("waits", asked.request(), until);
    }};
    root.log.wait_for("2 rude: inside");
    root.clock.step_ns = 1'000'000;
    CallContext const limited{root.clock, nullptr, root.clock.monotonic_ns() + 5'000'000};
    EXPECT_TRUE(rude.stop(limited));
    EXPECT_EQ(root.log.lines().back(), "3 rude: 1 calls are still inside and were given up");
    stop = true;
    inside.join();
}

}  // namespace
}  // namespace weir::host
