// The whole table: each overlap beside each state that an open run may be in.
#include "host/store/overlap.hpp"

#include <gtest/gtest.h>

namespace weir::host {
namespace {

OpenRun run(std::string const& status, RunSpec const& spec, bool is_cancelled = false) {
    return {1, "run", status, is_cancelled, spec};
}

TEST(Overlap, DecidesByWhatTheOpenRunIsDoing) {
    RunSpec const same{"delta", "", 1}, other{"full", "", 1};
    struct Row {
        char const* what;
        std::vector<OpenRun> open;
        Verdict skip, buffer_one, join, reject, cancel_other;
    };
    using enum Verdict;
    std::vector<Row> const rows{
        {"none", {}, add, add, add, add, add},
        {"queued, the same",
         {run("queued", same)},
         Verdict::skip,
         Verdict::join,
         Verdict::join,
         Verdict::reject,
         add},
        {"queued, another kind",
         {run("queued", other)},
         Verdict::skip,
         add,
         Verdict::join,
         Verdict::reject,
         add},
        {"running",
         {run("running", same)},
         Verdict::skip,
         add,
         Verdict::join,
         Verdict::reject,
         add},
        {"retrying",
         {run("retrying", same)},
         Verdict::skip,
         add,
         Verdict::join,
         Verdict::reject,
         add},
        {"being cancelled",
         {run("running", same, true)},
         Verdict::skip,
         add,
         add,
         Verdict::reject,
         add},
        {"running and one that waits",
         {run("running", same), run("queued", same)},
         Verdict::skip,
         Verdict::join,
         Verdict::join,
         Verdict::reject,
         add},
    };
    for (Row const& row : rows) {
        EXPECT_EQ(decide(Overlap::skip, row.open, same).verdict, row.skip) << row.what;
        EXPECT_EQ(decide(Overlap::buffer_one, row.open, same).verdict, row.buffer_one) << row.what;
        EXPECT_EQ(decide(Overlap::join, row.open, same).verdict, row.join) << row.what;
        EXPECT_EQ(decide(Overlap::reject, row.open, same).verdict, row.reject) << row.what;
        EXPECT_EQ(decide(Overlap::cancel_other, row.open, same).verdict, row.cancel_other)
            << row.what;
    }
}

TEST(Overlap, JoinsTheOneThatWaitsAndNotTheOneThatReads) {
    RunSpec const same{"delta", "", 1};
    std::vector<OpenRun> const open{run("running", same), run("queued", same)};
    EXPECT_EQ(decide(Overlap::buffer_one, open, same).joined, 1u);
    EXPECT_EQ(decide(Overlap::join, open, same).joined, 0u);
}

}  // namespace
}  // namespace weir::host
