#include "host/child/wire.hpp"

#include <algorithm>
#include <cstring>

namespace weir::host {

namespace {

constexpr std::uint32_t none = ~std::uint32_t{0};

/// The members of a weir_error that are text.
template <class Error, class Visit>
void for_texts(Error& error, Visit&& visit) {
    visit(error.sqlstate, sizeof error.sqlstate);
    visit(error.code, sizeof error.code);
    visit(error.where, sizeof error.where);
    visit(error.message, sizeof error.message);
    visit(error.suggestion, sizeof error.suggestion);
}

}  // namespace

Packer& Packer::number(std::uint64_t value) {
    data_.append(reinterpret_cast<char const*>(&value), sizeof value);
    return *this;
}

Packer& Packer::number(double value) {
    std::uint64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return number(bits);
}

Packer& Packer::text(char const* value) {
    if (value) return bytes(value, std::strlen(value));
    data_.append(reinterpret_cast<char const*>(&none), sizeof none);
    return *this;
}

Packer& Packer::bytes(void const* data, std::size_t size) {
    if (size >= none) throw BadFrame{"more than 4 GiB in one piece"};
    auto const shown = static_cast<std::uint32_t>(size);
    data_.append(reinterpret_cast<char const*>(&shown), sizeof shown);
    if (size > 0) data_.append(static_cast<char const*>(data), size);
    data_.push_back('\0');
    return *this;
}

Packer& Packer::error(weir_error const* value) {
    weir_error empty{};
    weir_error const& from = value ? *value : empty;
    number(from.flags).number(from.native_code).number(from.retry_after_ms);
    for_texts(from, [this](char const* text, std::size_t size) {
        bytes(text, ::strnlen(text, size));
    });
    return *this;
}

char const* Unpacker::take(std::size_t size) {
    if (size > data_.size() - at_) throw BadFrame{"a frame ends too early"};
    char const* const from = data_.data() + at_;
    at_ += size;
    return from;
}

std::uint64_t Unpacker::number() {
    std::uint64_t value;
    std::memcpy(&value, take(sizeof value), sizeof value);
    return value;
}

double Unpacker::real() {
    std::uint64_t const bits = number();
    double value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

char const* Unpacker::text() {
    std::uint32_t size;
    std::memcpy(&size, take(sizeof size), sizeof size);
    if (size == none) return nullptr;
    char const* const value = take(std::size_t{size} + 1);
    if (value[size] != '\0') throw BadFrame{"a text does not end"};
    return value;
}

std::string_view Unpacker::bytes() {
    std::uint32_t size;
    std::memcpy(&size, take(sizeof size), sizeof size);
    if (size == none) return {};
    return {take(std::size_t{size} + 1), size};
}

void Unpacker::error(weir_error* out) {
    weir_error unwanted{};
    unwanted.struct_size = sizeof unwanted;
    // An older caller's may be shorter than ours: then nothing is said.
    weir_error& into = out && out->struct_size >= sizeof *out ? *out : unwanted;
    into.flags = word();
    into.native_code = static_cast<std::int32_t>(integer());
    into.retry_after_ms = integer();
    for_texts(into, [this](char* text, std::size_t size) {
        std::string_view const said = bytes();
        std::size_t const fits = std::min(said.size(), size - 1);
        std::memcpy(text, said.data(), fits);
        text[fits] = '\0';
    });
}

}  // namespace weir::host
