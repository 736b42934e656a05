#include "host/serve/app.hpp"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <optional>
#include <thread>

#include "host/abi/watchdog.hpp"
#include "host/core/log_level.hpp"
#include "host/http/server.hpp"
#include "host/http/tokens.hpp"
#include "host/run/engine.hpp"
#include "host/run/run_json.hpp"
#include "host/serve/access.hpp"
#include "host/serve/access_routes.hpp"
#include "host/serve/config_file.hpp"
#include "host/serve/data_directory.hpp"
#include "host/serve/event_feed.hpp"
#include "host/serve/event_routes.hpp"
#include "host/serve/exposure.hpp"
#include "host/serve/host_metrics.hpp"
#include "host/serve/host_routes.hpp"
#include "host/serve/logger_routes.hpp"
#include "host/serve/offered.hpp"
#include "host/serve/own_files.hpp"
#include "host/serve/plugin_admin_routes.hpp"
#include "host/serve/plugin_json.hpp"
#include "host/serve/plugin_watch.hpp"
#include "host/serve/replays.hpp"
#include "host/serve/route_schemas.hpp"
#include "host/serve/run_routes.hpp"
#include "host/serve/runner_service.hpp"
#include "host/serve/self_routes.hpp"
#include "host/serve/timeline_routes.hpp"
#include "host/store/vault.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;

/// How often the server looks whether it shall stop, and at what wants tending.
constexpr std::chrono::milliseconds stop_seen_after{50};
constexpr std::int64_t retain_ms = 60'000;
constexpr std::size_t workers = 8;

Json in_short(Error const& error) { return {{"code", error.code}, {"message", error.message}}; }

/// No path of the host leaves it.
std::string base_name(std::string const& file) {
    return std::filesystem::path{file}.filename().string();
}

/// A plugin's own secrets, then those of /secrets.
class VaultLookup final : public SecretLookup {
public:
    VaultLookup(Vault& vault, std::vector<std::filesystem::path> own_files)
        : vault_{vault}, own_files_{std::move(own_files)} {}
    Result<std::optional<std::string>> find(std::string const& owner,
                                            std::string const& name) override {
        Result<std::optional<std::string>> found = vault_.get(owner, name);
        return !found || *found ? found : vault_.get(own_secrets, name);
    }
    bool is_own_file(std::filesystem::path const& file) const override {
        return is_one_of(own_files_, file);
    }

private:
    Vault& vault_;
    std::vector<std::filesystem::path> own_files_;
};

/// The server, built in order and taken apart in reverse.
class App {
public:
    App(ServeRequest const& request, ServeVoice const& voice, Clock const& clock,
        Limits const& limits, DataDirectory const& directory, std::unique_ptr<Store> store,
        std::unique_ptr<MasterKey> key)
        : request_{request},
          voice_{voice},
          clock_{clock},
          directory_{directory},
          store_{std::move(store)},
          key_{std::move(key)},
          log_{clock, voice.log, request.log_level.value_or(level_info)},
          watchdog_{clock},
          timer_{clock, [this](std::int64_t due, std::int64_t now) { plugins_.fire(due, now); }},
          services_{clock, log_, metrics_, watchdog_,
                    PluginServices{&offered_store_, &offered_secrets_, &offered_timer_, &bus_}},
          room_{directory.path() / "gen", request.runner},
          registry_{request.library_dirs, &room_},
          engine_{{runs_, letters_, registry_, services_, secrets_, limits}},
          plugins_{
              {registry_, services_, bus_, events_, router_,
               [this](std::string const& id) { return config_of(id); },
               [this](std::string const& run_id, int wait_s) { return awaited(run_id, wait_s); }}} {
    }

    Result<void> start(ConfigFile const& config);
    void tend();
    void reload();
    void stop();

private:
    std::optional<Json> awaited(std::string const& run_id, int wait_s) {
        Result<Json> run = engine_.wait(run_id, std::int64_t{wait_s} * 1'000);
        if (!run || !is_ended(run->value("status", ""))) return std::nullopt;
        return std::move(*run);
    }
    std::filesystem::path token_file() const {
        return request_.token_file.empty() ? directory_.path() / "admin-token"
                                           : std::filesystem::path{request_.token_file};
    }
    Json config_of(std::string const& service) const {
        if (service != "replication") return Json::object();
        return {{"local_url", "sqlite:" + (directory_.path() / "local.db").string()}};
    }
    void tell(char const* topic, Json const& data);
    void tell_plugins();
    void warn_of_plain_text();
    Result<void> apply(ConfigFile const& config);
    Result<void> put(std::string const& path, std::string const& id, Json document,
                     std::string const& place);

    ServeRequest const& request_;
    ServeVoice const& voice_;
    Clock const& clock_;
    DataDirectory const& directory_;
    std::unique_ptr<Store> store_;
    std::unique_ptr<MasterKey> key_;
    Loggers log_;
    Metrics metrics_;
    Watchdog watchdog_;
    Vault vault_{*store_, *key_};
    VaultLookup secrets_{vault_, own_files(directory_.path(), token_file())};
    Access access_{*store_, *key_};
    StoredReplays replays_{*store_};
    Documents documents_{*store_};
    Events events_{*store_};
    Runs runs_{*store_};
    Letters letters_{*store_};
    Timer timer_;
    EventFeed feed_{events_, clock_};
    Bus bus_{events_};
    OfferedStore offered_store_{documents_};
    OfferedSecrets offered_secrets_{vault_};
    OfferedTimer offered_timer_{timer_};
    HostServices services_;
    LibraryRoom room_;
    Registry registry_;
    Engine engine_;
    http::Router router_;
    PluginLife plugins_;
    PluginAdmin admin_{{registry_, plugins_, engine_, bus_, documents_, events_, services_}};
    std::optional<PluginWatch> watch_;
    HostMetrics host_metrics_{{plugins_, bus_, letters_, engine_.figures(), metrics_, clock_,
                               directory_.path() / "state.db", clock_.unix_us(),
                               [this] { return server_->metrics(); }}};
    std::unique_ptr<http::Server> server_;
    std::int64_t retained_ns_ = 0;
};

Result<void> App::start(ConfigFile const& config) {
    if (Result<void> opens = vault_.check_key(); !opens) return opens;
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

    if (Result<void> offered = offer_runner(bus_, engine_); !offered) return offered;
    std::vector<http::Route> routes =
        host_routes({registry_, plugins_, *store_, router_, clock_,
                     [this] { return host_metrics_.text(); }});
    AwaitRun const await_run = [this](std::string const& id, int wait_s) {
        return awaited(id, wait_s);
    };
    for (auto more : {run_routes(engine_, await_run), connector_routes(engine_),
                      letter_routes({letters_, engine_, bus_, clock_}),
                      plugin_admin_routes(registry_, plugins_, admin_),
                      token_routes(access_.tokens()), session_routes(access_, server_->port()),
                      audit_routes(access_.audit()), secret_routes(vault_), event_routes(feed_),
                      self_routes(router_, registry_), timeline_routes(runs_),
                      logger_routes(log_)})
        routes.insert(routes.end(), more.begin(), more.end());
    add_schemas(routes);
    bool const is_exposed = !is_local_address(server_->host());
    if (is_exposed && !config.http.public_metrics) close_metrics(routes);
    if (Result<void> added = router_.add(std::move(routes)); !added) return added;
    events_.on_published([this] {
        plugins_.wake();
        feed_.wake();
    });
    events_.on_passing([this](std::string const& topic, std::string const& data) {
        feed_.pass(topic, data);
    });
    feed_.start();
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
    if (Result<void> applied = apply(config); !applied) {
        tell("config.rejected",
             {{"file", base_name(request_.config)}, {"error", in_short(applied.error())}});
        return applied;
    }
    if (!request_.config.empty()) tell("config.applied", {{"file", base_name(request_.config)}});
    timer_.start();
    server_->start();
    if (is_exposed && config.http.tls.cert.empty()) warn_of_plain_text();
    tell("host.state", {{"state", "ready"}});
    if (request_.watch)
        watch_.emplace(request_.library_dirs, [this](std::filesystem::path const& library) {
            // Its outcome stands in the log, the events and /plugins.
            if (registry_.find(library.stem().string()))
                (void)admin_.reload(library.stem().string());
            else
                (void)admin_.load(library.filename().string());
        });
    std::string const url = server_->url();
    bool const is_for_browsers = server_->port() != 0;
    voice_.ready({url, is_for_browsers ? url + "/?login=" + access_.sessions().new_code() : "",
                  request_.admin_token ? "WEIR_ADMIN_TOKEN" : token_file().string()},
                 server_->port());
    return {};
}

/// For who listens at /events; nothing depends on it.
void App::tell(char const* topic, Json const& data) {
    Result<std::optional<std::int64_t>> const told = events_.publish(topic, "", data.dump());
    if (!told) log_.log(3, "store", told.error().message);
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

/// Through the routes, as anybody would: one door, one validator.
Result<void> App::put(std::string const& path, std::string const& id, Json document,
                      std::string const& place) {
    document["id"] = id;
    http::Router::Match const match = router_.find("PUT", path + id);
    if (!match.route)
        return Error{WEIR_E_CONFIG, "config.no_plugin",
                     fmt::format("{} needs the plugin replication, which is not loaded", place)};
    http::Request request;
    request.method = "PUT";
    request.path = path + id;
    request.params = match.params;
    request.headers["content-type"] = "application/json";
    request.body = document.dump();
    request.json = std::move(document);
    request.who = {"config", http::Scope::admin};
    http::Response const response = match.route->handler(request);
    if (response.status < 300) return {};
    Json const problem = Json::parse(response.body, nullptr, false);
    std::string const detail = problem.is_object() ? problem.value("detail", "") : "";
    std::string const pointer = problem.is_object() ? problem.value("pointer", "") : "";
    return Error{WEIR_E_CONFIG,
                 problem.is_object() ? problem.value("code", "config.refused") : "config.refused",
                 detail, request_.config + ":/" + place + pointer};
}

Result<void> App::apply(ConfigFile const& config) {
    for (auto const& [kind, documents] : {std::pair{"integrations", &config.integrations},
                                          {"connections", &config.connections},
                                          {"jobs", &config.jobs}})
        for (auto const& [id, document] : *documents) {
            Result<void> done = put(fmt::format("/replication/{}/", kind), id, document,
                                    fmt::format("{}/{}", kind, id));
            if (!done) return done;
        }
    return {};
}

void App::reload() {
    if (Result<void> loaded = server_->reload_tls(); !loaded)
        log_.log(4, "http", loaded.error().message + "; the certificate before stays");
}

void App::tend() {
    if (Result<void> tended = access_.tend(); !tended)
        log_.log(3, "audit", tended.error().message);
    std::int64_t const now = clock_.monotonic_ns();
    if (now - retained_ns_ < retain_ms * 1'000'000) return;
    retained_ns_ = now;
    for (Result<void> const& kept : {access_.audit().retain(), replays_.tend()})
        if (!kept) log_.log(3, "store", kept.error().message);
}

// The engine before the server: who waits for a run is answered as soon as the run has stopped.
void App::stop() {
    watch_.reset();
    timer_.stop();
    tell("host.state", {{"state", "draining"}});
    engine_.stop(request_.drain_ms);
    if (server_) server_->stop(request_.drain_ms);
    events_.on_published({});
    events_.on_passing({});
    feed_.stop();
    plugins_.stop();
}

Result<void> run_app(ServeRequest request, ServeVoice const& voice, Clock const& clock,
                     Limits const& limits, std::atomic<bool> const& stop,
                     ConfigFile const& config) {
    Result<DataDirectory> directory = DataDirectory::hold(request.data_dir);
    if (!directory) return directory.error();
    Result<std::unique_ptr<MasterKey>> key = MasterKey::load(directory->path());
    if (!key) return key.error();
    if (Result<void> made = LibraryRoom::prepare(directory->path() / "gen"); !made)
        return made.error();
    Result<std::unique_ptr<Store>> store = Store::open(directory->path() / "state.db", clock);
    if (!store) return store.error();
    App app{request, voice, clock, limits, *directory, std::move(*store), std::move(*key)};
    Result<void> started = app.start(config);
    while (started && !stop) {
        std::this_thread::sleep_for(stop_seen_after);
        app.tend();
        if (request.hangups && request.hangups->exchange(false)) app.reload();
    }
    app.stop();
    return started;
}

}  // namespace

Result<void> serve(ServeRequest const& request, ServeVoice const& voice, Clock const& clock,
                   Limits const& limits, std::atomic<bool> const& stop) {
    ConfigFile config;
    if (!request.config.empty()) {
        Result<ConfigFile> read = ConfigFile::read(request.config);
        if (!read) return read.error();
        config = std::move(*read);
    }
    // What the command line says goes before the file, and the file before the defaults.
    ServeRequest settled = request;
    if (settled.data_dir.empty()) settled.data_dir = config.data_dir.value_or("weir-data");
    if (settled.listen.empty()) settled.listen = config.listen.value_or("127.0.0.1:7070");
    if (config.drain_ms) settled.drain_ms = *config.drain_ms;
    if (!settled.log_level && config.log_level) settled.log_level = config.log_level;
    if (settled.log_format.empty()) settled.log_format = config.log_format.value_or("text");
    voice.format(settled.log_format == "json");
    return run_app(std::move(settled), voice, clock, limits, stop, config);
}

}  // namespace weir::host
