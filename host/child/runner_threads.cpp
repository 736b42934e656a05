#include "host/child/runner_threads.hpp"

#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <future>
#include <string>
#include <thread>
#include <utility>

namespace weir::host {

RunnerThreads::RunnerThreads() : own_{::gettid()} {}

void RunnerThreads::start(std::function<void()> work) {
    // Nobody counts until it is known for what it is.
    std::lock_guard const lock{mutex_};
    std::promise<pid_t> begun;
    std::future<pid_t> its_id = begun.get_future();
    std::thread{[this, begun = std::move(begun), work = std::move(work)]() mutable {
        pid_t const id = ::gettid();
        begun.set_value(id);
        work();
        std::lock_guard const ending{mutex_};
        own_.erase(id);
    }}.detach();
    own_.insert(its_id.get());
}

void RunnerThreads::instance_began() {
    std::lock_guard const lock{mutex_};
    instances_.began();
}

void RunnerThreads::reader_began() {
    std::lock_guard const lock{mutex_};
    readers_.began();
}

std::size_t RunnerThreads::instance_ended() { return ended(instances_); }
std::size_t RunnerThreads::reader_ended() { return ended(readers_); }

std::size_t RunnerThreads::ended(Lives& lives) {
    std::lock_guard const lock{mutex_};
    return lives.ended() ? lives.note(others()) : 0;
}

/// Under the lock.
std::size_t RunnerThreads::others() const {
    std::size_t count = 0;
    std::error_code failed;
    for (std::filesystem::directory_iterator at{"/proc/self/task", failed}, end;
         !failed && at != end; at.increment(failed)) {
        std::string const name = at->path().filename();
        pid_t id = 0;
        std::from_chars(name.data(), name.data() + name.size(), id);
        if (!own_.contains(id)) ++count;
    }
    return count;
}

}  // namespace weir::host
