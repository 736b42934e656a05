#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace weir::test {

/// One reader of /events on a connection of its own. It asks in HTTP/1.0, so that what comes is
/// the stream itself, without chunks around it.
class EventReader {
public:
    struct Frame {
        std::string id, event;
        nlohmann::json data;
    };

    /// `query` with its "?"; `fields` each with CRLF. No token: who asks is said by a field.
    EventReader(std::uint16_t port, std::optional<std::string> const& token,
                std::string const& query = "", std::string const& fields = "");
    EventReader(EventReader&& other) noexcept;
    EventReader& operator=(EventReader&&) = delete;
    ~EventReader();

    std::string const& head() const { return head_; }
    /// The next piece up to and without `mark`; nothing: the other side has ended it, or was silent
    /// for a minute.
    std::optional<std::string> until(std::string const& mark);
    /// The next frame, without `retry` and, unless they are asked for, heartbeats.
    std::optional<Frame> next(bool with_heartbeats = false);

private:
    int socket_;
    std::string head_, rest_;
};

}  // namespace weir::test
