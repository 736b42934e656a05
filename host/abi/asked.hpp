#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "host/abi/plugin_services.hpp"
#include "host/core/error.hpp"
#include "weir/abi.h"

namespace weir::host {

class HostTable;

/// What a plugin may ask the host's services for: checks of names, sizes and JSON, each E_CONFIG
/// with a sentence that says what is possible.
namespace asked {

inline constexpr std::size_t name_bytes_max = 255;
inline constexpr std::size_t json_bytes_max = 1u << 20;  ///< of a document, an event, a method's in
inline constexpr std::size_t changes_bytes_max = 16u << 20, changes_max = 10'000;
inline constexpr std::size_t secret_bytes_max = 64u << 10;
inline constexpr std::uint32_t list_max = 10'000;
/// Calls on the bus on behalf of each other.
inline constexpr std::uint32_t chain_max = 8;
/// A call on the bus that no call asked for.
inline constexpr std::int64_t invoke_ms_max = 30'000;

/// E_CANCELLED or E_TIMEOUT when `call` is not wanted any more; null is.
Result<void> wanted(weir_call const* call);
/// UTF-8 of 1 to name_bytes_max bytes without control characters.
Result<void> name(char const* value, char const* what);
/// The same or nothing: null and "" pass.
Result<void> text(char const* value, char const* what);
/// What "${secret:NAME}" can name.
Result<void> secret_name(char const* value);
/// A name; "noun/1:…" belongs to who provides noun/1.
Result<void> topic(HostTable const& table, char const* value);
/// "noun/1:…" of a noun/1 that it provides.
Result<void> own_topic(HostTable const& table, char const* value);
/// JSON of at most json_bytes_max.
Result<std::string> json(void const* data, std::size_t size, char const* what);
/// See weir_store.apply.
Result<StoreService::Changes> changes(HostTable const& table, char const* changes_json);
Error missing(char const* what);
/// Hands `text` to the plugin's visitor.
Result<void> answer(weir_out const* out, std::string const& text);

}  // namespace asked
}  // namespace weir::host
