// sealed := base64( nonce[24]  XChaCha20-Poly1305(value)  tag[16] )
#include "host/store/sealed.hpp"

#include <sodium.h>

namespace weir::host {

namespace {

constexpr std::size_t nonce_size = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_size = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == sizeof(MasterKey::Bytes));

unsigned char const* bytes_of(std::string const& text) {
    return reinterpret_cast<unsigned char const*>(text.data());
}
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

std::string to_base64(std::string const& bytes) {
    std::string text(sodium_base64_ENCODED_LEN(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
    sodium_bin2base64(text.data(), text.size(), bytes_of(bytes), bytes.size(),
                      sodium_base64_VARIANT_ORIGINAL);
    text.pop_back();
    return text;
}

std::optional<std::string> from_base64(std::string const& text) {
    std::string bytes(text.size(), '\0');
    std::size_t size = 0;
    if (sodium_base642bin(bytes_of(bytes), bytes.size(), text.data(), text.size(), nullptr, &size,
                          nullptr, sodium_base64_VARIANT_ORIGINAL) != 0)
        return std::nullopt;
    bytes.resize(size);
    return bytes;
}

}  // namespace

std::string place_of(std::initializer_list<std::string_view> parts) {
    std::string place;
    for (std::string_view const part : parts) {
        if (!place.empty()) place += '\0';
        place += part;
    }
    return place;
}

std::string seal(MasterKey const& key, std::string const& place, std::string const& value) {
    std::string sealed(nonce_size + value.size() + tag_size, '\0');
    randombytes_buf(sealed.data(), nonce_size);
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        bytes_of(sealed) + nonce_size, nullptr, bytes_of(value), value.size(), bytes_of(place),
        place.size(), nullptr, bytes_of(sealed), key.bytes().data());
    return to_base64(sealed);
}

std::optional<std::string> unseal(MasterKey const& key, std::string const& place,
                                  std::string const& text) {
    std::optional<std::string> const sealed = from_base64(text);
    if (!sealed || sealed->size() < nonce_size + tag_size) return std::nullopt;
    std::size_t const body = sealed->size() - nonce_size;
    std::string value(body - tag_size, '\0');
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(
            bytes_of(value), nullptr, nullptr, bytes_of(*sealed) + nonce_size, body,
            bytes_of(place), place.size(), bytes_of(*sealed), key.bytes().data()) != 0)
        return std::nullopt;
    return value;
}

}  // namespace weir::host
