// sealed := base64( nonce[24]  XChaCha20-Poly1305(value)  tag[16] )
// associated data := "weir_secret" 0x00 owner 0x00 name 0x00 key_id
#include "host/store/vault.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include "host/store/session.hpp"

namespace weir::host {

namespace {

constexpr std::size_t nonce_size = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_size = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == 32);

unsigned char const* bytes_of(std::string const& text) {
    return reinterpret_cast<unsigned char const*>(text.data());
}
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

/// Where a ciphertext belongs. No part holds a zero byte.
std::string place_of(std::string const& owner, std::string const& name, std::string const& key) {
    std::string place = "weir_secret";
    for (std::string const* part : {&owner, &name, &key}) (place += '\0') += *part;
    return place;
}

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

Result<void> check(std::string const& name, std::string const& value) {
    bool const is_name = !name.empty() && name.size() <= Vault::name_bytes_max &&
                         name.find('\0') == std::string::npos;
    if (!is_name)
        return Error{WEIR_E_DATA, "secret.name",
                     fmt::format("the name of a secret has {} bytes: it must have 1 to {}, none of "
                                 "them zero",
                                 name.size(), Vault::name_bytes_max)};
    if (value.size() > Vault::value_bytes_max)
        return Error{WEIR_E_DATA, "secret.too_large",
                     fmt::format("the secret {} has {} bytes, {} are allowed", name, value.size(),
                                 Vault::value_bytes_max)};
    return {};
}

}  // namespace

Result<bool> Vault::knows_key(Store& store) {
    bool is_known = false;
    Result<void> done = store.read([&](Session& session) -> Result<void> {
        is_known = session
                       .value<std::string>("SELECT value FROM weir_fact WHERE name = 'key_id'")
                       .has_value();
        return {};
    });
    if (!done) return done.error();
    return is_known;
}

Result<void> Vault::check_key() {
    return store_.write([&](Session& session) -> Result<void> {
        std::string const id = key_.id();
        auto const known =
            session.value<std::string>("SELECT value FROM weir_fact WHERE name = 'key_id'");
        if (known == id) return {};
        if (known)
            return Error{WEIR_E_CONFIG, "secret.wrong_key",
                         fmt::format("the secrets of this data directory were written with the "
                                     "master key {}, this one is {}: start with the right key file",
                                     *known, id)};
        session.run("INSERT INTO weir_fact(name, value) VALUES ('key_id', ?1)", id);
        return {};
    });
}

Result<void> Vault::put(std::string const& owner, std::string const& name,
                        std::string const& value) {
    if (Result<void> checked = check(name, value); !checked) return checked;
    std::string const key_id = key_.id();
    std::string const sealed = seal(key_, place_of(owner, name, key_id), value);
    std::int64_t const now = store_.clock().unix_us();
    return store_.write([&](Session& session) -> Result<void> {
        session.run(
            "INSERT INTO weir_secret(owner, name, key_id, sealed, set_at) VALUES (?1, ?2, ?3, ?4, "
            "?5) ON CONFLICT DO UPDATE SET key_id = excluded.key_id, sealed = excluded.sealed, "
            "set_at = excluded.set_at",
            owner, name, key_id, sealed, now);
        return {};
    });
}

Result<void> Vault::remove(std::string const& owner, std::string const& name) {
    return store_.write([&](Session& session) -> Result<void> {
        if (session.run("DELETE FROM weir_secret WHERE owner = ?1 AND name = ?2", owner, name) > 0)
            return {};
        return Error{WEIR_E_NOT_FOUND, "secret.not_found",
                     fmt::format("there is no secret {}", name)};
    });
}

Result<std::vector<Vault::Name>> Vault::list(std::string const& owner, std::string const& after,
                                             std::size_t limit) {
    std::vector<Name> names;
    Result<void> done = store_.read([&](Session& session) -> Result<void> {
        names.clear();
        Name name;
        std::int64_t const most = static_cast<std::int64_t>(limit);
        Query query{session,
                    "SELECT name, set_at FROM weir_secret WHERE owner = ?1 AND name > ?2 ORDER BY "
                    "name LIMIT ?3"};
        query.with(owner, after, most).into(name.name, name.set_us);
        while (query.next()) names.push_back(name);
        return {};
    });
    if (!done) return done.error();
    return names;
}

Result<std::optional<std::string>> Vault::get(std::string const& owner, std::string const& name) {
    std::optional<std::string> sealed;
    std::string key_id;
    Result<void> done = store_.read([&](Session& session) -> Result<void> {
        auto row = session.row<std::string, std::string>(
            "SELECT key_id, sealed FROM weir_secret WHERE owner = ?1 AND name = ?2", owner, name);
        if (!row) return {};
        key_id = std::get<0>(*row);
        sealed = std::get<1>(*row);
        return {};
    });
    if (!done) return done.error();
    if (!sealed) return std::optional<std::string>{};
    std::optional<std::string> value = unseal(key_, place_of(owner, name, key_id), *sealed);
    if (!value)
        return Error{WEIR_E_CONFIG, "secret.damaged",
                     fmt::format("the secret {} does not open: it was damaged or moved, or the "
                                 "master key is another; set it again",
                                 name)};
    return value;
}

}  // namespace weir::host
