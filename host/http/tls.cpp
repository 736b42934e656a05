#include "host/http/tls.hpp"

#include <fmt/format.h>
#include <openssl/ssl.h>

namespace weir::host::http {

namespace ssl = boost::asio::ssl;

namespace {

Error tls_error(std::string const& file, std::string const& why) {
    return Error{WEIR_E_CONFIG, "serve.tls", fmt::format("{}: {}", file, why), file};
}

}  // namespace

Result<std::shared_ptr<ssl::context>> load_tls(TlsFiles const& files) {
    auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
    constexpr int security_level = 2;
    SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
    SSL_CTX_set_security_level(context->native_handle(), security_level);
    SSL_CTX_set_options(context->native_handle(),
                        SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                            SSL_OP_CIPHER_SERVER_PREFERENCE);
    boost::system::error_code wrong;
    context->use_certificate_chain_file(files.cert, wrong);
    if (wrong) return tls_error(files.cert, "this is no chain of certificates in PEM");
    context->use_private_key_file(files.key, ssl::context::pem, wrong);
    if (wrong)
        return tls_error(files.key,
                         "this is no private key in PEM, or not the one of the certificate");
    return context;
}

}  // namespace weir::host::http
