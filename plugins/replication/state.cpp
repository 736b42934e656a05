#include "state.hpp"

namespace weir::replication {
namespace {

constexpr char late[] = "late", reconciled[] = "reconciled", regressed[] = "regressed",
               last_error[] = "last_error";

bool is_good(std::string const& status) { return status == "succeeded" || status == "partial"; }

/// Why the run ended as it did; of a partial one, what its first stream that failed says.
Json error_of(Json const& run) {
    if (Json const error = run.value("error", Json()); error.is_object()) return error;
    for (Json const& stream : run.value("streams", Json::array()))
        if (Json const error = stream.value("error", Json()); error.is_object()) return error;
    return nullptr;
}

void keep_reconcile(Json& state, Json const& run) {
    std::string const status = text_of(run, "status");
    if (status == "cancelled" || status == "skipped") return;  // it says nothing of either side
    Json& kept = state[reconciled];
    kept["status"] = status;
    kept["at"] = run.value("finished_at", Json());
    kept["run_id"] = run.value("run_id", Json());
    kept["error"] = error_of(run);
    if (status == "succeeded") kept["success"] = kept["at"];
    if (status == "succeeded") state.erase(regressed);
}

}  // namespace

bool is_late(Json const& state) { return state.value(late, false); }

void set_late(Json& state) { state[late] = true; }

Json moved_on(Json state, Json const& run) {
    std::string const status = text_of(run, "status");
    state["last_status"] = status;
    state["last_run_at"] = run.value("finished_at", Json());
    state[last_error] = run.value("error", Json());
    Json& counted = state["counts"][status];
    counted = (counted.is_number() ? counted.get<std::uint64_t>() : 0) + 1;
    std::uint64_t const written = run.contains("written") && run["written"].is_number()
                                      ? run["written"].get<std::uint64_t>()
                                      : 0;
    state["rows_synced"] = state.value("rows_synced", std::uint64_t{0}) + written;
    for (Json const& stream : run.value("streams", Json::array()))
        if (!text_of(stream, "cursor").empty()) state["has_position"] = true;
    if (is_good(status)) state["last_success"] = run.value("finished_at", Json());
    if (is_good(status)) state["failures_in_a_row"] = 0;
    if (is_good(status)) state.erase(late);
    if (status == "failed")
        state["failures_in_a_row"] = state.value("failures_in_a_row", std::uint64_t{0}) + 1;
    if (text_of(run, "kind") == "reconcile") keep_reconcile(state, run);
    if (Json const found = regressed_in(run); !found.empty())
        state[regressed] = {{"at", run.value("finished_at", Json())}, {"streams", found}};
    return state;
}

Json moved_on_by_refusal(Json state, bool compares, std::string const& at, Json const& error) {
    if (compares) {
        Json& kept = state[reconciled];
        kept["status"] = "failed";
        kept["at"] = at;
        kept["run_id"] = nullptr;
        kept["error"] = error;
    } else {
        state[last_error] = error;
    }
    return state;
}

bool is_regressed(Json const& state) { return state.contains(regressed); }

Json last_reconcile(Json const& state) {
    Json const kept = state.value(reconciled, Json());
    if (!kept.is_object()) return nullptr;
    Json out;
    for (char const* const name : {"status", "at", "success", "error", "run_id"})
        out[name] = kept.value(name, Json());
    return out;
}

Json regressed_in(Json const& run) {
    static constexpr std::string_view mark = ": cursor regressed: ";
    Json out = Json::array();
    for (Json const& stream : run.value("streams", Json::array()))
        for (Json const& warning : stream.value("warnings", Json::array())) {
            std::string const text = warning.is_string() ? warning.get<std::string>() : "";
            std::size_t const at = text.find(mark);
            if (at == text.npos) continue;
            out.push_back({{"stream", text_of(stream, "stream")},
                           {"detail", text.substr(at + mark.size())}});
        }
    return out;
}

Json open_warnings(Json const& job, Json const& state) {
    Json out = Json::array();
    std::string const run = "weir job run " + text_of(job, "id") + " --mode reconcile";
    bool const appends = job.value("/destination/mode"_json_pointer, "") == "append";
    Json const compared = last_reconcile(state);
    std::string const status = text_of(compared, "status");
    if (status == "failed" || status == "partial") {
        Json const error = compared["error"];
        std::string const what = error.is_object() ? ": " + text_of(error, "code") + ": " +
                                                         text_of(error, "message")
                                                   : ": some of its records were rejected";
        Json warning{{"code", "replication.reconcile_failed"},
                     {"open", true},
                     {"detail", "its last reconcile, at " + text_of(compared, "at") + ", " +
                                    (status == "failed" ? "failed" : "did not do all") + what}};
        std::string const hint = text_of(error, "suggestion");
        warning["suggestion"] = hint.empty() ? run : hint;
        out.push_back(std::move(warning));
    }
    Json const fallen = state.value(regressed, Json());
    if (!fallen.is_object()) return out;
    for (Json const& each : fallen.value("streams", Json::array()))
        out.push_back({{"code", "replication.source_regressed"},
                       {"open", true},
                       {"detail", text_of(each, "stream") + " was found behind its position at " +
                                      text_of(fallen, "at") + ": " + text_of(each, "detail")},
                       {"suggestion", appends ? "a new job with another destination.table" : run}});
    return out;
}

}  // namespace weir::replication
