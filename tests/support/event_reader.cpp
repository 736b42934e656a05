#include "support/event_reader.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace weir::test {

namespace {

EventReader::Frame parse(std::string const& text) {
    EventReader::Frame frame;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t const end = std::min(text.find('\n', at), text.size());
        std::string const line = text.substr(at, end - at);
        at = end + 1;
        if (line.starts_with("id: ")) frame.id = line.substr(4);
        if (line.starts_with("event: ")) frame.event = line.substr(7);
        if (line.starts_with("data: "))
            frame.data = nlohmann::json::parse(line.substr(6), nullptr, false);
    }
    return frame;
}

}  // namespace

EventReader::EventReader(std::uint16_t port, std::optional<std::string> const& token,
                         std::string const& query, std::string const& fields)
    : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    timeval const a_minute{60, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &a_minute, sizeof a_minute);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr const*>(&to), sizeof to) != 0)
        throw std::runtime_error{"nobody listens"};
    std::string const who = token ? "Authorization: Bearer " + *token + "\r\n" : "";
    std::string const request =
        "GET /events" + query + " HTTP/1.0\r\nHost: here\r\n" + who + fields + "\r\n";
    if (::send(socket_, request.data(), request.size(), MSG_NOSIGNAL) < 0)
        throw std::runtime_error{"the request was not taken"};
    head_ = until("\r\n\r\n").value_or("");
}

EventReader::EventReader(EventReader&& other) noexcept
    : socket_{std::exchange(other.socket_, -1)},
      head_{std::move(other.head_)},
      rest_{std::move(other.rest_)} {}

EventReader::~EventReader() {
    if (socket_ >= 0) ::close(socket_);
}

std::optional<std::string> EventReader::until(std::string const& mark) {
    std::size_t end, from = 0;
    while ((end = rest_.find(mark, from)) == rest_.npos) {
        from = rest_.size() < mark.size() ? 0 : rest_.size() - mark.size();
        char bytes[65536];
        ssize_t const size = ::recv(socket_, bytes, sizeof bytes, 0);
        if (size <= 0) return std::nullopt;
        rest_.append(bytes, static_cast<std::size_t>(size));
    }
    std::string piece = rest_.substr(0, end);
    rest_.erase(0, end + mark.size());
    return piece;
}

std::optional<EventReader::Frame> EventReader::next(bool with_heartbeats) {
    while (std::optional<std::string> const text = until("\n\n")) {
        Frame frame = parse(*text);
        bool const is_wanted = with_heartbeats || frame.event != "heartbeat";
        if (!frame.event.empty() && is_wanted) return frame;
    }
    return std::nullopt;
}

}  // namespace weir::test
