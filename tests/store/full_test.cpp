#include <sys/resource.h>

#include <csignal>
#include <thread>

#include "store/fixture.hpp"
#include "support/small_disk.hpp"

namespace weir::test {
namespace {

using namespace host;

constexpr std::uint64_t megabyte = 1u << 20;

/// A store on a disk of four megabytes; where nothing can be mounted, one whose files may not grow
/// beyond that.
class FullDisk : public testing::Test {
protected:
    FullDisk() {
        std::signal(SIGXFSZ, SIG_IGN);
        give(4 * megabyte);
        store = must(Store::open(disk / "state.db", clock));
    }
    ~FullDisk() override { limit_files(RLIM_INFINITY); }

    void give(std::uint64_t bytes) {
        disk.grow(bytes);
        if (!disk.is_mounted()) limit_files(bytes);
    }
    static void limit_files(rlim_t bytes) {
        rlimit limit{};
        ::getrlimit(RLIMIT_FSIZE, &limit);
        limit.rlim_cur = std::min(bytes, limit.rlim_max);
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    Result<std::uint64_t> put(std::string const& key, std::size_t size) {
        return Documents{*store}.put("p", "c", key, '"' + std::string(size, 'x') + '"',
                                     Documents::any_revision);
    }
    /// Puts documents until one is refused; answers its error, and how many were taken.
    std::pair<Error, int> fill(std::string const& prefix) {
        for (int i = 0; i < 10'000; ++i)
            if (Result<std::uint64_t> done = put(prefix + std::to_string(i), 100'000); !done)
                return {done.error(), i};
        return {};
    }
    std::size_t count() { return must(Documents{*store}.list("p", "c", "", "", 1'000)).size(); }

    TestClock clock;
    SmallDisk disk{4 * megabyte};
    std::unique_ptr<Store> store;
};

// The same few pages again and again: all that grows is the log.
TEST_F(FullDisk, IsNotFullOfTheLogAlone) {
    for (int i = 0; i < 400; ++i) {
        Result<std::uint64_t> const stored = put("one", 30'000 + static_cast<std::size_t>(i));
        ASSERT_TRUE(stored) << i << ": " << stored.error().message;
    }
}

TEST_F(FullDisk, IsSaidReadsGoOnAndWritesToo) {
    std::size_t expected = 0;
    for (int round = 1; round <= 5; ++round) {
        auto const [why, taken] = fill(std::to_string(round) + "-");
        expected += static_cast<std::size_t>(taken);
        EXPECT_EQ(why.code, "store.disk_full") << why.message;
        EXPECT_EQ(why.status, WEIR_E_IO);
        EXPECT_GT(taken, 0);
        EXPECT_EQ(count(), expected) << "what was answered is there, what was refused is not";
        EXPECT_EQ(code_of(put("again", 100'000)), "store.disk_full");
        // A check writes little, and there may be as much room: each takes some of it.
        Result<void> checked;
        for (int i = 0; i < 1'000 && (checked = store->check()); ++i) (void)put("again", 100'000);
        EXPECT_EQ(code_of(checked), "store.disk_full");
        give((4 + 2 * static_cast<std::uint64_t>(round)) * megabyte);
        must(store->check());
        must(put(std::to_string(round) + "-after", 10));
        ++expected;
    }
    store.reset();
    store = must(Store::open(disk / "state.db", clock));
    EXPECT_EQ(count(), expected);
}

TEST_F(FullDisk, WritersAtOnceKeepWhatTheyWereToldAndNothingElse) {
    std::vector<std::thread> threads;
    std::atomic<std::size_t> kept{0}, refused{0}, others{0};
    for (int t = 0; t < 8; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i < 20; ++i) {
                std::string const key = std::to_string(t) + "-" + std::to_string(i);
                Result<std::uint64_t> const done = put(key, t == 0 ? 900'000 : 1'000);
                std::string const code = code_of(done);
                ++(code.empty() ? kept : code == "store.disk_full" ? refused : others);
            }
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_GT(refused, 0u) << "18 megabytes do not fit";
    EXPECT_GT(kept, 0u);
    EXPECT_EQ(others, 0u);
    EXPECT_EQ(count(), kept);
}

}  // namespace
}  // namespace weir::test
