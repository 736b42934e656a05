#pragma once

#include <string>
#include <string_view>

#include "host/http/router.hpp"

namespace weir::host::http {

/// What a status is called: "Not Found".
std::string_view title_of(unsigned status);

/// Text from outside as it may stand in an answer or a line of the log: valid UTF-8, blanks for
/// control characters, cut at 1 KiB.
std::string plain_text(std::string_view text);

/// Puts `request_id` into a problem document; any other answer stays as it is.
void name_request(Response& response, std::string const& request_id);

}  // namespace weir::host::http
