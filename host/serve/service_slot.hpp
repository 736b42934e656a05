#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>

#include "host/abi/service_proxy.hpp"

namespace weir::host {

/// Where a service stands, whichever generation of it serves: routes, methods, events and the timer
/// lead here. While it is held, because another generation takes over, calls wait outside; those
/// that have waited for `wait_ms_max` are told to come again. Thread-safe.
class ServiceSlot {
public:
    static constexpr std::int64_t wait_ms_max = 2'000;

    explicit ServiceSlot(std::string id) : id_{std::move(id)} {}

    /// The right to call what serves now; it is not replaced meanwhile.
    class Use {
    public:
        Use(ServiceSlot& slot, std::shared_ptr<ServiceProxy const> service);
        Use(Use&& other) noexcept;
        Use& operator=(Use&&) = delete;
        ~Use();
        ServiceProxy const* operator->() const { return service_.get(); }

    private:
        ServiceSlot* slot_;
        std::shared_ptr<ServiceProxy const> service_;
    };
    /// E_BUSY "plugin.swapping", retryable: held for longer than `wait_ms`. E_BUSY
    /// "service.not_running": nothing serves.
    Result<Use> enter(std::int64_t wait_ms = wait_ms_max);

    /// Lets nobody in any more, and waits for those inside, `ms_max` at most; false: there still
    /// are some, and it is not held.
    bool hold(std::int64_t ms_max);
    /// What serves from the release on; null: nothing.
    void put(std::shared_ptr<ServiceProxy const> service);
    void release();

private:
    std::string const id_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::shared_ptr<ServiceProxy const> service_;
    std::int64_t inside_ = 0;
    bool is_held_ = false;
};

}  // namespace weir::host
