#pragma once

#include <optional>

#include "host/core/error.hpp"
#include "weir/module.h"

namespace weir::host {

inline constexpr std::uint32_t components_max = 256;
inline constexpr std::size_t id_bytes_max = 128;

/// What keeps the host from using what weir_module_entry answered, named by member and call: null
/// (plugin.refuses_host), another major or, while the major is 0, another minor (plugin.abi_major,
/// plugin.abi_minor), a struct too short for what is required, or a required member that is null
/// or cannot be meant, as an id with a slash (plugin.incomplete). Longer structs are fine. Calls
/// iface() only. The message names no file.
std::optional<Error> check_module(weir_module const* module);

}  // namespace weir::host
