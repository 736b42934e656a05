#include "host/serve/host_route.hpp"

#include <utility>

namespace weir::host {

http::Route host_route(char const* method, char const* path, http::Scope scope,
                       char const* summary,
                       std::function<http::Response(http::Request const&)> handler,
                       nlohmann::json request) {
    http::Route out;
    out.method = method;
    out.path = path;
    out.scope = scope;
    out.owner = "host";
    out.summary = summary;
    out.request = std::move(request);
    out.handler = std::move(handler);
    return out;
}

}  // namespace weir::host
