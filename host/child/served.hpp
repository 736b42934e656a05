#pragma once

#include <functional>
#include <mutex>

#include "host/child/calls_page.hpp"
#include "host/child/line.hpp"

namespace weir::host {

/// In the child: the way back to the host of whatever thread of the plugin asks.
class HostLine {
public:
    explicit HostLine(Fd fd) : line_{std::move(fd)} {}

    /// While it lives, what its thread asks goes over `line`, on behalf of `call` (may be null).
    class Serving {
    public:
        Serving(Line& line, weir_call const* call);
        Serving(Serving const&) = delete;
        Serving& operator=(Serving const&) = delete;
        ~Serving();

    private:
        Serving* before_;
        friend class HostLine;
        Line& line_;
        weir_call const* call_;
    };

    /// Asks the host over the line of the call that this thread serves, else over the one that all
    /// other threads share. Ends the process when the host is gone.
    Unpacker ask(Op op, Packer const& args, std::vector<int> const& fds = {});
    /// Whether `call` is the one that this thread serves: the host knows it then.
    static bool serves(weir_call const* call);

private:
    std::mutex mutex_;
    Line line_;
};

/// From now on a copy of this process that a plugin made with fork() leaves where it would speak
/// to the host, who would take its words for ours.
void leave_in_copies();
void leave_if_copy();

/// The weir_call of a call that came over a line.
class ServedCall {
public:
    /// `remaining_ms` INT64_MAX: no deadline.
    ServedCall(CallsPage::Wanted& wanted, std::int64_t remaining_ms);
    ServedCall(ServedCall const&) = delete;
    ServedCall& operator=(ServedCall const&) = delete;
    weir_call const* abi() const { return &abi_; }

private:
    static std::int32_t cancelled(weir_call const* call);
    static std::int64_t remaining(weir_call const* call);

    weir_call abi_;
    CallsPage::Wanted& wanted_;
    std::int64_t deadline_ms_;  // of the steady clock; INT64_MAX: none
};

}  // namespace weir::host
