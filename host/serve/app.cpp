#include "host/serve/app.hpp"

#include <fmt/format.h>
#include <stdlib.h>

#include <chrono>
#include <thread>

#include "host/core/log_level.hpp"
#include "host/serve/config_routes.hpp"
#include "host/serve/server_app.hpp"
#include "host/serve/service_manager.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;

/// How often the server looks whether it shall stop, and at what wants tending.
constexpr std::chrono::milliseconds stop_seen_after{50};

/// Opens what lies in a directory of state, and does `work` with the server made of it.
template <class Answer, class Work>
Answer with_app(ServeRequest const& request, ServeVoice const& voice, Clock const& clock,
                Limits const& limits, Work const& work) {
    Result<DataDirectory> directory = DataDirectory::hold(request.data_dir);
    if (!directory) return directory.error();
    if (Result<void> made = LibraryRoom::prepare(directory->path() / "gen"); !made)
        return made.error();
    Result<std::unique_ptr<Store>> store = Store::open(directory->path() / "state.db", clock);
    if (!store) return store.error();
    Result<bool> const is_known = Vault::knows_key(**store);
    if (!is_known) return is_known.error();
    Result<std::unique_ptr<KeyRing>> keys = KeyRing::load(directory->path(), *is_known);
    if (!keys) return keys.error();
    App app{request, voice, clock, limits, *directory, std::move(*store), std::move(*keys)};
    Answer answer = work(app);
    app.stop();
    return answer;
}

/// A directory of its own, removed with all that is in it.
class Scratch {
public:
    Scratch() {
        std::string name = (std::filesystem::temp_directory_path() / "weir-XXXXXX").string();
        if (::mkdtemp(name.data())) path_ = name;
    }
    Scratch(Scratch const&) = delete;
    Scratch& operator=(Scratch const&) = delete;
    ~Scratch() {
        std::error_code ignored;
        if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
    }
    std::string const& path() const { return path_; }

private:
    std::string path_;
};

}  // namespace

Result<Json> validate_config(ServeRequest const& request, Clock const& clock,
                             Limits const& limits) {
    Result<ConfigFile> const config = ConfigFile::read(request.config);
    if (!config)
        return Json{{"errors", Json::array({{{"pointer", ""},
                                             {"code", config.error().code},
                                             {"detail", config.error().message}}})}};
    if (!config->is_whole) return errors_of(*config);
    Scratch const scratch;
    if (scratch.path().empty())
        return Error{WEIR_E_IO, "serve.data_dir",
                     fmt::format("no directory can be made in {}",
                                 std::filesystem::temp_directory_path().string())};
    ServeRequest settled = request;
    settled.data_dir = scratch.path();
    settled.plugins_lock = config->plugins_lock.value_or("");
    settled.drain_ms = 0;
    ServeVoice const silent{[](ServeVoice::Doors const&, std::uint16_t) {}, [](bool) {},
                            [](std::int32_t, std::string_view, std::string_view) {}};
    return with_app<Result<Json>>(settled, silent, clock, limits,
                                  [&](App& app) { return app.validate(*config); });
}

Result<void> serve(ServeRequest const& request, ServeVoice const& voice, Clock const& clock,
                   Limits const& limits, std::atomic<bool> const& stop) {
    ConfigFile config;
    if (!request.config.empty()) {
        Result<ConfigFile> read = ConfigFile::read(request.config);
        if (!read) return read.error();
        config = std::move(*read);
        if (Result<void> const fine = config.check(request.config); !fine) {
            voice.format(request.log_format == "json");
            for (PlacedFinding const& each : config.wrong)
                voice.log(level_error, "config",
                          fmt::format("{}:{}:{}: {} ({})", request.config, each.place.line,
                                      each.place.column, each.finding.detail, each.finding.code));
            return fine.error();
        }
    }
    // What the command line says goes before the file, and the file before the defaults.
    ServeRequest settled = request;
    if (settled.data_dir.empty()) settled.data_dir = config.data_dir.value_or("weir-data");
    if (config.plugins_lock) settled.plugins_lock = *config.plugins_lock;
    if (settled.listen.empty()) settled.listen = config.listen.value_or("127.0.0.1:7070");
    if (config.drain_ms) settled.drain_ms = *config.drain_ms;
    settled.placement.limits.fill(config.plugin_limits);
    for (std::string const& id : config.in_process) settled.placement.in_process.push_back(id);
    if (!settled.log_level && config.log_level) settled.log_level = config.log_level;
    if (settled.log_format.empty()) settled.log_format = config.log_format.value_or("text");
    voice.format(settled.log_format == "json");
    ServiceManager manager;
    return with_app<Result<void>>(settled, voice, clock, limits, [&](App& app) {
        Result<void> const started = app.start(config);
        if (started) manager.ready();
        while (started && !stop) {
            std::this_thread::sleep_for(stop_seen_after);
            manager.alive(clock.monotonic_ns());
            app.tend();
            if (!settled.hangups || !settled.hangups->exchange(false)) continue;
            manager.reloading(clock.monotonic_ns());
            app.reload();
            manager.ready();
        }
        manager.stopping();
        return started;
    });
}

}  // namespace weir::host
