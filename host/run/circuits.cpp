#include "host/run/circuits.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <utility>

#include "host/core/text.hpp"
#include "host/run/retry.hpp"
#include "weir/cpp/calendar.hpp"

namespace weir::host {

std::string Circuits::key_of(std::string const& owner, ConnectorConfig const& connector) {
    std::string const config =
        connector.config.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return owner + '\n' + connector.connector + '\n' + fingerprint(config);
}

Result<Circuits::Pass> Circuits::enter(std::string const& key) {
    std::lock_guard const lock{mutex_};
    auto const found = failing_.find(key);
    if (found == failing_.end() || !found->second.is_open) return Pass{*this, key, false};
    Circuit& circuit = found->second;
    if (circuit.is_probed || circuit.probe_ns > clock_.monotonic_ns()) return told(circuit);
    circuit.is_probed = true;
    return Pass{*this, key, true};
}

Result<void> Circuits::look(std::string const& key) {
    std::lock_guard const lock{mutex_};
    auto const found = failing_.find(key);
    if (found != failing_.end() && found->second.is_open) return told(found->second);
    return {};
}

void Circuits::close(std::string const& key) {
    std::lock_guard const lock{mutex_};
    failing_.erase(key);
}

void Circuits::note(std::string const& key, Error const& error) {
    Pass{*this, key, false}.failed(error);
}

// A failure that was on its way when the circuit opened is no news.
void Circuits::fail(std::string const& key, Error const& error, bool is_probe) {
    std::lock_guard const lock{mutex_};
    if (!failing_.contains(key) && failing_.size() >= circuits_max) return;
    Circuit& circuit = failing_[key];
    ++circuit.failures;
    circuit.last = error;
    if (is_probe) circuit.is_probed = false;
    bool const opens = !circuit.is_open && circuit.failures >= failures_max;
    if (opens) circuit.since_us = clock_.unix_us();
    if (!opens && !is_probe) return;
    circuit.is_open = true;
    circuit.pause_ms = opens ? pause_ms_min : std::min(circuit.pause_ms * 2, pause_ms_max);
    circuit.probe_ns = clock_.monotonic_ns() + circuit.pause_ms * 1'000'000;
}

void Circuits::give_back(std::string const& key) {
    std::lock_guard const lock{mutex_};
    if (auto const found = failing_.find(key); found != failing_.end())
        found->second.is_probed = false;
}

// Spread over a second, so that those who sleep do not come all at once.
Error Circuits::told(Circuit const& circuit) const {
    std::int64_t const left_ms = (circuit.probe_ns - clock_.monotonic_ns()) / 1'000'000;
    Error error{WEIR_E_IO, down,
                fmt::format("the connection is down, {} failures in a row, the last: {}; it is "
                            "tried by one run at a time until it answers",
                            circuit.failures, circuit.last.message),
                circuit.last.code};
    error.suggestion = circuit.last.suggestion;
    error.flags = WEIR_ERR_RETRYABLE;
    constexpr std::int64_t spread_ms = 1'000;
    error.retry_after_ms = std::max<std::int64_t>(left_ms, 0) + 1 +
                           static_cast<std::int64_t>(randombytes_uniform(spread_ms));
    return error;
}

nlohmann::json Circuits::state(std::string const& key) {
    std::lock_guard const lock{mutex_};
    auto const found = failing_.find(key);
    if (found == failing_.end()) return {{"state", "closed"}, {"failures", 0}};
    Circuit const& circuit = found->second;
    nlohmann::json out{
        {"state", !circuit.is_open ? "closed" : circuit.is_probed ? "probing" : "open"},
        {"failures", circuit.failures}};
    if (!circuit.is_open) return out;
    std::int64_t const in_us = (circuit.probe_ns - clock_.monotonic_ns()) / 1'000;
    out["since"] = rfc3339(circuit.since_us);
    out["next_probe_at"] = rfc3339(clock_.unix_us() + std::max<std::int64_t>(in_us, 0));
    out["error"] = {{"code", circuit.last.code}, {"message", circuit.last.message}};
    if (!circuit.last.suggestion.empty()) out["error"]["suggestion"] = circuit.last.suggestion;
    return out;
}

Circuits::Pass::Pass(Pass&& other) noexcept
    : home_{std::exchange(other.home_, nullptr)},
      key_{std::move(other.key_)},
      is_probe_{other.is_probe_},
      has_answered_{other.has_answered_} {}

Circuits::Pass::~Pass() {
    if (home_ && is_probe_) home_->give_back(key_);
}

void Circuits::Pass::answered() {
    if (std::exchange(has_answered_, true)) return;
    is_probe_ = false;
    home_->close(key_);
}

void Circuits::Pass::failed(Error const& error) {
    if (error.status == WEIR_E_CANCELLED || error.status == WEIR_E_BUSY) return;
    if (!time_may_cure(error)) return answered();
    home_->fail(key_, error, std::exchange(is_probe_, false));
}

}  // namespace weir::host
