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

}  // namespace

std::vector<Finding> findings_in(std::string_view text) {
    std::vector<Finding> out;
    Json const json = Json::parse(text, nullptr, false);
    auto const errors = json.is_object() ? json.find("errors") : json.end();
    if (errors == json.end() || !errors->is_array()) return out;
    for (Json const& error : *errors) {
        if (!error.is_object() || out.size() == findings_max) continue;
        out.push_back({text_of(error, "pointer"), text_of(error, "code"), text_of(error, "detail"),
                       text_of(error, "suggestion")});
    }
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
