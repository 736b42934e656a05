#pragma once

#include <string>

#include "host/http/path_locks.hpp"
#include "host/http/server.hpp"

namespace weir::host::http {

/// What the router knows of the path beside the route itself.
struct Place {
    std::string path;   ///< still percent-encoded
    std::string allow;  ///< the methods of this path
};

/// What every request goes through around its handler, whoever owns the route. In order: the body
/// is unpacked, read and checked; references to the host's environment and files need `admin`; who
/// is limited to some jobs sees no other; a repeated Idempotency-Key gets the answer of the first;
/// preconditions hold while the change is made; what was changed is audited.
///
/// On the thread that calls; lets through what the handler throws.
class Handling {
public:
    Handling(Route const& route, Request& request, Place place, Server::Ports const& ports,
             PathLocks& locks)
        : route_{route},
          request_{request},
          place_{std::move(place)},
          ports_{ports},
          locks_{locks} {}

    Response run();

private:
    std::optional<Response> check();
    std::optional<Response> check_dry_run();
    Response once();
    Response on_condition();
    Response read();
    Response change();
    Response call();
    void audit(Response const& answer, nlohmann::json const& before) const;
    /// What GET of the same path answers now; nothing when there is no such route.
    std::optional<Response> current();

    bool is_change() const { return request_.method != "GET"; }
    bool is_configurable() const;
    bool is_audited() const;

    Route const& route_;
    Request& request_;
    Place place_;
    Server::Ports const& ports_;
    PathLocks& locks_;
    nlohmann::json schema_now_;  ///< of what current() answers
};

}  // namespace weir::host::http
