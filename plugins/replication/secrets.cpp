#include "secrets.hpp"

#include <sodium.h>

#include <functional>

namespace weir::replication {
namespace {

/// A piece of a text that is a password: [from, to).
struct Piece {
    std::size_t from, to;
    std::string name;  ///< of the parameter; empty: the password before the host
};

bool is_reference(std::string_view text) { return text.starts_with("${") && text.ends_with("}"); }

/// `scheme://user:password@host`; what has too many @ is cut at the last, so that no piece of a
/// password stays behind.
void find_login(std::string const& url, std::vector<Piece>& pieces) {
    std::size_t const scheme = url.find("://");
    if (scheme == url.npos) return;
    std::size_t const start = scheme + 3;
    std::size_t const query = url.find('?', start);
    std::size_t end = query == url.npos ? url.rfind('@') : url.rfind('@', query);
    if (end == url.npos || end < start) end = url.rfind('@');
    if (end == url.npos || end < start) return;
    std::size_t const slash = url.find('/', start), colon = url.find(':', start);
    if (colon == url.npos || colon > end || (slash != url.npos && slash < colon)) return;
    pieces.push_back({colon + 1, end, {}});
}

void find_parameters(std::string const& url, std::vector<Piece>& pieces) {
    std::size_t const query = url.find('?');
    if (query == url.npos || (!pieces.empty() && query < pieces.back().to)) return;
    for (std::size_t at = query + 1; at < url.size();) {
        std::size_t const end = std::min(url.find('&', at), url.size());
        std::size_t const equals = std::min(url.find('=', at), end);
        std::string const name = url.substr(at, equals - at);
        if (equals < end && (name == "password" || name == "sslpassword"))
            pieces.push_back({equals + 1, end, name});
        at = end + 1;
    }
}

std::vector<Piece> passwords_in(std::string const& url) {
    std::vector<Piece> pieces;
    if (url.find("://") == url.npos) return pieces;
    find_login(url, pieces);
    find_parameters(url, pieces);
    return pieces;
}

std::string piece_of(std::string const& url, std::string const& name) {
    for (Piece const& piece : passwords_in(url))
        if (piece.name == name) return url.substr(piece.from, piece.to - piece.from);
    return {};
}

/// `url` with each of its passwords replaced; what `replace` answers empty stays.
std::string with_passwords(std::string url,
                           std::function<std::string(Piece const&, std::string)> const& replace) {
    std::vector<Piece> const pieces = passwords_in(url);
    for (auto piece = pieces.rbegin(); piece != pieces.rend(); ++piece) {
        std::size_t const size = piece->to - piece->from;
        if (size == 0) continue;
        std::string const other = replace(*piece, url.substr(piece->from, size));
        if (!other.empty()) url.replace(piece->from, size, other);
    }
    return url;
}

Json member(Json const& object, char const* name) {
    return object.is_object() && object.contains(name) ? object[name] : Json();
}

bool is_write_only(Json const& schema) {
    return schema.is_object() && schema.value("writeOnly", false);
}

/// "db:5432?sslmode=require" of a URL: without who signs in, and to which database.
std::string place_in(std::string const& text) {
    std::string url = with_passwords(
        text, [](Piece const&, std::string const&) { return std::string{masked}; });
    std::size_t const query = std::min(url.find('?'), url.size());
    std::string const how = url.substr(query);
    url.erase(query);
    std::size_t const from = url.find("://");
    if (from == url.npos) return url + how;
    url.erase(0, from + 3);
    url.erase(std::min(url.find('/', std::min(url.rfind('@'), url.size())), url.size()));
    return url.substr(url.rfind('@') + 1) + how;
}

/// One walk over a configuration, its schema, and what it replaces.
class Split {
public:
    Split(SplitConfig& out, std::string own, Findings& findings, bool is_moved)
        : out_{out}, is_moved_{is_moved}, own_{std::move(own)}, findings_{findings} {}

    Json object(Json const& config, Json const& schema, Json const& stored,
                std::string const& prefix, std::string const& at) {
        Json result = Json::object();
        Json const properties = member(schema, "properties");
        is_moved_ = is_moved_ || (stored.is_object() && address_in(config) != address_in(stored));
        for (auto const& [name, value] : config.items()) {
            Json kept =
                this->value(value, member(properties, name.c_str()), member(stored, name.c_str()),
                            prefix + "." + name, at + "/" + pointer_part(name));
            if (!kept.is_null()) result[name] = std::move(kept);
        }
        if (properties.is_object()) carry_over(config, properties, stored, result, at);
        return result;
    }

private:
    Json value(Json const& value, Json const& schema, Json const& stored, std::string const& name,
               std::string const& at) {
        if (value.is_object()) return object(value, schema, stored, name, at);
        if (!value.is_string()) return value;
        std::string const text = value;
        check_references(text, at);
        if (is_write_only(schema)) {
            if (text == masked) return stay(stored, at);
            if (text.empty() || is_reference(text)) return value;
            return taken(name, text);
        }
        std::string const before = stored.is_string() ? stored.get<std::string>() : "";
        return with_passwords(text, [&](Piece const& piece, std::string const& password) {
            if (password == masked) {
                std::string const old = piece_of(before, piece.name);
                if (!old.empty() && is_moved_) needed_again(at);
                return old.empty() ? (nothing_stored(at), std::string{}) : old;
            }
            if (is_reference(password)) return std::string{};
            return taken(piece.name.empty() ? name : name + "." + piece.name, password)
                .get<std::string>();
        });
    }

    /// What was taken out of another document is that one's alone: else whoever may write a
    /// connection could have any secret sent to where it points.
    void check_references(std::string const& text, std::string const& at) {
        constexpr std::string_view start = "${secret:";
        for (std::size_t i = text.find(start); i != text.npos; i = text.find(start, i + 1)) {
            std::string const said = text.substr(i + start.size(), text.find('}', i) - i -
                                                                       start.size());
            bool const is_taken = said.starts_with("conn.") || said.starts_with("integ.") ||
                                  said.starts_with("job.");
            if (is_taken && !said.starts_with(own_ + "."))
                findings_.add({at, "replication.secret_of_another",
                               "${secret:" + said + "} belongs to another document",
                               "${secret:NAME}, set by weir secret set NAME"});
            else if (is_taken && is_moved_)
                needed_again(at);
        }
    }

    Json taken(std::string const& name, std::string const& secret) {
        out_.secrets[name] = secret;
        return "${secret:" + name + "}";
    }

    Json stay(Json const& stored, std::string const& at) {
        if (stored.is_null())
            nothing_stored(at);
        else if (is_moved_)
            needed_again(at);
        return stored;
    }

    void needed_again(std::string const& at) {
        findings_.add({at,
                       "replication.secret_needed",
                       "the address is another one, and a secret that is kept is not sent there: "
                       "give it again",
                       {}});
    }

    void nothing_stored(std::string const& at) {
        findings_.add({at,
                       "replication.secret_missing",
                       "*** stands for a secret that is kept, but there is none: give it",
                       {}});
    }

    /// Secrets that were left out stay, unless the way to say them changed.
    void carry_over(Json const& config, Json const& properties, Json const& stored, Json& result,
                    std::string const& at) {
        if (!stored.is_object() || config.contains("url") != stored.contains("url")) return;
        std::string const url = config.contains("url") && config["url"].is_string()
                                    ? config["url"].get<std::string>()
                                    : "";
        if (!passwords_in(url).empty()) return;
        for (auto const& [name, schema] : properties.items())
            if (is_write_only(schema) && !config.contains(name) && stored.contains(name)) {
                result[name] = stored[name];
                if (is_moved_) needed_again(at + "/" + pointer_part(name));
            }
    }

    SplitConfig& out_;
    bool is_moved_;  // what is kept for one place goes to no other
    std::string own_;  // what names of this document's secrets begin with
    Findings& findings_;
};

}  // namespace

SplitConfig split_secrets(Json const& config, Json const& schema, Json const& stored,
                          std::string const& prefix, std::string const& at, Findings& findings,
                          bool is_moved) {
    SplitConfig out;
    out.config = Split{out, prefix, findings, is_moved}.object(config, schema, stored, prefix, at);
    return out;
}

Json address_in(Json const& config) {
    Json out = Json::object();
    for (char const* const name : {"host", "hostaddr", "port", "sslmode", "url", "base_url"})
        if (Json const value = member(config, name); value.is_string())
            out[name] = place_in(value);
        else if (!value.is_null())
            out[name] = value;
    return out;
}

std::string kept_secret_in(Json const& config) {
    for (auto const& [name, value] : config.items()) {
        bool const is_kept = value.is_string() && value.get_ref<std::string const&>().find("${") !=
                                                 std::string::npos;
        if (is_kept || (value.is_object() && !kept_secret_in(value).empty())) return name;
    }
    return {};
}

Json mask_secrets(Json const& config, Json const& schema) {
    if (config.is_string()) {
        std::string const text = config;
        if (text.empty()) return config;
        if (is_write_only(schema) || text.starts_with("${secret:")) return masked;
        return with_passwords(text, [](Piece const&, std::string const& password) {
            bool const harmless = is_reference(password) && !password.starts_with("${secret:");
            return std::string{harmless ? "" : masked};
        });
    }
    if (!config.is_object()) return config;
    Json out = Json::object();
    Json const properties = member(schema, "properties");
    for (auto const& [name, value] : config.items())
        out[name] = mask_secrets(value, member(properties, name.c_str()));
    return out;
}

std::string secret_mark(std::string const& secret) {
    // A tenth of what a login server spends: it stands beside a master key, not in a leaked table.
    constexpr unsigned long long passes = 2;
    constexpr std::size_t bytes = 8u << 20;
    char mark[crypto_pwhash_STRBYTES];
    if (sodium_init() < 0 || crypto_pwhash_str_alg(mark, secret.data(), secret.size(), passes,
                                                   bytes, crypto_pwhash_ALG_ARGON2ID13) != 0)
        throw Error{WEIR_E_NOMEM, "no memory to keep a password"};
    return mark;
}

bool has_mark(std::string const& secret, std::string const& mark) {
    return sodium_init() >= 0 &&
           crypto_pwhash_str_verify(mark.c_str(), secret.data(), secret.size()) == 0;
}

}  // namespace weir::replication
