#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "host/store/session.hpp"

namespace weir::host {

/// Stores an event and its deliveries in the transaction that is open on `session`, so that it is
/// known if and only if that commits. Nothing: one with this topic and key is there already.
std::optional<std::int64_t> publish_in(Session& session, std::string const& topic,
                                       std::string const& dedupe_key, std::string const& data,
                                       std::int64_t now_us);

/// Takes the deliveries of `topic` that are left away, whoever would have got them, in the
/// transaction that is open on `session`.
void drop_in(Session& session, std::string const& topic);

}  // namespace weir::host
