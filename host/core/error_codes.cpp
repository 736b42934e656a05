#include "host/core/error_codes.hpp"

#include <algorithm>

namespace weir::host {

std::vector<ErrorCode> host_error_codes() {
    std::vector<ErrorCode> all;
    for (auto const& part : {request_error_codes(), run_error_codes(), plugin_error_codes(),
                             state_error_codes()})
        all.insert(all.end(), part.begin(), part.end());
    std::sort(all.begin(), all.end(),
              [](ErrorCode const& a, ErrorCode const& b) { return a.code < b.code; });
    return all;
}

}  // namespace weir::host
