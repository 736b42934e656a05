#pragma once

#include <cstdint>
#include <string>
#include <vector>
#include <weir/cpp/config.hpp>

#include "overrides.hpp"

namespace weir::mysql {

/// How much the session's encryption proves.
enum class Tls : std::uint8_t {
    disable,     ///< none
    require,     ///< encrypted, the server may be anybody
    verify_full  ///< the certificate is trusted and bears the host's name
};

/// Where the server is and how to log in. Made without I/O; throws E_CONFIG with the place that is
/// wrong, and never a piece of the URL that may be a password.
class Settings {
public:
    explicit Settings(Config const& config);

    std::string const& host() const { return host_; }  ///< without the brackets of an address
    unsigned port() const { return port_; }
    std::string const& socket() const { return socket_; }  ///< path; empty: TCP
    std::string const& user() const { return user_; }
    std::string const& password() const { return password_; }
    /// Where an unqualified name of a stream lies; empty: names must say it.
    std::string const& database() const { return database_; }
    Tls tls() const { return tls_; }
    std::string const& tls_ca() const { return tls_ca_; }  ///< empty: the system's
    /// verify-full was chosen by us, because the host is another machine and nothing was said.
    bool tls_by_default() const { return tls_by_default_; }
    /// Fields that are handed on in another form than their type has.
    Overrides const& overrides() const { return overrides_; }
    std::int64_t connect_timeout_ms() const { return connect_timeout_ms_; }

    /// The server, for people: "db.example:3306".
    std::string address() const;
    /// mysql://host:port/database, without user and password.
    std::string url() const { return identity_of(host_); }
    /// The same with one name for all spellings of this machine: positions are kept under it.
    std::string identity() const;
    std::vector<std::string> former_identities() const { return {url()}; }
    /// `text` without the password, should a library have quoted it.
    std::string scrub(std::string text) const;

private:
    void read_url(std::string const& url);
    void set_parameter(std::string const& name, std::string const& value);
    void set_tls(std::string const& mode);
    void complete();
    bool stays_here() const;
    std::string identity_of(std::string const& host) const;

    std::string host_, socket_, user_, password_, database_, tls_ca_;
    Overrides overrides_;
    unsigned port_ = 3306;
    Tls tls_ = Tls::disable;
    bool has_password_ = false, says_tls_ = false, tls_by_default_ = false;
    std::int64_t connect_timeout_ms_ = 10'000;
};

}  // namespace weir::mysql
