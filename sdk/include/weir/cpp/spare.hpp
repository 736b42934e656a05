#pragma once

#include <memory>
#include <mutex>

namespace weir {

/// Keeps one idle session for whoever needs one next, since a login costs more than a catalog
/// query. `Connection::usable()` says whether it is idle. Thread-safe: readers end on threads of
/// their own.
template <class Connection>
class Spare {
public:
    /// Null when there is none.
    std::unique_ptr<Connection> take() {
        std::lock_guard const lock{mutex_};
        return std::move(kept_);
    }
    /// Hangs up instead when `connection` is not idle.
    void keep(std::unique_ptr<Connection> connection) {
        if (!connection || !connection->usable()) return;
        std::lock_guard const lock{mutex_};
        kept_.swap(connection);
    }

private:
    std::mutex mutex_;
    std::unique_ptr<Connection> kept_;
};

}  // namespace weir
