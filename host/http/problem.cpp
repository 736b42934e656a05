#include "host/http/problem.hpp"

#include <algorithm>
#include <array>

#include "host/abi/utf8.hpp"
#include "host/core/error_codes.hpp"
#include "host/core/text.hpp"

namespace weir::host::http {

namespace {

using Json = nlohmann::json;

constexpr char const* problem_type = "application/problem+json";
/// Findings of one answer.

struct StatusTitle {
    unsigned status;
    char const* title;
};
constexpr std::array titles{
    StatusTitle{100, "Continue"},
    StatusTitle{200, "OK"},
    StatusTitle{201, "Created"},
    StatusTitle{202, "Accepted"},
    StatusTitle{204, "No Content"},
    StatusTitle{301, "Moved Permanently"},
    StatusTitle{302, "Found"},
    StatusTitle{303, "See Other"},
    StatusTitle{304, "Not Modified"},
    StatusTitle{307, "Temporary Redirect"},
    StatusTitle{308, "Permanent Redirect"},
    StatusTitle{400, "Bad Request"},
    StatusTitle{401, "Unauthorized"},
    StatusTitle{403, "Forbidden"},
    StatusTitle{404, "Not Found"},
    StatusTitle{405, "Method Not Allowed"},
    StatusTitle{406, "Not Acceptable"},
    StatusTitle{408, "Request Timeout"},
    StatusTitle{409, "Conflict"},
    StatusTitle{410, "Gone"},
    StatusTitle{412, "Precondition Failed"},
    StatusTitle{413, "Content Too Large"},
    StatusTitle{414, "URI Too Long"},
    StatusTitle{415, "Unsupported Media Type"},
    StatusTitle{417, "Expectation Failed"},
    StatusTitle{421, "Misdirected Request"},
    StatusTitle{422, "Unprocessable Content"},
    StatusTitle{428, "Precondition Required"},
    StatusTitle{429, "Too Many Requests"},
    StatusTitle{431, "Request Header Fields Too Large"},
    StatusTitle{500, "Internal Server Error"},
    StatusTitle{502, "Bad Gateway"},
    StatusTitle{503, "Service Unavailable"},
    StatusTitle{504, "Gateway Timeout"},
};

/// Codes that say more than their status does.
struct CodeStatus {
    std::string_view code;
    unsigned status;
};
constexpr std::array codes{
    CodeStatus{"request.malformed", 400},    CodeStatus{"request.duplicate_key", 400},
    CodeStatus{"request.content_type", 415}, CodeStatus{"request.too_large", 413},
    CodeStatus{"request.forbidden", 403},    CodeStatus{"request.too_many", 429},
    CodeStatus{"request.unauthorized", 401}, CodeStatus{"request.precondition_failed", 412},
    CodeStatus{"request.reference_forbidden", 403}, CodeStatus{"token.wider", 403},
    CodeStatus{"request.file_forbidden", 403},
    CodeStatus{"store.disk_full", 503},      CodeStatus{"store.io", 503},
};

unsigned status_of(Error const& error) {
    for (CodeStatus const& entry : codes)
        if (entry.code == error.code) return entry.status;
    switch (error.status) {
        case WEIR_E_UNSUPPORTED:
        case WEIR_E_CONFIG:
        case WEIR_E_DATA:
        case WEIR_E_SCHEMA: return 422;
        case WEIR_E_NOT_FOUND: return 404;
        case WEIR_E_CONFLICT:
        case WEIR_E_STATE:
        case WEIR_E_FENCED: return 409;
        case WEIR_E_AUTH:  // the other system's refusal, not ours
        case WEIR_E_IO: return 502;
        case WEIR_E_TIMEOUT: return 504;
        case WEIR_E_CANCELLED:
        case WEIR_E_BUSY:
        case WEIR_E_NOMEM: return 503;
        default: return 500;
    }
}

Json document(unsigned status, std::string const& code, std::string_view title,
              std::string const& detail) {
    Json out{{"type", "urn:weir:problem:" + plain_text(code)},
             {"title", plain_text(title)},
             {"status", status},
             {"code", plain_text(code)}};
    if (!detail.empty()) out["detail"] = plain_text(detail);
    return out;
}

void set_text(Json& out, char const* name, std::string const& text) {
    if (!text.empty()) out[name] = plain_text(text);
}

Response answer(unsigned status, Json const& body) {
    Response out = json_response(status, body);
    out.content_type = problem_type;
    if (status == 401) out.headers.emplace_back("WWW-Authenticate", "Bearer");
    if (status == 503 || status == 429) {
        std::int64_t const wait_ms = body.value("retry_after_ms", std::int64_t{1000});
        out.headers.emplace_back("Retry-After", std::to_string((wait_ms + 999) / 1000));
    }
    return out;
}

}  // namespace

std::string_view title_of(unsigned status) {
    auto const found = std::find_if(titles.begin(), titles.end(), [&](StatusTitle const& entry) {
        return entry.status == status;
    });
    return found == titles.end() ? "Status" : found->title;
}

std::string plain_text(std::string_view text) {
    constexpr std::size_t text_bytes_max = 1024;
    // Some more than is kept, so that a code point across the end is mended and then cut as one.
    std::string out = mend_utf8(text.substr(0, text_bytes_max + 4));
    for (std::size_t i = 0; i < out.size(); ++i) {
        auto const c = static_cast<unsigned char>(out[i]);
        if (c < 0x20 || c == 0x7F) out[i] = ' ';
        bool const is_c1 = c == 0xC2 && static_cast<unsigned char>(out[i + 1]) < 0xA0;
        if (is_c1) out.replace(i, 2, " ");
    }
    if (out.size() <= text_bytes_max && text.size() <= text_bytes_max) return out;
    std::size_t end = std::min(out.size(), text_bytes_max - 3);
    while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xC0) == 0x80) --end;
    return out.substr(0, end) + "…";
}

void name_request(Response& response, std::string const& request_id) {
    if (response.content_type != problem_type) return;
    Json body = Json::parse(response.body, nullptr, false);
    if (!body.is_object()) return;
    body["request_id"] = request_id;
    response.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Response json_response(unsigned status, nlohmann::json const& body) {
    Response out;
    out.status = status;
    out.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
    return out;
}

Response problem(Error const& error, std::vector<Finding> const& errors,
                 std::vector<Blocker> const& blocked_by) {
    unsigned const status = status_of(error);
    // Of a bug the world outside learns that it is one; the log has the sentence.
    if (status == 500) return problem(500, "host.bug", "", "");
    Json out = document(status, error.code, title_of(status), error.message);
    // Elsewhere a place may be a file and a line; here it is one in what was sent.
    if (is_pointer(error.where)) set_text(out, "pointer", error.where);
    // What each finding suggests says more than the table does of a body with findings.
    set_text(out, "suggestion", errors.empty() ? what_to_do(error) : error.suggestion);
    if (error.retry_after_ms > 0) out["retry_after_ms"] = error.retry_after_ms;
    for (Finding const& finding : errors) {
        if (out["errors"].size() == findings_max) break;
        std::string const pointer = is_pointer(finding.pointer) ? finding.pointer : "";
        Json entry{{"pointer", plain_text(pointer)}, {"code", plain_text(finding.code)}};
        set_text(entry, "detail", finding.detail);
        set_text(entry, "suggestion", finding.suggestion);
        out["errors"].push_back(std::move(entry));
    }
    for (Blocker const& each : blocked_by)
        out["blocked_by"].push_back({{"kind", plain_text(each.kind)}, {"id", plain_text(each.id)}});
    return answer(status, out);
}

Response problem(unsigned status, std::string const& code, std::string const& title,
                 std::string const& detail) {
    return answer(status, document(status, code, title.empty() ? title_of(status) : title, detail));
}

}  // namespace weir::host::http
