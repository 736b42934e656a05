#pragma once

#include <string>
#include <string_view>

#include "host/core/error.hpp"

namespace weir::host {

/// Puts in what `${env:NAME}` and `${file:PATH}` stand for; a file loses its last newline. A
/// reference that does not resolve is an error that names it (I9: never the value).
Result<std::string> resolve_references(std::string_view text);

/// The URL as it may be shown: the password in `scheme://user:password@` is `***`, and so is the
/// value of a query parameter named like a password. References stay as written.
std::string mask_url(std::string_view url);

}  // namespace weir::host
