#include "host/serve/app.hpp"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <optional>
#include <thread>

#include "host/abi/watchdog.hpp"
#include "host/http/server.hpp"
#include "host/http/tokens.hpp"
#include "host/run/engine.hpp"
#include "host/run/run_json.hpp"
#include "host/serve/config_file.hpp"
#include "host/serve/data_directory.hpp"
#include "host/serve/host_metrics.hpp"
#include "host/serve/host_routes.hpp"
#include "host/serve/offered.hpp"
#include "host/serve/plugin_admin_routes.hpp"
#include "host/serve/plugin_watch.hpp"
#include "host/serve/run_routes.hpp"
#include "host/serve/runner_service.hpp"
#include "host/store/vault.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;

/// How often the server looks whether it shall stop.
constexpr std::chrono::milliseconds stop_seen_after{50};
constexpr std::size_t workers = 8;

class LogLines final : public LogSink {
public:
    explicit LogLines(ServeVoice const& voice) : voice_{voice} {}
    bool is_enabled(std::int32_t level) const override { return level >= 2; }
    void log(std::int32_t level, std::string_view instance, std::string_view message) override {
        voice_.log(level, instance, message);
    }

private:
    ServeVoice const& voice_;
};

class VaultLookup final : public SecretLookup {
public:
    explicit VaultLookup(Vault& vault) : vault_{vault} {}
    Result<std::optional<std::string>> find(std::string const& owner,
                                            std::string const& name) override {
        return vault_.get(owner, name);
    }

private:
    Vault& vault_;
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
          log_{voice},
          watchdog_{clock},
          timer_{clock, [this](std::int64_t due, std::int64_t now) { plugins_.fire(due, now); }},
          services_{clock, log_, metrics_, watchdog_,
                    PluginServices{&offered_store_, &offered_secrets_, &offered_timer_, &bus_},
                    clock.unix_us()},
          room_{directory.path() / "gen", request.runner},
          registry_{request.library_dirs, &room_},
          engine_{{runs_, letters_, registry_, services_, secrets_, limits}},
          plugins_{
              {registry_, services_, bus_, events_, router_,
               [this](std::string const& id) { return config_of(id); },
               [this](std::string const& run_id, int wait_s) { return awaited(run_id, wait_s); }}} {
    }

    Result<void> start(ConfigFile const& config);
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
    Result<void> apply(ConfigFile const& config);
    Result<void> put(std::string const& path, std::string const& id, Json document,
                     std::string const& place);

    ServeRequest const& request_;
    ServeVoice const& voice_;
    Clock const& clock_;
    DataDirectory const& directory_;
    std::unique_ptr<Store> store_;
    std::unique_ptr<MasterKey> key_;
    LogLines log_;
    Metrics metrics_;
    Watchdog watchdog_;
    Vault vault_{*store_, *key_};
    VaultLookup secrets_{vault_};
    Documents documents_{*store_};
    Events events_{*store_};
    Runs runs_{*store_};
    Letters letters_{*store_};
    Timer timer_;
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
    std::optional<http::AdminToken> token_;
    std::unique_ptr<http::Server> server_;
};

Result<void> App::start(ConfigFile const& config) {
    if (Result<void> opens = vault_.check_key(); !opens) return opens;
    Result<http::AdminToken> token = http::AdminToken::open(request_.admin_token, token_file());
    if (!token) return token.error();
    token_.emplace(std::move(*token));
    if (!token_->warning().empty()) voice_.log(3, "host", token_->warning());
    http::Server::Ports const ports{router_, *token_, clock_, {}, [this](std::string const& line) {
                                        voice_.log(3, "http", line);
                                    }};
    Result<std::unique_ptr<http::Server>> server = http::Server::listen(request_.listen, ports);
    if (!server) return server.error();
    server_ = std::move(*server);

    if (Result<void> offered = offer_runner(bus_, engine_); !offered) return offered;
    std::vector<http::Route> routes =
        host_routes({registry_, plugins_, *store_, router_, clock_,
                     [this] { return host_metrics_.text(); }});
    for (auto more : {run_routes(engine_), connector_routes(engine_),
                      letter_routes({letters_, engine_, bus_, clock_}),
                      plugin_admin_routes(registry_, plugins_, admin_)})
        routes.insert(routes.end(), more.begin(), more.end());
    if (Result<void> added = router_.add(std::move(routes)); !added) return added;
    events_.on_published([this] { plugins_.wake(); });
    events_.on_dropped([this](std::string const& topic) { plugins_.drop(topic); });
    if (auto started = engine_.start(workers); !started) return started.error();
    Result<Registry::Leave> leave = PluginAdmin::remembered(documents_);
    if (!leave) return leave.error();
    registry_.leave(std::move(*leave));
    plugins_.start();
    for (Refusal const& refusal : registry_.refusals())
        voice_.log(3, refusal.path.filename().string(), refusal.error.message);
    for (PluginLife::Status const& status : plugins_.list())
        if (status.error) voice_.log(4, status.info->id, status.error->message);
    if (Result<void> applied = apply(config); !applied) return applied;
    timer_.start();
    server_->start();
    if (request_.watch)
        watch_.emplace(request_.library_dirs, [this](std::filesystem::path const& library) {
            // Its outcome stands in the log, the events and /plugins.
            if (registry_.find(library.stem().string()))
                (void)admin_.reload(library.stem().string());
            else
                (void)admin_.load(library.filename().string());
        });
    voice_.ready(fmt::format("http://{}:{}", server_->host(), server_->port()), server_->port(),
                 request_.admin_token ? "WEIR_ADMIN_TOKEN" : token_file().string());
    return {};
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
    request.principal = R"({"id":"config","scope":"admin"})";
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

// The engine before the server: who waits for a run is answered as soon as the run has stopped.
void App::stop() {
    watch_.reset();
    timer_.stop();
    engine_.stop(request_.drain_ms);
    if (server_) server_->stop(request_.drain_ms);
    events_.on_published({});
    events_.on_dropped({});
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
    while (started && !stop) std::this_thread::sleep_for(stop_seen_after);
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
    return run_app(std::move(settled), voice, clock, limits, stop, config);
}

}  // namespace weir::host
