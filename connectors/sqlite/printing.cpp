#include "printing.hpp"

#include <cstring>

namespace weir::sqlite {
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
