#include "host/run/own_files.hpp"

#include <string_view>

#include "host/run/percent_text.hpp"

namespace weir::host {

namespace {

/// What `text` may mean as a file: itself, and what follows the scheme of a URL.
bool means_own_file(std::string_view text, SecretLookup const& lookup) {
    auto is_own = [&](std::string_view path) {
        return lookup.is_own_file(path) || lookup.is_own_file(path.substr(0, path.find('?')));
    };
    if (is_own(text)) return true;
    for (auto colon = text.find(':'); colon != text.npos; colon = text.find(':', colon + 1)) {
        std::string_view path = text.substr(colon + 1);
        if (is_own(path)) return true;
        if (path.starts_with("//") && is_own(path.substr(2))) return true;
    }
    return false;
}

/// A connector may decode the path of a URL, and another take it as it stands.
bool names_own_file(std::string_view text, SecretLookup const& lookup) {
    if (means_own_file(text, lookup)) return true;
    return text.find('%') != text.npos && means_own_file(percent_decoded(text), lookup);
}

bool refers_to_own_file(std::string_view text, SecretLookup const& lookup) {
    constexpr std::string_view start = "${file:";
    for (std::size_t at = text.find(start); at != text.npos; at = text.find(start, at + 1)) {
        std::string_view const path = text.substr(at + start.size());
        if (lookup.is_own_file(path.substr(0, path.find('}')))) return true;
    }
    return false;
}

}  // namespace

Result<void> refuse_own_files(nlohmann::json const& config, SecretLookup const& lookup) {
    if (config.is_string()) {
        std::string_view const text = config.get_ref<std::string const&>();
        if (!names_own_file(text, lookup) && !refers_to_own_file(text, lookup)) return {};
        return Error{WEIR_E_CONFIG, "config.own_file",
                     "the configuration names a file of the host's own state or keys, which is "
                     "nobody's data: name another one"};
    }
    if (!config.is_structured()) return {};
    for (auto const& item : config.items())
        if (auto refused = refuse_own_files(item.value(), lookup); !refused) return refused;
    return {};
}

}  // namespace weir::host
