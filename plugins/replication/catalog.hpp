#pragma once

#include "context.hpp"
#include "plan.hpp"
#include "secrets.hpp"
#include "sight.hpp"

namespace weir::replication {

/// How long a source is asked, all its streams together: whoever adds a job waits for it.
constexpr std::int64_t catalog_ms_max = 5'000;

/// Asks the source of `job`, which need not be stored yet: `unsaved` are secrets that `source`
/// names and the vault does not hold. Says in the answer what was in the way; a connection that is
/// known to be down is not asked.
Catalog ask_catalog(Call const& call, Context const& context, Json const& job,
                    Endpoint const& source, std::map<std::string, std::string> const& unsaved);

/// Whether the connection answers, as runner/1 says: {"state","failures",…}; null when nobody can
/// say.
Json circuit_of(Call const& call, Context const& context, Endpoint const& source);

}  // namespace weir::replication
