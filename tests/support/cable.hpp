#pragma once

#include <functional>

namespace weir::test {

/// Two networks, `here` and `there`, joined by a cable that can be pulled: then neither FIN nor RST
/// nor ACK comes out of either, as when a machine vanishes. Needs root, and iproute2.
class Cable {
public:
    Cable();
    Cable(Cable const&) = delete;
    Cable& operator=(Cable const&) = delete;
    ~Cable();

    /// The address of `there`.
    static constexpr char address[] = "10.77.0.2";

    /// Runs `work` on this thread; what it starts lives at that end.
    void here(std::function<void()> const& work) const { at(here_, work); }
    void there(std::function<void()> const& work) const { at(there_, work); }

    void pull() const;
    void plug() const;

private:
    static void enter(int network);
    void at(int network, std::function<void()> const& work) const;
    void send_frames_to(char const* here_mac, char const* there_mac) const;

    int outside_, here_, there_;
};

}  // namespace weir::test
