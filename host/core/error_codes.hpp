#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/core/error.hpp"

namespace weir::host {

/// What a code of an error means, for people: the one table that `weir explain`, GET /errors and
/// the tests read. A code is for ever. Codes of connectors and plugins come with their libraries
/// (`errors` of meta_json).
struct ErrorCode {
    std::string_view code, title, cause, remedy;
};

/// Every code that the host itself gives, in order of the codes.
std::vector<ErrorCode> host_error_codes();

/// What to do about `error`: what it says of that itself, else what the table says of its code.
/// Empty: neither does.
std::string what_to_do(Error const& error);

/// The parts of the table, one file each.
std::span<ErrorCode const> request_error_codes();
std::span<ErrorCode const> run_error_codes();
std::span<ErrorCode const> plugin_error_codes();
std::span<ErrorCode const> state_error_codes();

}  // namespace weir::host
