#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "host/core/error.hpp"

namespace weir::host::http {

/// One request of a command to a host.
struct ClientRequest {
    std::string method, target;  ///< "POST", "/replication/jobs?limit=5"
    std::map<std::string, std::string> headers;
    std::string body;
    std::int64_t timeout_ms = 30'000;
};
struct ClientResponse {
    unsigned status = 0;
    std::map<std::string, std::string> headers;  ///< lower-case names
    std::string body;
};

/// Sends one request to `server` ("http://127.0.0.1:7070", "https://weir.example", "unix:PATH") on
/// a connection of its own. A certificate must be of that name, and signed by whom the system, or
/// SSL_CERT_FILE, trusts. E_CONFIG: no such URL; E_IO "server.unreachable"; E_TIMEOUT
/// "server.timeout".
Result<ClientResponse> send(std::string const& server, ClientRequest const& request);

/// The same for an answer that goes on: `take` gets its body piece by piece as it comes, until the
/// other side ends it or `take` answers false. A refusal comes whole, and nothing is taken.
/// `timeout_ms` is how long the other side may be silent.
Result<ClientResponse> follow(std::string const& server, ClientRequest const& request,
                              std::function<bool(std::string_view)> const& take);

}  // namespace weir::host::http
