// What systemd hears of a server that it started.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "e2e/weir_server.hpp"
#include "support/temp_dir.hpp"

namespace weir::test {
namespace {

/// The socket that $NOTIFY_SOCKET names.
class Manager {
public:
    explicit Manager(std::string const& path) : fd_{::socket(AF_UNIX, SOCK_DGRAM, 0)} {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.data(), path.size());
        EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    }
    Manager(Manager const&) = delete;
    Manager& operator=(Manager const&) = delete;
    ~Manager() { ::close(fd_); }

    /// Waits until it is told something that begins with `text`.
    bool hears(std::string_view text) {
        pollfd waits{fd_, POLLIN, 0};
        while (::poll(&waits, 1, std::chrono::milliseconds{patience}.count()) == 1) {
            std::string said(256, '\0');
            ssize_t const size = ::recv(fd_, said.data(), said.size(), 0);
            if (size > 0 && said.starts_with(text)) return true;
        }
        return false;
    }

private:
    int fd_;
};

TEST(Systemd, HearsHowTheServerDoes) {
    TempDir const directory;
    Manager manager{directory / "notify"};
    ProcessOptions options;
    options.environment = {{"NOTIFY_SOCKET", directory / "notify"}, {"WATCHDOG_USEC", "200000"}};
    WeirServer host{directory / "data", {}, options};
    EXPECT_TRUE(manager.hears("READY=1"));
    EXPECT_TRUE(manager.hears("WATCHDOG=1"));
    host.process().kill(SIGHUP);
    EXPECT_TRUE(manager.hears("RELOADING=1\nMONOTONIC_USEC="));
    EXPECT_TRUE(manager.hears("READY=1"));
    host.process().kill(SIGTERM);
    EXPECT_TRUE(manager.hears("STOPPING=1"));
    EXPECT_EQ(host.process().wait(), 0);
}

}  // namespace
}  // namespace weir::test
