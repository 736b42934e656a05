#pragma once

#include <optional>
#include <string>

#include "host/http/server.hpp"

namespace weir::host::http {

/// One request with an Idempotency-Key: begin(), the work, end(). What was begun and not ended, as
/// when the work throws, may be tried again.
class Repeated {
public:
    Repeated(Replays& replays, Request const& request, std::string key);
    Repeated(Repeated const&) = delete;
    Repeated& operator=(Repeated const&) = delete;
    ~Repeated();

    /// The answer, when the work is not to be done: the stored one with `Idempotency-Replayed`, 422
    /// for the key of another request, 409 while the first is at work.
    std::optional<Response> begin();
    /// Keeps what the work came to, unless trying again may come to something else.
    void end(Response const& answer, bool shows_secret);

private:
    Replays& replays_;
    std::string principal_, key_, fingerprint_;
    bool is_open_ = false;
};

}  // namespace weir::host::http
