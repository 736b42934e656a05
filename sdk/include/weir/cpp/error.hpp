#pragma once

#include <cstdint>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "../abi.h"

namespace weir {

/// What a connector throws. The status says whose move it is; the message is one sentence: what,
/// where, what to do; never a secret.
class Error : public std::exception {
public:
    Error(weir_status why, std::string sentence, std::string place = {})
        : status{why}, message{std::move(sentence)}, where{std::move(place)} {}

    Error&& coded(std::string value) && {
        code = std::move(value);
        return std::move(*this);
    }
    Error&& suggest(std::string value) && {
        suggestion = std::move(value);
        return std::move(*this);
    }
    /// Trying again cannot cure it, whatever the status says.
    Error&& for_good() && {
        flags |= WEIR_ERR_FINAL;
        return std::move(*this);
    }
    char const* what() const noexcept override { return message.c_str(); }

    weir_status status;
    std::string message;
    std::string where;       ///< JSON Pointer into the configuration, or a field name
    std::string code;        ///< stable, dotted: "postgres.column_missing"
    std::string suggestion;  ///< what to type or do instead
    std::string sqlstate;
    std::int32_t native_code = 0;
    std::uint32_t flags = 0;          ///< WEIR_ERR_*
    std::int64_t retry_after_ms = 0;  ///< asked for by the other system; 0: not said
};

namespace detail {

/// Copies `text` into the fixed array, cut at a whole code point.
template <std::size_t N>
void copy_text(char (&into)[N], std::string_view text) noexcept {
    std::size_t size = text.size() < N ? text.size() : N - 1;
    if (size < text.size())
        while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
    std::memcpy(into, text.data(), size);
    into[size] = '\0';
}

inline weir_status explain(weir_error* out, Error const& error) noexcept {
    if (WEIR_FITS(out, weir_error, message)) {
        out->flags = error.flags;
        out->native_code = error.native_code;
        out->retry_after_ms = error.retry_after_ms;
        copy_text(out->sqlstate, error.sqlstate);
        copy_text(out->code, error.code);
        copy_text(out->where, error.where);
        copy_text(out->message, error.message);
    }
    if (WEIR_FITS(out, weir_error, suggestion)) copy_text(out->suggestion, error.suggestion);
    return error.status < 0 ? error.status : weir_status{WEIR_E_INTERNAL};
}

/// The barrier at every crossing (I10): runs `work`, and turns what it throws into a status and a
/// sentence. `work` returns a weir_status.
template <class Work>
weir_status barrier(weir_error* out, Work&& work) noexcept {
    try {
        return work();
    } catch (Error const& error) {
        return explain(out, error);
    } catch (std::bad_alloc const&) {
        if (WEIR_FITS(out, weir_error, message)) copy_text(out->message, "out of memory");
        return WEIR_E_NOMEM;
    } catch (std::exception const& error) {
        if (WEIR_FITS(out, weir_error, message)) copy_text(out->message, error.what());
        return WEIR_E_INTERNAL;
    } catch (...) {
        if (WEIR_FITS(out, weir_error, message)) copy_text(out->message, "unknown exception");
        return WEIR_E_INTERNAL;
    }
}

/// The other direction: calls a service of the host, `ask(weir_error*)`, and throws what it
/// answered below zero, as the host said it.
template <class Ask>
weir_status asked(Ask&& ask) {
    weir_error said{};
    said.struct_size = sizeof said;
    weir_status const status = ask(&said);
    if (status >= 0) return status;
    Error error{status, said.message, said.where};
    error.code = said.code;
    error.suggestion = said.suggestion;
    error.sqlstate = said.sqlstate;
    error.native_code = said.native_code;
    error.flags = said.flags;
    error.retry_after_ms = said.retry_after_ms;
    throw error;
}

/// Hands `text` to the other side's visitor.
inline void write_out(weir_out const* out, std::string_view text) {
    if (!WEIR_HAS(out, weir_out, write)) return;
    if (weir_status status = out->write(out->ctx, text.data(), text.size()); status < 0)
        throw Error{status, "the host took no more output"};
}

}  // namespace detail
}  // namespace weir
