#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "host/store/store.hpp"

namespace weir::host {

/// The 32 bytes that open the secrets; wiped when it goes.
class MasterKey {
public:
    /// Of WEIR_MASTER_KEY_FILE when that is set, else of `directory`/master.key, which is made
    /// (0600) when it is missing. E_CONFIG: another size, or readable by others.
    static Result<std::unique_ptr<MasterKey>> load(std::filesystem::path const& directory);
    ~MasterKey();
    std::array<unsigned char, 32> const& bytes() const { return bytes_; }
    std::string id() const;  ///< tells keys apart, and tells nothing about them

private:
    std::array<unsigned char, 32> bytes_{};
};

/// Secrets of plugins, a namespace each, encrypted by XChaCha20-Poly1305 (libsodium) with the place
/// as associated data, so that a ciphertext moved elsewhere does not open.
class Vault {
public:
    Vault(Store& store, MasterKey const& key) : store_{store}, key_{key} {}

    /// E_CONFIG "secret.wrong_key" when the state was written with another key. Once, at start.
    Result<void> check_key();
    Result<void> put(std::string const& owner, std::string const& name, std::string const& value);
    Result<void> remove(std::string const& owner, std::string const& name);
    Result<std::optional<std::string>> get(std::string const& owner, std::string const& name);

private:
    Store& store_;
    MasterKey const& key_;
};

}  // namespace weir::host
