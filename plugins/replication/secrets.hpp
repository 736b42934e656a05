#pragma once

#include <map>
#include <string>

#include "finding.hpp"

// Where a configuration holds secrets: in members that its schema marks `writeOnly`, and in the
// passwords of URLs: scheme://user:PASSWORD@host, and …?password=PASSWORD.
namespace weir::replication {

/// What answers show in place of a secret.
constexpr char masked[] = "***";

/// A configuration whose secrets were taken out of it. A value; not for printing.
struct SplitConfig {
    Json config;                                 ///< with "${secret:NAME}" in their place
    std::map<std::string, std::string> secrets;  ///< by NAME: what is to be kept
};

/// Takes the secrets out of `config` and names them `prefix` + "." + field. `stored` is the
/// configuration that this one replaces, as split_secrets() answered it, or null: a secret that is
/// given as "***", or a writeOnly member left out, stays as it is there. A value that is a
/// reference ("${env:…}") is none to take out. `at`: where `config` stands in the document.
/// `is_moved`: what is around `config` leads elsewhere than before, so what is kept does not stay.
SplitConfig split_secrets(Json const& config, Json const& schema, Json const& stored,
                          std::string const& prefix, std::string const& at, Findings& findings,
                          bool is_moved = false);

/// Where a configuration has its secrets sent to: host, port, URL without who signs in, TLS.
Json address_in(Json const& config);

/// The first member of `config` that is, or refers to, a secret that is kept; empty: none.
std::string kept_secret_in(Json const& config);

/// For answers: secrets and references to them as "***".
Json mask_secrets(Json const& config, Json const& schema);

/// A hash that says of a secret only whether it is the same one: Argon2id with its own salt.
std::string secret_mark(std::string const& secret);
bool has_mark(std::string const& secret, std::string const& mark);

}  // namespace weir::replication
