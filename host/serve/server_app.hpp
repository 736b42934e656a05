#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "host/abi/library_room.hpp"
#include "host/abi/misdeeds.hpp"
#include "host/abi/registry.hpp"
#include "host/abi/watchdog.hpp"
#include "host/core/log_level.hpp"
#include "host/http/server.hpp"
#include "host/run/engine.hpp"
#include "host/run/file_reach.hpp"
#include "host/run/run_json.hpp"
#include "host/serve/access.hpp"
#include "host/serve/access_routes.hpp"
#include "host/serve/app.hpp"
#include "host/serve/bus.hpp"
#include "host/serve/config_file.hpp"
#include "host/serve/data_directory.hpp"
#include "host/serve/event_feed.hpp"
#include "host/serve/host_metrics.hpp"
#include "host/serve/loggers.hpp"
#include "host/serve/offered.hpp"
#include "host/serve/own_files.hpp"
#include "host/serve/plugin_admin.hpp"
#include "host/serve/plugin_life.hpp"
#include "host/serve/file_watch.hpp"
#include "host/serve/replays.hpp"
#include "host/serve/series_recorder.hpp"
#include "host/serve/timer.hpp"
#include "host/store/vault.hpp"

namespace weir::host {

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
        std::unique_ptr<KeyRing> keys)
        : request_{request},
          voice_{voice},
          clock_{clock},
          directory_{directory},
          store_{std::move(store)},
          keys_{std::move(keys)},
          log_{clock,
               [this](std::int32_t level, std::string_view who, std::string_view line) {
                   voice_.log(level, who, line);
                   if (is_followed_) feed_.log(level, who, line);
               },
               request.log_level.value_or(level_info)},
          watchdog_{clock, request.placement.limits},
          timer_{clock, [this](std::int64_t due, std::int64_t now) { plugins_.fire(due, now); }},
          services_{clock, log_, metrics_, watchdog_,
                    PluginServices{&offered_store_, &offered_secrets_, &offered_timer_, &bus_},
                    clock.unix_us()},
          room_{directory.path() / "gen", request.runner},
          registry_{request.library_dirs, &room_,
                    LoadRules{lock_of(request, directory), heard(request.placement)}},
          engine_{{runs_, letters_, registry_, services_, secrets_, limits}},
          plugins_{
              {registry_, services_, bus_, events_, router_,
               [this](std::string const& id) { return config_of(id); },
               [this](std::string const& run_id, int wait_s) { return awaited(run_id, wait_s); }}} {
    }

    Result<void> start(ConfigFile const& config);
    Result<nlohmann::json> validate(ConfigFile const& config);
    void tend();
    void reload();
    void stop();

private:
    std::optional<nlohmann::json> awaited(std::string const& run_id, int wait_s) {
        Result<nlohmann::json> run = engine_.wait(run_id, std::int64_t{wait_s} * 1'000);
        if (!run || !is_ended(run->value("status", ""))) return std::nullopt;
        return std::move(*run);
    }
    static PluginsLock lock_of(ServeRequest const& request, DataDirectory const& directory) {
        bool const is_wanted = !request.plugins_lock.empty();
        return {is_wanted ? std::filesystem::path{request.plugins_lock}
                          : directory.path() / "plugins.lock",
                is_wanted};
    }
    /// With a word in the log, and an event, for each process that is lost.
    Placement heard(Placement placement) {
        placement.on_loss = [this](Loss const& loss) { tell_loss(loss); };
        return placement;
    }
    void tell_loss(Loss const& loss);
    std::filesystem::path token_file() const {
        return request_.token_file.empty() ? directory_.path() / "admin-token"
                                           : std::filesystem::path{request_.token_file};
    }
    nlohmann::json config_of(std::string const& service) const {
        if (service != "replication") return nlohmann::json::object();
        return {{"local_url", "sqlite:" + (directory_.path() / "local.db").string()}};
    }
    Result<void> wake();
    void tell(char const* topic, nlohmann::json const& data);
    void tell_plugins();
    /// With a key ring whose newest key is not yet the state's, it becomes that.
    Result<void> open_vault();
    void warn_of_plain_text();
    void watch();
    Result<void> read_crashes();
    Result<void> apply(ConfigFile const& config);
    Result<void> apply_again();
    void tell_config(Result<void> const& applied);
    std::string config_error() const;

    ServeRequest const& request_;
    ServeVoice const& voice_;
    Clock const& clock_;
    DataDirectory const& directory_;
    std::unique_ptr<Store> store_;
    std::unique_ptr<KeyRing> keys_;
    std::atomic<bool> is_followed_ = false;  // while the feed is there
    Loggers log_;
    Misdeeds::Heard const misdeeds_{[this](std::string const& plugin, Error const& error) {
        log_.log(level_error, plugin, error.message);
    }};
    Metrics metrics_;
    Watchdog watchdog_;
    Vault vault_{*store_, *keys_};
    VaultLookup secrets_{vault_, own_files(directory_.path(), token_file())};
    Access access_{*store_, *keys_};
    StoredReplays replays_{*store_};
    Documents documents_{*store_};
    Events events_{*store_};
    Runs runs_{*store_};
    Letters letters_{*store_};
    Timer timer_;
    EventFeed feed_{events_, clock_,
                    [this](http::Principal const& who) { return access_.is_welcome(who); }};
    FileReach reach_;  // set before anybody asks
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
    std::optional<FileWatch> watch_;
    HostMetrics host_metrics_{{plugins_, bus_, letters_, engine_.figures(), metrics_, clock_,
                               directory_.path() / "state.db", clock_.unix_us(),
                               [this] { return server_->metrics(); }}};
    mutable std::mutex config_mutex_;
    std::string config_error_;  // of the file that was read last; empty: it holds
    Series series_{*store_};
    SeriesRecorder recorder_{engine_.figures(), series_, clock_};
    std::unique_ptr<http::Server> server_;
    std::int64_t retained_ns_ = 0;
};

}  // namespace weir::host
