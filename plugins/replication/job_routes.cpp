#include "job.hpp"
#include "service.hpp"
#include "short_form.hpp"
#include "sight.hpp"
#include "state.hpp"

namespace weir::replication {
namespace {

/// What the job sees; of one that was stored before that was asked, what its document says.
Json sight_in(Json const& record) {
    if (Json const sight = record.value("sight", Json()); sight.is_object()) return sight;
    Findings none;
    return sight_of(record["doc"], {}, none);
}

Json masked_sides(Json doc) {
    for (char const* const side : {"source", "destination"})
        if (doc[side].contains("url"))
            doc[side]["url"] = mask_secrets(doc[side], unknown_schema())["url"];
    return doc;
}

}  // namespace

Json Replication::next_of(Call const& call, std::string const& event_name) {
    Json const answer =
        context_.ask(call, "cron/1", "list", {{"prefix", event_name}, {"limit", 1000}});
    for (Json const& event : answer.value("items", Json::array()))
        if (event.value("name", "") == event_name) return event.value("next", Json());
    return nullptr;
}

/// How the job was compared with its source last, and when it will be; null: neither.
Json Replication::reconcile_of(Call const& call, Json const& doc, Json const& state) {
    Json out = last_reconcile(state);
    bool const is_scheduled = doc.value("reconcile", Json::object()).contains("schedule");
    if (out.is_null() && !is_scheduled) return nullptr;
    if (out.is_null())
        out = {{"status", nullptr},
               {"at", nullptr},
               {"success", nullptr},
               {"error", nullptr},
               {"run_id", nullptr}};
    out["next"] =
        is_scheduled ? next_of(call, Jobs::reconcile_event_of(text_of(doc, "id"))) : Json();
    return out;
}

Json Replication::job_answer(Call const& call, Json const& record) {
    std::string const id = record["doc"]["id"];
    auto const state = context_.host.store().get(call, Jobs::states, id);
    return job_answer(call, record, state ? state->json : Json::object(),
                      next_of(call, Jobs::event_of(id)));
}

Json Replication::job_answer(Call const& call, Json const& record, Json const& state,
                             Json const& next) {
    Json out = masked_sides(record["doc"]);
    out["origin"] = configuration_.origins(call).of(Jobs::jobs, record);
    out["state"] = state_of(out);
    out["isActive"] = !out.value("paused", false);
    out["connectionId"] = out["source"].value("connection", Json());
    out["nextRun"] = out["next"] = next;
    out["last_status"] = state.value("last_status", Json());
    out["lastRun"] = out["last_run_at"] = state.value("last_run_at", Json());
    out["lastSuccess"] = state.value("last_success", Json());
    out["lastError"] = out["last_error"] = state.value("last_error", Json());
    out["rows_synced"] = state.value("rows_synced", Json(0));
    out["consecutiveFailures"] = state.value("failures_in_a_row", Json(0));
    out["late"] = is_late(state);
    out["lastReconcile"] = reconcile_of(call, record["doc"], state);
    out["createdAt"] = record.value("createdAt", Json());
    out["updatedAt"] = record.value("updatedAt", Json());
    Json const sight = sight_in(record);
    out["sees"] = sight["sees"];
    out["guarantee"] = sight.value("guarantee", "unproven");
    out["warnings"] = sight["warnings"];
    for (Json const& warning : open_warnings(record["doc"], state))
        out["warnings"].push_back(warning);
    std::string const from = out["source"].value("connection", "");
    auto const connection = from.empty() ? std::nullopt : connections_.look_for(call, from);
    if (connection && connection->value("status", "") == "error")
        out["warnings"].push_back(
            {{"code", "replication.login_refused"},
             {"open", true},
             {"detail", "the connection \"" + from + "\" was refused: the job does not start by "
                         "itself until the connection is mended, or a run by hand succeeds"}});
    return out;
}

void Replication::list_jobs(Call const& call, Http& http) {
    Page const page = Page::of(http);
    auto const connection = http.query_param("connection");
    Store const store = context_.host.store();
    Json items = Json::array(), next;
    std::string after = page.cursor;
    // With a filter a page is gathered from as many pages of the store as it takes.
    for (bool more = true; more && next.is_null();) {
        std::vector<Document> const found = store.list(call, Jobs::jobs, {}, after, 1'000);
        more = found.size() == 1'000;
        for (Document const& job : found) {
            bool const is_wanted =
                !connection || job.json["doc"]["source"].value("connection", "") == *connection;
            if (is_wanted && items.size() == page.limit) {
                next = items.back()["id"];
                break;
            }
            if (is_wanted) items.push_back(job_answer(call, job.json));
            after = job.key;
        }
    }
    http.reply(200, {{"items", std::move(items)}, {"next", std::move(next)}});
}

void Replication::reply_job(Call const& call, Http& http, std::uint32_t status,
                            Json const& record) {
    http.tag(content_of(record));
    http.reply(status, job_answer(call, record));
}

void Replication::save_native(Call const& call, Http& http, Json const& document, Save save) {
    Findings findings;
    Jobs::Draft draft =
        jobs_.check(call, read_job(document, findings), findings, reach_of(http));
    draft.by = http.principal().id;
    findings.check();
    auto const before = jobs_.look_for(call, draft.doc["id"]);
    bool const owns = before && before->value("owns_connection", false) &&
                      draft.doc["source"].value("connection", "") == draft.doc["id"];
    refuse_owned(call, draft, save, owns);
    Saved const saved = jobs_.save(call, draft, save, owns, http.is_dry_run());
    if (saved.status() == 201)
        http.header("location", "/replication/jobs/" + draft.doc["id"].get<std::string>());
    reply_job(call, http, saved.status(), saved.record);
}

void Replication::refuse_owned(Call const& call, Jobs::Draft const& draft, Save save, bool owns) {
    std::string const id = draft.doc["id"];
    if (!configuration_.owns(call, Jobs::jobs, id)) return;
    Saved const would = jobs_.save(call, draft, save, owns, true);
    if (would.how == Saved::How::replaced)
        configuration_.refuse_owned(call, Jobs::jobs, id, plain(would.record));
}

void Replication::create_job(Call const& call, Http& http) {
    Json const body = object_body(http);
    if (!is_short_form(body)) return save_native(call, http, body, Save::create);
    SavedForm const saved = save_short_form(call, http, body, false);
    reply_job(call, http, saved.job.status(), saved.job.record);
}

void Replication::get_job(Call const& call, Http& http) {
    reply_job(call, http, 200, jobs_.find(call, http.param("id")));
}

void Replication::put_job(Call const& call, Http& http) {
    Json document = object_body(http);
    std::string const id = http.param("id");
    if (!document.contains("id") || document["id"].is_null()) document["id"] = id;
    if (document["id"] != id)
        throw Error{WEIR_E_CONFIG,
                    "the id in the document is not the one in the path, \"" + id + "\"", "/id"}
            .coded("replication.other_id");
    save_native(call, http, document, Save::replace);
}

void Replication::patch_job(Call const& call, Http& http) {
    Json const record = jobs_.find(call, http.param("id"));
    Json patch = object_body(http);
    for (char const* const name : {"is_active", "isActive"})
        if (patch.contains(name) && patch[name].is_boolean()) {
            patch["paused"] = !patch[name].get<bool>();
            patch.erase(name);
        }
    bool const is_pause =
        patch.size() == 1 && patch.contains("paused") && patch["paused"].is_boolean();
    if (is_pause)
        return reply_job(
            call, http, 200,
            jobs_.set_paused(call, http.param("id"), patch["paused"], http.is_dry_run()));
    Json document = masked_sides(record["doc"]);
    document.merge_patch(patch);
    if (document.value("id", Json()) != record["doc"]["id"])
        throw Error{WEIR_E_CONFIG, "the id of a job stays as it is", "/id"}.coded(
            "replication.other_id");
    save_native(call, http, document, Save::replace);
}

void Replication::delete_job(Call const& call, Http& http) {
    std::string const id = http.param("id");
    jobs_.find(call, id);
    configuration_.refuse_owned(call, Jobs::jobs, id, nullptr);
    if (http.is_dry_run()) return http.reply(204);
    runs_.end_all(call, id, "the job was deleted");
    jobs_.forget(call, id);
    http.reply(204);
}

}  // namespace weir::replication
