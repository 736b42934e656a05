#include "host/abi/child_look.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string_view>

#include "host/abi/spawn.hpp"
#include "host/core/fd.hpp"

extern char** environ;

namespace weir::host {

namespace {

constexpr std::size_t out_bytes_max = 16u << 20, err_bytes_max = 64u << 10;

struct Pipe {
    Fd read, write;

    bool open() {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
        read = Fd{ends[0]};
        write = Fd{ends[1]};
        return true;
    }
};

Error not_started(std::string const& program, int why) {
    return Error{WEIR_E_IO, "plugin.runner",
                 fmt::format("{} cannot be started: {}; it belongs beside the libraries of Weir",
                             program, std::strerror(why))};
}

/// Takes what is there; false at the end. What is too much is dropped.
bool take(Fd const& from, std::string& into, std::size_t bytes_max) {
    std::array<char, 16384> bytes;
    ssize_t const size = ::read(from.get(), bytes.data(), bytes.size());
    if (size < 0) return errno == EINTR || errno == EAGAIN;
    if (size == 0) return false;
    std::size_t const room = bytes_max - std::min(bytes_max, into.size());
    into.append(bytes.data(), std::min(static_cast<std::size_t>(size), room));
    return true;
}

/// Reads both until they end; false: not within the time.
bool read_all(Pipe& out, Pipe& err, ChildEnd& end, std::int64_t ms_max) {
    using Clock = std::chrono::steady_clock;
    auto const until = Clock::now() + std::chrono::milliseconds{ms_max};
    for (bool is_out_open = true, is_err_open = true; is_out_open || is_err_open;) {
        auto const left =
            std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
        if (left.count() <= 0) return false;
        std::array<pollfd, 2> waits{pollfd{is_out_open ? out.read.get() : -1, POLLIN, 0},
                                    pollfd{is_err_open ? err.read.get() : -1, POLLIN, 0}};
        if (::poll(waits.data(), waits.size(), static_cast<int>(left.count())) < 0) continue;
        if (waits[0].revents != 0) is_out_open = take(out.read, end.out, out_bytes_max);
        if (waits[1].revents != 0) is_err_open = take(err.read, end.err, err_bytes_max);
    }
    return true;
}

}  // namespace

Result<ChildEnd> run_child(std::vector<std::string> const& command, std::int64_t ms_max) {
    Pipe out, err;
    if (!out.open() || !err.open()) return not_started(command.front(), errno);
    pid_t child = 0;
    if (int const failed = spawn(command, {out.write.get(), err.write.get()}, environ, child);
        failed != 0)
        return not_started(command.front(), failed);
    out.write.close();
    err.write.close();
    ChildEnd end;
    end.is_late = !read_all(out, err, end, ms_max);
    if (end.is_late) ::kill(-child, SIGKILL);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
    if (WIFEXITED(status)) end.exit_code = WEXITSTATUS(status);
    return end;
}

Result<std::string> look_in_child(std::filesystem::path const& runner,
                                  std::filesystem::path const& library, std::int64_t ms_max) {
    auto const refused = [&library](char const* code, std::string const& why) {
        return Error{WEIR_E_CONFIG, code, fmt::format("{} {}", library.string(), why)};
    };
    Result<ChildEnd> end = run_child({runner.string(), "--describe", library.string()}, ms_max);
    if (!end) return end.error();
    if (end->is_late)
        return refused("plugin.hung", fmt::format("did not say within {} s what it is; what it "
                                                  "runs when it is loaded must end",
                                                  ms_max / 1000));
    if (end->signal != 0)
        return refused("plugin.crashed", fmt::format("killed the process that looked at it ({}); "
                                                     "nothing of it was loaded here",
                                                     ::strsignal(end->signal)));
    bool const is_manifest = nlohmann::json::parse(end->out, nullptr, false).is_object();
    if (end->exit_code == 0 && is_manifest) return std::move(end->out);
    // Whoever ends the process in weir-runner's place says nothing of why.
    if (end->exit_code == 0 || end->err.empty())
        return refused("plugin.exited", fmt::format("ended the process that looked at it, with "
                                                    "exit code {}; nothing of it was loaded here",
                                                    end->exit_code));
    return child_refusal(end->err);
}

// The last line, without the name of the child in front.
Error child_refusal(std::string said) {
    while (!said.empty() && said.back() == '\n') said.pop_back();
    if (std::size_t const line = said.rfind('\n'); line != std::string::npos)
        said.erase(0, line + 1);
    constexpr std::string_view who = "weir-runner: ";
    if (said.starts_with(who)) said.erase(0, who.size());
    std::size_t const open = said.rfind(" (");
    if (open == std::string::npos || !said.ends_with(')'))
        return Error{WEIR_E_CONFIG, "plugin.refused",
                     said.empty() ? "was refused by weir-runner, which did not say why; run: weir "
                                    "plugin check FILE.so"
                                  : said};
    return Error{WEIR_E_CONFIG, said.substr(open + 2, said.size() - open - 3),
                 said.substr(0, open)};
}

}  // namespace weir::host
