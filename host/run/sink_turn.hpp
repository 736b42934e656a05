#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "host/core/error.hpp"

namespace weir::host {

/// The way into a sink that takes one writer at a time: who asks first goes first. Thread-safe.
class SinkGate {
public:
    /// Blocks until the way is free; E_CANCELLED when `stop` turns true before.
    Result<void> enter(std::atomic<bool> const& stop);
    void leave();

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::uint64_t> line_;  // the first is inside
    std::uint64_t last_ = 0;
};

/// A gate per sink, by its identity. Thread-safe.
class SinkGates {
public:
    std::shared_ptr<SinkGate> at(std::string const& identity);

private:
    std::mutex mutex_;
    std::map<std::string, std::weak_ptr<SinkGate>> gates_;
};

/// One writer's place at a gate. One thread; gives it back in the destructor.
class SinkTurn {
public:
    /// No gate: it is always this one's turn.
    SinkTurn(std::shared_ptr<SinkGate> gate, std::atomic<bool> const& stop);
    SinkTurn(SinkTurn const&) = delete;
    SinkTurn& operator=(SinkTurn const&) = delete;
    ~SinkTurn() { give(); }

    /// Does nothing when it is held already.
    Result<void> take();
    void give();

private:
    std::shared_ptr<SinkGate> gate_;
    std::atomic<bool> const& stop_;
    bool held_ = false;
};

}  // namespace weir::host
