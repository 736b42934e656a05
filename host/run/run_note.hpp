#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "host/run/report.hpp"

namespace weir::host {

/// What the sink remembers of the run that wrote last, committed with its rows: a run that is taken
/// up again after a kill counts on from there, and what had come to its end is not read again. A
/// value.
struct RunNote {
    std::string run_id;
    Counts counts;
    bool is_done = false;
};

/// Beside a Selection in the checkpoint's note.
nlohmann::json to_json(RunNote const& note);
/// Nothing where `json` is none.
std::optional<RunNote> run_note_from(nlohmann::json const& json);

}  // namespace weir::host
