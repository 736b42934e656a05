#include "settings.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

namespace weir::adbc {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view scheme = "adbc:";
constexpr char url_form[] = "adbc:/path/libduckdb.so?path=/path/shop.db";
constexpr std::size_t options_max = 256;

[[noreturn]] void refuse(std::string sentence, char const* where) {
    throw Error{WEIR_E_CONFIG, std::move(sentence), where}.coded("adbc.options").suggest(url_form);
}

int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string decoded(std::string_view text, char const* where) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        int const high = text[i] == '%' && i + 2 < text.size() ? digit(text[i + 1]) : -1;
        int const low = high >= 0 ? digit(text[i + 2]) : -1;
        if (text[i] == '%' && low < 0)
            refuse("a % has no two hexadecimal digits behind it: write %25", where);
        if (text[i] == '%') {
            out += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

void check_text(std::string const& text, char const* where) {
    if (text.find('\0') != text.npos) refuse("a NUL cannot stand in it", where);
}

void add_option(Settings& into, std::string name, std::string value, char const* where) {
    check_text(name, where);
    check_text(value, where);
    if (name.empty()) refuse("an option has no name: write name=value", where);
    if (into.options.contains(name)) refuse("the option " + name + " is there twice", where);
    if (into.options.size() >= options_max) refuse("there are more than 256 options", where);
    into.options.emplace(std::move(name), std::move(value));
}

void read_options(Settings& into, std::string_view rest, char const* where) {
    while (!rest.empty()) {
        std::string_view const pair = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
        std::size_t const is = pair.find('=');
        if (is == pair.npos) refuse("an option has no value: write ?name=value", where);
        std::string name = decoded(pair.substr(0, is), where);
        std::string value = decoded(pair.substr(is + 1), where);
        if (name == "entrypoint")
            into.entrypoint = std::move(value);
        else if (name == "schema")
            into.schema = std::move(value);
        else
            add_option(into, std::move(name), std::move(value), where);
    }
}

void read_url(Settings& into, std::string_view url) {
    if (!url.starts_with(scheme)) refuse("the URL does not begin with adbc:", "/url");
    url.remove_prefix(scheme.size());
    std::size_t const query = url.find('?');
    into.driver = decoded(url.substr(0, query), "/url");
    if (query != url.npos) read_options(into, url.substr(query + 1), "/url");
}

bool is_secret(std::string const& name) {
    static constexpr std::array words{"pass", "secret", "token", "key", "credential", "auth",
                                      "uri"};
    std::string lower = name;
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) {
        return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    });
    return std::ranges::any_of(
        words, [&](char const* word) { return lower.find(word) != lower.npos; });
}

std::string absolute(std::string const& path) {
    std::error_code failed;
    fs::path const out = fs::weakly_canonical(fs::absolute(path, failed), failed);
    return failed ? path : out.string();
}

/// A URL without what stands before its @ and behind its ?.
std::string bare(std::string uri) {
    uri.erase(std::min(uri.find('?'), uri.size()));
    std::size_t const slashes = uri.find("://"), at = uri.rfind('@');
    if (slashes != uri.npos && at != uri.npos && at > slashes)
        uri.erase(slashes + 3, at - slashes - 2);
    return uri;
}

}  // namespace

Settings Settings::of(Config const& config) {
    Settings out;
    bool const has_url = config.has("url");
    if (has_url == config.has("driver"))
        refuse(has_url ? "url and driver say the same thing: give one of them"
                       : "no driver is named: give url or driver",
               "/url");
    if (has_url)
        read_url(out, config.text("url"));
    else
        out.driver = config.text("driver");
    char const* const where = has_url ? "/url" : "/driver";
    check_text(out.driver, where);
    if (out.driver.empty()) refuse("the driver has no file name", where);
    out.driver = absolute(out.driver);
    for (auto const& [field, into] :
         {std::pair{"entrypoint", &out.entrypoint}, std::pair{"schema", &out.schema}})
        if (config.has(field)) *into = config.text(field);
    check_text(out.entrypoint, "/entrypoint");
    check_text(out.schema, "/schema");
    // The ? tells whoever looks after which files are named that there are parameters behind it.
    if (std::string const options = config.text("options"); !options.empty()) {
        if (!options.starts_with('?'))
            refuse("the options do not begin with a ?: write ?name=value&name=value", "/options");
        read_options(out, std::string_view{options}.substr(1), "/options");
    }
    for (char const* field : {"path", "uri", "username", "password"})
        if (config.has(field))
            add_option(out, field, config.text(field), (std::string{"/"} + field).c_str());
    if (std::optional<std::string> const file = out.file()) out.options["path"] = *file;
    return out;
}

std::optional<std::string> Settings::file() const {
    auto const path = options.find("path");
    if (path == options.end() || path->second.empty() || path->second.starts_with(":memory:") ||
        path->second.find("://") != std::string::npos)
        return std::nullopt;
    return absolute(path->second);
}

std::string Settings::identity() const {
    std::string out = "adbc:" + fs::path{driver}.filename().string();
    char between = '?';
    for (auto const& [name, value] : options) {
        if (is_secret(name) && name != "uri") continue;
        out += between + name + "=" + (name == "uri" ? bare(value) : value);
        between = '&';
    }
    if (!schema.empty()) out += between + ("schema=" + schema);
    return out;
}

std::string Settings::key() const {
    std::optional<std::string> const is_file = file();
    return is_file ? "file:" + *is_file : whole();
}

std::string Settings::whole() const {
    std::string out = driver + '\0' + entrypoint;
    for (auto const& [name, value] : options) out += '\0' + name + '\0' + value;
    return out;
}

std::string Settings::scrub(std::string text) const {
    for (auto const& [name, value] : options) {
        // A shorter one would blank out letters of every word.
        if (!is_secret(name) || value.size() < 4) continue;
        for (std::size_t at = 0; (at = text.find(value, at)) != text.npos;)
            text.replace(at, value.size(), "***");
    }
    return text;
}

}  // namespace weir::adbc
