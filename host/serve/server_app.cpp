#include "host/serve/server_app.hpp"

#include <fmt/format.h>

#include "host/http/tokens.hpp"
#include "host/serve/backup_routes.hpp"
#include "host/serve/config_routes.hpp"
#include "host/serve/crash_journal.hpp"
#include "host/serve/event_routes.hpp"
#include "host/serve/exposure.hpp"
#include "host/serve/host_routes.hpp"
#include "host/serve/logger_routes.hpp"
#include "host/serve/plugin_admin_routes.hpp"
#include "host/serve/plugin_json.hpp"
#include "host/serve/route_schemas.hpp"
#include "host/serve/run_routes.hpp"
#include "host/serve/runner_service.hpp"
#include "host/serve/self_routes.hpp"
#include "host/serve/series_routes.hpp"
#include "host/serve/timeline_routes.hpp"
#include "weir/cpp/calendar.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;

constexpr std::int64_t retain_ms = 60'000;
constexpr std::size_t workers = 8;

Json in_short(Error const& error) { return {{"code", error.code}, {"message", error.message}}; }

/// No path of the host leaves it.
std::string base_name(std::string const& file) {
    return std::filesystem::path{file}.filename().string();
}

}  // namespace

/// Engine and plugins, which then find each other.
Result<void> App::wake() {
    events_.on_published([this](std::set<std::string> const& consumers) {
        plugins_.wake(consumers);
        feed_.wake();
    });
    events_.on_passing([this](std::string const& topic, std::string const& data) {
        feed_.pass(topic, data);
    });
    events_.on_dropped([this](std::string const& topic) { plugins_.drop(topic); });
    access_.on_ended([this] { feed_.wake(); });
    log_.also([this] {
        std::vector<std::string> ids;
        for (auto const& all : {registry_.components(), registry_.services()})
            for (auto const& each : all) ids.push_back(each->id);
        return ids;
    });
    feed_.start();
    is_followed_ = true;
    if (auto started = engine_.start(workers); !started) return started.error();
    Result<Registry::Leave> leave = PluginAdmin::remembered(documents_);
    if (!leave) return leave.error();
    registry_.leave(std::move(*leave));
    plugins_.start();
    for (Refusal const& refusal : registry_.refusals())
        log_.log(3, refusal.path.filename().string(), refusal.error.message);
    for (PluginLife::Status const& status : plugins_.list())
        if (status.error) log_.log(4, status.info->id, status.error->message);
    tell_plugins();
    return {};
}

Result<Json> App::validate(ConfigFile const& config) {
    if (Result<void> offered = offer_runner(bus_, engine_, reach_); !offered)
        return offered.error();
    if (Result<void> woken = wake(); !woken) return woken.error();
    return validation_of(bus_, clock_, config);
}

Result<void> App::open_vault() {
    Result<Vault::Turned> const turned = vault_.settle_key();
    if (!turned) return turned.error();
    if (turned->from == turned->to) return {};
    log_.log(level_warning, "host",
             fmt::format("secrets sealed anew: {}; the master key was {} and is {}",
                         turned->secrets, turned->from, turned->to));
    return access_.note({"host", "", "", "rotate master key", turned->to, "done at start"});
}

Result<void> App::start(ConfigFile const& config) {
    if (Result<void> begun = read_crashes(); !begun) return begun;
    if (Result<void> opens = open_vault(); !opens) return opens;
    Result<http::AdminToken> token = http::AdminToken::open(request_.admin_token, token_file());
    if (!token) return token.error();
    if (!token->warning().empty()) log_.log(3, "host", token->warning());
    if (Result<void> opened = access_.open(std::move(*token)); !opened) return opened;
    http::Server::Ports ports{router_, access_, clock_, config.http.limits,
                              [this](std::string const& line) { log_.log(3, "http", line); }};
    ports.replays = &replays_;
    ports.requires_if_match = config.http.requires_if_match;
    ports.hosts = config.http.hosts;
    ports.trusted_proxies = config.http.trusted_proxies;
    ports.tls = config.http.tls;
    ports.audit = [this](http::AuditEntry const& entry) {
        if (Result<void> noted = access_.note(entry); !noted)
            log_.log(4, "audit", noted.error().message);
    };
    Result<std::unique_ptr<http::Server>> server = http::Server::listen(request_.listen, ports);
    if (!server) return server.error();
    server_ = std::move(*server);

    reach_ = FileReach{config.file_roots ? *config.file_roots
                                         : std::vector{std::filesystem::path{directory_.path()}}};
    if (Result<void> offered = offer_runner(bus_, engine_, reach_); !offered) return offered;
    std::vector<http::Route> routes =
        host_routes({registry_, plugins_, *store_, router_, clock_,
                     [this] { return host_metrics_.text(); },
                     [this] { return config_error(); }});
    AwaitRun const await_run = [this](std::string const& id, int wait_s) {
        return awaited(id, wait_s);
    };
    for (auto more : {run_routes(engine_, await_run), connector_routes(engine_, reach_),
                      letter_routes({letters_, engine_, bus_, clock_}),
                      plugin_admin_routes(registry_, plugins_, admin_),
                      token_routes(access_), session_routes(access_, server_->port()),
                      audit_routes(access_.audit()), secret_routes(vault_), event_routes(feed_),
                      self_routes(router_, registry_), timeline_routes(runs_),
                      logger_routes(log_), series_routes(series_, bus_, clock_),
                      config_routes(bus_, clock_),
                      backup_routes(directory_.path(), clock_)})
        routes.insert(routes.end(), more.begin(), more.end());
    add_schemas(routes);
    bool const is_exposed = !is_local_address(server_->host());
    if (is_exposed && !config.http.public_metrics) close_metrics(routes);
    if (Result<void> added = router_.add(std::move(routes)); !added) return added;
    if (Result<void> woken = wake(); !woken) return woken;
    if (Result<void> applied = apply(config); !applied) return applied;
    timer_.start();
    server_->start();
    if (is_exposed && config.http.tls.cert.empty()) warn_of_plain_text();
    tell("host.state", {{"state", "ready"}});
    if (request_.watch) watch();
    std::string const url = server_->url();
    bool const is_for_browsers = server_->port() != 0;
    voice_.ready({url, is_for_browsers ? url + "/?login=" + access_.sessions().new_code() : "",
                  request_.admin_token ? "WEIR_ADMIN_TOKEN" : token_file().string()},
                 server_->port());
    return {};
}

void App::watch() {
    std::vector<std::filesystem::path> files;
    if (!request_.config.empty()) files.emplace_back(request_.config);
    watch_.emplace(request_.library_dirs, files, [this](std::filesystem::path const& file) {
        // What becomes of it stands in the log, the events, /plugins and /readyz.
        if (file == request_.config && request_.hangups)
            request_.hangups->store(true);  // as SIGHUP does
        else if (registry_.find(file.stem().string()))
            (void)admin_.reload(file.stem().string());
        else
            (void)admin_.load(file.filename().string());
    });
}

/// Tells what the last host crashed in, and leaves alone what did so again and again.
Result<void> App::read_crashes() {
    std::filesystem::path const file = directory_.path() / "crash-journal";
    std::vector<CrashJournal::Crash> const all = CrashJournal::read(file);
    std::int64_t const now_s = clock_.unix_us() / 1'000'000;
    if (!all.empty() && now_s - all.back().at_s <= CrashJournal::window_s)
        log_.log(level_error, "host",
                 fmt::format("the host {} in {}() of the plugin {} at {}; plugins that did not "
                             "come with Weir crash alone unless plugins.in_process names them",
                             all.back().signal == CrashJournal::exited
                                 ? std::string{"was ended by exit()"}
                                 : fmt::format("crashed (signal {})", all.back().signal),
                             all.back().call, all.back().plugin,
                             weir::rfc3339(all.back().at_s * 1'000'000)));
    std::vector<std::string> const repeated = CrashJournal::repeated(all, now_s);
    for (std::string const& library : repeated) room_.quarantine(library);
    if (!repeated.empty()) CrashJournal::end(file);
    return CrashJournal::begin(file);
}

/// For who listens at /events; nothing depends on it.
void App::tell(char const* topic, Json const& data) {
    // The name of a library's file may be any bytes.
    std::string const text = data.dump(-1, ' ', false, Json::error_handler_t::replace);
    Result<std::optional<std::int64_t>> const told = events_.publish(topic, "", text);
    if (!told) log_.log(3, "store", told.error().message);
}

void App::tell_loss(Loss const& loss) {
    log_.log(level_warning, loss.plugin,
             fmt::format("the process of {} ended ({}), loss {} of {} within ten minutes; {}",
                         loss.library, loss.how, loss.losses, loss.losses_max,
                         loss.set_aside ? "it is started no more until it is asked for: " +
                                              loss.set_aside->suggestion
                                        : "the next call starts another"));
    if (loss.set_aside)
        tell("plugin.failed", {{"plugin", loss.plugin},
                               {"state", "quarantined"},
                               {"error", in_short(*loss.set_aside)}});
}

/// In the trail too: who looks into it later sees what could be overheard. A proxy may do TLS.
void App::warn_of_plain_text() {
    log_.log(level_warning, "http",
             fmt::format("{} is reached from other machines without TLS: tokens and records can be "
                         "overheard, unless a proxy in front has it; http.tls of weir.yaml",
                         server_->url()));
    if (Result<void> noted = access_.note({"host", "", "", "serve without TLS", server_->url(),
                                           "warning"});
        !noted)
        log_.log(level_error, "audit", noted.error().message);
}

/// As PluginAdmin tells what becomes of them later.
void App::tell_plugins() {
    for (std::string const& sentence : registry_.trusted_in_vain())
        log_.log(level_warning, "host", sentence);
    for (Json const& plugin : plugins_json(registry_, plugins_)) {
        std::string const state = plugin.at("state");
        if (state == "disabled") continue;
        Json data{{"plugin", plugin.at("id")}, {"state", state}};
        for (char const* const name : {"version", "sha256", "generation"})
            if (plugin.contains(name)) data[name] = plugin.at(name);
        bool const is_bad = state == "failed" || state == "quarantined";
        if (is_bad) data["error"] = plugin.at("last_error");
        tell(is_bad ? "plugin.failed" : "plugin.loaded", data);
    }
}

/// What the command line names; all of it, or nothing.
Result<void> App::apply(ConfigFile const& config) {
    if (request_.config.empty()) return {};
    Result<void> const applied =
        apply_config(bus_, clock_, config, request_.config,
                     [this](std::string const& line) { log_.log(level_error, "config", line); });
    tell_config(applied);
    return applied;
}

/// Whoever listens, the trail and /readyz hear what became of the file.
void App::tell_config(Result<void> const& applied) {
    Json event{{"file", base_name(request_.config)}};
    if (!applied) event["error"] = in_short(applied.error());
    tell(applied ? "config.applied" : "config.rejected", event);
    std::string const sentence = applied ? "" : applied.error().message;
    {
        std::lock_guard const lock{config_mutex_};
        config_error_ = sentence;
    }
    Result<void> const noted =
        access_.note({"host", "", "", "configuration file", base_name(request_.config),
                      applied ? "applied" : "rejected"});
    if (!noted) log_.log(level_error, "audit", noted.error().message);
}

std::string App::config_error() const {
    std::lock_guard const lock{config_mutex_};
    return config_error_;
}

/// The file as it is now; one that is wrong changes nothing.
Result<void> App::apply_again() {
    Result<ConfigFile> const config = ConfigFile::read(request_.config);
    Result<void> const fine = config ? config->check(request_.config) : config.error();
    if (fine) return apply(*config);
    tell_config(fine);
    return fine;
}

void App::reload() {
    if (Result<void> loaded = server_->reload_tls(); !loaded)
        log_.log(4, "http", loaded.error().message + "; the certificate before stays");
    if (request_.config.empty()) return;
    Result<void> const applied = apply_again();
    if (!applied)
        log_.log(level_error, "config",
                 fmt::format("{}: {}; the configuration before stays", applied.error().where,
                             applied.error().message));
    else
        log_.log(2, "config", request_.config + " applied");
}

void App::tend() {
    if (Result<void> tended = access_.tend(); !tended)
        log_.log(3, "audit", tended.error().message);
    if (Result<void> recorded = recorder_.tend(); !recorded)
        log_.log(3, "series", recorded.error().message);
    std::int64_t const now = clock_.monotonic_ns();
    if (now - retained_ns_ < retain_ms * 1'000'000) return;
    retained_ns_ = now;
    for (Result<void> const& kept : {access_.audit().retain(), replays_.tend(), series_.retain()})
        if (!kept) log_.log(3, "store", kept.error().message);
}

// The engine before the server: who waits for a run is answered as soon as the run has stopped.
void App::stop() {
    watch_.reset();
    timer_.stop();
    tell("host.state", {{"state", "draining"}});
    engine_.stop(request_.drain_ms);
    if (Result<void> recorded = recorder_.record(); !recorded)
        log_.log(3, "series", recorded.error().message);
    if (server_) server_->stop(request_.drain_ms);
    events_.on_published({});
    events_.on_passing({});
    events_.on_dropped({});
    is_followed_ = false;
    feed_.stop();
    plugins_.stop();
}

}  // namespace weir::host
