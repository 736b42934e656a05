#include "host/child/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

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

/// Its standard output is our standard error: what a library prints is no answer of ours.
int spawn(std::vector<std::string> const& command, int control, pid_t& child) {
    std::vector<char*> words, variables = environment();
    for (std::string const& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, 2, 1);
    posix_spawn_file_actions_adddup2(&actions, control, 3);
    posix_spawn_file_actions_addclosefrom_np(&actions, 4);
    posix_spawnattr_t how;
    posix_spawnattr_init(&how);
    sigset_t none, all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    posix_spawnattr_setsigmask(&how, &none);
    posix_spawnattr_setsigdefault(&how, &all);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int const failed =
        ::posix_spawn(&child, words.front(), &actions, &how, words.data(), variables.data());
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&how);
    return failed;
}

/// Waits for the end of `child`, for at most `ms`; false: it goes on.
bool wait_for(pid_t child, int& status, std::int64_t ms) {
    for (std::int64_t waited = 0;; ++waited) {
        pid_t const ended = ::waitpid(child, &status, WNOHANG);
        if (ended == child || (ended < 0 && errno == ECHILD)) return true;
        if (waited == ms) return false;
        ::poll(nullptr, 0, 1);
    }
}

std::string ending(int status) {
    if (WIFSIGNALED(status))
        return fmt::format("signal {} ({}) ended it", WTERMSIG(status),
                           ::strsignal(WTERMSIG(status)));
    return fmt::format("it ended itself with exit code {}", WEXITSTATUS(status));
}

}  // namespace

ChildProcess::ChildProcess(pid_t pid, Fd control, std::string library)
    : pid_{pid},
      library_{std::move(library)},
      page_{CallsPage::make()},
      control_{std::move(control)} {
    for (std::uint32_t i = CallsPage::lines_max; i > 0; --i) free_.push_back(i - 1);
}

Result<std::shared_ptr<ChildProcess>> ChildProcess::start(std::filesystem::path const& runner,
                                                          std::filesystem::path const& library) {
    auto [ours, theirs] = socket_pair();
    // Where the number is wanted in the child, another end of the pair must not lie.
    Fd const moved{::fcntl(theirs.get(), F_DUPFD_CLOEXEC, 10)};
    pid_t child = 0;
    if (int const failed =
            spawn({runner.string(), "--serve", library.string()}, moved.get(), child);
        failed != 0)
        return Error{WEIR_E_IO, "plugin.runner",
                     fmt::format("{} cannot be started: {}", runner.string(),
                                 std::strerror(failed))};
    theirs = Fd{};
    std::shared_ptr<ChildProcess> process{
        new ChildProcess{child, std::move(ours), library.filename().string()}};
    try {
        process->greet();
    } catch (std::runtime_error const&) {
        return process->death("load");
    }
    return process;
}

void ChildProcess::greet() {
    Line::Serve const nothing = [](Op, Unpacker&, Packer&) { throw BadFrame{"too early"}; };
    auto const until = std::chrono::steady_clock::now() + std::chrono::milliseconds{stuck_ms_max};
    control_.when_waiting(look_ms, [this, until] {
        if (std::chrono::steady_clock::now() > until) kill("it did not answer");
    });
    Unpacker told = control_.call(Op::hello, Packer{}, nothing, {page_.fd()});
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
    Line::Serve const nothing = [](Op, Unpacker&, Packer&) { throw BadFrame{"not here"}; };
    control_.call(Op::line, Packer{}.number(index).number(std::uint32_t{is_for_host}), nothing,
                  {theirs.get()});
    return std::make_unique<Line>(std::move(ours));
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
    if (spare_.size() < spare_max)
        spare_.push_back(std::move(spare));
    else
        free_.push_back(spare.index);
}

/// Calls of the child that no call of ours asked for: its own threads log, ask the store.
void ChildProcess::serve_host() {
    try {
        from_child_->serve([this](Op op, Unpacker& args, Packer& out) {
            answer_as_host(*this, nullptr, op, args, out);
        });
        is_over_.store(true);  // seen before anybody calls: the next instance is made elsewhere
    } catch (std::exception const& error) {
        kill(error.what());
    }
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
    is_over_.store(true);
    ::kill(pid_, SIGKILL);
}

// A line that ends may be all that is left of it, or all that it closed.
Error ChildProcess::death(char const* what) {
    constexpr std::int64_t dying_ms = 2'000;
    std::lock_guard const lock{death_mutex_};
    is_over_.store(true);
    if (ended_.empty()) {
        int status = 0;
        if (!wait_for(pid_, status, dying_ms)) {
            ::kill(pid_, SIGKILL);
            wait_for(pid_, status, dying_ms);
            if (killed_.empty()) killed_ = "it closed its line to the host";
        }
        ended_ = killed_.empty() ? ending(status) : killed_ + ", and was ended";
    }
    return Error{WEIR_E_IO, "plugin.process_ended",
                 fmt::format("the process of {} is gone in {}: {}", library_, what, ended_)};
}

ChildProcess::~ChildProcess() {
    if (ended_.empty()) {
        is_over_.store(true);
        ::kill(pid_, SIGKILL);
        int status = 0;
        wait_for(pid_, status, stuck_ms_max);
    }
    if (for_child_.joinable()) for_child_.join();
}

}  // namespace weir::host
