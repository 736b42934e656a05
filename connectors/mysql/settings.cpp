#include "settings.hpp"

#include <arpa/inet.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>

// url       := ("mysql" | "mariadb") "://" [userinfo "@"] [host [":" port]] ["/" [database]]
//              ["?" name "=" value ("&" name "=" value)*]
// userinfo  := user [":" password]      all but names and the port with %XX for what it needs
// name      := "sslmode" | "sslrootcert" | "connect_timeout" | "socket" | "schema" | "zero_date"
namespace weir::mysql {
namespace {

constexpr char url_form[] = "mysql://user:password@host:port/database";

Error bad_url(std::string sentence, std::string place = "/url") {
    return Error{WEIR_E_CONFIG, std::move(sentence), std::move(place)}
        .coded("mysql.bad_url")
        .suggest(url_form);
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::string unescaped(std::string_view text, char const* what) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        int const high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
        int const low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
        if (high < 0 || low < 0)
            throw bad_url(std::string{"the "} + what +
                          " of the URL has a % that begins no %XX: write % as %25");
        out += static_cast<char>(high << 4 | low);
        i += 2;
    }
    if (out.find('\0') != out.npos)
        throw bad_url(std::string{"the "} + what + " of the URL has a NUL in it");
    return out;
}

std::string percent(std::string_view text) {
    static constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    for (unsigned char const c : text) {
        bool const plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
        if (plain) {
            out += static_cast<char>(c);
        } else {
            out += '%';
            out += digits[c >> 4];
            out += digits[c & 15];
        }
    }
    return out;
}

std::optional<std::int64_t> number_of(std::string_view text) {
    std::int64_t number = 0;
    auto const [at, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc{} || at != text.data() + text.size()) return std::nullopt;
    return number;
}

unsigned port_of(std::string_view text) {
    std::optional<std::int64_t> const port = number_of(text);
    if (!port || *port < 1 || *port > 65535)
        throw bad_url(
            "the port is no number from 1 to 65535 (in a password, write : as %3A, @ as %40, / as "
            "%2F)");
    return static_cast<unsigned>(*port);
}

std::string normal_host(std::string host) {
    in_addr old_address{};  // "127.1" is an address too
    in6_addr address{};
    char text[INET6_ADDRSTRLEN];
    if (inet_pton(AF_INET6, host.c_str(), &address) == 1 &&
        inet_ntop(AF_INET6, &address, text, sizeof text))
        return text;
    if (inet_aton(host.c_str(), &old_address) &&
        inet_ntop(AF_INET, &old_address, text, sizeof text))
        return text;
    std::ranges::transform(host, host.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    return host;
}

std::string bracketed(std::string const& host) {
    return host.find(':') == host.npos ? host : "[" + host + "]";
}

bool is_loopback(std::string const& host) {
    in_addr address{};  // "127.example.org" is a name like any other
    bool const is_address = inet_pton(AF_INET, host.c_str(), &address) == 1;
    return host == "localhost" || host == "::1" || (is_address && host.starts_with("127."));
}

}  // namespace

Settings::Settings(Config const& config) {
    if (!config.has("url") && !config.has("host") && !config.has("user") && !config.has("socket"))
        throw bad_url("no server is named: give url, or host, user and database");
    if (config.has("url")) {
        for (char const* other : {"host", "port", "user", "database", "socket"})
            if (config.has(other))
                throw bad_url(std::string{"give either url or "} + other + ", not both",
                              std::string{"/"} + other);
        read_url(config.text("url"));
    }
    if (config.has("host")) host_ = config.text("host");
    if (config.has("port")) port_ = static_cast<unsigned>(config.integer("port"));
    if (config.has("user")) user_ = config.text("user");
    if (config.has("database")) database_ = config.text("database");
    if (config.has("socket")) socket_ = config.text("socket");
    if (config.has("sslmode")) set_tls(config.text("sslmode"));
    if (config.has("sslrootcert")) tls_ca_ = config.text("sslrootcert");
    if (config.has("password")) {
        password_ = config.text("password");
        has_password_ = true;
    }
    overrides_.read(config);
    complete();
}

void Settings::read_url(std::string const& url) {
    std::string_view rest = url;
    std::size_t const scheme = rest.find("://");
    if (scheme == rest.npos || (rest.substr(0, scheme) != "mysql" &&
                                rest.substr(0, scheme) != "mariadb"))
        throw bad_url("the URL does not begin with mysql://");
    rest.remove_prefix(scheme + 3);
    std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
    rest.remove_prefix(authority.size());
    std::size_t const at = authority.find('@');
    // Else a piece of a password would be taken for a host or a database, and be said in messages.
    if (authority.find('@', at == authority.npos ? at : at + 1) != authority.npos ||
        rest.substr(0, rest.find('?')).find('@') != rest.npos ||
        rest.find('#') != rest.npos)
        throw bad_url(
            "the URL has an @ or # where none can stand: in a password, write @ as %40, / as %2F, "
            "# as %23 and ? as %3F");
    if (at != authority.npos) {
        std::string_view const login = authority.substr(0, at);
        std::size_t const colon = login.find(':');
        user_ = unescaped(login.substr(0, colon), "user");
        if ((has_password_ = colon != login.npos))
            password_ = unescaped(login.substr(colon + 1), "password");
        authority.remove_prefix(at + 1);
    }
    std::size_t end = authority.find(':');
    if (authority.starts_with('[')) {
        std::size_t const close = authority.find(']');
        if (close == authority.npos) throw bad_url("the URL has a [ without its ]");
        host_ = authority.substr(1, close - 1);
        end = close + 1 < authority.size() ? close + 1 : authority.npos;
        if (end != authority.npos && authority[end] != ':')
            throw bad_url("the URL has something between ] and the port");
    } else {
        host_ = unescaped(authority.substr(0, end), "host");
    }
    if (end != authority.npos) port_ = port_of(authority.substr(end + 1));
    if (rest.starts_with('/')) {
        std::string_view const path = rest.substr(1, rest.find('?') - 1);
        if (path.find('/') != path.npos)
            throw bad_url("the URL has more than the database behind the host: write / as %2F");
        database_ = unescaped(path, "database");
    }
    std::size_t const query = rest.find('?');
    if (query == rest.npos) return;
    for (rest.remove_prefix(query + 1); !rest.empty();) {
        std::string_view const pair = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
        std::size_t const equals = pair.find('=');
        if (equals == pair.npos) throw bad_url("a parameter of the URL has no value");
        set_parameter(std::string{pair.substr(0, equals)},
                      unescaped(pair.substr(equals + 1), "parameters"));
    }
}

void Settings::set_parameter(std::string const& name, std::string const& value) {
    if (name == "sslmode") return set_tls(value);
    if (name == "sslrootcert") {
        tls_ca_ = value;
    } else if (name == "socket") {
        socket_ = value;
    } else if (name == "connect_timeout") {
        std::optional<std::int64_t> const seconds = number_of(value);
        if (!seconds || *seconds < 1 || *seconds > 3600)
            throw bad_url("connect_timeout is no number of seconds from 1 to 3600");
        connect_timeout_ms_ = *seconds * 1000;
    } else if (!overrides_.read(name, value)) {
        throw bad_url(
            "the URL has a parameter that is none of sslmode, sslrootcert, connect_timeout, "
            "socket, schema and zero_date");
    }
}

void Settings::set_tls(std::string const& mode) {
    says_tls_ = true;
    if (mode == "disable")
        tls_ = Tls::disable;
    else if (mode == "require")
        tls_ = Tls::require;
    else if (mode == "verify-full")
        tls_ = Tls::verify_full;
    else
        throw bad_url("sslmode is none of disable, require and verify-full", "/sslmode");
}

void Settings::complete() {
    if (char const* const secret = std::getenv("MYSQL_PWD"); secret && !has_password_)
        password_ = secret;
    if (host_.empty()) host_ = "localhost";
    host_ = normal_host(host_);
    for (std::string const* text : {&host_, &socket_, &user_, &password_, &database_})
        if (text->find('\0') != text->npos)
            throw bad_url("a part of the configuration has a NUL in it");
    if (says_tls_) return;
    bool const names_ca = !tls_ca_.empty();  // to be looked at, wherever the server is
    if (stays_here() && !names_ca) return;
    tls_ = Tls::verify_full;
    tls_by_default_ = !names_ca;
}

bool Settings::stays_here() const { return !socket_.empty() || is_loopback(host_); }

std::string Settings::address() const {
    return socket_.empty() ? bracketed(host_) + ":" + std::to_string(port_) : socket_;
}

std::string Settings::identity_of(std::string const& host) const {
    std::string const place =
        socket_.empty() ? bracketed(host) + ":" + std::to_string(port_) : percent(socket_);
    return "mysql://" + place + "/" + percent(database_);
}

std::string Settings::identity() const {
    return identity_of(is_loopback(host_) ? std::string{"localhost"} : host_);
}

std::string Settings::scrub(std::string text) const {
    // A shorter one would blank out letters of every word.
    if (password_.size() < 4) return text;
    for (std::size_t at = 0; (at = text.find(password_, at)) != text.npos;)
        text.replace(at, password_.size(), "***");
    return text;
}

}  // namespace weir::mysql
