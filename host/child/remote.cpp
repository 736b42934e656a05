#include "host/child/remote.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <system_error>

#include "host/abi/misdeeds.hpp"
#include "host/child/host_desk.hpp"
#include "host/core/secret.hpp"

namespace weir::host {

namespace {

template <std::size_t n>
void write(char (&into)[n], std::string const& text) {
    std::size_t const size = std::min(text.size(), n - 1);
    std::memcpy(into, text.data(), size);
    into[size] = '\0';
}

std::int64_t now_ms() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

}  // namespace

weir_status tell_remote(weir_error* into, Error const& error) {
    if (!into || into->struct_size < sizeof *into) return error.status;
    into->flags = error.flags;
    write(into->code, error.code);
    write(into->message, error.message);
    write(into->suggestion, error.suggestion);
    return error.status;
}

RemoteCall::RemoteCall(ContainedLibrary& library, RemotePlace const& place, char const* what,
                       weir_call const* call, weir_error* error)
    : library_{library}, place_{place}, what_{what}, call_{call}, error_{error} {
    args_.number(call ? call->remaining_ms(call) : std::numeric_limits<std::int64_t>::max());
    args_.number(place.handle);
}

weir_status RemoteCall::gone() {
    Error const why = place_.process->death(what_);
    library_.lost(*place_.process);
    return tell_remote(error_, why);
}

weir_status RemoteCall::run(Op op, Take const& take) {
    if (!place_.process) return WEIR_E_STATE;
    try {
        return exchange(op, take);
    } catch (LineGone const&) {
        return gone();
    } catch (std::system_error const& error) {
        return tell_remote(error_, Error{WEIR_E_IO, "plugin.runner", error.what()});
    } catch (std::bad_alloc const&) {
        place_.process->kill("memory ran out");
        return WEIR_E_NOMEM;
    } catch (BadFrame const& error) {
        place_.process->kill(std::string{"it sent "} + error.what());
        return gone();
    } catch (...) {  // a call that was left in its middle: nobody may use its line again
        place_.process->kill("the host failed while it answered");
        throw;
    }
}

void RemoteCall::finish(Op op, char const* of_objects) {
    weir_status const status = run(op, [&](Unpacker& answer, Line&) {
        library_.left_threads(of_objects, answer.number());
    });
    if (status == WEIR_E_INTERNAL) throw std::runtime_error{"it let an exception out"};
}

/// What is done while an answer is waited for: the child is told that nobody wants it any more, and
/// ended when that does not help.
class RemoteCall::Patience {
public:
    Patience(RemoteCall& call, CallsPage::Wanted& wanted)
        : call_{call},
          wanted_{wanted},
          unwanted_since_{call.call_ ? 0 : now_ms()},
          heard_{now_ms()} {
        wanted_.is_cancelled.store(0, std::memory_order_relaxed);
        if (call_.interrupt_) call_.interrupt_->is_wanted.store(false);
    }

    /// It asked something: so it is at work.
    void heard() { heard_ = now_ms(); }

    void look() {
        std::int64_t const now = now_ms();
        bool const is_cancelled = call_.call_ && call_.call_->cancelled(call_.call_);
        bool const is_unblocked =
            call_.interrupt_ && call_.interrupt_->is_wanted.exchange(false);
        if (is_cancelled) wanted_.is_cancelled.store(1, std::memory_order_relaxed);
        if (is_cancelled && unwanted_since_ == 0) unwanted_since_ = now;
        if (unwanted_since_ != 0 && now - unwanted_since_ > ChildProcess::stuck_ms_max)
            call_.place_.process->kill("it did not come back when it was asked to");
        else if (std::int64_t const limit = call_.library_.call_ms(); now - heard_ > limit)
            call_.place_.process->kill(
                fmt::format("{}() did not come back within {} ms", call_.what_, limit));
        else if (is_unblocked || (is_cancelled && now - unblocked_ > repeat_ms))
            unblock(now);
    }

private:
    static constexpr std::int64_t repeat_ms = 250;

    void unblock(std::int64_t now) {
        unblocked_ = now;
        if (!call_.interrupt_) return;
        RemoteCall{call_.library_, call_.place_, "interrupt", nullptr, nullptr}.run(
            call_.interrupt_->op);
    }

    RemoteCall& call_;
    CallsPage::Wanted& wanted_;
    std::int64_t unwanted_since_, heard_, unblocked_ = 0;
};

weir_status RemoteCall::exchange(Op op, Take const& take) {
    ChildProcess::Lease lease = place_.process->lease();
    line_ = &lease.line();
    Patience patience{*this, lease.wanted()};
    lease.line().when_waiting(ChildProcess::look_ms, [&patience] { patience.look(); });
    Unpacker answer = lease.line().call(
        op, args_,
        [&](Op asked, Unpacker& args, Packer& out) {
            patience.heard();
            if (!visit_ || !visit_(asked, args, out))
                answer_as_host(*place_.process, call_, asked, args, out);
        },
        fds_);
    weir_status const status = answer.status();
    if (status < 0) answer.error(error_);
    if (take && !answer.is_at_end()) take(answer, lease.line());
    return status;
}

bool visit_out(weir_out const* out, Op op, Unpacker& args, Packer& answer) {
    if (op != Op::out_write) return false;
    std::string_view const data = args.bytes();
    answer.number(out->write(out->ctx, data.data(), data.size()));
    return true;
}

RemoteInstance::RemoteInstance(ContainedLibrary& library, std::string component,
                               weir_host const* host, std::string config)
    : library_{library},
      component_{std::move(component)},
      host_{host},
      config_{std::move(config)} {}

RemoteInstance::~RemoteInstance() {
    if (place_.process) place_.process->remove_host(seat_);
    wipe(config_);  // it may hold secrets
}

void RemoteInstance::destroy() {
    if (place_.process && place_.process->is_alive())
        RemoteCall{library_, place_, "destroy", nullptr, nullptr}.finish(Op::destroy,
                                                                         Misdeeds::of_instances);
}

RemotePlace RemoteInstance::here() {
    std::lock_guard const lock{mutex_};
    return place_;
}

void RemoteInstance::was_started(bool is_started) {
    std::lock_guard const lock{mutex_};
    is_started_ = is_started;
}

weir_status RemoteInstance::place(RemotePlace& out, weir_error* error) {
    std::lock_guard const lock{mutex_};
    weir_status status = WEIR_OK;
    if (!place_.process || !place_.process->is_alive()) status = make(error);
    out = place_;
    return status;
}

weir_status RemoteInstance::make(weir_error* error) {
    Result<std::shared_ptr<ChildProcess>> process = library_.process();
    if (!process) return tell_remote(error, process.error());
    if (place_.process) place_.process->remove_host(seat_);
    place_ = {*process, 0};
    seat_ = (*process)->add_host(host_);
    RemoteCall create{library_, place_, "create", nullptr, error};
    create.args().text(component_.c_str()).number(seat_).text(config_.c_str());
    create.args().text(host_->version).text(host_->instance);
    RemotePlace made{*process, 0};
    weir_status status = create.run(
        Op::create, [&](Unpacker& answer, Line&) { made.handle = answer.number(); });
    if (status == WEIR_OK && is_started_) {
        RemoteCall start{library_, made, "start", nullptr, error};
        status = start.run(Op::start);
    }
    if (status == WEIR_OK) {
        place_ = made;
        return status;
    }
    (*process)->remove_host(seat_);
    place_ = {};
    return status;
}

}  // namespace weir::host
