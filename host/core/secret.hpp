#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "host/core/error.hpp"

namespace weir::host {

/// Puts in what `${env:NAME}` and `${file:PATH}` stand for; a file loses its last newline. A value
/// that stands alone as user or password of a URL is percent-encoded, so that it may hold any
/// character. A reference that does not resolve is an error that names it (I9: never the value).
Result<std::string> resolve_references(std::string_view text);

/// Finds a kept secret by its name; nothing: there is none.
using FindSecret = std::function<Result<std::optional<std::string>>(std::string const& name)>;
/// The same, and `${secret:NAME}` as well.
Result<std::string> resolve_references(std::string_view text, FindSecret const& find_secret);

/// Overwrites `text` and empties it.
void wipe(std::string& text);

/// `text`, a URL or a sentence with URLs in it, as it may be shown: what stands between `user:` and
/// `@` behind a scheme is `***`, and so is the value of a parameter named like a password. Of a
/// broken URL it shows less rather than more; references stay as written.
std::string mask_secrets(std::string_view text);

}  // namespace weir::host
