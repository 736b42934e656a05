// A body as the JSON of a stranger: what is read can be written and read again, and is the same.
#include "fuzz/target.hpp"
#include "host/http/json_body.hpp"

using weir::test::must;
using Json = nlohmann::json;

namespace {

std::size_t depth_of(Json const& json) {
    std::size_t deepest = 0;
    if (json.is_structured())
        for (Json const& each : json) deepest = std::max(deepest, depth_of(each));
    return json.is_structured() ? deepest + 1 : 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* bytes, std::size_t size) {
    auto const read = weir::host::http::read_json(weir::test::text_of(bytes, size));
    if (!read) {
        must(read.error().code == "request.malformed" ||
                 read.error().code == "request.duplicate_key",
             "a refusal has its code");
        must(!read.error().message.empty(), "a refusal says why");
        return 0;
    }
    must(depth_of(*read) <= 64, "what is read is at most 64 levels deep");
    auto const again = weir::host::http::read_json(read->dump());
    must(again && *again == *read, "what was read is read again as the same");
    return 0;
}
