#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "host/cli/options.hpp"
#include "host/core/error.hpp"
#include "host/http/client.hpp"

namespace weir::host {

/// Where a command finds its host, and how it shows what it hears. Flag before environment
/// (WEIR_SERVER, WEIR_TOKEN) before weir-data/admin-token here.
struct ClientOptions {
    std::string server, token_file;
    double timeout_s = 30;
    bool yes = false;  ///< what destroys is not asked about
    Voice voice;
};

/// The routes of one host, signed in. What it refuses is an Error with the problem's own code,
/// place and suggestion, so that the exit code says whose move it is.
class ApiClient {
public:
    /// E_CONFIG "client.no_token": no token was found.
    static Result<ApiClient> open(ClientOptions const& options);

    struct Answer {
        unsigned status = 0;
        nlohmann::json body;  ///< null: none
        std::string text;     ///< as it came
    };
    Result<Answer> get(std::string const& target) { return send("GET", target); }
    /// `wait_s` > 0: asks for the end of what it starts (Prefer: wait).
    Result<Answer> send(std::string const& method, std::string const& target,
                        nlohmann::json const& body = nullptr, int wait_s = 0);

    /// The same with a text of another type as its body.
    Result<Answer> send_text(std::string const& method, std::string const& target,
                             std::string const& text, std::string const& type);
    /// An answer that goes on, as lines: `take` gets each without its end, until the host ends it
    /// or `take` answers false. E_IO, E_TIMEOUT: nobody answers, or says nothing for 45 s.
    Result<void> follow(std::string const& target,
                        std::function<bool(std::string const&)> const& take);

    std::string const& server() const { return server_; }

private:
    ApiClient(std::string server, std::string token, std::int64_t timeout_ms)
        : server_{std::move(server)}, token_{std::move(token)}, timeout_ms_{timeout_ms} {}

    Result<Answer> exchange(http::ClientRequest request, int wait_s);

    std::string server_, token_;
    std::int64_t timeout_ms_;
};

/// One segment of a path, percent-encoded.
std::string segment(std::string const& text);

}  // namespace weir::host
