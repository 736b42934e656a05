// A connection's bytes through the guard, as a session puts them: raw head, Beast's parser, the
// fields, then path and query.
#include <boost/beast/http.hpp>

#include "fuzz/target.hpp"
#include "host/http/parsed_head.hpp"
#include "host/http/percent.hpp"

using namespace weir::host::http;
using weir::test::must;
namespace beast = boost::beast::http;

namespace {

std::optional<Head> parsed(std::string_view head, ServerLimits const& limits) {
    beast::request_parser<beast::string_body> parser;
    parser.eager(false);
    parser.header_limit(static_cast<std::uint32_t>(limits.head_bytes_max));
    boost::system::error_code wrong;
    std::size_t const taken = parser.put(boost::asio::buffer(head.data(), head.size()), wrong);
    if (wrong || taken != head.size() || !parser.is_header_done()) return std::nullopt;
    return head_of(parser.get());
}

void look_at(Head const& head, Framing const& framing) {
    must(head.target.find_first_of(" \r\n\t#") == std::string::npos, "a target is one word");
    must(framing.path == "*" || framing.path.starts_with('/'), "a path begins with /");
    auto const lengths = values_of(head, "content-length"), hosts = values_of(head, "host"),
               codings = values_of(head, "transfer-encoding");
    must(lengths.size() + codings.size() <= 1, "a body has one length");
    must(framing.is_chunked == !codings.empty(), "every Transfer-Encoding that passes is chunked");
    must(!head.is_1_1 || hosts.size() == 1, "a request of HTTP/1.1 names one host");
    must(!framing.bearer || values_of(head, "authorization").size() == 1, "one Authorization");
    for (auto const& [name, value] : handler_fields(head))
        must(name != "authorization" && name != "cookie", "a handler sees no credentials");
    (void)cookie_of(head, "weir_7070");
    (void)is_same_origin(head, framing.host);
    if (auto const path = decode_path(framing.path))
        must(path->find('\0') == std::string::npos, "a decoded path has no NUL");
    (void)percent_decode(framing.query, true);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* bytes, std::size_t size) {
    static ServerLimits const limits;
    std::string_view const all = weir::test::text_of(bytes, size);
    std::size_t const end = all.find("\r\n\r\n");
    bool const is_whole = end != all.npos && end + 4 <= limits.head_bytes_max;
    std::string_view const head = is_whole ? all.substr(0, end + 4) : all;
    std::optional<Refusal> const refused = check_raw(head, is_whole, limits);
    if (refused) must(refused->answer.status >= 400, "a refusal is an error");
    if (refused || !is_whole) return 0;
    std::optional<Head> const read = parsed(head, limits);
    if (!read) return 0;
    auto const framing = check_head(*read, limits);
    if (framing)
        look_at(*read, *framing);
    else
        must(framing.error().answer.status >= 400, "a refusal is an error");
    return 0;
}
