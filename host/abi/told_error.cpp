#include "host/abi/told_error.hpp"

#include <cstring>

namespace weir::host {

namespace {

template <std::size_t N>
void copy_text(char (&into)[N], std::string const& text) {
    std::size_t size = text.size() < N ? text.size() : N - 1;
    if (size < text.size())
        while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
    std::memcpy(into, text.data(), size);
    into[size] = '\0';
}

}  // namespace

weir_status tell(weir_error* into, Error const& error) noexcept {
    if (WEIR_FITS(into, weir_error, message)) {
        into->flags = error.flags;
        into->native_code = 0;
        into->retry_after_ms = error.retry_after_ms;
        copy_text(into->sqlstate, error.sqlstate);
        copy_text(into->code, error.code);
        copy_text(into->where, error.where);
        copy_text(into->message, error.message);
    }
    if (WEIR_FITS(into, weir_error, suggestion)) copy_text(into->suggestion, error.suggestion);
    return error.status < 0 ? error.status : weir_status{WEIR_E_INTERNAL};
}

}  // namespace weir::host
