// A connector that lets exceptions out, in the host and in a process of its own: that is told, and
// costs nobody else.
#include <thread>

#include "abi/fixture.hpp"
#include "host/abi/misdeeds.hpp"
#include "host/child/contained_library.hpp"

namespace weir::host {
namespace {

class OddPlaced : public OddTest, public testing::WithParamInterface<bool> {
protected:
    OddPlaced() { Misdeeds::here().forget(id); }
    static LoadRules rules() {
        LoadRules out;
        if (GetParam())
            out.placement.contain = [](std::filesystem::path const& library,
                                       PluginLimits const& limits, OnLoss const& on_loss) {
                return ContainedLibrary::load(ABI_RUNNER, library, limits, on_loss);
            };
        return out;
    }
    Instance placed(std::string const& deed) {
        Result<Component> const found = placing.load("odd");
        if (!found) throw std::runtime_error{found.error().message};
        Result<Instance> made = Instance::create(*found, {{"do", deed}}, root.services, "odd");
        if (!made) throw std::runtime_error{made.error().message};
        return std::move(*made);
    }
    ReaderProxy reader_of(Instance& instance) {
        return std::move(*instance.source()->open(call, {}));
    }
    std::int64_t pid() {
        Contained const* const contained = placing.load("odd")->generation->contained();
        return contained ? contained->pid() : 0;
    }
    static std::string noted() {
        std::optional<Error> const last = Misdeeds::here().last(id);
        return last ? last->code + " " + last->message : "";
    }
    static bool says(std::string const& text) { return noted().find(text) != std::string::npos; }

    static constexpr char const* id = "dev.weir.test.odd";
    Registry placing{{folder.path()}, nullptr, rules()};
};
INSTANTIATE_TEST_SUITE_P(, OddPlaced, testing::Bool(), [](auto const& each) {
    return each.param ? "InAChild" : "InTheHost";
});

TEST_P(OddPlaced, AnExceptionOutOfDescribeEndsNoInstance) {
    std::int64_t before = 0;
    {
        Instance instance = placed("describe_throws");
        before = pid();
        EXPECT_EQ(instance.describe().error().status, WEIR_E_INTERNAL);
        EXPECT_EQ(instance.describe().error().status, WEIR_E_INTERNAL);
        EXPECT_EQ(reader_of(instance).next(call)->rows, 3);
    }
    EXPECT_EQ(placed("").describe()->at("identity"), "odd:");
    EXPECT_EQ(pid(), before) << "nothing was given back twice";
}

TEST_P(OddPlaced, AnExceptionOutOfCloseIsNoted) {
    Instance instance = placed("close_throws");
    (void)reader_of(instance);
    EXPECT_TRUE(says("odd: close() let an exception cross the boundary")) << noted();
    Misdeeds::here().forget(id);
    std::uint64_t epoch = 0;
    std::string cursor;
    EXPECT_TRUE(instance.sink()->begin(call, {}, epoch, cursor));
    EXPECT_TRUE(says("odd: close() let an exception cross the boundary")) << noted();
}

TEST_P(OddPlaced, AnExceptionOutOfDestroyIsNoted) {
    (void)placed("destroy_throws");
    EXPECT_TRUE(says("plugin.broken_promise odd: destroy() let an exception cross")) << noted();
}

TEST_P(OddPlaced, ACursorThatIsNoneIsRefused) {
    for (auto const& [deed, sentence] :
         {std::pair{"cursor_null", "next() answered a null pointer as cursor"},
          {"cursor_big", "next() answered a cursor of 1048577 bytes; at most"}}) {
        Instance instance = placed(deed);
        Result<NextBatch> const read = reader_of(instance).next(call);
        ASSERT_FALSE(read) << deed;
        EXPECT_EQ(read.error().code, "plugin.broken_promise");
        EXPECT_NE(read.error().message.find(sentence), std::string::npos) << read.error().message;
    }
}

TEST_P(OddPlaced, AnExceptionOutOfReleaseCostsAtMostItsRead) {
    Instance instance = placed("release_throws");
    {
        ReaderProxy reader = reader_of(instance);
        (void)reader.next(call);
    }
    EXPECT_TRUE(says("let an exception ")) << noted();
    ReaderProxy reader = reader_of(instance);
    for (std::int64_t first : {0, 3}) {
        Result<NextBatch> const read = reader.next(call);
        ASSERT_TRUE(read) << read.error().message;
        auto const* ids = static_cast<std::int64_t const*>(read->array->children[0]->buffers[1]);
        EXPECT_EQ(ids[0], first);
    }
    EXPECT_TRUE(reader.next(call)->is_end);
}

/// Its library in a child, where all threads are counted.
class OddInAChild : public OddPlaced {};
INSTANTIATE_TEST_SUITE_P(, OddInAChild, testing::Values(true));

// An instance may be kept for long.
TEST_P(OddInAChild, ThreadsThatReadsLeaveAreNamedWhileTheInstanceStays) {
    Instance instance = placed("open_thread");
    for (int reads = 1; reads <= Lives::rises_max; ++reads) {
        EXPECT_FALSE(says("plugin.leaves_threads")) << reads;
        (void)reader_of(instance);
    }
    EXPECT_TRUE(says("plugin.leaves_threads abi_odd.so leaves threads behind with each of its "
                     "readers and writers, 10 are there by now"))
        << noted();
}

// Whoever drops a batch enters no lane.
TEST_F(OddTest, TellsOfAReleaseThatDoesNotComeBackAndThatItCame) {
    constexpr std::int64_t hour_ns = 3'600'000'000'000;
    std::string const gate = folder / "gate";
    ReaderProxy read = reader("release_hangs:" + gate);
    Result<NextBatch> batch = read.next(call);
    ASSERT_TRUE(batch);
    root.clock.step_ns = hour_ns;
    std::thread dropping{[&] { batch->array.reset(); }};
    root.log.wait_for(
        "4 odd: release() of the plugin dev.weir.test.odd did not come back within 3600000 ms, and "
        "keeps its thread: in the host's process a call cannot be ended");
    Folder::write(gate, "x");
    dropping.join();
    root.log.wait_for("3 odd: release() of the plugin dev.weir.test.odd came back after all");
}

}  // namespace
}  // namespace weir::host
