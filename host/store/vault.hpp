#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/store/store.hpp"

namespace weir::host {

/// The 32 bytes that open the secrets; wiped when it goes.
class MasterKey {
public:
    /// Of WEIR_MASTER_KEY_FILE when that is set, else of `directory`/master.key, which is made
    /// (0600) when it is missing. E_CONFIG "secret.key_file": missing where it was named, of
    /// another size, or readable by others. `is_known`: the state was written with a key, so that a
    /// missing file is that error and none is made.
    static Result<std::unique_ptr<MasterKey>> load(std::filesystem::path const& directory,
                                                   bool is_known = false);
    MasterKey(MasterKey const&) = delete;
    MasterKey& operator=(MasterKey const&) = delete;
    ~MasterKey();
    std::array<unsigned char, 32> const& bytes() const { return bytes_; }
    std::string id() const;  ///< tells keys apart, and tells nothing about them

private:
    MasterKey();
    std::array<unsigned char, 32> bytes_{};
};

/// Secrets of plugins, a namespace each, encrypted by XChaCha20-Poly1305 (libsodium) with the place
/// as associated data, so that a ciphertext moved elsewhere does not open.
class Vault {
public:
    Vault(Store& store, MasterKey const& key) : store_{store}, key_{key} {}

    static constexpr std::size_t value_bytes_max = 64u << 10, name_bytes_max = 255;

    /// Whether a state was written with a key, whichever.
    static Result<bool> knows_key(Store& store);
    /// E_CONFIG "secret.wrong_key" when the state was written with another key. Once, at start: the
    /// first key that a state sees is its key.
    Result<void> check_key();
    /// E_DATA "secret.too_large", "secret.name".
    Result<void> put(std::string const& owner, std::string const& name, std::string const& value);
    /// E_NOT_FOUND "secret.not_found".
    Result<void> remove(std::string const& owner, std::string const& name);
    /// E_CONFIG "secret.damaged" when what is stored does not open at its place with this key.
    Result<std::optional<std::string>> get(std::string const& owner, std::string const& name);

    struct Name {
        std::string name;
        std::int64_t set_us = 0;  ///< 0: by an older version
    };
    /// In byte order, behind `after`.
    Result<std::vector<Name>> list(std::string const& owner, std::string const& after,
                                   std::size_t limit);

private:
    Store& store_;
    MasterKey const& key_;
};

}  // namespace weir::host
