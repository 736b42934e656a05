#include "host/child/contained_library.hpp"

#include <fmt/format.h>

#include <chrono>

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
                                                          std::filesystem::path const& library) {
    Result<std::shared_ptr<ChildProcess>> process = ChildProcess::start(runner, library);
    if (!process) return process.error();
    return std::shared_ptr<Contained>{new ContainedLibrary{runner, library, std::move(*process)}};
}

ContainedLibrary::ContainedLibrary(std::filesystem::path runner, std::filesystem::path library,
                                   std::shared_ptr<ChildProcess> process)
    : runner_{std::move(runner)},
      library_{std::move(library)},
      manifest_{process->manifest()},
      process_{std::move(process)} {
    for (auto const& [id, has] : process_->members()) {
        auto own = std::make_unique<Own>(
            Own{remote_source, remote_sink, remote_lifecycle, remote_service, {}});
        if (!(has & has_source_interrupt)) own->source.interrupt = nullptr;
        if (!(has & has_sink_interrupt)) own->sink.interrupt = nullptr;
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
}

std::optional<Error> ContainedLibrary::given_up_locked() const {
    if (!is_given_up_) return std::nullopt;
    Error error{WEIR_E_CONFIG, "plugin.quarantined",
                fmt::format("{} ended its process {} times within {} minutes, and is started no "
                            "more until it is asked for",
                            library_.filename().string(), losses_max, losses_ms / 60'000)};
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

void ContainedLibrary::note_loss(ChildProcess const& process) {
    if (process_.get() != &process || is_loss_noted_) return;
    is_loss_noted_ = true;
    std::int64_t const now = now_ns();
    losses_ns_.push_back(now);
    while (now - losses_ns_.front() > losses_ms * 1'000'000) losses_ns_.pop_front();
    is_given_up_ = losses_ns_.size() >= losses_max;
}

void ContainedLibrary::lost(ChildProcess const& process) {
    std::lock_guard const lock{mutex_};
    note_loss(process);
}

Result<std::shared_ptr<ChildProcess>> ContainedLibrary::process() {
    std::lock_guard const lock{mutex_};
    if (process_->is_alive()) return process_;
    note_loss(*process_);
    if (std::optional<Error> error = given_up_locked()) return *error;
    Result<std::shared_ptr<ChildProcess>> started = ChildProcess::start(runner_, library_);
    if (!started) return started.error();
    process_ = *started;
    is_loss_noted_ = false;
    return process_;
}

}  // namespace weir::host
