// What a call says of itself to a plugin that works on its behalf.
#include "weir/cpp/call.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "weir/testkit/test_host.hpp"

namespace weir {
namespace {

std::optional<Error> thrown_by(Call const& call) {
    try {
        call.check();
    } catch (Error const& error) {
        return error;
    }
    return std::nullopt;
}

TEST(Call, GoesOnUntilItIsCancelled) {
    testkit::TestCall call;
    EXPECT_FALSE(thrown_by(Call{call.get()}));
    call.cancel();
    std::optional<Error> const error = thrown_by(Call{call.get()});
    ASSERT_TRUE(error);
    EXPECT_EQ(error->status, WEIR_E_CANCELLED);
    EXPECT_EQ(error->code, "call.cancelled");
    EXPECT_EQ(error->message, "cancelled");
}

TEST(Call, EndsAtItsDeadline) {
    testkit::TestCall call;
    call.deadline_in_ms(1'000'000);
    EXPECT_FALSE(thrown_by(Call{call.get()}));
    call.deadline_in_ms(-1);
    std::optional<Error> const error = thrown_by(Call{call.get()});
    ASSERT_TRUE(error);
    EXPECT_EQ(error->status, WEIR_E_TIMEOUT);
    EXPECT_EQ(error->code, "call.timeout");
}

TEST(Call, ThatNobodyAskedForIsNeverOver) { EXPECT_FALSE(thrown_by(Call{nullptr})); }

}  // namespace
}  // namespace weir
