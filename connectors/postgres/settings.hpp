#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>
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
    /// postgres://host:port/database: the server meant, however it was spelled; no user. Every
    /// spelling of this machine's loopback address is `localhost`.
    std::string identity() const;
    /// What a Unix socket's database is called when its server listens at localhost too.
    std::string identity_by_loopback() const;
    /// What a connector that took each spelling for a server of its own called this one; the
    /// spelling given comes first.
    std::vector<std::string> former_identities() const;
    /// The same as it was spelled: for commands in messages.
    std::string url() const;
    /// The port of the one Unix socket that is meant; empty: it is none, or one of several places.
    std::string socket_port() const;
    /// "db.example:5432", "/run/postgresql:5432", "[::1]:5432,other:5433": for messages.
    std::string address() const;
    std::string const& user() const { return user_; }
    std::string const& database() const { return database_; }
    /// Where an unqualified name of a stream lies.
    std::string const& schema() const { return schema_; }
    bool names_schema() const { return names_schema_; }  ///< the configuration does
    /// A sink takes U+0000 out of texts, instead of refusing the record.
    bool strips_nul() const { return strips_nul_; }
    /// For one attempt to connect; 0: no limit.
    std::int64_t connect_timeout_ms() const { return connect_timeout_ms_; }
    /// Whether something was said about the libpq keyword, by the configuration or the environment.
    bool says(std::string const& keyword) const {
        auto const found = known_.find(keyword);
        return found != known_.end() && !found->second.empty();
    }
    /// verify-full was chosen by us, because a host is another machine and nothing was said.
    bool tls_by_default() const { return tls_by_default_; }
    /// `text` without the passwords, should a library have quoted one.
    std::string scrub(std::string text) const;

private:
    void read_url(std::string url);
    void choose_nul(std::string const& word);
    void complete();
    void choose_tls();
    bool stays_here();
    std::string identity_of(std::vector<std::string> const& places) const;

    std::map<std::string, std::string> parameters_, known_;
    std::string user_, database_, schema_;
    bool names_schema_;
    bool strips_nul_ = false;
    std::int64_t connect_timeout_ms_ = 10'000;
    bool tls_by_default_ = false;
};

}  // namespace weir::postgres
