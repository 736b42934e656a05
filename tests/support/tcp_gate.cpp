#include "support/tcp_gate.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace weir::test {
namespace {

sockaddr_in local(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

int connect_to(int port) {
    int const fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in const address = local(port);
    if (::connect(fd, reinterpret_cast<sockaddr const*>(&address), sizeof address) == 0) return fd;
    ::close(fd);
    return -1;
}

struct Pair {
    int client, server;
    bool client_spoke = false, is_swallowed = false;
    void close() {
        ::close(client);
        ::close(server);
    }
};

bool send_all(int fd, char const* data, ssize_t size) {
    while (size > 0) {
        ssize_t const sent = ::send(fd, data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        data += sent;
        size -= sent;
    }
    return true;
}

}  // namespace

TcpGate::TcpGate(int to_port) : wake_{::eventfd(0, EFD_CLOEXEC)} {
    int const listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = local(0);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener, any, size) != 0 || ::listen(listener, 16) != 0 ||
        ::getsockname(listener, any, &size) != 0)
        throw std::runtime_error{"no port for a gate"};
    port_ = ntohs(address.sin_port);
    thread_ = std::thread{[this, listener, to_port] { run(listener, to_port); }};
}

TcpGate::~TcpGate() {
    is_over_ = true;
    wake();
    thread_.join();
    ::close(wake_);
}

void TcpGate::break_all() {
    break_ = true;
    wake();
}

void TcpGate::wake() {
    std::uint64_t const one = 1;
    if (::write(wake_, &one, sizeof one) != sizeof one)
        throw std::runtime_error{"the gate's thread cannot be woken"};
}

void TcpGate::run(int listener, int to_port) {
    std::vector<Pair> pairs;
    // Answers whether the pair goes on.
    auto pass = [this](Pair& pair, bool from_server) {
        char buffer[16384];
        ssize_t got = ::recv(from_server ? pair.server : pair.client, buffer, sizeof buffer, 0);
        if (got <= 0) return false;
        if (black_hole_) return true;
        if (!from_server && !pair.client_spoke) ++turns_;
        pair.client_spoke = !from_server;
        if (from_server && pair.is_swallowed) {
            ++cuts_;
            return false;
        }
        if (!from_server && swallow_in_ > 0 &&
            std::string_view{buffer, static_cast<std::size_t>(got)}.find(words_) !=
                std::string_view::npos)
            pair.is_swallowed = --swallow_in_ == 0;
        std::atomic<std::int64_t>& left = from_server ? cut_after_ : cut_after_sent_;
        bool cut = false;
        if (left >= 0) {
            cut = got >= left;
            if (cut) got = static_cast<ssize_t>(left.load());
            left -= got;
        }
        bool const sent = send_all(from_server ? pair.client : pair.server, buffer, got);
        if (cut) {
            left = -1;
            ++cuts_;
        }
        return sent && !cut;
    };
    for (;;) {
        std::vector<pollfd> waited{{wake_, POLLIN, 0}, {listener, POLLIN, 0}};
        for (Pair const& pair : pairs) {
            waited.push_back({pair.client, POLLIN, 0});
            waited.push_back({pair.server, POLLIN, 0});
        }
        if (::poll(waited.data(), waited.size(), -1) < 0) continue;
        std::uint64_t woken = 0;
        if (waited[0].revents && ::read(wake_, &woken, sizeof woken) < 0) continue;
        if (is_over_) break;
        if (break_.exchange(false)) {
            for (Pair& pair : pairs) pair.close();
            pairs.clear();
            continue;
        }
        std::vector<Pair> still;
        for (std::size_t i = 0; i < pairs.size(); ++i) {
            bool alive = true;
            if (waited[2 + 2 * i].revents) alive = pass(pairs[i], false);
            if (alive && waited[3 + 2 * i].revents) alive = pass(pairs[i], true);
            if (alive)
                still.push_back(pairs[i]);
            else
                pairs[i].close();
        }
        pairs = std::move(still);
        if (!waited[1].revents) continue;
        int const client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        ++connections_;
        int const server = refuse_ ? -1 : connect_to(to_port);
        if (server >= 0)
            pairs.push_back({client, server});
        else
            ::close(client);
    }
    for (Pair& pair : pairs) pair.close();
    ::close(listener);
}

}  // namespace weir::test
