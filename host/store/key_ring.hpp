#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "host/store/store.hpp"

namespace weir::host {

class Session;

/// 32 bytes that open the secrets; kept out of swap as far as the limit allows, wiped when it goes.
class MasterKey {
public:
    using Bytes = std::array<unsigned char, 32>;

    /// Wipes `bytes`.
    explicit MasterKey(Bytes& bytes);
    MasterKey(MasterKey const&) = delete;
    MasterKey& operator=(MasterKey const&) = delete;
    ~MasterKey();
    Bytes const& bytes() const { return bytes_; }
    std::string id() const;  ///< tells keys apart, and tells nothing about them

private:
    Bytes bytes_{};
};

/// The keys of the key file, the newest first: what an older one sealed can still be opened, be it
/// in the middle of a change of keys or in a copy of the state from before. Thread-safe.
class KeyRing {
public:
    static constexpr std::size_t keys_max = 16;

    /// Of WEIR_MASTER_KEY_FILE when that is set, else of `directory`/master.key, which is made
    /// (0600, one key) when it is missing. E_CONFIG "secret.key_file": missing where it was named,
    /// of another size, or readable by others. `is_known`: the state was written with a key, so
    /// that a missing file is that error and none is made.
    static Result<std::unique_ptr<KeyRing>> load(std::filesystem::path const& directory,
                                                 bool is_known = false);

    std::shared_ptr<MasterKey const> newest() const;
    std::shared_ptr<MasterKey const> find(std::string const& id) const;  ///< null: none such
    /// What this state is sealed with: the key that it names. Before it names one: the newest.
    std::shared_ptr<MasterKey const> of(Session& session) const;
    /// Puts a new key before the others, in the file first, durably; the oldest beyond `keys_max`
    /// goes. Where somebody put one there already, that one is it. E_CONFIG "secret.key_file": the
    /// file cannot be replaced; nothing changed.
    Result<void> renew();

private:
    using Keys = std::vector<std::shared_ptr<MasterKey const>>;

    KeyRing(std::filesystem::path file, Keys keys)
        : file_{std::move(file)}, keys_{std::move(keys)} {}

    std::filesystem::path file_;
    mutable std::mutex mutex_;
    Keys keys_;
};

}  // namespace weir::host
