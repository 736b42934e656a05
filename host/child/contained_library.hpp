#pragma once

#include <atomic>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>

#include "host/abi/placement.hpp"
#include "host/child/process.hpp"

namespace weir::host {

/// A library in a weir-runner of its own, which is started again when it was lost: instances are
/// made anew there at their next call, readers and writers of the lost one fail. Three losses
/// within ten minutes end that.
class ContainedLibrary final : public Contained {
public:
    static constexpr std::size_t losses_max = 3;
    static constexpr std::int64_t losses_ms = 600'000;

    /// Starts it once. E_IO as ChildProcess::start.
    static Result<std::shared_ptr<Contained>> load(std::filesystem::path const& runner,
                                                   std::filesystem::path const& library,
                                                   PluginLimits const& limits, OnLoss on_loss = {});
    /// How long one call may go on in which the library asks its host nothing.
    std::int64_t call_ms() const { return limits_.call_ms_max(); }
    /// Such objects of it leave ever more threads behind, `count` by now; 0: not. Told once.
    void left_threads(char const* of, std::uint64_t count);

    Tables tables(std::string const& component) const override;
    weir_status create(std::string const& component, weir_host const* host,
                       char const* config_json, weir_instance** out, weir_error* error) override;
    void destroy(weir_instance* instance) override;
    std::string const& manifest() const override { return manifest_; }
    std::int64_t pid() const override;
    std::optional<Error> given_up() const override;

    /// One that runs. E_CONFIG "plugin.quarantined"; E_IO: it does not start.
    Result<std::shared_ptr<ChildProcess>> process();
    /// Tells that `process` was lost; each counts once.
    void lost(ChildProcess& process);

private:
    struct Own {
        weir_source source;
        weir_sink sink;
        weir_lifecycle lifecycle;
        weir_service service;
        Tables tables;
    };
    ContainedLibrary(std::filesystem::path runner, std::filesystem::path library,
                     std::shared_ptr<ChildProcess> process, PluginLimits const& limits,
                     OnLoss on_loss);
    std::optional<Error> given_up_locked() const;
    std::string plugin_id() const;
    std::shared_ptr<ChildProcess> current() const;

    std::filesystem::path const runner_, library_;
    std::string const manifest_;
    PluginLimits const limits_;
    std::atomic<bool> is_told_of_threads_{false};
    OnLoss const on_loss_;
    std::map<std::string, std::unique_ptr<Own>> own_;
    std::mutex start_mutex_;     // one is started at a time; mutex_ is taken inside
    mutable std::mutex mutex_;   // nothing is waited for under it
    std::shared_ptr<ChildProcess> process_;
    bool is_loss_noted_ = false;   // of process_
    std::deque<std::int64_t> losses_ns_;
    bool is_given_up_ = false;
    std::string last_end_;
};

}  // namespace weir::host
