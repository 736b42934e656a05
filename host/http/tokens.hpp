#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "host/core/error.hpp"
#include "host/http/server.hpp"

namespace weir::host::http {

/// `characters` of base62 by chance; each holds almost six bits.
std::string random_base62(std::size_t characters);

/// A token as make_token() makes them, its check sum included; what is none is in no table.
bool is_token(std::string_view text);

using TokenHash = std::array<unsigned char, 32>;
/// A random value of 256 bits needs no slow hash.
TokenHash hash_of(std::string_view token);
/// In a time that tells nothing of where they differ.
bool is_same(TokenHash const& left, TokenHash const& right);
std::string to_hex(TokenHash const& hash);

/// A new token: `weir_`, 43 characters of base62 (256 random bits), 6 of the CRC-32 of those, so
/// that scanners for leaked secrets know one when they see it.
std::string make_token();

/// Takes WEIR_ADMIN_TOKEN out of the environment, so that no child and no core dump shows it. Not
/// thread-safe, as the environment is; for the start of the program.
std::optional<std::string> take_admin_token();

/// The one token of the host's owner, scope admin. Holds its SHA-256, never the text. Thread-safe.
class AdminToken final : public Authenticator {
public:
    explicit AdminToken(std::string_view token);

    /// `given` (WEIR_ADMIN_TOKEN) when there is one, else the text in `file`; a file that does not
    /// exist is made, with mode 0600 and a new token. E_CONFIG "serve.token" for an empty token, or
    /// a file that is none, or that others may read; E_IO.
    static Result<AdminToken> open(std::optional<std::string> const& given,
                                   std::filesystem::path const& file);

    std::optional<Principal> find(std::string_view token) const override;

    /// What the owner should hear at the start: a token of under 24 characters is easy to guess.
    std::string const& warning() const { return warning_; }

private:
    TokenHash hash_;
    std::string warning_;
};

}  // namespace weir::host::http
