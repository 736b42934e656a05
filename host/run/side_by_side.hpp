#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <vector>

#include "host/run/order.hpp"

namespace weir::host {

/// Several streams of one copy at a time: each begins in its turn of the order, on one of a few
/// threads, as soon as one is free.
class SideBySide {
public:
    /// `order` and `stop` are borrowed; when `stop` turns true no more begin.
    SideBySide(Order const& order, std::size_t lanes, std::atomic<bool> const& stop);

    /// Calls `work` for each place of the order, on this thread and others; returns when all have
    /// ended. What `work` throws is thrown here, by one of them, after that.
    void run(std::function<void(std::size_t place)> const& work);

    /// Within `work` of `place`: blocks until all that come before it by the order have ended,
    /// well or not. E_CANCELLED when `stop` turns true.
    Result<void> await_referenced(std::size_t place);

private:
    bool next(std::size_t& place);
    void end(std::size_t place);

    Order const& order_;
    std::size_t const lanes_;
    std::atomic<bool> const& stop_;
    std::mutex mutex_;  // guards what follows
    std::condition_variable ended_;
    std::size_t begun_ = 0;
    std::vector<bool> has_ended_;
};

}  // namespace weir::host
