#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/core/finding.hpp"
#include "host/http/server.hpp"

namespace weir::host {

/// `http:` of weir.yaml.
struct HttpSettings {
    http::ServerLimits limits;
    bool requires_if_match = false;
    bool public_metrics = false;     ///< /metrics needs no token beyond this machine either
    std::vector<std::string> hosts;  ///< values of Host that are served; empty: any
    std::vector<std::string> trusted_proxies;  ///< addresses whose X-Forwarded-For counts; "unix"
    http::TlsFiles tls;              ///< relative to the directory the host was started in
};

/// Reads the object. A name that nothing knows and a value that is none are findings "config.…",
/// whose pointers are into `object`; all others are read.
HttpSettings read_http_settings(nlohmann::json const& object, std::vector<Finding>& findings);

/// All that it may hold.
std::vector<std::string> http_setting_names();

}  // namespace weir::host
