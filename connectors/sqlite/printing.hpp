#pragma once

#include <cstdint>
#include <string_view>

namespace weir::sqlite {

/// Enough for every value that the functions below print.
inline constexpr std::size_t printed_max = 64;

/// Each writes the Contract's text to `out` and answers the end of it. `per_second` and `per_day`
/// are the units of `value`. Seconds carry six digits; nine where `per_second` is finer than
/// microseconds. The year 0 is 1 BC and prints as `0001-… BC`; years beyond 9999 print longer.

/// `2024-02-29`
char* print_date(char* out, std::int64_t value, std::int64_t per_day);
/// `24:00:00.000000` for the whole day; longer and negative spans print as they are
char* print_time(char* out, std::int64_t value, std::int64_t per_second);
/// `2024-02-29T12:00:00.000000`, with `Z` for an instant
char* print_timestamp(char* out, std::int64_t value, std::int64_t per_second, bool is_instant);
/// 16 bytes as `00112233-4455-6677-8899-aabbccddeeff`
char* print_uuid(char* out, std::string_view bytes);
/// 16 bytes, little endian, with `scale` digits behind the point; a negative scale adds zeros.
/// `out` has room for `printed_max` plus the size of the scale.
char* print_decimal(char* out, std::string_view bytes, std::int32_t scale);

}  // namespace weir::sqlite
