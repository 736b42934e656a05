#include "host/serve/service_manager.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace weir::host {

namespace {

std::string taken(char const* name) {
    char const* const value = std::getenv(name);
    std::string const text = value ? value : "";
    ::unsetenv(name);
    return text;
}

}  // namespace

ServiceManager::ServiceManager() : socket_{taken("NOTIFY_SOCKET")} {
    std::string const every = taken("WATCHDOG_USEC");
    std::int64_t us = 0;
    std::from_chars(every.data(), every.data() + every.size(), us);
    every_ns_ = us * 1'000 / 2;
}

void ServiceManager::reloading(std::int64_t monotonic_ns) const {
    tell(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", monotonic_ns / 1'000));
}

void ServiceManager::alive(std::int64_t monotonic_ns) {
    if (every_ns_ == 0 || monotonic_ns - last_ns_ < every_ns_) return;
    last_ns_ = monotonic_ns;
    tell("WATCHDOG=1");
}

// Who does not listen any more is not waited for.
void ServiceManager::tell(std::string_view what) const {
    sockaddr_un address{};
    if (socket_.empty() || socket_.size() >= sizeof address.sun_path) return;
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, socket_.data(), socket_.size());
    if (socket_.front() == '@') address.sun_path[0] = '\0';  // an abstract name
    int const fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return;
    (void)::sendto(fd, what.data(), what.size(), MSG_NOSIGNAL,
                   reinterpret_cast<sockaddr const*>(&address),
                   static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size()));
    ::close(fd);
}

}  // namespace weir::host
