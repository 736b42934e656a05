#pragma once

#include <map>
#include <string>
#include <string_view>
#include <weir/cpp/config.hpp>

namespace weir::postgres {

/// Where to connect to and as whom: the configuration, completed the way libpq does it (PG…
/// variables, defaults) as far as that is known without I/O. Immutable. Never prints a secret.
class Settings {
public:
    /// Throws E_CONFIG `postgres.bad_url`; the message quotes nothing that may be a password.
    explicit Settings(Config const& config);

    /// What PQconnectStartParams takes: only what was said, libpq completes the rest.
    std::map<std::string, std::string> const& parameters() const { return parameters_; }
    /// postgres://host:port/database: the server meant, however it was spelled; no user.
    std::string identity() const;
    /// "db.example:5432", "/run/postgresql:5432", "[::1]:5432,other:5433": for messages.
    std::string address() const;
    std::string const& user() const { return user_; }
    std::string const& database() const { return database_; }
    /// Where an unqualified name of a stream lies.
    std::string const& schema() const { return schema_; }
    /// For one attempt to connect; 0: no limit.
    std::int64_t connect_timeout_ms() const { return connect_timeout_ms_; }
    /// verify-full was chosen by us, because a host is another machine and nothing was said.
    bool tls_by_default() const { return tls_by_default_; }
    /// `text` without the passwords, should a library have quoted one.
    std::string scrub(std::string text) const;

private:
    void read_url(std::string const& url);
    void complete();
    void choose_tls();
    bool stays_here();

    std::map<std::string, std::string> parameters_, known_;
    std::string user_, database_, schema_;
    std::int64_t connect_timeout_ms_ = 10'000;
    bool tls_by_default_ = false;
};

}  // namespace weir::postgres
