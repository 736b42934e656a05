#include "host/cli/signals.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

#include "host/cli/exit_code.hpp"

namespace weir::host {

namespace {

constexpr int end_of_waiting = SIGUSR2;

}  // namespace

void prepare_process() {
    // /dev/null for reading only: a report to a closed standard output must fail, not vanish.
    for (int fd = open("/dev/null", O_RDONLY); fd >= 0 && fd <= STDERR_FILENO;)
        fd = open("/dev/null", O_RDONLY);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

sigset_t Signals::watched() const {
    sigset_t set;
    sigemptyset(&set);
    for (int signal : {SIGINT, SIGTERM, end_of_waiting}) sigaddset(&set, signal);
    if (hangups_) sigaddset(&set, SIGHUP);
    return set;
}

Signals::Signals(Stop& stop, std::int64_t drain_ms, std::function<void()> told,
                 std::atomic<bool>* hangups)
    : stop_{stop}, hangups_{hangups} {
    sigset_t const set = watched();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    thread_ = std::thread{[this, drain_ms, told = std::move(told)] { wait(drain_ms, told); }};
}

Signals::~Signals() {
    pthread_kill(thread_.native_handle(), end_of_waiting);
    thread_.join();
    sigset_t const set = watched();
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void Signals::wait(std::int64_t drain_ms, std::function<void()> const& told) {
    sigset_t const set = watched();
    timespec const drain{drain_ms / 1000, drain_ms % 1000 * 1'000'000};
    for (;;) {
        // After the first signal the wait has an end, at which writing is given up too.
        bool const has_deadline = stop_.reading && !stop_.writing;
        int const signal =
            has_deadline ? sigtimedwait(&set, nullptr, &drain) : sigwaitinfo(&set, nullptr);
        if (signal == end_of_waiting) return;
        if (signal == SIGHUP) hangups_->store(true);
        if (signal == SIGINT || signal == SIGTERM) {
            if (stop_.reading) _exit(static_cast<int>(Exit::interrupted));
            stop_.reading = true;
            told();
        } else if (has_deadline && errno == EAGAIN) {
            stop_.writing = true;
        }
    }
}

}  // namespace weir::host
