#include "host/core/error_codes.hpp"

#include <algorithm>
#include <array>

namespace weir::host {
namespace {

auto parts() {
    return std::array{request_error_codes(), run_error_codes(), plugin_error_codes(),
                      state_error_codes()};
}

}  // namespace

std::vector<ErrorCode> host_error_codes() {
    std::vector<ErrorCode> all;
    for (auto const& part : parts()) all.insert(all.end(), part.begin(), part.end());
    std::sort(all.begin(), all.end(),
              [](ErrorCode const& a, ErrorCode const& b) { return a.code < b.code; });
    return all;
}

std::string what_to_do(Error const& error) {
    if (!error.suggestion.empty()) return error.suggestion;
    for (auto const& part : parts())
        for (ErrorCode const& each : part)
            if (each.code == error.code) return std::string{each.remedy};
    return {};
}

}  // namespace weir::host
