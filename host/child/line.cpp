#include "host/child/line.hpp"

#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>

namespace weir::host {

namespace {

// How long a frame is looked for before the thread sleeps: to wake a core that went idle takes
// longer than most calls do.
constexpr std::chrono::microseconds awake{50};

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

std::pair<Fd, Fd> socket_pair() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        throw std::system_error{errno, std::generic_category(), "socketpair"};
    return {Fd{ends[0]}, Fd{ends[1]}};
}

void Line::when_waiting(int pause_ms, std::function<void()> look) {
    pause_ms_ = pause_ms;
    look_ = std::move(look);
}

void Line::wait_or_leave(int why, short for_what) {
    if (why == EINTR) return;
    if (why != EAGAIN && why != EWOULDBLOCK) throw LineGone{};
    std::array<pollfd, 2> waits{{{fd_.get(), for_what, 0}, {pidfd_, POLLIN, 0}}};
    int const ready = ::poll(waits.data(), waits.size(), pause_ms_);
    // What it sent before its end is read first.
    if (ready > 0 && waits[0].revents == 0) throw LineGone{};
    if (ready == 0 && look_) look_();
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
        ssize_t const sent = ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0) {
            wait_or_leave(errno, POLLOUT);
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

ssize_t Line::receive_some(msghdr& message, bool is_first) const {
    auto const until = std::chrono::steady_clock::now() + awake;
    for (;;) {
        ssize_t const size = ::recvmsg(fd_.get(), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
        if (size >= 0 || errno != EAGAIN) return size;
        if (!is_first || std::chrono::steady_clock::now() >= until) return size;
        ::sched_yield();  // the other end may want this very core
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
        ssize_t const size = receive_some(message, have == 0);
        if (size == 0) throw LineGone{};
        if (size < 0) {
            wait_or_leave(errno, POLLIN);
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

void Line::drop_fds() {
    received_.clear();
    sent_.clear();
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
