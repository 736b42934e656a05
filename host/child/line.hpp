#pragma once

#include <sys/socket.h>

#include <deque>
#include <functional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "host/child/wire.hpp"
#include "host/core/fd.hpp"

namespace weir::host {

/// The other end of a line is gone: its process has ended, or closed it.
struct LineGone : std::runtime_error {
    LineGone() : std::runtime_error{"the other end is gone"} {}
};

/// One end of a stream socket between host and child, used by one thread at a time.
///
/// A call goes out, and until its answer comes the calls that the other side makes on its behalf
/// are served: so frames on one line nest, and none needs a number. Calls at the same time take
/// lines of their own.
class Line {
public:
    static constexpr std::size_t frame_bytes_max = 256u << 20;
    static constexpr std::size_t fds_max = 4;  ///< with one frame

    /// Answers `op`: reads `args`, fills `out`.
    using Serve = std::function<void(Op op, Unpacker& args, Packer& out)>;

    explicit Line(Fd fd) : fd_{std::move(fd)} {}

    /// `fds` go with it, and stay the caller's. Throws LineGone, BadFrame, and what `serve` throws,
    /// after which the line is of no use.
    Unpacker call(Op op, Packer const& args, Serve const& serve, std::vector<int> const& fds = {});
    /// Serves what the other side asks until it is gone.
    void serve(Serve const& serve);

    /// Runs each time nothing came for `pause_ms`, while an answer is waited for.
    void when_waiting(int pause_ms, std::function<void()> look);
    /// The process at the other end, which outlives this: once it has ended nobody is there any
    /// more, whoever else may hold that end of the line by then.
    void gone_with(Fd const& pidfd) { pidfd_ = pidfd.get(); }
    /// Whoever waits here leaves with LineGone. Any thread.
    void shut() { ::shutdown(fd_.get(), SHUT_RDWR); }

    /// Descriptors that go with the answer under way. For who serves.
    void answer_with(int fd) { sent_.push_back(fd); }
    /// The oldest descriptor that came and was not taken. Throws BadFrame when there is none.
    Fd take_fd();
    /// Those that came and were not taken, and those that would go with the answer under way, of
    /// a call that failed in its middle. A later one would else take them for its own.
    void drop_fds();
    /// There are none that a later call could take for its own.
    bool is_clean() const { return received_.empty() && sent_.empty(); }

private:
    struct Frame {
        Op op{};
        bool is_answer = false;
        Unpacker args;
    };
    void send(Op op, bool is_answer, std::string const& data, std::vector<int> const& fds);
    Frame receive();
    ssize_t receive_some(msghdr& message, bool is_first) const;
    void answer(Frame& asked, Serve const& serve);
    void wait_or_leave(int why, short for_what);

    Fd fd_;
    int pidfd_ = -1, pause_ms_ = -1;
    std::deque<Fd> received_;
    std::vector<int> sent_;
    std::function<void()> look_;
};

/// Both ends of a new stream socket, not inherited. Throws std::system_error.
std::pair<Fd, Fd> socket_pair();

}  // namespace weir::host
