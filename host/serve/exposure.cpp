#include "host/serve/exposure.hpp"

namespace weir::host {

bool is_local_address(std::string const& host) {
    return host.empty() || host == "::1" || host.starts_with("127.") ||
           host.starts_with("::ffff:127.");
}

void close_metrics(std::vector<http::Route>& routes) {
    for (http::Route& route : routes)
        if (route.path == "/metrics") route.scope = http::Scope::read;
}

}  // namespace weir::host
