#include "host/run/retry.hpp"

#include <algorithm>

namespace weir::host {

namespace {

bool is_plugins_fault(Error const& error) {
    return error.status == WEIR_E_INTERNAL || error.status == WEIR_E_STATE;
}

std::int64_t grown(RetryPolicy const& policy, int tries) {
    switch (policy.backoff) {
        case Backoff::fixed: return policy.delay_ms;
        case Backoff::linear: return policy.delay_ms * tries;
        case Backoff::exponential: return policy.delay_ms << std::min(tries - 1, 20);
    }
    return policy.delay_ms;
}

}  // namespace

bool time_may_cure(Error const& error) {
    if (error.flags & WEIR_ERR_FINAL) return false;
    if (error.flags & WEIR_ERR_RETRYABLE) return true;
    return error.status == WEIR_E_IO || error.status == WEIR_E_TIMEOUT ||
           error.status == WEIR_E_BUSY || error.status == WEIR_E_NOMEM;
}

std::optional<std::int64_t> retry_delay_ms(RetryPolicy const& policy, Error const& error, int tries,
                                           double random) {
    bool const once_more = is_plugins_fault(error) && tries == 1 && !(error.flags & WEIR_ERR_FINAL);
    if (tries > policy.retries || !(time_may_cure(error) || once_more)) return std::nullopt;
    std::int64_t const whole = std::min(grown(policy, tries), policy.cap_ms);
    auto const spread = static_cast<std::int64_t>(static_cast<double>(whole) * (0.5 + random / 2));
    return std::max(spread, std::min(error.retry_after_ms, RetryPolicy::delay_ms_max));
}

}  // namespace weir::host
