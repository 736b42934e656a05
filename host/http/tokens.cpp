#include "host/http/tokens.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "host/core/fd.hpp"

namespace weir::host::http {

namespace {

constexpr std::string_view base62 =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::size_t token_bytes_max = 4096;

constexpr std::string_view token_prefix = "weir_";
constexpr std::size_t random_characters = 43, check_characters = 6;

std::string check_of(std::string_view secret) {
    std::string check;
    uLong left = ::crc32(0, reinterpret_cast<Bytef const*>(secret.data()),
                         static_cast<uInt>(secret.size()));
    for (std::size_t i = 0; i < check_characters; ++i, left /= 62)
        check.insert(check.begin(), base62[left % 62]);
    return check;
}

Error failed(std::filesystem::path const& file, char const* what) {
    return Error{WEIR_E_IO, "serve.token",
                 fmt::format("{}: {}: {}", file.string(), what, std::strerror(errno))};
}

Error refused(std::filesystem::path const& file, char const* what) {
    return Error{WEIR_E_CONFIG, "serve.token", fmt::format("{} {}", file.string(), what)};
}

Result<std::string> make_file(std::filesystem::path const& file, Fd const& made) {
    std::string token = make_token();
    std::string const line = token + "\n";
    if (write(made.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()) ||
        fsync(made.get()) != 0) {
        Error const error = failed(file, "the new token cannot be written");
        unlink(file.c_str());
        return error;
    }
    return token;
}

Result<std::string> read_file(std::filesystem::path const& file) {
    Fd const there{::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)};
    if (!there) return failed(file, "the token cannot be read");
    struct stat about {};
    if (fstat(there.get(), &about) != 0) return failed(file, "the token cannot be read");
    if (!S_ISREG(about.st_mode)) return refused(file, "is no plain file with a token");
    if ((about.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return refused(file, "may be read by others; chmod 600 it, or delete it for a new token");
    std::string text(token_bytes_max + 1, '\0');
    ssize_t const size = read(there.get(), text.data(), text.size());
    if (size < 0) return failed(file, "the token cannot be read");
    text.resize(static_cast<std::size_t>(size));
    if (text.size() > token_bytes_max) return refused(file, "is too large for a token");
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    if (text.empty()) return refused(file, "holds no token; delete it, and a new one is made");
    return text;
}

}  // namespace

std::string random_base62(std::size_t characters) {
    if (sodium_init() < 0) std::abort();  // without random numbers nothing is safe
    std::string out;
    for (std::size_t i = 0; i < characters; ++i) out += base62[randombytes_uniform(62)];
    return out;
}

std::string make_token() {
    std::string const secret = random_base62(random_characters);
    return std::string{token_prefix} + secret + check_of(secret);
}

bool is_token(std::string_view text) {
    if (text.size() != token_prefix.size() + random_characters + check_characters ||
        !text.starts_with(token_prefix))
        return false;
    std::string_view const secret = text.substr(token_prefix.size(), random_characters);
    return text.substr(token_prefix.size() + random_characters) == check_of(secret);
}

TokenHash hash_of(std::string_view token) {
    TokenHash out{};
    crypto_hash_sha256(out.data(), reinterpret_cast<unsigned char const*>(token.data()),
                       token.size());
    return out;
}

bool is_same(TokenHash const& left, TokenHash const& right) {
    return sodium_memcmp(left.data(), right.data(), left.size()) == 0;
}

std::string to_hex(TokenHash const& hash) {
    std::string hex(2 * hash.size() + 1, '\0');
    sodium_bin2hex(hex.data(), hex.size(), hash.data(), hash.size());
    hex.pop_back();
    return hex;
}

std::optional<std::string> take_admin_token() {
    char const* const value = std::getenv("WEIR_ADMIN_TOKEN");
    if (!value) return std::nullopt;
    std::string token = value;
    unsetenv("WEIR_ADMIN_TOKEN");
    return token;
}

AdminToken::AdminToken(std::string_view token) : hash_{hash_of(token)} {
    constexpr std::size_t characters_min = 24;
    if (token.size() < characters_min)
        warning_ = fmt::format("the admin token has only {} characters; use {} or more",
                               token.size(), characters_min);
}

Result<AdminToken> AdminToken::open(std::optional<std::string> const& given,
                                    std::filesystem::path const& file) {
    if (given && given->empty())
        return Error{WEIR_E_CONFIG, "serve.token",
                     "WEIR_ADMIN_TOKEN is empty; unset it, or set it to a token"};
    if (given) return AdminToken{*given};
    Fd const made{::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    if (!made && errno != EEXIST) return failed(file, "the token cannot be written");
    Result<std::string> const token = made ? make_file(file, made) : read_file(file);
    if (!token) return token.error();
    return AdminToken{*token};
}

std::optional<Principal> AdminToken::find(std::string_view token) const {
    // Of hashes: neither the time nor the length tells how much of a guess was right.
    if (!is_same(hash_of(token), hash_)) return std::nullopt;
    return Principal{"admin", Scope::admin};
}

}  // namespace weir::host::http
