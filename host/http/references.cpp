#include "host/http/references.hpp"

#include <string_view>

namespace weir::host::http {

namespace {

using Json = nlohmann::json;

/// What a reference in `text` needs beyond `has`; none: nothing.
Scope missing_for(std::string_view text, Scope has) {
    bool const is_of_host = text.find("${env:") != text.npos || text.find("${file:") != text.npos;
    if (is_of_host && has < Scope::admin) return Scope::admin;
    bool const is_secret = text.find("${secret:") != text.npos;
    return is_secret && has < Scope::write ? Scope::write : Scope::none;
}

void find_references(Json const& value, Scope has, std::string const& at,
                     std::vector<Finding>& out) {
    if (out.size() == findings_max) return;
    Scope const missing =
        value.is_string() ? missing_for(value.get_ref<std::string const&>(), has) : Scope::none;
    if (missing != Scope::none)
        out.push_back({at, "request.reference_forbidden",
                       missing == Scope::admin
                           ? "a reference to the host's environment or files needs the scope admin"
                           : "a reference to a secret needs the scope write",
                       missing == Scope::admin ? "${secret:NAME}" : ""});
    if (value.is_array())
        for (std::size_t i = 0; i < value.size(); ++i)
            find_references(value[i], has, at + "/" + std::to_string(i), out);
    if (!value.is_object()) return;
    for (auto const& [name, member] : value.items()) {
        std::string escaped;
        for (char const c : name)
            escaped += c == '~' ? "~0" : c == '/' ? "~1" : std::string{c};
        find_references(member, has, at + "/" + escaped, out);
    }
}

}  // namespace

std::optional<Response> refuse_references(Request const& request) {
    if (request.who.scope == Scope::admin || request.body.empty()) return std::nullopt;
    // Escapes may hide what a reader of JSON would see, so it is looked at as one.
    Json const body =
        request.json.is_null() ? Json::parse(request.body, nullptr, false) : request.json;
    std::vector<Finding> found;
    find_references(body, request.who.scope, "", found);
    if (found.empty()) return std::nullopt;
    Error const error{WEIR_E_AUTH, "request.reference_forbidden", found.front().detail,
                      found.front().pointer};
    return problem(error.suggest(found.front().suggestion), found);
}

}  // namespace weir::host::http
