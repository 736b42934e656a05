#pragma once

#include <cstdint>
#include <vector>

#include "host/http/router.hpp"
#include "host/serve/access.hpp"
#include "host/store/vault.hpp"

namespace weir::host {

// Routes of who may do what; all that they look at outlives them.

/// /tokens: made, listed, revoked; scope admin.
std::vector<http::Route> token_routes(Access& access);
/// /session: a browser signs in with the code of the printed link, or a token, and out. `port`: of
/// the server, which the name of the cookie holds.
std::vector<http::Route> session_routes(Access& access, std::uint16_t port);
/// /audit and its verification; scope admin.
std::vector<http::Route> audit_routes(Audit& audit);
/// /secrets: for ${secret:NAME}; values only go in, and the key that seals them changes. Scope
/// admin.
std::vector<http::Route> secret_routes(Vault& vault);

/// Whose namespace of the vault the secrets of /secrets are in.
constexpr char own_secrets[] = "host";

}  // namespace weir::host
