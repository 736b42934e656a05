#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>

namespace weir::host {

/// A short way between two threads. The giver asks wait_room() before it makes the next item: there
/// is room while fewer than `items_max` lie here, and, but for a single one, fewer than `bytes_max`
/// bytes. So a taker that pauses (a sink that commits) does not stop the giver at once, and what is
/// alive stays bounded. Either side may close.
template <class Item>
class HandOver {
public:
    HandOver(std::size_t items_max, std::uint64_t bytes_max)
        : items_max_{items_max}, bytes_max_{bytes_max} {}

    /// Blocks until there is room for one more; false: closed, make no more.
    bool wait_room() {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return closed_ || has_room(); });
        return !closed_;
    }
    /// After wait_room() said yes. Dropped when closed meanwhile.
    void give(Item item, std::uint64_t bytes) {
        std::lock_guard lock{mutex_};
        if (closed_) return;
        items_.push_back({std::move(item), bytes});
        bytes_ += bytes;
        changed_.notify_all();
    }
    /// Blocks until there is an item; nothing: closed and empty.
    std::optional<Item> take() {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return !items_.empty() || closed_; });
        if (items_.empty()) return std::nullopt;
        std::optional<Item> item{std::move(items_.front().item)};
        bytes_ -= items_.front().bytes;
        items_.pop_front();
        changed_.notify_all();
        return item;
    }
    /// Blocks until take() would not, but no longer than `patience`; false: it still would.
    bool wait_item(std::chrono::milliseconds patience) {
        std::unique_lock lock{mutex_};
        return changed_.wait_for(lock, patience, [this] { return !items_.empty() || closed_; });
    }
    /// What lies here can still be taken; nothing new comes in.
    void close() {
        std::lock_guard lock{mutex_};
        closed_ = true;
        changed_.notify_all();
    }

private:
    struct Lying {
        Item item;
        std::uint64_t bytes;
    };
    bool has_room() const {
        return items_.empty() || (items_.size() < items_max_ && bytes_ < bytes_max_);
    }

    std::size_t const items_max_;
    std::uint64_t const bytes_max_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Lying> items_;
    std::uint64_t bytes_ = 0;
    bool closed_ = false;
};

}  // namespace weir::host
