#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace weir::test {

/// An answer as it came over the wire.
struct Answer {
    unsigned status = 0;                        ///< 0: the connection was closed without one
    std::map<std::string, std::string> fields;  ///< lower-case names
    std::string body;

    nlohmann::json json() const { return nlohmann::json::parse(body, nullptr, false); }
    std::string field(std::string const& name) const {
        auto const found = fields.find(name);
        return found == fields.end() ? "" : found->second;
    }
};

/// A client that sends exactly the bytes it is told to: well-formed or not.
class Client {
public:
    explicit Client(std::uint16_t port);
    Client(Client const&) = delete;
    Client& operator=(Client const&) = delete;
    ~Client();

    /// What the other side does not take any more is dropped, as a reset would.
    Client& send(std::string_view bytes);
    /// No more will be sent.
    void finish();
    /// The next answer; `to_head`: it has no body whatever it says. Waits for at most 20 s.
    Answer receive(bool to_head = false);
    /// Everything until the other side closes.
    std::string receive_all();
    /// Some bytes, or none at the end.
    std::string receive_some();

private:
    bool fill();

    int socket_ = -1;
    std::string read_;
};

/// Sends one request on a connection of its own.
Answer ask(std::uint16_t port, std::string_view bytes);

}  // namespace weir::test
