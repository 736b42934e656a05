#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

#include "host/child/calls_page.hpp"
#include "host/child/line.hpp"
#include "host/core/error.hpp"

namespace weir::host {

/// One running weir-runner that has loaded a library, and the lines to it. Thread-safe.
class ChildProcess {
public:
    /// How long a call that was cancelled, is late or cannot be cancelled may go on until its
    /// process is ended.
    static constexpr std::int64_t stuck_ms_max = 10'000;
    static constexpr int look_ms = 20;
    /// How often its memory is looked at, and whenever it was silent for that long.
    static constexpr int weigh_ms = 250;

    /// Starts `runner` on `library`, to be ended when it holds more than `memory_mb` MiB. E_IO
    /// "plugin.runner", or how it ended.
    static Result<std::shared_ptr<ChildProcess>> start(std::filesystem::path const& runner,
                                                       std::filesystem::path const& library,
                                                       std::int64_t memory_mb);
    ChildProcess(ChildProcess const&) = delete;
    ChildProcess& operator=(ChildProcess const&) = delete;
    ~ChildProcess();

    /// By the component's id; see members.hpp.
    std::map<std::string, std::uint32_t> const& members() const { return members_; }

    /// What the library says of itself.
    std::string const& manifest() const { return manifest_; }

    /// A line of its own for one call at a time; given back when it goes.
    class Lease;
    /// Throws LineGone, std::system_error.
    Lease lease();

    /// Where calls of `host` come from; the child names it by the number.
    std::uint64_t add_host(weir_host const* host);
    /// On return nothing of it is under way, nor will be.
    void remove_host(std::uint64_t id);
    /// The host of an instance, there as long as the lock is held; see remove_host().
    struct Seat {
        weir_host const* host;
        std::shared_mutex mutex;
    };
    /// Null: none by that number.
    std::shared_ptr<Seat> seat(std::uint64_t id) const;

    bool is_alive() const { return !is_over_.load(); }
    /// Ends it: `why` is told in place of the signal.
    void kill(std::string why);
    /// How it ended, for who was in the call `what`; waits for the end.
    Error death(char const* what);
    /// How it ended: "it ended itself with exit code 7". Waits for that as death() does.
    std::string end();
    pid_t pid() const { return pid_; }

private:
    struct Spare {
        std::unique_ptr<Line> line;
        std::uint32_t index;
    };
    ChildProcess(pid_t pid, Fd pidfd, Fd control, std::string library, std::int64_t memory_mb);
    void greet();
    Unpacker ask_control(Op op, Packer const& args, int fd);
    void end_all();
    bool reap(int ms);
    std::unique_ptr<Line> new_line(std::uint32_t index, bool is_for_host);
    void give_back(Spare spare);
    void serve_host();
    void weigh();

    pid_t const pid_;
    Fd const pidfd_;
    std::string const library_;
    std::int64_t const memory_mb_;
    CallsPage page_;
    Line control_;
    std::map<std::string, std::uint32_t> members_;
    std::string manifest_;
    std::atomic<bool> is_over_{false};

    mutable std::mutex mutex_;
    std::vector<Spare> spare_;
    std::vector<std::uint32_t> free_;  // numbers of lines
    std::map<std::uint64_t, std::shared_ptr<Seat>> hosts_;
    std::uint64_t last_host_ = 0;
    std::mutex death_mutex_;
    std::string ended_;  // how; empty: not waited for yet
    int status_ = 0;     // of waitpid
    std::string killed_;
    std::unique_ptr<Line> from_child_;
    std::thread for_child_;
};

class ChildProcess::Lease {
public:
    Lease(ChildProcess& process, Spare spare) : process_{&process}, spare_{std::move(spare)} {}
    Lease(Lease&&) noexcept = default;
    ~Lease() {
        if (spare_.line) process_->give_back(std::move(spare_));
    }
    Line& line() { return *spare_.line; }
    CallsPage::Wanted& wanted() { return process_->page_.of(spare_.index); }

private:
    ChildProcess* process_;
    Spare spare_;
};

}  // namespace weir::host
