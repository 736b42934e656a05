#pragma once

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
                                                   std::filesystem::path const& library);

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
    void lost(ChildProcess const& process);

private:
    struct Own {
        weir_source source;
        weir_sink sink;
        weir_lifecycle lifecycle;
        weir_service service;
        Tables tables;
    };
    ContainedLibrary(std::filesystem::path runner, std::filesystem::path library,
                     std::shared_ptr<ChildProcess> process);
    std::optional<Error> given_up_locked() const;
    void note_loss(ChildProcess const& process);

    std::filesystem::path const runner_, library_;
    std::string const manifest_;
    std::map<std::string, std::unique_ptr<Own>> own_;
    mutable std::mutex mutex_;
    std::shared_ptr<ChildProcess> process_;
    bool is_loss_noted_ = false;   // of process_
    std::deque<std::int64_t> losses_ns_;
    bool is_given_up_ = false;
};

}  // namespace weir::host
