#include "support/process.hpp"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>

extern char** environ;

namespace weir::test {
namespace {

std::vector<std::string> environment_of(Process::Options const& options) {
    std::vector<std::string> lines;
    for (char** at = environ; *at; ++at) {
        std::string const line = *at;
        std::string const name = line.substr(0, line.find('='));
        bool keep = !options.environment.contains(name);
        for (std::string const& gone : options.without) keep = keep && gone != name;
        if (keep) lines.push_back(line);
    }
    for (auto const& [name, value] : options.environment) lines.push_back(name + "=" + value);
    return lines;
}

std::vector<char*> pointers_to(std::vector<std::string>& lines) {
    std::vector<char*> pointers;
    for (std::string& line : lines) pointers.push_back(line.data());
    pointers.push_back(nullptr);
    return pointers;
}

/// Runs in the child between fork and exec: only what is safe there.
void become(Process::Options const& options, int out_fd, int err_fd) {
    ::dup2(::open("/dev/null", O_RDONLY), 0);
    if (!options.stdout_path.empty())
        ::dup2(::open(options.stdout_path.c_str(), O_WRONLY | O_CREAT, 0644), 1);
    else
        ::dup2(out_fd, 1);
    ::dup2(err_fd, 2);
    if (options.close_stdout) ::close(1);
    if (!options.directory.empty() && ::chdir(options.directory.c_str()) != 0) _exit(125);
    if (options.file_size_max) {
        rlimit const limit{*options.file_size_max, *options.file_size_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        ::signal(SIGXFSZ, SIG_IGN);
    }
    if (options.gid && (::setgroups(0, nullptr) != 0 || ::setgid(*options.gid) != 0)) _exit(125);
    if (options.uid && ::setuid(*options.uid) != 0) _exit(125);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::setpgid(0, 0);  // Ctrl-C at the terminal is the test's, not the child's
}

}  // namespace

Process::Process(std::vector<std::string> arguments, Options const& options) {
    int out[2], err[2];
    if (::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(err, O_CLOEXEC) != 0)
        throw std::runtime_error{"no pipe"};
    std::vector<std::string> environment = environment_of(options);
    std::vector<char*> const envp = pointers_to(environment), argv = pointers_to(arguments);
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error{"no process"};
    if (pid_ == 0) {
        become(options, out[1], err[1]);
        ::execvpe(argv[0], argv.data(), envp.data());
        ::_exit(127);
    }
    ::close(out[1]);
    ::close(err[1]);
    drain_ = std::thread{[this, out_fd = out[0], err_fd = err[0]] { drain(out_fd, err_fd); }};
}

Process::~Process() {
    if (!code_) {
        ::kill(pid_, SIGKILL);
        reap(true);
    }
    drain_.join();
}

void Process::kill(int signal) {
    if (!code_) ::kill(pid_, signal);
}

void Process::reap(bool block) {
    int status = 0;
    rusage used{};
    if (code_ || ::wait4(pid_, &status, block ? 0 : WNOHANG, &used) != pid_) return;
    peak_kib_ = used.ru_maxrss;
    code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool Process::ended() {
    reap(false);
    return code_.has_value();
}

ExitCode Process::wait() {
    if (!code_) {
        int const fd = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
        pollfd waited{fd, POLLIN, 0};
        int const milliseconds = static_cast<int>(std::chrono::milliseconds{patience}.count());
        bool const over = ::poll(&waited, 1, milliseconds) == 1;
        ::close(fd);
        if (!over) throw std::runtime_error{"still running; it said so far:\n" + output()};
        reap(true);
    }
    std::unique_lock lock{mutex_};
    // A grandchild may hold the pipe longer than the child lives.
    changed_.wait_for(lock, std::chrono::seconds{5}, [this] { return closed_; });
    return *code_;
}

bool Process::wait_for(std::string_view text) {
    std::unique_lock lock{mutex_};
    std::size_t found = std::string::npos;
    changed_.wait_for(lock, patience, [&] {
        found = both_.find(text, seen_);
        return found != std::string::npos || closed_;
    });
    if (found == std::string::npos) return false;
    seen_ = found + text.size();
    return true;
}

void Process::drain(int out_fd, int err_fd) {
    pollfd fds[2] = {{out_fd, POLLIN, 0}, {err_fd, POLLIN, 0}};
    while (fds[0].fd >= 0 || fds[1].fd >= 0) {
        if (::poll(fds, 2, -1) < 0) continue;
        for (pollfd& at : fds) {
            if (at.fd < 0 || at.revents == 0) continue;
            char buffer[16384];
            ssize_t const got = ::read(at.fd, buffer, sizeof buffer);
            if (got <= 0) {
                ::close(at.fd);
                at.fd = -1;
                continue;
            }
            std::lock_guard const lock{mutex_};
            std::string_view const text{buffer, static_cast<std::size_t>(got)};
            (&at == &fds[0] ? out_ : err_) += text;
            both_ += text;
            changed_.notify_all();
        }
    }
    std::lock_guard const lock{mutex_};
    closed_ = true;
    changed_.notify_all();
}

std::string Process::out() const {
    std::lock_guard const lock{mutex_};
    return out_;
}
std::string Process::err() const {
    std::lock_guard const lock{mutex_};
    return err_;
}
std::string Process::output() const {
    std::lock_guard const lock{mutex_};
    return both_;
}

}  // namespace weir::test
