#include "host/run/sink_turn.hpp"

#include <algorithm>
#include <chrono>

namespace weir::host {

namespace {

constexpr std::chrono::milliseconds stop_poll{20};

}  // namespace

Result<void> SinkGate::enter(std::atomic<bool> const& stop) {
    std::unique_lock lock{mutex_};
    std::uint64_t const mine = ++last_;
    line_.push_back(mine);
    while (line_.front() != mine) {
        if (stop) {
            line_.erase(std::ranges::find(line_, mine));
            return Error{WEIR_E_CANCELLED, "copy.interrupted",
                         "interrupted while another run was writing into the sink"};
        }
        changed_.wait_for(lock, stop_poll);
    }
    return {};
}

void SinkGate::leave() {
    std::lock_guard const lock{mutex_};
    line_.pop_front();
    changed_.notify_all();
}

std::shared_ptr<SinkGate> SinkGates::at(std::string const& identity) {
    std::lock_guard const lock{mutex_};
    std::erase_if(gates_, [](auto const& entry) { return entry.second.expired(); });
    std::shared_ptr<SinkGate> gate = gates_[identity].lock();
    if (!gate) gates_[identity] = gate = std::make_shared<SinkGate>();
    return gate;
}

SinkTurn::SinkTurn(std::shared_ptr<SinkGate> gate, std::atomic<bool> const& stop)
    : gate_{std::move(gate)}, stop_{stop} {}

Result<void> SinkTurn::take() {
    if (!gate_ || held_) return {};
    Result<void> entered = gate_->enter(stop_);
    held_ = entered.has_value();
    return entered;
}

void SinkTurn::give() {
    if (held_) gate_->leave();
    held_ = false;
}

}  // namespace weir::host
