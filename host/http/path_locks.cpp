#include "host/http/path_locks.hpp"

#include <utility>

namespace weir::host::http {

PathLocks::Hold::Hold(PathLocks& locks, std::string path, std::chrono::milliseconds patience)
    : locks_{locks}, path_{std::move(path)} {
    std::unique_lock lock{locks_.mutex_};
    is_held_ = locks_.freed_.wait_for(lock, patience,
                                      [&] { return locks_.held_.insert(path_).second; });
}

PathLocks::Hold::~Hold() {
    if (!is_held_) return;
    std::lock_guard const lock{locks_.mutex_};
    locks_.held_.erase(path_);
    locks_.freed_.notify_all();
}

}  // namespace weir::host::http
