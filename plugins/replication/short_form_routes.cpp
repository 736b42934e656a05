#include <algorithm>

#include "service.hpp"
#include "short_form.hpp"

namespace weir::replication {
namespace {

/// Where a finding in the native document stands in a short form; the same place when it has none.
std::string in_short_form(std::string const& pointer, bool configure) {
    struct Place {
        char const *ours, *table_form, *configure_form;
    };
    static constexpr Place places[] = {
        {"/connection/connector", "/source/dialect", "/sourceConfig/dialect"},
        {"/connection/config/url", "/source/connectionString", "/sourceConfig/connectionString"},
        {"/connection/config", "/source", "/sourceConfig"},
        {"/schedule", "/cron_tab", "/syncIntervalMinutes"},
        {"/source/connection", "/name", "/name"},
        {"/source/cursor_type", "/tracking_type", "/trackingColumn"},
        {"/source/cursor", "/tracking_col", "/trackingColumn"},
        {"/source/key", "/primary_key", "/sourceTable"},
        {"/source/fields", "/columns", "/sourceTable"},
        {"/source/stream", "/table_name", "/sourceTable"},
        {"/destination/mode", "/primary_key", "/sourceTable"},
        {"/connection/id", "/name", "/name"}};
    for (Place const& place : places) {
        std::string_view const ours = place.ours;
        if (pointer.starts_with(ours))
            return (configure ? place.configure_form : place.table_form) +
                   pointer.substr(ours.size());
    }
    return pointer;
}

/// Which database of a server is meant; the server itself may move.
Json place_of(Json const& config) {
    Json out = Json::object();
    for (char const* const name : {"database", "schema", "path"})
        if (config.contains(name)) out[name] = config[name];
    std::string url = text_of(config, "url");
    url.erase(std::min(url.find('?'), url.size()));
    std::size_t const host = url.find("://"), path = url.find('/', host == url.npos ? 0 : host + 3);
    if (path != url.npos) out["database"] = url.substr(path + 1);
    return out;
}

}  // namespace

Replication::SavedForm Replication::save_short_form(Call const& call, Http const& http,
                                                    Json const& body, bool configure) {
    bool const is_dry = http.is_dry_run();
    Findings findings;
    ShortForm const form =
        configure ? read_configure_form(body, findings) : read_table_form(body, findings);
    Findings native;
    Connectors const connectors{call, context_};
    SplitConfig const split =
        form.connection.contains("connector") && !form.connection["connector"].empty()
            ? connections_.check(call, connectors, Connections::connections, form.connection,
                                 "/connection", native, reach_of(http))
            : SplitConfig{};
    std::string const id = form.job.value("id", "");
    Jobs::Unsaved const unsaved{{form.connection.value("connector", ""), split.config},
                                split.secrets};
    bool const can_ask = native.empty() && connectors.has(unsaved.endpoint.connector);
    Jobs::Draft draft = jobs_.check(call, form.job, native, reach_of(http),
                                    can_ask ? &unsaved : nullptr);
    draft.by = http.principal().id;
    for (Finding finding : native.findings()) {
        // The connection is made together with the job.
        if (finding.code == "replication.connection_not_found") continue;
        finding.pointer = in_short_form(finding.pointer, configure);
        findings.add(std::move(finding));
    }
    findings.check();
    auto const before = jobs_.look_for(call, id);
    bool const is_foreign = before && !before->value("owns_connection", false);
    if (is_foreign)
        throw Error{WEIR_E_CONFLICT,
                    "there is another job \"" + id + "\" with a connection of its own", "/name"}
            .coded("replication.job_exists")
            .suggest("PUT /replication/jobs/" + id);
    // Before anything is stored: a refusal changes nothing.
    if (before)
        jobs_.check_position(call, (*before)["doc"], form.job, moved_by(call, id, split.config));
    refuse_owned(call, draft, Save::replace, true);
    SavedForm out;
    out.connection = connections_.save(call, Connections::connections, form.connection, split,
                                       Save::replace, {"job:" + id, draft.by}, is_dry);
    out.job = jobs_.save(call, draft, Save::replace, true, is_dry);
    return out;
}

/// What of the stored connection's place is another in `config`, where that means other rows.
std::string Replication::moved_by(Call const& call, std::string const& id, Json const& config) {
    if (!connections_.exists(call, id)) return {};
    return differences(place_of(connections_.find(call, id)["doc"]["config"]), place_of(config));
}

Json Replication::configured(Call const& call, Connectors const& connectors, Json const& record) {
    Json connection = Json::object();
    std::string const id = record["doc"]["source"].value("connection", "");
    // A side that is given by its URL has no connection.
    if (!id.empty() && connections_.exists(call, id))
        connection = connections_.answer(connectors, connections_.find(call, id));
    Json out = configure_form(record["doc"], connection);
    Json const job = job_answer(call, record);
    out["config_name"] = out["name"];
    for (char const* const name : {"state", "nextRun", "last_status", "last_run_at", "last_error",
                                   "rows_synced", "createdAt", "updatedAt", "sees", "guarantee",
                                   "warnings"})
        out[name] = job[name];
    out["circuit"] = jobs_.circuit(call, record["doc"]);
    return out;
}

void Replication::configure(Call const& call, Http& http) {
    SavedForm const saved = save_short_form(call, http, object_body(http), true);
    http.reply(saved.job.status(), configured(call, Connectors{call, context_}, saved.job.record));
}

void Replication::deconfigure(Call const& call, Http& http) {
    std::string const id = http.param("name");
    jobs_.find(call, id);
    configuration_.refuse_owned(call, Jobs::jobs, id, nullptr);
    runs_.end_all(call, id, "the configuration was deleted");
    jobs_.forget(call, id);
    http.reply(204);
}

void Replication::start_config(Call const& call, Http& http) {
    Json const record = jobs_.set_paused(call, http.param("name"), false);
    http.reply(200, configured(call, Connectors{call, context_}, record));
}

void Replication::stop_config(Call const& call, Http& http) {
    Json const record = jobs_.set_paused(call, http.param("name"), true);
    http.reply(200, configured(call, Connectors{call, context_}, record));
}

void Replication::sync_config(Call const& call, Http& http) {
    start_run(call, http, http.param("name"));
}

void Replication::all_status(Call const& call, Http& http) {
    Connectors const connectors{call, context_};
    http.reply(200,
               list_page(call, context_, Jobs::jobs, Page::of(http), [&](Document const& document) {
                   return configured(call, connectors, document.json);
               }));
}

void Replication::all_logs(Call const& call, Http& http) {
    Json answer = runs_.history(call, {}, {}, Page::of(http));
    Json items = Json::array();
    for (Json const& run : answer.value("items", Json::array()))
        if (is_over(run.value("status", ""))) items.push_back(log_line(run));
    http.reply(200, {{"items", std::move(items)}, {"next", answer.value("next", Json())}});
}

}  // namespace weir::replication
