// The engine's pure parts.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "host/run/retry.hpp"
#include "host/run/run_note.hpp"
#include "host/run/sink_turn.hpp"
#include "host/run/warm_instances.hpp"

namespace weir::host {
namespace {

Error const lost{WEIR_E_IO, "test.lost", "lost"};

TEST(Retry, DelaysGrowToTheCapAndSpreadOverTheirUpperHalf) {
    RetryPolicy policy{10, 1'000, 5'000, Backoff::exponential};
    EXPECT_EQ(retry_delay_ms(policy, lost, 1, 0), 500);
    EXPECT_EQ(retry_delay_ms(policy, lost, 3, 0), 2'000);
    EXPECT_EQ(retry_delay_ms(policy, lost, 9, 0), 2'500);
    EXPECT_GT(retry_delay_ms(policy, lost, 1, 0.99), 990);
    policy.backoff = Backoff::linear;
    EXPECT_EQ(retry_delay_ms(policy, lost, 3, 0), 1'500);
    policy.backoff = Backoff::fixed;
    EXPECT_EQ(retry_delay_ms(policy, lost, 3, 0), 500);
}

TEST(Retry, EndsWithTheRetriesAndWithWhatTimeDoesNotCure) {
    RetryPolicy const policy{2, 1'000, 5'000, Backoff::fixed};
    EXPECT_TRUE(retry_delay_ms(policy, lost, 2, 0));
    EXPECT_FALSE(retry_delay_ms(policy, lost, 3, 0));
    EXPECT_FALSE(retry_delay_ms(policy, Error{WEIR_E_AUTH, "", ""}, 1, 0));
    EXPECT_FALSE(retry_delay_ms(policy, Error{WEIR_E_CONFIG, "", ""}, 1, 0));
    Error final_one = lost;
    final_one.flags = WEIR_ERR_FINAL;
    EXPECT_FALSE(retry_delay_ms(policy, final_one, 1, 0));
}

TEST(Retry, APluginsOwnFaultIsTriedOnceMore) {
    RetryPolicy const policy{5, 1'000, 5'000, Backoff::fixed};
    Error const fault{WEIR_E_INTERNAL, "", ""};
    EXPECT_TRUE(retry_delay_ms(policy, fault, 1, 0));
    EXPECT_FALSE(retry_delay_ms(policy, fault, 2, 0));
}

TEST(Retry, WaitsAtLeastWhatWasAskedFor) {
    RetryPolicy const policy{5, 1, 5'000, Backoff::fixed};
    Error busy{WEIR_E_BUSY, "", ""};
    busy.retry_after_ms = 60'000;
    EXPECT_EQ(retry_delay_ms(policy, busy, 1, 0), 60'000);
}

TEST(RunNote, ComesBackAsItWas) {
    RunNote const note{"01J", {10, 7, 1, 2, 3, 4, 5}, true};
    auto const back = run_note_from(to_json(note));
    ASSERT_TRUE(back);
    EXPECT_EQ(to_json(*back), to_json(note));
    EXPECT_FALSE(run_note_from(nlohmann::json::object()));
}

TEST(SinkTurn, OneIsInsideAtATimeAndNobodyIsForgotten) {
    SinkGates gates;
    std::atomic<bool> const stop{false};
    std::atomic<int> inside{0}, most{0}, turns{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            SinkTurn turn{gates.at("sink"), stop};
            for (int round = 0; round < 100; ++round) {
                ASSERT_TRUE(turn.take());
                most = std::max(most.load(), ++inside);
                ++turns;
                --inside;
                turn.give();
            }
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(most, 1);
    EXPECT_EQ(turns, 400);
}

TEST(SinkTurn, WhoIsStoppedWaitsNoLonger) {
    SinkGates gates;
    std::atomic<bool> const go_on{false};
    std::atomic<bool> const stopped{true};
    auto const gate = gates.at("sink");
    SinkTurn first{gate, go_on};
    ASSERT_TRUE(first.take());
    SinkTurn second{gate, stopped};
    EXPECT_EQ(second.take().error().status, WEIR_E_CANCELLED);
    first.give();
    SinkTurn third{gate, go_on};
    EXPECT_TRUE(third.take());
}

TEST(References, OfSecretsResolveAnywhereInAConfiguration) {
    FindSecret const find = [](std::string const& name) {
        return Result<std::optional<std::string>>{name == "pw" ? std::optional<std::string>{"p@ss"}
                                                               : std::nullopt};
    };
    nlohmann::json const config{{"url", "postgres://u:${secret:pw}@h/d"},
                                {"deep", {{{"word", "${secret:pw}"}}, 7}}};
    auto out = resolved(config, find);
    ASSERT_TRUE(out);
    EXPECT_EQ((*out)["url"], "postgres://u:p%40ss@h/d");
    EXPECT_EQ((*out)["deep"][0]["word"], "p@ss");
    EXPECT_EQ((*out)["deep"][1], 7);
    EXPECT_EQ(resolved("${secret:other}", find).error().code, "config.reference");
    wipe(*out);
    EXPECT_EQ(out->dump().find("p@ss"), std::string::npos);
}

}  // namespace
}  // namespace weir::host
