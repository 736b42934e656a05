#include "http/client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

namespace weir::test {

Client::Client(std::uint16_t port) : socket_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    timeval const patience{20, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        close(socket_);
        throw std::runtime_error{"nobody listens"};
    }
}

Client::~Client() { close(socket_); }

Client& Client::send(std::string_view bytes) {
    while (!bytes.empty()) {
        ssize_t const sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) break;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return *this;
}

void Client::finish() { shutdown(socket_, SHUT_WR); }

bool Client::fill() {
    char bytes[16384];
    ssize_t const size = recv(socket_, bytes, sizeof bytes, 0);
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        throw std::runtime_error{"no answer within 20 s"};
    if (size <= 0) return false;
    read_.append(bytes, static_cast<std::size_t>(size));
    return true;
}

Answer Client::receive(bool to_head) {
    Answer out;
    std::size_t end;
    while ((end = read_.find("\r\n\r\n")) == read_.npos)
        if (!fill()) return out;
    std::string head = read_.substr(0, end + 2);
    read_.erase(0, end + 4);
    out.status = static_cast<unsigned>(std::atoi(head.c_str() + 9));
    std::size_t at = head.find("\r\n") + 2;
    while (at < head.size()) {
        std::size_t const stop = head.find("\r\n", at), colon = head.find(':', at);
        std::string name = head.substr(at, colon - at);
        for (char& c : name) c = static_cast<char>(std::tolower(c));
        out.fields[name] = head.substr(colon + 2, stop - colon - 2);
        at = stop + 2;
    }
    std::size_t const size = to_head ? 0 : std::stoul("0" + out.field("content-length"));
    while (read_.size() < size)
        if (!fill()) break;
    out.body = read_.substr(0, size);
    read_.erase(0, size);
    return out;
}

std::string Client::receive_all() {
    while (fill()) {
    }
    return std::exchange(read_, {});
}

std::string Client::receive_some() {
    if (read_.empty()) fill();
    return std::exchange(read_, {});
}

Answer ask(std::uint16_t port, std::string_view bytes) {
    Client client{port};
    return client.send(bytes).receive();
}

}  // namespace weir::test
