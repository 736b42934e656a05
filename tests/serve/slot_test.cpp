// Where calls wait while another generation of a service takes over.
#include "host/serve/service_slot.hpp"

#include <gtest/gtest.h>

namespace weir::host {
namespace {

TEST(ServiceSlot, SaysWhoTakesOverToThoseWhoWaitedInVain) {
    ServiceSlot slot{"cron"};
    ASSERT_TRUE(slot.hold(0));
    Error const held = slot.enter(1).error();
    EXPECT_EQ(held.status, WEIR_E_BUSY);
    EXPECT_EQ(held.code, "plugin.swapping");
    EXPECT_EQ(held.message, "another version of cron is taking over; ask again in a second");
    EXPECT_TRUE(held.flags & WEIR_ERR_RETRYABLE);
    EXPECT_EQ(held.retry_after_ms, 1'000);
    slot.release();
    EXPECT_EQ(slot.enter(1).error().code, "service.not_running") << "nobody was put there";
}

}  // namespace
}  // namespace weir::host
