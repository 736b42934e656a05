#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>

namespace weir::host {

/// One place between two threads. The giver asks wait_empty() before it makes the next item, so
/// that at most two exist: the one in use and the one made meanwhile. Either side may close.
template <class Item>
class HandOver {
public:
    /// Blocks until the last item was taken; false: closed, make no more.
    bool wait_empty() {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return !item_ || closed_; });
        return !closed_;
    }
    /// After wait_empty() said yes. Dropped when closed meanwhile.
    void give(Item item) {
        std::lock_guard lock{mutex_};
        if (!closed_) item_.emplace(std::move(item));
        changed_.notify_all();
    }
    /// Blocks until there is an item; nothing: closed.
    std::optional<Item> take() {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return item_ || closed_; });
        std::optional<Item> item = std::move(item_);
        item_.reset();
        changed_.notify_all();
        return item;
    }
    /// What lies here can still be taken; nothing new comes in.
    void close() {
        std::lock_guard lock{mutex_};
        closed_ = true;
        changed_.notify_all();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::optional<Item> item_;
    bool closed_ = false;
};

}  // namespace weir::host
