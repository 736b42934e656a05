#include "host/abi/service_answer.hpp"

#include "host/abi/utf8.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;

constexpr std::size_t text_bytes_max = 1024;

std::string text_of(Json const& json, char const* name) {
    auto const found = json.find(name);
    if (found == json.end() || !found->is_string()) return {};
    // Cut first, so that half a code point becomes U+FFFD.
    return mend_utf8(found->get_ref<std::string const&>().substr(0, text_bytes_max));
}

/// The objects of the list `name`, at most findings_max; none: it is another text.
std::vector<Json> objects_in(std::string_view text, char const* name) {
    std::vector<Json> out;
    Json const json = Json::parse(text, nullptr, false);
    auto const list = json.is_object() ? json.find(name) : json.end();
    if (list == json.end() || !list->is_array()) return out;
    for (Json const& each : *list)
        if (each.is_object() && out.size() < findings_max) out.push_back(each);
    return out;
}

}  // namespace

std::vector<Finding> findings_in(std::string_view text) {
    std::vector<Finding> out;
    for (Json const& error : objects_in(text, "errors"))
        out.push_back({text_of(error, "pointer"), text_of(error, "code"), text_of(error, "detail"),
                       text_of(error, "suggestion")});
    return out;
}

std::vector<Blocker> blockers_in(std::string_view text) {
    std::vector<Blocker> out;
    for (Json const& each : objects_in(text, "blocked_by"))
        out.push_back({text_of(each, "kind"), text_of(each, "id")});
    return out;
}

std::string to_json(std::vector<Finding> const& findings) {
    if (findings.empty()) return {};
    Json errors = Json::array();
    for (Finding const& finding : findings) {
        errors.push_back(
            {{"pointer", finding.pointer}, {"code", finding.code}, {"detail", finding.detail}});
        if (!finding.suggestion.empty()) errors.back()["suggestion"] = finding.suggestion;
    }
    return Json{{"errors", std::move(errors)}}.dump();
}

}  // namespace weir::host
