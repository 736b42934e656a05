#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

namespace weir::test {

/// A port of 127.0.0.1 that passes bytes on to another, until it is told to misbehave. Owns a
/// thread; settings may change while connections are open.
class TcpGate {
public:
    explicit TcpGate(int to_port);
    TcpGate(TcpGate const&) = delete;
    TcpGate& operator=(TcpGate const&) = delete;
    ~TcpGate();

    int port() const { return port_; }
    /// Every connection breaks once so many bytes more have come from the server, once.
    void cut_after(std::int64_t bytes) { cut_after_ = bytes; }
    /// The same for bytes that go to the server.
    void cut_after_sent(std::int64_t bytes) { cut_after_sent_ = bytes; }
    /// What the server answers to the `pass`th part that holds `words` goes nowhere, and the
    /// connection breaks then, once. `words` live as long as this.
    void swallow_the_answer_to(char const* words, int pass) {
        swallow_in_ = 0;
        words_ = words;
        swallow_in_ = pass;
    }
    /// Bytes are taken and go nowhere; nothing is closed.
    void black_hole(bool on) { black_hole_ = on; }
    /// New connections are closed at once.
    void refuse(bool on) { refuse_ = on; }
    /// Every open connection breaks.
    void break_all();
    int cuts() const { return cuts_; }
    /// Connections that came, refused ones too.
    int connections() const { return connections_; }
    /// How often a client spoke first or after its server did: round trips.
    int turns() const { return turns_; }

private:
    void run(int listener, int to_port);
    void wake();

    int port_, wake_;
    std::atomic<std::int64_t> cut_after_{-1}, cut_after_sent_{-1};
    std::atomic<char const*> words_{""};
    std::atomic<int> swallow_in_{0};
    std::atomic<bool> black_hole_{false}, refuse_{false}, break_{false}, is_over_{false};
    std::atomic<int> cuts_{0}, turns_{0}, connections_{0};
    std::thread thread_;
};

}  // namespace weir::test
