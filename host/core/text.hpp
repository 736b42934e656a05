#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::host {

/// `text` with the letters of ASCII in lower case.
std::string lower(std::string_view text);

/// 1234567 as "1,234,567".
std::string with_commas(std::uint64_t number);

/// Bytes for people: "812 B", "1.6 MB".
std::string human_bytes(std::uint64_t bytes);

/// A ULID: 26 characters that sort by `unix_us`; the rest is random.
std::string make_ulid(std::int64_t unix_us);

bool is_ulid(std::string_view text);

/// `name` as one part of a JSON Pointer; and whether `text` is one (RFC 6901).
std::string pointer_part(std::string_view name);
bool is_pointer(std::string_view text);

/// A short stable fingerprint of `text`, 16 hex digits (FNV-1a, 64 bits). Not for secrets.
std::string fingerprint(std::string_view text);

/// `text` as one word of a shell: as it is where that is safe, else in single quotes.
std::string shell_word(std::string_view text);

}  // namespace weir::host
