#include "host/child/served.hpp"

#include <pthread.h>
#include <unistd.h>

#include <chrono>
#include <limits>

namespace weir::host {

namespace {

constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
thread_local HostLine::Serving* serving = nullptr;
bool is_copy = false;

std::int64_t now_ms() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

}  // namespace

void leave_in_copies() {
    ::pthread_atfork(nullptr, nullptr, [] { is_copy = true; });
}

void leave_if_copy() {
    if (is_copy) ::_exit(0);
}

HostLine::Serving::Serving(Line& line, weir_call const* call)
    : before_{serving}, line_{line}, call_{call} {
    serving = this;
}

HostLine::Serving::~Serving() { serving = before_; }

bool HostLine::serves(weir_call const* call) { return call && serving && serving->call_ == call; }

Unpacker HostLine::ask(Op op, Packer const& args, std::vector<int> const& fds) {
    leave_if_copy();
    Line::Serve const nothing = [](Op, Unpacker&, Packer&) {
        throw BadFrame{"a host asks nothing back"};
    };
    try {
        if (serving) return serving->line_.call(op, args, nothing, fds);
        std::lock_guard const lock{mutex_};
        return line_.call(op, args, nothing, fds);
    } catch (std::runtime_error const&) {
        ::_exit(0);  // nobody is left to work for
    }
}

ServedCall::ServedCall(CallsPage::Wanted& wanted, std::int64_t remaining_ms)
    : abi_{sizeof abi_, 0, this, cancelled, remaining},
      wanted_{wanted},
      deadline_ms_{remaining_ms == never ? never : now_ms() + remaining_ms} {}

std::int32_t ServedCall::cancelled(weir_call const* call) {
    auto const& self = *static_cast<ServedCall const*>(call->ctx);
    return self.wanted_.is_cancelled.load(std::memory_order_relaxed) != 0 || remaining(call) <= 0;
}

std::int64_t ServedCall::remaining(weir_call const* call) {
    auto const& self = *static_cast<ServedCall const*>(call->ctx);
    return self.deadline_ms_ == never ? never : self.deadline_ms_ - now_ms();
}

}  // namespace weir::host
