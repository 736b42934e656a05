#pragma once

#include <cstdint>
#include <string_view>
#include <weir/cpp/calendar.hpp>

namespace weir::sqlite {

/// Enough for every value that is printed here or by calendar.hpp.
inline constexpr std::size_t printed_max = calendar_text_max;

/// Each writes the Contract's text to `out` and answers the end of it.

/// 16 bytes as `00112233-4455-6677-8899-aabbccddeeff`
char* print_uuid(char* out, std::string_view bytes);
/// 16 bytes, little endian, with `scale` digits behind the point; a negative scale adds zeros.
/// `out` has room for `printed_max` plus the size of the scale.
char* print_decimal(char* out, std::string_view bytes, std::int32_t scale);

}  // namespace weir::sqlite
