#include "host/child/line.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace weir::host {

namespace {

struct Header {
    std::uint32_t size;
    std::uint16_t op;
    std::uint16_t is_answer;
};

/// Room for the descriptors that go with one frame.
union Control {
    cmsghdr aligned;
    char bytes[CMSG_SPACE(sizeof(int) * Line::fds_max)];
};

void attach(msghdr& message, Control& control, std::vector<int> const& fds) {
    if (fds.empty()) return;
    message.msg_control = control.bytes;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
    cmsghdr* const head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
    std::memcpy(CMSG_DATA(head), fds.data(), sizeof(int) * fds.size());
}

}  // namespace

Fd& Fd::operator=(Fd&& other) noexcept {
    if (this != &other) {
        if (fd_ >= 0) ::close(fd_);
        fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
}

Fd::~Fd() {
    if (fd_ >= 0) ::close(fd_);
}

std::pair<Fd, Fd> socket_pair() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        throw std::system_error{errno, std::generic_category(), "socketpair"};
    return {Fd{ends[0]}, Fd{ends[1]}};
}

void Line::when_waiting(int pause_ms, std::function<void()> look) {
    if (!look_) {
        timeval const pause{pause_ms / 1000, (pause_ms % 1000) * 1000};
        ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &pause, sizeof pause);
        ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &pause, sizeof pause);
    }
    look_ = std::move(look);
}

void Line::wait_or_leave(int why) {
    if (why == EINTR) return;
    if (why != EAGAIN && why != EWOULDBLOCK) throw LineGone{};
    if (look_) look_();
}

void Line::send(Op op, bool is_answer, std::string const& data, std::vector<int> const& fds) {
    if (data.size() > frame_bytes_max) throw BadFrame{"a frame is too large"};
    Header header{static_cast<std::uint32_t>(data.size()), static_cast<std::uint16_t>(op),
                  is_answer};
    std::array<iovec, 2> parts{{{&header, sizeof header},
                                {const_cast<char*>(data.data()), data.size()}}};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    Control control;
    attach(message, control, fds);
    for (std::size_t left = sizeof header + data.size(); left > 0;) {
        ssize_t const sent = ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
        if (sent < 0) {
            wait_or_leave(errno);
            continue;
        }
        left -= static_cast<std::size_t>(sent);
        message.msg_control = nullptr;
        message.msg_controllen = 0;
        for (std::size_t done = static_cast<std::size_t>(sent); done > 0;) {
            iovec& part = message.msg_iov[0];
            std::size_t const of_part = std::min(done, part.iov_len);
            part.iov_base = static_cast<char*>(part.iov_base) + of_part;
            part.iov_len -= of_part;
            done -= of_part;
            if (part.iov_len > 0 || message.msg_iovlen == 1) continue;
            ++message.msg_iov;
            --message.msg_iovlen;
        }
    }
}

// Frames alternate on a line, so nothing lies behind the one that is read.
Line::Frame Line::receive() {
    std::array<char, 16u << 10> first;
    Header header;
    std::string data;
    std::size_t have = 0;
    while (have < sizeof header || have < sizeof header + header.size) {
        bool const is_first = have < first.size() && data.empty();
        iovec part{is_first ? first.data() + have : data.data() + (have - sizeof header),
                   is_first ? first.size() - have : sizeof header + header.size - have};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        Control control;
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        ssize_t const size = ::recvmsg(fd_.get(), &message, MSG_CMSG_CLOEXEC);
        if (size == 0) throw LineGone{};
        if (size < 0) {
            wait_or_leave(errno);
            continue;
        }
        for (cmsghdr* head = CMSG_FIRSTHDR(&message); head; head = CMSG_NXTHDR(&message, head)) {
            if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
            std::size_t const count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            for (std::size_t i = 0; i < count; ++i) {
                int fd;
                std::memcpy(&fd, CMSG_DATA(head) + i * sizeof fd, sizeof fd);
                received_.emplace_back(fd);
            }
        }
        if (received_.size() > 16) throw BadFrame{"more descriptors than anybody takes"};
        have += static_cast<std::size_t>(size);
        if (have < sizeof header || !data.empty()) continue;
        std::memcpy(&header, first.data(), sizeof header);
        if (header.size > frame_bytes_max) throw BadFrame{"a frame is too large"};
        if (have > sizeof header + header.size) throw BadFrame{"two frames at once"};
        if (header.size == 0) break;
        data.resize(header.size);
        std::memcpy(data.data(), first.data() + sizeof header, have - sizeof header);
    }
    return {static_cast<Op>(header.op), header.is_answer != 0, Unpacker{std::move(data)}};
}

Fd Line::take_fd() {
    if (received_.empty()) throw BadFrame{"a descriptor is missing"};
    Fd fd = std::move(received_.front());
    received_.pop_front();
    return fd;
}

void Line::answer(Frame& asked, Serve const& serve) {
    Packer out;
    serve(asked.op, asked.args, out);
    std::vector<int> const fds = std::move(sent_);
    sent_.clear();
    send(asked.op, true, out.data(), fds);
}

Unpacker Line::call(Op op, Packer const& args, Serve const& serve, std::vector<int> const& fds) {
    send(op, false, args.data(), fds);
    for (;;) {
        Frame frame = receive();
        if (!frame.is_answer) {
            answer(frame, serve);
            continue;
        }
        if (frame.op != op) throw BadFrame{"the answer to another call"};
        return std::move(frame.args);
    }
}

void Line::serve(Serve const& serve) {
    try {
        for (;;) {
            Frame frame = receive();
            if (frame.is_answer) throw BadFrame{"an answer to nothing"};
            answer(frame, serve);
        }
    } catch (LineGone const&) {  // as it ends
    }
}

}  // namespace weir::host
