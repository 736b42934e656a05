// Requests at a fixed rate, timed from the instant at which each was due, so that a slow answer
// does not hide the ones behind it; and the bare socket to compare with.
//     weir_load get PORT PATH TOKEN_FILE RATE SECONDS CONNECTIONS   prints {"requests",…} as JSON
//     weir_load echo                                      prints its port, answers until killed
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Nanos = std::chrono::nanoseconds;

[[noreturn]] void die(char const* what) {
    std::perror(what);
    std::exit(1);
}

sockaddr_in at_port(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

void no_delay(int fd) {
    int const on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

int connected(int port) {
    int const fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in const address = at_port(port);
    if (::connect(fd, reinterpret_cast<sockaddr const*>(&address), sizeof address) != 0)
        die("connect");
    no_delay(fd);
    return fd;
}

/// Reads one answer with a Content-Length whole; its status, 0 at the end.
int read_answer(int fd, std::string& buffer) {
    std::size_t whole = std::string::npos;
    for (;;) {
        std::size_t const head = buffer.find("\r\n\r\n");
        if (head != std::string::npos && whole == std::string::npos) {
            std::size_t const length = buffer.find("ontent-Length: ");
            if (length > head) return 0;
            whole = head + 4 + std::strtoul(buffer.c_str() + length + 15, nullptr, 10);
        }
        if (whole != std::string::npos && buffer.size() >= whole) break;
        char bytes[16384];
        ssize_t const got = ::read(fd, bytes, sizeof bytes);
        if (got <= 0) return 0;
        buffer.append(bytes, static_cast<std::size_t>(got));
    }
    int const status = std::atoi(buffer.c_str() + 9);
    buffer.erase(0, whole);
    return status;
}

struct Plan {
    int port;
    std::string request;
    double rate, seconds;
    int connections;
};

/// One connection's share of the requests, spread evenly among the connections.
void work(Plan const& plan, int number, Clock::time_point start, std::vector<Nanos>& took,
          int& failed) {
    int const fd = connected(plan.port);
    std::string buffer;
    int const count = static_cast<int>(plan.rate * plan.seconds);
    for (int i = number; i < count; i += plan.connections) {
        Clock::time_point const due =
            start + std::chrono::duration_cast<Nanos>(std::chrono::duration<double>(i / plan.rate));
        std::this_thread::sleep_until(due);
        if (::write(fd, plan.request.data(), plan.request.size()) < 0) die("write");
        if (read_answer(fd, buffer) != 200) ++failed;
        took.push_back(Clock::now() - due);
    }
    ::close(fd);
}

int get(Plan const& plan) {
    auto const threads_wanted = static_cast<std::size_t>(plan.connections);
    std::vector<std::vector<Nanos>> took(threads_wanted);
    std::vector<int> failed(threads_wanted, 0);
    std::vector<std::thread> threads;
    Clock::time_point const start = Clock::now() + std::chrono::milliseconds{50};
    for (int i = 0; i < plan.connections; ++i)
        threads.emplace_back(work, std::cref(plan), i, start,
                             std::ref(took[static_cast<std::size_t>(i)]),
                             std::ref(failed[static_cast<std::size_t>(i)]));
    std::vector<Nanos> all;
    int wrong = 0;
    for (std::size_t i = 0; i < threads_wanted; ++i) {
        threads[i].join();
        all.insert(all.end(), took[i].begin(), took[i].end());
        wrong += failed[i];
    }
    std::sort(all.begin(), all.end());
    auto const ms_at = [&](double part) {
        auto const place = static_cast<std::size_t>(part * static_cast<double>(all.size() - 1));
        return std::chrono::duration<double, std::milli>(all[place]).count();
    };
    double const wall = std::chrono::duration<double>(Clock::now() - start).count();
    std::printf("{\"requests\":%zu,\"failed\":%d,\"rate\":%.0f,\"p50\":%.3f,\"p99\":%.3f,"
                "\"max\":%.3f}\n",
                all.size(), wrong, static_cast<double>(all.size()) / wall, ms_at(0.5), ms_at(0.99),
                ms_at(1));
    return 0;
}

/// Answers each read with the same bytes: what sockets and threads cost alone.
void answer(int fd) {
    std::string const bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
    char request[16384];
    no_delay(fd);
    while (::read(fd, request, sizeof request) > 0)
        if (::write(fd, bytes.data(), bytes.size()) < 0) break;
    ::close(fd);
}

int echo() {
    int const listening = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = at_port(0);
    socklen_t size = sizeof address;
    if (::bind(listening, reinterpret_cast<sockaddr*>(&address), size) != 0) die("bind");
    if (::listen(listening, 128) != 0) die("listen");
    ::getsockname(listening, reinterpret_cast<sockaddr*>(&address), &size);
    std::printf("%d\n", ntohs(address.sin_port));
    std::fflush(stdout);
    for (int fd = ::accept(listening, nullptr, nullptr); fd >= 0;
         fd = ::accept(listening, nullptr, nullptr))
        std::thread{answer, fd}.detach();
    return 0;
}

std::string request_for(char const* path, char const* token_file) {
    std::string token;
    std::getline(std::ifstream{token_file} >> std::ws, token);
    return std::string{"GET "} + path + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " +
           token + "\r\n\r\n";
}

}  // namespace

int main(int argc, char** argv) {
    std::string const verb = argc > 1 ? argv[1] : "";
    if (verb == "echo") return echo();
    if (verb == "get" && argc == 8)
        return get({std::atoi(argv[2]), request_for(argv[3], argv[4]), std::atof(argv[5]),
                    std::atof(argv[6]), std::atoi(argv[7])});
    std::fputs("weir_load get PORT PATH TOKEN_FILE RATE SECONDS CONNECTIONS | weir_load echo\n",
               stderr);
    return 2;
}
