#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "host/child/contained_library.hpp"
#include "host/child/slab.hpp"

namespace weir::host {

/// The tables that call into a child, with all their members.
extern weir_source const remote_source;
extern weir_sink const remote_sink;
extern weir_lifecycle const remote_lifecycle;
extern weir_service const remote_service;

/// Writes why a call failed; answers its status.
weir_status tell_remote(weir_error* into, Error const& error);

/// Where an instance lives now.
struct RemotePlace {
    std::shared_ptr<ChildProcess> process;
    std::uint64_t handle = 0;
};

/// How the call on an object is unblocked: whoever wants that sets the flag and waits for nothing;
/// who waits for the call's answer asks the child.
struct RemoteInterrupt {
    Op op;
    std::atomic<bool> is_wanted{false};
};

/// What a weir_instance* of a contained library points to.
class RemoteInstance {
public:
    RemoteInstance(ContainedLibrary& library, std::string component, weir_host const* host,
                   std::string config);
    ~RemoteInstance();
    /// See RemoteCall::finish.
    void destroy();
    static RemoteInstance& of(weir_instance* handle) {
        return *reinterpret_cast<RemoteInstance*>(handle);
    }

    ContainedLibrary& library() { return library_; }
    /// Where it is; made there, and started if it was, when its process is another one by now.
    weir_status place(RemotePlace& out, weir_error* error);
    RemoteInterrupt interrupt{Op::interrupt_instance};
    /// Where it is, without making it anew; without a process: nowhere.
    RemotePlace here();
    void was_started(bool is_started);

private:
    weir_status make(weir_error* error);

    ContainedLibrary& library_;
    std::string const component_;
    weir_host const* const host_;
    std::string config_;
    std::mutex mutex_;
    RemotePlace place_;
    std::uint64_t seat_ = 0;
    bool is_started_ = false;
};

/// One call into a child: its arguments, what it asks meanwhile, its answer.
class RemoteCall {
public:
    /// Answers a visitor's question; false: it is none of this call.
    using Visit = std::function<bool(Op, Unpacker&, Packer&)>;
    using Take = std::function<void(Unpacker&, Line&)>;

    /// `call` null: it cannot be cancelled, and ends in ChildProcess::stuck_ms_max.
    RemoteCall(ContainedLibrary& library, RemotePlace const& place, char const* what,
               weir_call const* call, weir_error* error);

    /// The arguments, which begin with the handle.
    Packer& args() { return args_; }
    RemoteCall& visited_by(Visit visit) {
        visit_ = std::move(visit);
        return *this;
    }
    RemoteCall& with(int fd) {
        fds_.push_back(fd);
        return *this;
    }
    /// Null: there is no such thing.
    RemoteCall& unblocked_by(RemoteInterrupt* interrupt) {
        interrupt_ = interrupt;
        return *this;
    }
    /// The line that it goes over: for descriptors that come with a visitor's question.
    Line* line() const { return line_; }
    /// `take` reads what the answer has behind its status, if it has.
    weir_status run(Op op, Take const& take = {});
    /// For one that cannot fail, and ends an object. Throws when the plugin did: who called notes
    /// it, as of a plugin of this process.
    void finish(Op op, char const* of_objects);

private:
    class Patience;
    weir_status exchange(Op op, Take const& take);
    weir_status gone();

    ContainedLibrary& library_;
    RemotePlace place_;
    char const* what_;
    weir_call const* call_;
    weir_error* error_;
    Packer args_;
    Visit visit_;
    std::vector<int> fds_;
    RemoteInterrupt* interrupt_ = nullptr;
    Line* line_ = nullptr;
};

/// The visitor of a weir_out: what the child writes goes there.
bool visit_out(weir_out const* out, Op op, Unpacker& args, Packer& answer);

}  // namespace weir::host
