#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::host {

/// Reads the texts that record_json() writes for values which JSON has no form for. Each takes the
/// whole text or answers nothing. Pure.

/// "2024-02-29", "0044-03-15 BC": days since 1970-01-01.
std::optional<std::int64_t> parse_date(std::string_view text);
/// "24:00:00.000000", "-01:00:00.000000": microseconds. A finer fraction is nothing.
std::optional<std::int64_t> parse_time(std::string_view text);
/// "2024-02-29T12:00:00.000000", an instant with "Z" behind it: microseconds since 1970-01-01.
std::optional<std::int64_t> parse_timestamp(std::string_view text, bool is_instant);
/// "-12.50" of a decimal128 with `scale` digits behind the point: its 16 bytes, little endian.
std::optional<std::string> parse_decimal(std::string_view text, int scale);
/// "\\x00ff": the bytes.
std::optional<std::string> parse_hex(std::string_view text);
/// "00112233-4455-6677-8899-aabbccddeeff": its 16 bytes.
std::optional<std::string> parse_uuid(std::string_view text);

}  // namespace weir::host
