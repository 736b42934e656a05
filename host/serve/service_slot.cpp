#include "host/serve/service_slot.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace weir::host {

namespace {

using std::chrono::milliseconds;

Error come_again(std::string code, std::string sentence) {
    Error error{WEIR_E_BUSY, std::move(code), std::move(sentence)};
    error.flags = WEIR_ERR_RETRYABLE;
    error.retry_after_ms = 1'000;
    return error;
}

}  // namespace

ServiceSlot::Use::Use(ServiceSlot& slot, std::shared_ptr<ServiceProxy const> service)
    : slot_{&slot}, service_{std::move(service)} {}

ServiceSlot::Use::Use(Use&& other) noexcept
    : slot_{std::exchange(other.slot_, nullptr)}, service_{std::move(other.service_)} {}

ServiceSlot::Use::~Use() {
    if (!slot_) return;
    std::lock_guard const lock{slot_->mutex_};
    --slot_->inside_;
    slot_->changed_.notify_all();
}

Result<ServiceSlot::Use> ServiceSlot::enter(std::int64_t wait_ms) {
    std::unique_lock lock{mutex_};
    if (!changed_.wait_for(lock, milliseconds{wait_ms}, [this] { return !is_held_; }))
        return come_again("plugin.swapping",
                          fmt::format("another version of {} is taking over; ask again in a second",
                                      id_));
    if (!service_)
        return come_again("service.not_running", fmt::format("{} does not run now", id_));
    ++inside_;
    return Use{*this, service_};
}

bool ServiceSlot::hold(std::int64_t ms_max) {
    std::unique_lock lock{mutex_};
    is_held_ = true;
    if (changed_.wait_for(lock, milliseconds{ms_max}, [this] { return inside_ == 0; })) return true;
    is_held_ = false;
    changed_.notify_all();
    return false;
}

void ServiceSlot::put(std::shared_ptr<ServiceProxy const> service) {
    std::lock_guard const lock{mutex_};
    service_ = std::move(service);
}

void ServiceSlot::release() {
    std::lock_guard const lock{mutex_};
    is_held_ = false;
    changed_.notify_all();
}

}  // namespace weir::host
