#include "host/http/precondition.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include "host/core/finding.hpp"
#include "host/core/text.hpp"

namespace weir::host::http {

namespace {

using Json = nlohmann::json;

std::string field(Request const& request, char const* name) {
    auto const found = request.headers.find(name);
    return found == request.headers.end() ? std::string{} : found->second;
}

std::string tag_of(Response const& answer) {
    for (auto const& [name, value] : answer.headers)
        if (name == "etag") return value;
    return {};
}

// list := "*" | tag ("," tag)*    tag := "W/"? quoted
/// `weakly`: for reading, where a weak tag of the same text will do.
bool is_in(std::string_view list, std::string const& tag, bool weakly) {
    if (list == "*") return true;
    while (!list.empty()) {
        std::size_t const end = std::min(list.find(','), list.size());
        std::string_view one = list.substr(0, end);
        list.remove_prefix(std::min(end + 1, list.size()));
        while (one.starts_with(' ')) one.remove_prefix(1);
        while (one.ends_with(' ')) one.remove_suffix(1);
        if (weakly && one.starts_with("W/")) one.remove_prefix(2);
        if (!tag.empty() && one == tag) return true;
    }
    return false;
}

Response precondition_failed(std::string const& sentence, std::string const& tag,
                std::vector<Finding> const& places = {}) {
    Error const error{WEIR_E_CONFLICT, "request.precondition_failed", sentence};
    Response answer = problem(error, places);
    if (!tag.empty()) answer.headers.emplace_back("etag", tag);
    return answer;
}

void find_differences(Json const& wish, Json const& now, std::string const& at,
                      std::vector<Finding>& out) {
    if (out.size() == findings_max || wish == now) return;
    if (!wish.is_object() || !now.is_object()) {
        out.push_back({at, "request.differs", "this is another value now"});
        return;
    }
    for (auto const& [name, value] : wish.items())
        find_differences(value, now.value(name, Json()), at + "/" + pointer_part(name), out);
}

/// Where what a PUT or PATCH brings differs from what is there.
std::vector<Finding> differences(Request const& request, Response const& current) {
    std::vector<Finding> out;
    Json const now = Json::parse(current.body, nullptr, false);
    bool const has_document = request.method == "PUT" || request.method == "PATCH";
    if (has_document && now.is_object() && request.json.is_object())
        find_differences(request.json, now, "", out);
    return out;
}

}  // namespace

void tag(Response& answer) {
    if (answer.status != 200 || answer.stream || !tag_of(answer).empty()) return;
    unsigned char digest[16];
    crypto_generichash(digest, sizeof digest,
                       reinterpret_cast<unsigned char const*>(answer.body.data()),
                       answer.body.size(), nullptr, 0);
    char hex[2 * sizeof digest + 1];
    sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
    answer.headers.emplace_back("etag", fmt::format("\"{}\"", hex));
}

bool has_precondition(Request const& request) {
    return request.headers.contains("if-match") || request.headers.contains("if-none-match");
}

std::optional<Response> check_precondition(Request const& request, Response const& current,
                                           bool is_required) {
    bool const exists = current.status == 200;
    std::string const now = exists ? tag_of(current) : "";
    if (request.headers.contains("if-match")) {
        if (!exists) return precondition_failed("there is nothing here that could match", "");
        if (is_in(field(request, "if-match"), now, false)) return std::nullopt;
        return precondition_failed("it was changed meanwhile; read it again", now,
                      differences(request, current));
    }
    if (request.headers.contains("if-none-match")) {
        if (!exists || !is_in(field(request, "if-none-match"), now, true)) return std::nullopt;
        return precondition_failed("it is there already", now);
    }
    if (!is_required || !exists) return std::nullopt;
    return problem(428, "request.precondition_required", "",
                   "say If-Match with the ETag that GET answers here");
}

bool is_unchanged(Request const& request, Response const& answer) {
    std::string const now = tag_of(answer);
    return answer.status == 200 && !now.empty() && request.headers.contains("if-none-match") &&
           is_in(field(request, "if-none-match"), now, true);
}

Response not_modified(Response const& answer) {
    Response out;
    out.status = 304;
    out.content_type.clear();
    out.headers.emplace_back("etag", tag_of(answer));
    return out;
}

}  // namespace weir::host::http
