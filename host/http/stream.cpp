#include "host/http/router.hpp"

namespace weir::host::http {

bool Stream::push(std::string_view bytes) {
    std::lock_guard const lock{mutex_};
    if (is_gone_ || is_ended_) return false;
    if (pending_.size() + bytes.size() > pending_bytes_max) {
        is_gone_ = true;
        pending_ = {};
        changed();
        return false;
    }
    pending_ += bytes;
    changed();
    return true;
}

void Stream::end() {
    std::lock_guard const lock{mutex_};
    is_ended_ = true;
    changed();
}

bool Stream::is_open() const {
    std::lock_guard const lock{mutex_};
    return !is_gone_ && !is_ended_;
}

std::optional<std::string> Stream::take() {
    std::lock_guard const lock{mutex_};
    if (is_gone_ || (is_ended_ && pending_.empty())) return std::nullopt;
    if (taken_ && !pending_.empty()) taken_();
    return std::exchange(pending_, {});
}

std::size_t Stream::pending_bytes() const {
    std::lock_guard const lock{mutex_};
    return pending_.size();
}

void Stream::on_taken(std::function<void()> taken) {
    std::lock_guard const lock{mutex_};
    taken_ = std::move(taken);
}

bool Stream::is_whole() const {
    std::lock_guard const lock{mutex_};
    return is_ended_ && !is_gone_;
}

void Stream::attach(std::function<void()> wake) {
    std::lock_guard const lock{mutex_};
    wake_ = std::move(wake);
}

void Stream::detach() {
    std::lock_guard const lock{mutex_};
    is_gone_ = true;
    wake_ = nullptr;
}

void Stream::changed() {
    if (wake_) wake_();
}

}  // namespace weir::host::http
