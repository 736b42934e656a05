#include "host/child/contained_library.hpp"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "host/abi/misdeeds.hpp"
#include "host/child/members.hpp"
#include "host/child/remote.hpp"

namespace weir::host {

namespace {

std::int64_t now_ns() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

}  // namespace

Result<std::shared_ptr<Contained>> ContainedLibrary::load(std::filesystem::path const& runner,
                                                          std::filesystem::path const& library,
                                                          PluginLimits const& limits,
                                                          OnLoss on_loss) {
    Result<std::shared_ptr<ChildProcess>> process =
        ChildProcess::start(runner, library, limits.memory_mb_max());
    if (!process) return process.error();
    return std::shared_ptr<Contained>{
        new ContainedLibrary{runner, library, std::move(*process), limits, std::move(on_loss)}};
}

ContainedLibrary::ContainedLibrary(std::filesystem::path runner, std::filesystem::path library,
                                   std::shared_ptr<ChildProcess> process,
                                   PluginLimits const& limits, OnLoss on_loss)
    : runner_{std::move(runner)},
      library_{std::move(library)},
      manifest_{process->manifest()},
      limits_{limits},
      on_loss_{std::move(on_loss)},
      process_{std::move(process)} {
    for (auto const& [id, has] : process_->members()) {
        auto own = std::make_unique<Own>(
            Own{remote_source, remote_sink, remote_lifecycle, remote_service, {}});
        if (!(has & has_source_interrupt)) own->source.interrupt = nullptr;
        if (!(has & has_sink_interrupt)) own->sink.interrupt = nullptr;
        if (!(has & has_sweep)) own->sink.sweep = nullptr;
        if (!(has & has_describe)) own->lifecycle.describe = nullptr;
        if (!(has & has_interrupt)) own->lifecycle.interrupt = nullptr;
        if (!(has & has_on_http)) own->service.on_http = nullptr;
        if (!(has & has_on_event)) own->service.on_event = nullptr;
        if (!(has & has_on_invoke)) own->service.on_invoke = nullptr;
        if (!(has & has_on_timer)) own->service.on_timer = nullptr;
        if (!(has & has_start)) own->service.start = nullptr;
        if (!(has & has_stop)) own->service.stop = nullptr;
        if (has & has_source) own->tables.source = &own->source;
        if (has & has_sink) own->tables.sink = &own->sink;
        if (has & (has_describe | has_interrupt)) own->tables.lifecycle = &own->lifecycle;
        if (has & has_service) own->tables.service = &own->service;
        own_.emplace(id, std::move(own));
    }
}

Contained::Tables ContainedLibrary::tables(std::string const& component) const {
    auto const found = own_.find(component);
    return found == own_.end() ? Tables{} : found->second->tables;
}

weir_status ContainedLibrary::create(std::string const& component, weir_host const* host,
                                     char const* config_json, weir_instance** out,
                                     weir_error* error) {
    auto instance = std::make_unique<RemoteInstance>(*this, component, host, config_json);
    RemotePlace place;
    if (weir_status const made = instance->place(place, error); made != WEIR_OK) return made;
    *out = reinterpret_cast<weir_instance*>(instance.release());
    return WEIR_OK;
}

void ContainedLibrary::destroy(weir_instance* instance) {
    std::unique_ptr<RemoteInstance> const gone{&RemoteInstance::of(instance)};
    gone->destroy();
}

std::optional<Error> ContainedLibrary::given_up_locked() const {
    if (!is_given_up_) return std::nullopt;
    Error error{WEIR_E_CONFIG, "plugin.quarantined",
                fmt::format("{} ended its process {} times within {} minutes (the last time: {}), "
                            "and is started no more until it is asked for",
                            library_.filename().string(), losses_max, losses_ms / 60'000,
                            last_end_)};
    error.flags = WEIR_ERR_FINAL;
    return error.suggest("weir plugin reload " + library_.stem().string());
}

std::int64_t ContainedLibrary::pid() const {
    std::lock_guard const lock{mutex_};
    return process_->is_alive() ? process_->pid() : 0;
}

std::optional<Error> ContainedLibrary::given_up() const {
    std::lock_guard const lock{mutex_};
    return given_up_locked();
}

void ContainedLibrary::lost(ChildProcess& process) {
    std::string how = process.end();
    Loss loss;
    {
        std::lock_guard const lock{mutex_};
        if (process_.get() != &process || is_loss_noted_) return;
        is_loss_noted_ = true;
        last_end_ = how;
        std::int64_t const now = now_ns();
        losses_ns_.push_back(now);
        while (now - losses_ns_.front() > losses_ms * 1'000'000) losses_ns_.pop_front();
        is_given_up_ = losses_ns_.size() >= losses_max;
        loss.losses = losses_ns_.size();
        loss.set_aside = given_up_locked();
    }
    loss.library = library_.filename().string();
    loss.plugin = plugin_id();
    Misdeeds::here().keep(loss.plugin, Error{WEIR_E_IO, "plugin.process_ended",
                                             "the process of " + loss.library + " ended: " + how});
    if (!on_loss_) return;
    loss.how = std::move(how);
    loss.losses_max = losses_max;
    on_loss_(loss);
}

void ContainedLibrary::left_threads(char const* of, std::uint64_t count) {
    if (count == 0 || is_told_of_threads_.exchange(true)) return;
    Misdeeds::here().note_threads(plugin_id(), library_.filename().string(), of, count);
}

std::string ContainedLibrary::plugin_id() const {
    std::string const library = library_.filename().string();
    nlohmann::json const about = nlohmann::json::parse(manifest_, nullptr, false);
    return about.is_object() ? about.value("id", library) : library;
}

std::shared_ptr<ChildProcess> ContainedLibrary::current() const {
    std::lock_guard const lock{mutex_};
    return process_;
}

Result<std::shared_ptr<ChildProcess>> ContainedLibrary::process() {
    std::lock_guard const one_starts{start_mutex_};
    std::shared_ptr<ChildProcess> const before = current();
    if (before->is_alive()) return before;
    lost(*before);
    if (std::optional<Error> error = given_up()) return *error;
    Result<std::shared_ptr<ChildProcess>> started =
        ChildProcess::start(runner_, library_, limits_.memory_mb_max());
    if (!started) return started.error();
    std::lock_guard const lock{mutex_};
    process_ = *started;
    is_loss_noted_ = false;
    return process_;
}

}  // namespace weir::host
