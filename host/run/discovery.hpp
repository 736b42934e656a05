#pragma once

#include <nlohmann/json.hpp>

#include "host/abi/source_proxy.hpp"

namespace weir::host {

/// One stream as `weir discover --json` prints it: its name and what the source says of it.
nlohmann::ordered_json to_json(FoundStream const& stream);

/// [{"name","type"}] of the fields that `schema` has, with the types that `meta` names.
nlohmann::json fields_json(nlohmann::json const& meta, ArrowSchema const& schema);

}  // namespace weir::host
