#include "location.hpp"

#include <filesystem>

#include "names.hpp"

namespace weir::sqlite {
namespace {

namespace fs = std::filesystem;

constexpr int links_max = 40;  // as many as the kernel follows

[[noreturn]] void refuse(std::string sentence, char const* where) {
    throw Error{WEIR_E_CONFIG, std::move(sentence), where}.coded("sqlite.url");
}

std::string decoded(std::string_view path, std::string const& url) {
    std::string out, byte;
    for (std::size_t i = 0; i < path.size(); ++i) {
        if (path[i] == '?' || path[i] == '#')
            refuse(url + " has a \"" + path[i] +
                       "\" in it, but a database file takes no parameters; " +
                       (path[i] == '?' ? "as part of the name write %3F"
                                       : "as part of the name write %23"),
                   "/url");
        if (path[i] != '%') {
            out += path[i];
            continue;
        }
        if (i + 2 >= path.size() || !unhex(path.substr(i + 1, 2), byte))
            refuse(url +
                       " has a \"%\" without two hexadecimal digits behind it; a percent sign in "
                       "the name is written %25",
                   "/url");
        out += byte;
        i += 2;
    }
    return out;
}

std::string path_of(std::string const& url) {
    constexpr std::string_view scheme = "sqlite:";
    if (url.size() < scheme.size() ||
        !same_name(std::string_view{url}.substr(0, scheme.size()), scheme))
        refuse(url + " is not sqlite:relative.db or sqlite:/absolute.db", "/url");
    std::string_view path = std::string_view{url}.substr(scheme.size());
    if (path.starts_with("//")) {
        path.remove_prefix(2);
        if (!path.starts_with('/'))
            refuse(url + " names a host, but SQLite is a file: write sqlite:/" + std::string{path} +
                       " or sqlite:///" + std::string{path},
                   "/url");
    }
    return decoded(path, url);
}

/// A link whose target does not exist yet still leads there: that is where the file will be made.
fs::path resolved(fs::path path) {
    std::error_code failed;
    for (int i = 0; i < links_max && fs::is_symlink(fs::symlink_status(path, failed)); ++i) {
        if (fs::exists(path, failed)) break;
        fs::path const target = fs::read_symlink(path, failed);
        if (failed) break;
        path = path.parent_path() / target;
    }
    fs::path const whole = fs::weakly_canonical(path, failed);
    return failed ? path.lexically_normal() : whole;
}

}  // namespace

Location Location::of(Config const& config) {
    if (config.has("url") == config.has("path"))
        refuse(config.has("url") ? "url and path say the same thing: give one of them"
                                 : "no database named: give url (sqlite:my.db) or path",
               "/url");
    char const* const where = config.has("url") ? "/url" : "/path";
    std::string const path = config.has("url") ? path_of(config.text("url")) : config.text("path");
    if (path.empty()) refuse("the database has no file name: write sqlite:my.db", where);
    if (path == ":memory:")
        refuse("a database in memory is gone with the program: name a file, sqlite:my.db", where);
    if (path.find('\0') != std::string::npos) refuse("the file name has a NUL in it", where);
    std::error_code failed;
    fs::path const absolute = fs::absolute(path, failed);
    return {path, resolved(failed ? fs::path{path} : absolute).string()};
}

}  // namespace weir::sqlite
