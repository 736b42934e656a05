#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "host/run/engine.hpp"
#include "host/serve/bus.hpp"
#include "host/store/letters.hpp"

namespace weir::host {

/// What the routes of dead letters look at; outlives them.
struct LetterPorts {
    Letters& letters;
    Engine& engine;
    Bus& bus;
    Clock const& clock;
};

/// Has `letters` replayed, which wait, oldest first: asks who keeps jobs ("jobs/1") for one run per
/// job, waits for their ends, at most `wait_s`, and answers [{"id", "status", "run_id"?,
/// "error"?}] in the order of `letters`. The status is "replayed"; "waiting" with the reason, of
/// the letter or of the run; or "replaying" while its run has not ended.
nlohmann::json replay(LetterPorts const& ports, std::vector<Letter> const& letters, int wait_s);

}  // namespace weir::host
