#include "host/http/references.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "host/core/text.hpp"

namespace weir::host::http {

namespace {

using Json = nlohmann::json;

void find_references(Json const& value, std::string const& at, std::vector<Finding>& out) {
    if (out.size() == findings_max) return;
    std::string const text = value.is_string() ? value.get<std::string>() : "";
    for (auto const& [start, what] :
         {std::pair{"${env:", "the host's environment"}, std::pair{"${file:", "a file of the host"},
          std::pair{"${secret:", "a secret"}})
        if (text.find(start) != text.npos)
            out.push_back({at, "request.reference_forbidden",
                           fmt::format("a reference to {} needs the scope admin", what),
                           "the value itself, or *** where one is kept"});
    if (value.is_array())
        for (std::size_t i = 0; i < value.size(); ++i)
            find_references(value[i], at + "/" + std::to_string(i), out);
    if (!value.is_object()) return;
    for (auto const& [name, member] : value.items())
        find_references(member, at + "/" + pointer_part(name), out);
}

}  // namespace

std::optional<Response> refuse_references(Request const& request) {
    if (request.who.scope == Scope::admin || request.body.empty()) return std::nullopt;
    // Escapes may hide what a reader of JSON would see, so it is looked at as one.
    Json const body =
        request.json.is_null() ? Json::parse(request.body, nullptr, false) : request.json;
    std::vector<Finding> found;
    find_references(body, "", found);
    if (found.empty()) return std::nullopt;
    Error const error{WEIR_E_AUTH, "request.reference_forbidden", found.front().detail,
                      found.front().pointer};
    return problem(error.suggest(found.front().suggestion), found);
}

}  // namespace weir::host::http
