#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/store/key_ring.hpp"
#include "host/store/store.hpp"

namespace weir::host {

/// Secrets of plugins, a namespace each, sealed at their place with the key that the state names.
/// Thread-safe.
class Vault {
public:
    Vault(Store& store, KeyRing& keys) : store_{store}, keys_{keys} {}

    static constexpr std::size_t value_bytes_max = 64u << 10, name_bytes_max = 255;

    /// Whether a state was written with a key, whichever.
    static Result<bool> knows_key(Store& store);
    /// What a change of keys did.
    struct Turned {
        std::string from, to;       ///< ids; the same: nothing was to do
        std::int64_t secrets = 0;  ///< sealed anew
        std::int64_t damaged = 0;  ///< did not open before either, and are as they were
    };
    /// Once, at start: the newest key of the ring becomes that of the state, when the state has
    /// none, or has an older one of the ring, which ends a change of keys that was cut off. In one
    /// transaction, the trail with it. E_CONFIG "secret.wrong_key": it was written with a key that
    /// is not in the ring.
    Result<Turned> settle_key();
    /// A new key for the ring, and all secrets sealed with it. The process may die anywhere: each
    /// secret opens at every moment. E_CONFIG "secret.key_file".
    Result<Turned> rotate();
    Result<std::int64_t> count();
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
    KeyRing& keys_;
};

}  // namespace weir::host
