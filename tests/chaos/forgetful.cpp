// A disk that remembers what was synced: preloaded into a process, it copies each file of
// FORGETFUL_FROM that is synced to FORGETFUL_TO. What lies there is what a loss of power leaves.
// With FORGETFUL_KILL=N the process dies at its Nth sync, before that takes effect; with
// FORGETFUL_LIES=N every sync from the Nth on says that it was done and was not.
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>

namespace {

std::string setting(char const* name) {
    char const* const value = std::getenv(name);
    return value ? value : "";
}

/// The name within FORGETFUL_FROM; empty: it lies elsewhere.
std::string name_of(int fd) {
    char path[4096];
    std::string const link = "/proc/self/fd/" + std::to_string(fd);
    ssize_t const size = ::readlink(link.c_str(), path, sizeof path);
    std::string const from = setting("FORGETFUL_FROM") + "/";
    std::string const full{path, size > 0 ? static_cast<std::size_t>(size) : 0};
    return full.starts_with(from) ? full.substr(from.size()) : std::string{};
}

void remember(int fd, std::string const& name) {
    std::string const to = setting("FORGETFUL_TO") + "/" + name, link = to + ".new";
    int const copy = ::open(link.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    char page[65536];
    off_t at = 0;
    for (ssize_t got = 0; (got = ::pread(fd, page, sizeof page, at)) > 0; at += got)
        if (::write(copy, page, static_cast<std::size_t>(got)) != got) ::abort();
    ::close(copy);
    if (::rename(link.c_str(), to.c_str()) != 0) ::abort();
}

int synced(int fd, char const* function) {
    static std::atomic<int> count{0};
    auto* const real = reinterpret_cast<int (*)(int)>(::dlsym(RTLD_NEXT, function));
    std::string const name = name_of(fd);
    if (name.empty()) return real(fd);
    int const now = ++count;
    std::string const kill = setting("FORGETFUL_KILL"), lies = setting("FORGETFUL_LIES");
    if (!kill.empty() && now == std::atoi(kill.c_str())) ::kill(::getpid(), SIGKILL);
    if (lies.empty() || now < std::atoi(lies.c_str())) remember(fd, name);
    return 0;
}

}  // namespace

extern "C" int fsync(int fd) { return synced(fd, "fsync"); }
extern "C" int fdatasync(int fd) { return synced(fd, "fdatasync"); }
