#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "host/core/clock.hpp"
#include "host/http/principal.hpp"
#include "host/http/tokens.hpp"

namespace weir::host {

/// Browsers that are signed in, in memory: a restart signs everybody out. Thread-safe.
class BrowserSessions {
public:
    static constexpr std::int64_t session_s_max = 12 * 3600, code_s_max = 600;
    static constexpr std::size_t sessions_max = 1'000;  ///< beyond: the oldest is signed out

    explicit BrowserSessions(Clock const& clock) : clock_{clock} {}

    /// The code of the printed link: good once, for ten minutes. Replaces the one before.
    std::string new_code();
    /// Whether `code` is the one; it is not any more, whatever it was used for.
    bool burn(std::string_view code);

    /// The value of the cookie of a new session.
    std::string open(http::Principal const& who);
    /// Who is signed in by this cookie, with the session's id.
    std::optional<http::Principal> find(std::string_view cookie) const;
    /// Whether a session, by its id, is signed in still.
    bool is_open(std::string const& session) const;
    void close(std::string const& session);

private:
    struct Entry {
        http::Principal who;
        http::TokenHash hash{};
        std::int64_t until_us = 0;
    };

    Clock const& clock_;
    mutable std::mutex mutex_;
    std::map<std::string, Entry> entries_;  // by id, which sorts by age
    http::TokenHash code_{};
    std::int64_t code_until_us_ = 0;
};

}  // namespace weir::host
