#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "decode.hpp"
#include "types.hpp"

// COPY … (FORMAT binary), for tables whose values are costly to print and to read back.
//
//   stream := "PGCOPY\n\377\r\n\0" flags:int32 size:int32 extension tuple* -1:int16
//   tuple  := count:int16 (length:int32 bytes)*       a length of -1 is a null
//   Numbers in network order; times in microseconds, dates in days since 2000-01-01, whose least
//   and greatest values are the infinities.
namespace weir::postgres {

/// Whether values of `type` can be taken as they lie in memory.
bool has_native(SourceType const& type);
/// Whether that saves the server much.
bool gains_from_native(SourceType const& type);
/// Whether native_text() knows it.
bool has_native_text(SourceType const& type);

/// Cuts one message of the stream into `values`; false for the message that ends it. `first`: the
/// stream's head comes before the tuple.
bool split_tuple(char* message, std::size_t size, bool first, std::vector<RawValue>& values);

/// The same as the server prints it, in `into`.
void native_text(Form form, RawValue const& value, std::string& into);

/// An integer of 2, 4 or 8 bytes in network order.
inline std::int64_t native_integer(RawValue const& value) {
    auto const swapped = [&value]<class T>(T bits) {
        std::memcpy(&bits, value.data, sizeof bits);
        if constexpr (sizeof bits == 2) return __builtin_bswap16(bits);
        if constexpr (sizeof bits == 4) return __builtin_bswap32(bits);
        if constexpr (sizeof bits == 8) return __builtin_bswap64(bits);
    };
    switch (value.size) {
        case 2: return static_cast<std::int16_t>(swapped(std::uint16_t{}));
        case 4: return static_cast<std::int32_t>(swapped(std::uint32_t{}));
        default: return static_cast<std::int64_t>(swapped(std::uint64_t{}));
    }
}

/// Days since 1970-01-01, microseconds since 1970-01-01 00:00; nothing for the infinities, and
/// beyond what 64 bits hold.
std::optional<std::int32_t> native_days(RawValue const& value);
std::optional<std::int64_t> native_microseconds(RawValue const& value);

}  // namespace weir::postgres
