#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "host/abi/source_proxy.hpp"

namespace weir::host {

/// The streams of that name or pattern. None is `source.stream_not_found` with the nearest name,
/// also where only the schema was left out.
Result<std::vector<FoundStream>> find_streams(SourceProxy& source, CallContext const& call,
                                              std::string const& name);

/// Whether `name` has a wildcard outside double quotes.
bool is_pattern(std::string_view name);

/// One stream as `weir discover --json` prints it: its name and what the source says of it.
nlohmann::ordered_json to_json(FoundStream const& stream);

/// [{"name","type"}] of the fields that `schema` has, with the types that `meta` names.
nlohmann::json fields_json(nlohmann::json const& meta, ArrowSchema const& schema);

}  // namespace weir::host
