#include "printing.hpp"

#include <cstring>
#include <type_traits>

namespace weir::sqlite {
namespace {

constexpr char pairs[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445"
    "46474849505152535455565758596061626364656667686970717273747576777879808182838485868788899091"
    "9293949596979899";

char* two(char* out, std::uint64_t value) {
    std::memcpy(out, pairs + 2 * value, 2);
    return out + 2;
}

char* six(char* out, std::uint64_t value) {
    out = two(out, value / 10'000);
    out = two(out, value / 100 % 100);
    return two(out, value % 100);
}

char* all_digits(char* out, std::uint64_t value) {
    char reversed[20];
    int size = 0;
    for (; value; value /= 10) reversed[size++] = static_cast<char>('0' + value % 10);
    while (size) *out++ = reversed[--size];
    return out;
}

char* year_digits(char* out, std::uint64_t year) {
    if (year >= 10'000) return all_digits(out, year);
    out = two(out, year / 100);
    return two(out, year % 100);
}

std::int64_t floor_of(std::int64_t value, std::int64_t by) { return value / by - (value % by < 0); }

/// The day in the proleptic Gregorian calendar; answers whether it lies before the year 1.
///
/// Years are counted from March in eras of 400 years, so that the leap day ends a year and every
/// era has 146,097 days.
bool print_day(char*& out, std::int64_t days) {
    std::int64_t const shifted = days + 719'468;
    std::int64_t const era = floor_of(shifted, 146'097);
    auto const day_of_era = static_cast<std::uint64_t>(shifted - era * 146'097);
    std::uint64_t const year_of_era =
        (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
    std::uint64_t const day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    std::uint64_t const march_month = (5 * day_of_year + 2) / 153;
    std::uint64_t const day = day_of_year - (153 * march_month + 2) / 5 + 1;
    std::uint64_t const month = march_month < 10 ? march_month + 3 : march_month - 9;
    std::int64_t const year =
        static_cast<std::int64_t>(year_of_era) + era * 400 + (month <= 2 ? 1 : 0);
    bool const is_bc = year <= 0;
    out = year_digits(out, static_cast<std::uint64_t>(is_bc ? 1 - year : year));
    *out++ = '-';
    out = two(out, month);
    *out++ = '-';
    out = two(out, day);
    return is_bc;
}

char* era(char* out, bool is_bc) {
    if (is_bc) {
        std::memcpy(out, " BC", 3);
        out += 3;
    }
    return out;
}

/// `per_second` is a number, or, where it is known when compiling, a type: then nothing is divided.
template <class Units>
char* clock(char* out, std::int64_t value, Units per_second) {
    auto const seconds = static_cast<std::uint64_t>(value / per_second);
    auto const fraction = static_cast<std::uint64_t>(value % per_second);
    std::uint64_t const units = static_cast<std::uint64_t>(std::int64_t{per_second});
    std::uint64_t const hours = seconds / 3600;
    out = hours < 100 ? two(out, hours) : all_digits(out, hours);
    *out++ = ':';
    out = two(out, seconds / 60 % 60);
    *out++ = ':';
    out = two(out, seconds % 60);
    *out++ = '.';
    if (units <= 1'000'000) return six(out, fraction * (1'000'000 / units));
    std::uint64_t const nanos = fraction;
    out = six(out, nanos / 1'000);
    *out++ = static_cast<char>('0' + nanos / 100 % 10);
    return two(out, nanos % 100);
}

using Microseconds = std::integral_constant<std::int64_t, 1'000'000>;

template <class Units>
char* timestamp(char* out, std::int64_t value, Units per_second, bool is_instant) {
    std::int64_t const per_day = 86'400 * per_second;
    std::int64_t const day = floor_of(value, per_day);
    bool const is_bc = print_day(out, day);
    *out++ = 'T';
    // Not `value - day * per_day`: at the far end the product does not fit.
    std::int64_t const rest = value % per_day;
    out = clock(out, rest < 0 ? rest + per_day : rest, per_second);
    if (is_instant) *out++ = 'Z';
    return era(out, is_bc);
}

}  // namespace

char* print_date(char* out, std::int64_t value, std::int64_t per_day) {
    bool const is_bc = print_day(out, floor_of(value, per_day));
    return era(out, is_bc);
}

char* print_time(char* out, std::int64_t value, std::int64_t per_second) {
    if (value < 0) {
        *out++ = '-';
        // The smallest number has no positive twin; one unit less is as far from any time of day.
        value = value == INT64_MIN ? INT64_MAX : -value;
    }
    return clock(out, value, per_second);
}

char* print_timestamp(char* out, std::int64_t value, std::int64_t per_second, bool is_instant) {
    if (per_second == 1'000'000) return timestamp(out, value, Microseconds{}, is_instant);
    return timestamp(out, value, per_second, is_instant);
}

char* print_uuid(char* out, std::string_view bytes) {
    constexpr char digits[] = "0123456789abcdef";
    for (std::size_t i = 0; i < 16; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
        auto const byte = static_cast<unsigned char>(bytes[i]);
        *out++ = digits[byte >> 4];
        *out++ = digits[byte & 15];
    }
    return out;
}

char* print_decimal(char* out, std::string_view bytes, std::int32_t scale) {
    __extension__ using Wide = unsigned __int128;
    Wide value;
    std::memcpy(&value, bytes.data(), sizeof value);
    if (value >> 127) {
        *out++ = '-';
        value = ~value + 1;
    }
    char reversed[40];
    std::int32_t size = 0;
    for (; value; value /= 10)
        reversed[size++] = static_cast<char>('0' + static_cast<int>(value % 10));
    // At least one digit stands before the point.
    if (size == 0 && scale <= 0) reversed[size++] = '0';
    std::int32_t const whole = size > scale ? size - scale : 1;
    bool const is_zero = scale < 0 && size == 1 && reversed[0] == '0';
    for (std::int32_t at = 0; at < whole; ++at) {
        std::int32_t const from = scale + whole - 1 - at;
        *out++ = from >= 0 && from < size ? reversed[from] : '0';
        if (is_zero) break;
    }
    if (scale > 0) {
        *out++ = '.';
        for (std::int32_t from = scale - 1; from >= 0; --from)
            *out++ = from < size ? reversed[from] : '0';
    }
    return out;
}

}  // namespace weir::sqlite
