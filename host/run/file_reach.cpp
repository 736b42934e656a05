#include "host/run/file_reach.hpp"

#include <algorithm>
#include <system_error>

#include "host/core/text.hpp"
#include "host/run/percent_text.hpp"

namespace weir::host {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

/// "/a" of sqlite:/a, sqlite:///a, adbc:/a?b=c; "a" of sqlite:a; nothing: it has no scheme.
std::string file_of(std::string_view url) {
    url = url.substr(0, url.find('?'));
    std::size_t const colon = url.find(':');
    if (colon == url.npos) return {};
    url.remove_prefix(colon + 1);
    if (url.starts_with("//")) url.remove_prefix(2);
    return percent_decoded(url);
}

/// Of "…?a=1&b=2" whether each name is one of `known`.
bool has_only(std::string_view url, Json const& known) {
    std::size_t const query = url.find('?');
    if (query == url.npos) return true;
    for (std::string_view rest = url.substr(query + 1); !rest.empty();) {
        std::string_view const pair = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
        std::string const name{pair.substr(0, pair.find('='))};
        if (!name.empty() && std::find(known.begin(), known.end(), name) == known.end())
            return false;
    }
    return true;
}

/// A schema of somebody else may hold anything under these names.
bool names_file(Json const& schema) {
    auto const format = schema.find("format");
    return format != schema.end() && *format == "path";
}
bool is_file_url(Json const& schema) {
    auto const hint = schema.find("x-url-file");
    return hint != schema.end() && *hint == true;
}

}  // namespace

bool FileReach::holds(fs::path const& file) const {
    std::error_code failed;
    fs::file_status const there = fs::symlink_status(file, failed);
    if (fs::exists(there) && !fs::is_regular_file(there)) return false;
    fs::path const whole = fs::weakly_canonical(fs::absolute(file, failed), failed);
    if (failed) return false;
    return std::ranges::any_of(roots_, [&](fs::path const& each) {
        std::error_code unknown;
        fs::path const root = fs::weakly_canonical(fs::absolute(each, unknown), unknown);
        auto const [at, rest] = std::mismatch(root.begin(), root.end(), whole.begin(), whole.end());
        return !unknown && rest != whole.end() && (at == root.end() || at->empty());
    });
}

bool FileReach::is_within(std::string const& text, Json const& schema) const {
    // What a reference stands for is not known yet.
    bool const is_resolved = text.find("${") == text.npos;
    if (names_file(schema)) return is_resolved && holds(text);
    Json const known = schema.value("x-url-parameters", Json());
    if (is_file_url(schema))
        return is_resolved && holds(file_of(text)) &&
               has_only(text, known.is_array() ? known : Json::array());
    // Text of another form may be read in a way that is not known here.
    return !known.is_array() || (text.find("://") != text.npos && has_only(text, known));
}

void FileReach::look(Json const& config, Json const& schema, std::string const& at,
                     std::vector<Finding>& out) const {
    if (!config.is_object() || !schema.is_object()) return;
    Json const properties = schema.value("properties", Json());
    if (!properties.is_object()) return;
    for (auto const& [name, value] : config.items()) {
        auto const property = properties.find(name);
        if (property == properties.end() || !property->is_object()) continue;
        look(value, *property, at + "/" + pointer_part(name), out);
        if (!value.is_string() || is_within(value.get<std::string>(), *property)) continue;
        bool const is_file = names_file(*property) || is_file_url(*property);
        out.push_back({at + "/" + pointer_part(name), "request.file_forbidden",
                       is_file ? "the file lies outside of what a token without admin may name"
                               : "the URL has a parameter that may reach files of the host, which "
                                 "needs a token of the scope admin",
                       is_file ? "a file below host.file_roots of weir.yaml" : ""});
    }
}

std::vector<Finding> FileReach::beyond(Json const& config, Json const& schema) const {
    std::vector<Finding> out;
    look(config, schema, "", out);
    return out;
}

}  // namespace weir::host
