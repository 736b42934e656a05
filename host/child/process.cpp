#include "host/child/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>

#include "host/abi/spawn.hpp"
#include "host/child/host_desk.hpp"

extern char** environ;

namespace weir::host {

namespace {

constexpr std::size_t spare_max = 4;

/// What the child inherits: nothing that configures or signs in at this host.
std::vector<char*> environment() {
    std::vector<char*> out;
    for (char** each = environ; *each; ++each)
        if (std::strncmp(*each, "WEIR_", 5) != 0) out.push_back(*each);
    out.push_back(nullptr);
    return out;
}

/// What the process holds for itself: proc_pid_statm(5). 0: it has ended.
std::int64_t held_bytes(pid_t pid) {
    std::ifstream statm{fmt::format("/proc/{}/statm", pid)};
    std::int64_t size = 0, resident = 0, shared = 0;
    if (!(statm >> size >> resident >> shared)) return 0;
    return (resident - shared) * ::sysconf(_SC_PAGESIZE);
}

std::string ending(int status) {
    if (WIFSIGNALED(status))
        return fmt::format("signal {} ({}) ended it", WTERMSIG(status),
                           ::strsignal(WTERMSIG(status)));
    return fmt::format("it ended itself with exit code {}", WEXITSTATUS(status));
}

}  // namespace

ChildProcess::ChildProcess(pid_t pid, Fd pidfd, Fd control, std::string library,
                           std::int64_t memory_mb)
    : pid_{pid},
      pidfd_{std::move(pidfd)},
      library_{std::move(library)},
      memory_mb_{memory_mb},
      page_{CallsPage::make()},
      control_{std::move(control)} {
    control_.gone_with(pidfd_);
    for (std::uint32_t i = CallsPage::lines_max; i > 0; --i) free_.push_back(i - 1);
}

Result<std::shared_ptr<ChildProcess>> ChildProcess::start(std::filesystem::path const& runner,
                                                          std::filesystem::path const& library,
                                                          std::int64_t memory_mb) {
    auto [ours, theirs] = socket_pair();
    // Where the number is wanted in the child, another end of the pair must not lie.
    Fd moved{::fcntl(theirs.get(), F_DUPFD_CLOEXEC, 10)};
    pid_t child = 0;
    // Its standard output is our standard error: what a library prints is no answer of ours.
    if (int const failed = spawn({runner.string(), "--serve", library.string()},
                                 {2, 2, moved.get()}, environment().data(), child);
        failed != 0)
        return Error{WEIR_E_IO, "plugin.runner",
                     fmt::format("{} cannot be started: {}", runner.string(),
                                 std::strerror(failed))};
    // As long as one of ours is open, the end of the child is no end of the line.
    theirs = Fd{};
    moved = Fd{};
    Fd pidfd{static_cast<int>(::syscall(SYS_pidfd_open, child, 0))};
    if (pidfd.get() < 0) {
        Error const error{WEIR_E_IO, "plugin.runner",
                          fmt::format("{} cannot be watched: {}", runner.string(),
                                      std::strerror(errno))};
        ::kill(-child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        return error;
    }
    std::shared_ptr<ChildProcess> process{new ChildProcess{
        child, std::move(pidfd), std::move(ours), library.filename().string(), memory_mb}};
    try {
        process->greet();
    } catch (std::runtime_error const&) {
        return process->death("load");
    }
    return process;
}

Unpacker ChildProcess::ask_control(Op op, Packer const& args, int fd) {
    Line::Serve const nothing = [](Op, Unpacker&, Packer&) { throw BadFrame{"not here"}; };
    auto const until = std::chrono::steady_clock::now() + std::chrono::milliseconds{stuck_ms_max};
    control_.when_waiting(look_ms, [this, until] {
        if (std::chrono::steady_clock::now() > until) kill("it did not answer");
    });
    return control_.call(op, args, nothing, {fd});
}

void ChildProcess::greet() {
    Unpacker told = ask_control(Op::hello, Packer{}, page_.fd());
    for (std::uint64_t left = told.number(); left > 0; --left) {
        char const* const id = told.text();
        if (!id) throw BadFrame{"a component without an id"};
        members_[id] = told.word();
    }
    manifest_ = told.bytes();
    from_child_ = new_line(0, true);
    for_child_ = std::thread{[this] { serve_host(); }};
}

std::unique_ptr<Line> ChildProcess::new_line(std::uint32_t index, bool is_for_host) {
    auto [ours, theirs] = socket_pair();
    ask_control(Op::line, Packer{}.number(index).number(std::uint32_t{is_for_host}),
                theirs.get());
    auto line = std::make_unique<Line>(std::move(ours));
    line->gone_with(pidfd_);
    return line;
}

ChildProcess::Lease ChildProcess::lease() {
    if (is_over_.load()) throw LineGone{};
    std::lock_guard const lock{mutex_};
    if (!spare_.empty()) {
        Spare spare = std::move(spare_.back());
        spare_.pop_back();
        return Lease{*this, std::move(spare)};
    }
    if (free_.empty()) throw std::system_error{EAGAIN, std::generic_category(), "lines"};
    std::uint32_t const index = free_.back();
    Spare spare{new_line(index, false), index};
    free_.pop_back();
    return Lease{*this, std::move(spare)};
}

void ChildProcess::give_back(Spare spare) {
    std::lock_guard const lock{mutex_};
    if (spare_.size() < spare_max && spare.line->is_clean())
        spare_.push_back(std::move(spare));
    else
        free_.push_back(spare.index);
}

/// Calls of the child that no call of ours asked for: its own threads log, ask the store.
void ChildProcess::serve_host() {
    try {
        from_child_->when_waiting(weigh_ms, [this] { weigh(); });
        from_child_->serve([this](Op op, Unpacker& args, Packer& out) {
            answer_as_host(*this, nullptr, op, args, out);
        });
        end();  // seen before anybody calls: the next instance is made elsewhere
    } catch (std::exception const& error) {
        kill(error.what());
    }
}

/// Ends it when it holds too much.
void ChildProcess::weigh() {
    std::int64_t const mb = held_bytes(pid_) >> 20;
    if (mb <= memory_mb_) return;
    kill(fmt::format("it held {} MiB, more than the {} of plugins.memory_mb", mb, memory_mb_));
}

std::uint64_t ChildProcess::add_host(weir_host const* host) {
    auto seat = std::make_shared<Seat>();
    seat->host = host;
    std::lock_guard const lock{mutex_};
    hosts_[++last_host_] = std::move(seat);
    return last_host_;
}

void ChildProcess::remove_host(std::uint64_t id) {
    std::shared_ptr<Seat> seat;
    {
        std::lock_guard const lock{mutex_};
        auto const found = hosts_.find(id);
        if (found == hosts_.end()) return;
        seat = std::move(found->second);
        hosts_.erase(found);
    }
    std::unique_lock const nobody_inside{seat->mutex};
    seat->host = nullptr;
}

std::shared_ptr<ChildProcess::Seat> ChildProcess::seat(std::uint64_t id) const {
    std::lock_guard const lock{mutex_};
    auto const found = hosts_.find(id);
    return found == hosts_.end() ? nullptr : found->second;
}

void ChildProcess::kill(std::string why) {
    std::lock_guard const lock{death_mutex_};
    if (!ended_.empty()) return;
    if (killed_.empty()) killed_ = std::move(why);
    end_all();
}

/// Not once it was reaped: its number may be another's by then.
void ChildProcess::end_all() {
    is_over_.store(true);
    ::kill(pid_, SIGKILL);
    ::kill(-pid_, SIGKILL);
}

/// Under the lock of its death. False: it goes on after `ms`.
bool ChildProcess::reap(int ms) {
    pollfd its_end{pidfd_.get(), POLLIN, 0};
    int ready = 0;
    do ready = ::poll(&its_end, 1, ms);
    while (ready < 0 && errno == EINTR);
    if (ready <= 0) return false;
    ::kill(-pid_, SIGKILL);  // copies of it, and whatever it started
    ::waitpid(pid_, &status_, 0);
    return true;
}

Error ChildProcess::death(char const* what) {
    return Error{WEIR_E_IO, "plugin.process_ended",
                 fmt::format("the process of {} is gone in {}: {}", library_, what, end())};
}

// A line that ends may be all that is left of it, or all that it closed.
std::string ChildProcess::end() {
    constexpr int dying_ms = 2'000;
    std::lock_guard const lock{death_mutex_};
    is_over_.store(true);
    if (ended_.empty()) {
        if (!reap(dying_ms)) {
            end_all();
            reap(dying_ms);
            if (killed_.empty()) killed_ = "it closed its line to the host";
        }
        ended_ = killed_.empty() ? ending(status_) : killed_ + ", and was ended";
    }
    return ended_;
}

ChildProcess::~ChildProcess() {
    kill("nobody needs it");
    end();
    if (from_child_) from_child_->shut();
    if (for_child_.joinable()) for_child_.join();
}

}  // namespace weir::host
