#include "chaos/frozen.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>

namespace weir::test {
namespace {

std::vector<std::string> traced(std::vector<std::string> const& command, std::string const& trace,
                                std::string const& inject) {
    std::vector<std::string> out{"strace", "-f", "-s", "6000", "-o", trace, "-e", "trace=sendto"};
    if (!inject.empty()) out.insert(out.end(), {"-e", inject});
    out.insert(out.end(), command.begin(), command.end());
    return out;
}

bool says_stopped(std::string const& trace) {
    std::ifstream lines{trace};
    for (std::string line; std::getline(lines, line);)
        if (line.find("--- stopped by SIGSTOP ---") != line.npos) return true;
    return false;
}

}  // namespace

Frozen::Frozen(std::vector<std::string> const& command, int at, std::string const& trace,
               ProcessOptions const& options)
    // What is left there by another one would be taken for its own.
    : trace_{(std::filesystem::remove(trace), trace)},
      strace_{traced(command, trace, "inject=sendto:signal=STOP:when=" + std::to_string(at)),
              options} {}

Frozen::~Frozen() {
    // Of strace itself the end would let the process go on.
    std::string const pid = std::to_string(strace_.pid());
    std::ifstream children{"/proc/" + pid + "/task/" + pid + "/children"};
    pid_t process = 0;
    if (children >> process) ::kill(process, SIGKILL);
    strace_.wait();
}

bool Frozen::wait() {
    while (!strace_.ended())
        if (says_stopped(trace_)) return true;
    return false;
}

std::vector<std::string> calls_of(std::vector<std::string> const& command,
                                  std::string const& trace, ProcessOptions const& options) {
    Process process{traced(command, trace, ""), options};
    process.wait();
    std::ifstream lines{trace};
    std::vector<std::string> calls;
    for (std::string line; std::getline(lines, line);)
        if (line.find("sendto(") != line.npos) calls.push_back(line);
    return calls;
}

}  // namespace weir::test
