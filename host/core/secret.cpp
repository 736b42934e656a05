#include "host/core/secret.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace weir::host {

namespace {

constexpr std::size_t reference_bytes_max = 64 * 1024;

Error no_reference(std::string const& shown, bool has_secrets) {
    return Error{WEIR_E_CONFIG, "config.reference",
                 shown + " is not a reference: use " + (has_secrets ? "${secret:NAME}, " : "") +
                     "${env:NAME} or ${file:PATH}",
                 shown};
}

Result<std::string> kept_secret(std::string const& name, std::string const& shown,
                                FindSecret const& find_secret) {
    Result<std::optional<std::string>> found = find_secret(name);
    if (!found) return found.error();
    if (*found) return std::move(**found);
    return Error{WEIR_E_CONFIG, "config.reference", shown + ": there is no secret of that name",
                 shown};
}

Result<std::string> file_text(std::string const& path, std::string const& shown) {
    std::ifstream file{path, std::ios::binary};
    std::string text(reference_bytes_max + 1, '\0');  // the file may have no end
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (!file.is_open() || file.bad())
        return Error{WEIR_E_CONFIG, "config.reference", shown + " cannot be read", shown};
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() > reference_bytes_max)
        return Error{WEIR_E_CONFIG, "config.reference", shown + " is larger than 64 KiB", shown};
    if (text.ends_with('\n')) text.pop_back();
    return text;
}

/// What opens the host itself is no value of a configuration.
bool is_own_variable(std::string_view name) {
    return name == "WEIR_ADMIN_TOKEN" || name.starts_with("WEIR_MASTER_KEY");
}

Result<std::string> value_of(std::string_view reference, FindSecret const& find_secret) {
    auto const colon = reference.find(':');
    std::string const kind{reference.substr(0, colon)};
    std::string const name{colon == std::string_view::npos ? "" : reference.substr(colon + 1)};
    std::string const shown = "${" + std::string{reference} + "}";
    if (kind == "env" && is_own_variable(name))
        return Error{WEIR_E_CONFIG, "config.reference",
                     shown + " is the host's own and resolves for nobody", shown};
    if (kind == "env") {
        if (char const* value = std::getenv(name.c_str())) return std::string{value};
        return Error{WEIR_E_CONFIG, "config.reference", shown + " is not set", shown};
    }
    if (kind == "file") return file_text(name, shown);
    if (kind == "secret" && find_secret) return kept_secret(name, shown, find_secret);
    return no_reference(shown, static_cast<bool>(find_secret));
}

bool is_unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{"-._~"}.find(c) != std::string_view::npos;
}

std::string percent_encoded(std::string const& text) {
    constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    for (char c : text) {
        auto const byte = static_cast<unsigned char>(c);
        if (is_unreserved(c))
            out += c;
        else
            (out += '%') += {digits[byte >> 4], digits[byte & 15]};
    }
    return out;
}

/// Whether the reference in [open, close] is all of a URL's user or password: scheme://A:B@
bool is_credential(std::string_view text, std::size_t open, std::size_t close) {
    auto const scheme = text.find("://");
    if (scheme == std::string_view::npos || open < scheme + 3 || close + 1 >= text.size())
        return false;
    bool const begins = text[open - 1] == '/' || text[open - 1] == ':';
    return begins && (text[close + 1] == '@' ||
                      (text[close + 1] == ':' && text.find('@', close) != std::string_view::npos));
}

bool ends_word(char c) { return static_cast<unsigned char>(c) <= ' ' || c == '"'; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// One word: the credentials before its last "@", a password may hold one by mistake.
void mask_credentials(std::string& word) {
    auto const scheme = word.find(":/");
    auto const at = word.rfind('@');
    if (scheme == std::string::npos || at == std::string::npos) return;
    auto const user = word.find_first_not_of('/', scheme + 1);
    if (user > at) return;
    // A user that is a reference has a colon of its own.
    bool const is_named = word.compare(user, 2, "${") == 0 && word.find('}', user) < at;
    auto const colon = word.find(':', is_named ? word.find('}', user) : user);
    if (colon > at) return;
    std::string const password = word.substr(colon + 1, at - colon - 1);
    bool const is_reference =
        password.starts_with("${") && password.find('}') + 1 == password.size();
    if (!is_reference) word.replace(colon + 1, at - colon - 1, "***");
}

/// name=value, up to the next parameter or the end of the word.
void mask_parameters(std::string& word) {
    std::string folded = word;
    for (char& c : folded) c = lower(c);
    for (std::string_view name : {"password=", "passwd=", "token=", "secret="})
        for (auto at = folded.find(name); at != std::string::npos; at = folded.find(name, at)) {
            at += name.size();
            auto const end = std::min(folded.find('&', at), folded.size());
            word.replace(at, end - at, "***");
            folded.replace(at, end - at, "***");
        }
}

}  // namespace

Result<std::string> resolve_references(std::string_view text) {
    return resolve_references(text, nullptr);
}

Result<std::string> resolve_references(std::string_view text, FindSecret const& find_secret) {
    std::string out;
    for (std::size_t at = 0;;) {
        auto const open = text.find("${", at);
        out += text.substr(at, open - at);
        if (open == std::string_view::npos) return out;
        auto const close = text.find('}', open);
        if (close == std::string_view::npos)
            return Error{WEIR_E_CONFIG, "config.reference", "\"${\" has no closing \"}\""};
        Result<std::string> value = value_of(text.substr(open + 2, close - open - 2), find_secret);
        if (!value) return value.error();
        out += is_credential(text, open, close) ? percent_encoded(*value) : *value;
        at = close + 1;
    }
}

void wipe(std::string& text) {
    explicit_bzero(text.data(), text.size());
    text.clear();
}

std::string mask_secrets(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        auto const end = std::find_if(text.begin(), text.end(), ends_word) - text.begin();
        std::string word{text.substr(0, static_cast<std::size_t>(end))};
        mask_credentials(word);
        mask_parameters(word);
        out += word;
        text.remove_prefix(static_cast<std::size_t>(end));
        if (text.empty()) break;
        out += text.front();
        text.remove_prefix(1);
    }
    return out;
}

}  // namespace weir::host
