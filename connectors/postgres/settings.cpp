#include "settings.hpp"

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>

namespace weir::postgres {
namespace {

using Options = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

constexpr char system_roots[] = "/etc/ssl/certs/ca-certificates.crt";
constexpr char url_form[] = "postgres://user:password@host:port/database";

Error bad_url(std::string sentence) {
    return Error{WEIR_E_CONFIG, std::move(sentence), "/url"}
        .coded("postgres.bad_url")
        .suggest(url_form);
}

/// libpq ends the user part at the first `@` or `/`, so what a password has too much of them lands
/// in the host or the database, and from there in messages.
void check_authority(std::string_view url) {
    std::size_t const scheme = url.find("://");
    if (scheme == url.npos) return;
    std::string_view const rest = url.substr(scheme + 3, url.find('?') - scheme - 3);
    std::size_t const first = rest.find('@');
    bool const twice = first != rest.npos && rest.find('@', first + 1) != rest.npos;
    bool const late = first != rest.npos && rest.find('/') < first;
    if (twice || late)
        throw bad_url(
            "the URL has an @ where none can stand: in a password, write @ as %40 and / as %2F");
}

/// The parameter of the URL that libpq names behind `intro`; empty when it says something else, or
/// when the name may be a piece of a password.
std::string named_parameter(std::string_view said, std::string_view intro, std::string_view url) {
    if (!said.starts_with(intro)) return {};
    std::string_view const name =
        said.substr(intro.size(), said.find('"', intro.size()) - intro.size());
    std::size_t const query = url.find('?');
    bool const plain = std::all_of(name.begin(), name.end(),
                                   [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
    if (!plain || query == url.npos || url.find('@', query) != url.npos) return {};
    return std::string{name};
}

/// What libpq's `said` about a URL that it cannot read means.
Error unreadable(std::string_view said, std::string_view url) {
    std::string name = named_parameter(said, "invalid URI query parameter: \"", url);
    if (!name.empty()) return bad_url("the URL has a parameter that libpq does not know: " + name);
    name = named_parameter(said, "extra key/value separator \"=\" in URI query parameter: \"", url);
    if (!name.empty())
        return bad_url("the value of the URL's parameter " + name +
                       " has an = in it: write = as %3D, & as %26 and a blank as %20");
    return bad_url(
        "the URL cannot be read: characters like %, @, / and : in a user name or password are "
        "written as %25, %40, %2F and %3A");
}

std::vector<std::string> split(std::string const& list) {
    std::vector<std::string> parts;
    for (std::size_t from = 0;;) {
        std::size_t const comma = list.find(',', from);
        parts.push_back(list.substr(from, comma - from));
        if (comma == list.npos) return parts;
        from = comma + 1;
    }
}

bool is_socket(std::string_view host) { return host.starts_with('/') || host.starts_with('@'); }

std::string normal_host(std::string host) {
    if (is_socket(host)) {
        while (host.size() > 1 && host.back() == '/') host.pop_back();
        return host;
    }
    in6_addr address{};
    in_addr old_address{};  // "127.1" is an address too
    char text[INET6_ADDRSTRLEN];
    if (inet_pton(AF_INET6, host.c_str(), &address) == 1 &&
        inet_ntop(AF_INET6, &address, text, sizeof text))
        return std::string{"["} + text + "]";
    if (inet_aton(host.c_str(), &old_address) &&
        inet_ntop(AF_INET, &old_address, text, sizeof text))
        return text;
    std::transform(host.begin(), host.end(), host.begin(), [](unsigned char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : static_cast<char>(c);
    });
    return host;
}

bool is_loopback(std::string const& host) {
    in_addr address{};  // "127.example.org" is a name like any other
    bool const is_address = inet_pton(AF_INET, host.c_str(), &address) == 1;
    return host.empty() || is_socket(host) || host == "localhost" || host == "[::1]" ||
           (is_address && host.starts_with("127."));
}

constexpr std::string_view loopback_names[] = {"localhost", "127.0.0.1", "[::1]"};

/// "127.0.0.1:5432" with the loopback `name`; any other place stays.
std::string with_loopback(std::string const& place, std::string_view name) {
    std::size_t const colon = place.rfind(':');
    bool const is_one =
        std::ranges::find(loopback_names, std::string_view{place}.substr(0, colon)) !=
        std::end(loopback_names);
    return is_one ? std::string{name} + place.substr(colon) : place;
}

std::string percent(std::string_view text) {
    static constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    for (unsigned char c : text) {
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

/// Takes a parameter out of the URL that is not libpq's, each time it is there; the last one
/// counts. Nothing: it is not there.
std::optional<std::string> take_parameter(std::string& url, std::string const& name) {
    std::optional<std::string> value;
    for (std::size_t at = url.find('?'); at != url.npos;) {
        if (url.compare(at + 1, name.size() + 1, name + "=") != 0) {
            at = url.find('&', at + 1);
            continue;
        }
        std::size_t const from = at + name.size() + 2;
        std::size_t const end = std::min(url.find('&', from), url.size());
        value = url.substr(from, end - from);
        // What follows stays behind the sign that stood before.
        if (end < url.size())
            url.erase(at + 1, end - at);
        else
            url.erase(at);
        at = at < url.size() ? at : url.npos;
    }
    return value;
}

void check_ports(std::string const& ports) {
    for (std::string const& port : split(ports)) {
        int number = 0;
        char const* const end = port.data() + port.size();
        auto const [at, failed] = std::from_chars(port.data(), end, number);
        if (!port.empty() && (failed != std::errc{} || at != end || number < 1 || number > 65535))
            throw bad_url(
                "the port is no number from 1 to 65535 (in a password, write : as %3A, / as %2F)");
    }
}

}  // namespace

Settings::Settings(Config const& config)
    : schema_{config.text("schema", "public")}, names_schema_{config.has("schema")} {
    if (schema_.empty() || schema_.find('\0') != std::string::npos)
        throw Error{WEIR_E_CONFIG,
                    "schema is empty, or has a NUL in it: name one, or leave it out for public",
                    "/schema"}
            .coded("postgres.bad_schema");
    if (!config.has("url") && !config.has("host") && !config.has("user") && !config.has("database"))
        throw Error{WEIR_E_CONFIG, "no server is named: give url, or host, user and database",
                    "/url"}
            .coded("postgres.bad_url")
            .suggest(url_form);
    if (config.has("url")) {
        for (char const* other : {"host", "port", "user", "database"})
            if (config.has(other))
                throw Error{WEIR_E_CONFIG,
                            std::string{"give either url or "} + other + ", not both",
                            std::string{"/"} + other}
                    .coded("postgres.bad_url");
        read_url(config.text("url"));
    }
    for (auto const& [name, keyword] :
         std::map<char const*, char const*>{{"host", "host"},
                                            {"user", "user"},
                                            {"password", "password"},
                                            {"database", "dbname"},
                                            {"sslmode", "sslmode"},
                                            {"sslrootcert", "sslrootcert"}})
        if (config.has(name)) parameters_[keyword] = config.text(name);
    if (config.has("nul")) choose_nul(config.text("nul"));
    if (config.has("port")) parameters_["port"] = std::to_string(config.integer("port"));
    complete();
}

void Settings::choose_nul(std::string const& word) {
    if (word != "reject" && word != "strip")
        throw Error{WEIR_E_CONFIG, "nul is reject or strip, not \"" + word + "\"", "/nul"}
            .coded("postgres.bad_url")
            .suggest("nul=strip, or leave it out");
    strips_nul_ = word == "strip";
}

void Settings::read_url(std::string url) {
    check_authority(url);
    if (auto const word = take_parameter(url, "nul")) choose_nul(*word);
    char* said = nullptr;
    Options const options{PQconninfoParse(url.c_str(), &said), PQconninfoFree};
    std::string const why = said ? said : "";
    if (said) PQfreemem(said);
    if (!options) throw unreadable(why, url);
    for (PQconninfoOption const* option = options.get(); option->keyword; ++option)
        if (option->val) parameters_[option->keyword] = option->val;
}

void Settings::complete() {
    Options const defaults{PQconndefaults(), PQconninfoFree};
    if (defaults)
        for (PQconninfoOption const* option = defaults.get(); option->keyword; ++option)
            if (option->val) known_[option->keyword] = option->val;
    for (auto const& [keyword, value] : parameters_) known_[keyword] = value;
    check_ports(known_["port"]);
    user_ = known_["user"];
    database_ = known_["dbname"].empty() ? user_ : known_["dbname"];
    if (std::string const& said = known_["connect_timeout"]; !said.empty()) {
        std::int64_t seconds = 0;
        char const* const end = said.data() + said.size();
        auto const [at, failed] = std::from_chars(said.data(), end, seconds);
        if (failed != std::errc{} || at != end)
            throw bad_url("connect_timeout is no number of seconds: " + said);
        connect_timeout_ms_ = seconds <= 0 ? 0 : std::max<std::int64_t>(seconds, 2) * 1000;
    }
    // A peer that is gone without a word is noticed within 15 s: probes go out after 6, 9, 12 and
    // 15 s, and the kernel looks at the timeout with a probe only.
    for (auto const& [keyword, value] :
         std::map<char const*, char const*>{{"tcp_user_timeout", "15000"},
                                            {"keepalives_idle", "6"},
                                            {"keepalives_interval", "3"},
                                            {"keepalives_count", "2"},
                                            {"application_name", "weir"}})
        if (!known_.contains(keyword)) parameters_[keyword] = value;
    parameters_["client_encoding"] = "UTF8";
    choose_tls();
}

/// Whether none of the places is another machine. An address goes before the name beside it.
bool Settings::stays_here() {
    std::vector<std::string> const names = split(known_["host"]);
    std::vector<std::string> places = split(known_["hostaddr"]);
    places.resize(std::max(names.size(), places.size()));
    for (std::size_t i = 0; i < names.size(); ++i)
        if (places[i].empty()) places[i] = names[i];
    return std::ranges::all_of(
        places, [](std::string const& place) { return is_loopback(normal_host(place)); });
}

void Settings::choose_tls() {
    // PQconndefaults fills in libpq's own "prefer", which accepts anything.
    bool const said = parameters_.contains("sslmode") || getenv("PGSSLMODE") ||
                      getenv("PGREQUIRESSL") || known_.contains("service");
    bool const names_ca = parameters_.contains("sslrootcert");  // to be looked at, wherever it is
    if (said || (stays_here() && !names_ca)) return;
    parameters_["sslmode"] = "verify-full";
    tls_by_default_ = !names_ca;
    if (known_["sslrootcert"].empty() && access(system_roots, R_OK) == 0)
        parameters_["sslrootcert"] = system_roots;
}

std::string Settings::address() const {
    auto value = [this](char const* keyword) {
        auto const found = known_.find(keyword);
        return found == known_.end() ? std::string{} : found->second;
    };
    std::string const hosts = value("host").empty() ? value("hostaddr") : value("host");
    std::vector<std::string> const ports = split(value("port"));
    std::string out;
    std::size_t index = 0;
    for (std::string const& host : split(hosts)) {
        std::string const& port = ports[ports.size() == 1 ? 0 : std::min(index, ports.size() - 1)];
        if (index++) out += ',';
        out += normal_host(host.empty() ? "/var/run/postgresql" : host);
        out += ':';
        out += port.empty() ? "5432" : port;
    }
    return out;
}

std::string Settings::identity_of(std::vector<std::string> const& places) const {
    std::string out = "postgres://";
    for (std::string const& place : places) {
        if (out.back() != '/') out += ',';
        out += is_socket(place)
                   ? percent(place.substr(0, place.rfind(':'))) + place.substr(place.rfind(':'))
                   : place;
    }
    out += "/" + percent(database_);
    if (auto const service = known_.find("service"); service != known_.end())
        out += "?service=" + percent(service->second);
    return out;
}

std::string Settings::url() const { return identity_of(split(address())); }

std::string Settings::identity() const {
    std::vector<std::string> places = split(address());
    for (std::string& place : places) place = with_loopback(place, loopback_names[0]);
    return identity_of(places);
}

std::string Settings::identity_by_loopback() const {
    return identity_of({std::string{loopback_names[0]} + ":" + socket_port()});
}

std::vector<std::string> Settings::former_identities() const {
    std::vector<std::string> out{url()};
    for (std::string_view const name : loopback_names) {
        std::vector<std::string> places = split(address());
        for (std::string& place : places) place = with_loopback(place, name);
        std::string one = identity_of(places);
        if (std::ranges::find(out, one) == out.end()) out.push_back(std::move(one));
    }
    return out;
}

std::string Settings::socket_port() const {
    std::string const place = address();
    if (!is_socket(place) || place.find(',') != place.npos) return {};
    return place.substr(place.rfind(':') + 1);
}

std::string Settings::scrub(std::string text) const {
    for (char const* keyword : {"password", "sslpassword"}) {
        auto const found = known_.find(keyword);
        // A shorter one would blank out letters of every word.
        if (found == known_.end() || found->second.size() < 4) continue;
        for (std::size_t at = 0; (at = text.find(found->second, at)) != text.npos;)
            text.replace(at, found->second.size(), "***");
    }
    return text;
}

}  // namespace weir::postgres
