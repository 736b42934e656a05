#include "support/cable.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "support/process.hpp"

namespace weir::test {
namespace {

constexpr char here_address[] = "10.77.0.1";
constexpr char here_mac[] = "02:00:00:00:00:01", there_mac[] = "02:00:00:00:00:02";
constexpr char nobodys_mac[] = "02:00:00:00:00:99";

int network_of_this_thread() {
    int const network = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (network < 0) throw std::runtime_error{"/proc tells nothing of networks"};
    return network;
}

void ip(std::vector<std::string> words) {
    words.insert(words.begin(), "ip");
    Process process{words};
    if (process.wait() != 0) throw std::runtime_error{"ip: " + process.output()};
}

int new_network() {
    if (::unshare(CLONE_NEWNET) != 0)
        throw std::runtime_error{"this needs the right to make a network"};
    ip({"link", "set", "lo", "up"});
    return network_of_this_thread();
}

void set_up(char const* name, char const* mac, char const* address) {
    ip({"link", "set", name, "address", mac});
    ip({"address", "add", std::string{address} + "/24", "dev", name});
    ip({"link", "set", name, "up"});
}

void set_neighbour(char const* name, char const* address, char const* mac) {
    ip({"neighbour", "replace", address, "lladdr", mac, "nud", "permanent", "dev", name});
}

}  // namespace

Cable::Cable() : outside_{network_of_this_thread()}, here_{new_network()}, there_{new_network()} {
    std::string const other = "/proc/" + std::to_string(::getpid()) + "/fd/";
    ip({"link", "add", "there", "type", "veth", "peer", "name", "here", "netns",
        other + std::to_string(here_)});
    set_up("there", there_mac, address);
    enter(here_);
    set_up("here", here_mac, here_address);
    enter(outside_);
    plug();
}

Cable::~Cable() {
    for (int const network : {outside_, here_, there_}) ::close(network);
}

void Cable::enter(int network) {
    if (::setns(network, CLONE_NEWNET) != 0) throw std::runtime_error{"no way into a network"};
}

void Cable::at(int network, std::function<void()> const& work) const {
    enter(network);
    try {
        work();
    } catch (...) {
        enter(outside_);
        throw;
    }
    enter(outside_);
}

// Where an end is taken down, the kernel knows and says so: that would be another fault.
void Cable::pull() const { send_frames_to(nobodys_mac, nobodys_mac); }

void Cable::plug() const { send_frames_to(here_mac, there_mac); }

void Cable::send_frames_to(char const* to_here, char const* to_there) const {
    here([&] { set_neighbour("here", address, to_there); });
    there([&] { set_neighbour("there", here_address, to_here); });
}

}  // namespace weir::test
