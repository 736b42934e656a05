#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace weir::test {

/// Long enough for a loaded machine; nothing waits so long unless it fails.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr std::chrono::seconds patience{300};
#else
inline constexpr std::chrono::seconds patience{60};
#endif

struct ProcessOptions {
    std::string directory = {};                           ///< empty: as the test's
    std::map<std::string, std::string> environment = {};  ///< over the test's own
    std::vector<std::string> without = {};                ///< variables taken out
    std::optional<uid_t> uid = {};                        ///< another user; the group goes with it
    std::optional<gid_t> gid = {};
    bool close_stdout = false;                        ///< start with standard output closed
    std::string stdout_path = {};                     ///< send standard output there instead
    std::optional<std::uint64_t> file_size_max = {};  ///< RLIMIT_FSIZE, SIGXFSZ ignored
};

/// How a process ended: its exit code, or 128 + the signal that killed it.
using ExitCode = int;

/// A child process whose output is kept. It is killed when this ends, and when the test dies.
class Process {
public:
    using Options = ProcessOptions;
    explicit Process(std::vector<std::string> arguments, Options const& options = {});
    Process(Process const&) = delete;
    Process& operator=(Process const&) = delete;
    ~Process();

    pid_t pid() const { return pid_; }
    void kill(int signal);
    /// Waits for the end; throws after `patience`, with what was said so far.
    ExitCode wait();
    bool ended();
    /// Its greatest resident size; once it has ended.
    std::int64_t peak_kib() const { return peak_kib_; }

    /// Waits until standard output and error together contain `text`, from where the last such
    /// wait ended; false when the process ends, or `patience`, before.
    bool wait_for(std::string_view text);

    std::string out() const;
    std::string err() const;
    /// Both, as they came.
    std::string output() const;

private:
    void drain(int out_fd, int err_fd);
    void reap(bool block);

    pid_t pid_ = -1;
    std::optional<ExitCode> code_;
    std::int64_t peak_kib_ = 0;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::string out_, err_, both_;
    std::size_t seen_ = 0;
    bool closed_ = false;
    std::thread drain_;
};

}  // namespace weir::test
