// Includes Asio: as session.hpp.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "host/http/server.hpp"

namespace weir::host::http {

/// A context of TLS 1.2 and later, OpenSSL's security level 2, from PEM files. E_CONFIG "serve.tls"
/// names the file that is missing, is none, or does not belong to the other.
Result<std::shared_ptr<boost::asio::ssl::context>> load_tls(TlsFiles const& files);

}  // namespace weir::host::http
