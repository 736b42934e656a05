#include "service.hpp"

#include <map>

#include "meta.hpp"

namespace weir::replication {
namespace {

/// {"definitions", "integration", "connection", "job"}: what their documents hold, with references
/// into the definitions.
Json documents_schema() {
    Json out{{"definitions", Json::parse(meta)["definitions"]}};
    for (char const* const name : {"integration", "connection", "job"})
        out[name] = {{"$ref", std::string{"#/definitions/"} + name + "_document"}};
    return out;
}

}  // namespace

Replication::Replication(Host const& host, Config const& config)
    : context_{host, config.text("local_url")} {}

void Replication::start(Call const& call) { jobs_.align_all(call); }

Replication::Handler Replication::handler_of(std::string_view route) {
    using R = Replication;
    static std::map<std::string_view, Handler> const handlers{
        {"list_connections", &R::list_connections},
        {"create_connection", &R::create_connection},
        {"get_connection", &R::get_connection},
        {"put_connection", &R::put_connection},
        {"patch_connection", &R::patch_connection},
        {"delete_connection", &R::delete_connection},
        {"check_connection", &R::check_connection},
        {"discover_connection", &R::discover_connection},
        {"list_integrations", &R::list_integrations},
        {"create_integration", &R::create_integration},
        {"get_integration", &R::get_integration},
        {"put_integration", &R::put_integration},
        {"delete_integration", &R::delete_integration},
        {"list_jobs", &R::list_jobs},
        {"create_job", &R::create_job},
        {"get_job", &R::get_job},
        {"put_job", &R::put_job},
        {"patch_job", &R::patch_job},
        {"delete_job", &R::delete_job},
        {"run_job", &R::run_job},
        {"pause_job", &R::pause_job},
        {"resume_job", &R::resume_job},
        {"cancel_job", &R::cancel_job},
        {"reset_job", &R::reset_job},
        {"preview_job", &R::preview_job},
        {"job_status", &R::job_status},
        {"job_history", &R::job_history},
        {"job_metrics", &R::job_metrics},
        {"job_next", &R::job_next},
        {"configure", &R::configure},
        {"deconfigure", &R::deconfigure},
        {"start_config", &R::start_config},
        {"stop_config", &R::stop_config},
        {"sync_config", &R::sync_config},
        {"all_status", &R::all_status},
        {"all_logs", &R::all_logs}};
    auto const found = handlers.find(route);
    return found == handlers.end() ? nullptr : found->second;
}

void Replication::on_http(Call const& call, std::string_view route, Http& http) {
    Handler const handler = handler_of(route);
    if (!handler)
        throw Error{WEIR_E_INTERNAL, "the route " + std::string{route} + " has no handler"};
    (this->*handler)(call, http);
}

void Replication::on_event(Call const& call, Event const& event) {
    if (event.topic.starts_with("cron/1:")) return runs_.fired(call, event.data);
    if (event.topic == "runner/1:run") runs_.changed(call, event);
}

Json Replication::on_invoke(Call const& call, Invoke const& invoke) {
    if (invoke.service == "config/1") return configure_all(call, invoke.method, invoke.in);
    if (invoke.method == "figures") return jobs_.figures(call);
    if (invoke.method == "using")
        return using_jobs(call, invoke.in.value("connectors", Json::array()));
    if (invoke.method == "configs")
        return configs_of(call, invoke.in.value("connectors", Json::array()),
                          invoke.in.value("after", ""));
    Json const letters = invoke.in.value("letters", Json::array());
    return runs_.replay(call, invoke.in.value("job", ""), letters);
}

Json Replication::configure_all(Call const& call, std::string_view method, Json const& in) {
    if (method == "plan") return configuration_.plan(call, in);
    if (method == "apply") return configuration_.apply(call, in);
    if (method == "import") return configuration_.import(call, in);
    if (method == "rollback") return configuration_.rollback(call, in);
    if (method == "schema") return documents_schema();
    if (method == "revisions") return configuration_.revisions(call, in);
    return configuration_.everything(call);
}

}  // namespace weir::replication
