#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "host/store/key_ring.hpp"

namespace weir::host {

/// Where a ciphertext belongs; no part holds a zero byte.
std::string place_of(std::initializer_list<std::string_view> parts);

/// `value` by XChaCha20-Poly1305 (libsodium) with its place as associated data, so that a
/// ciphertext that was moved elsewhere does not open; base64.
std::string seal(MasterKey const& key, std::string const& place, std::string const& value);
/// Nothing: it was damaged or moved, or the key is another.
std::optional<std::string> unseal(MasterKey const& key, std::string const& place,
                                  std::string const& sealed);

}  // namespace weir::host
