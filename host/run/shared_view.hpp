#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "host/abi/source_proxy.hpp"

namespace weir::host {

/// One state of a source that all full reads of a copy see, where the source can give it. Deltas
/// choose their own moments, which have to come behind a fence. Thread-safe.
///
/// A reader that is opened first and never asked for a batch stands for that state.
class SharedView {
public:
    /// `name` tells one copy from another at the instance of `source`, which is borrowed.
    SharedView(SourceProxy& source, std::string name) : source_{source}, name_{std::move(name)} {}

    /// Whether a read of this kind belongs to it.
    static bool takes(ReadRequest const& request);

    /// Opens `request` in that state, the first one: `state` becomes 1. When it is gone with a
    /// session that ended, the reads from then on share another, of the next number. With `state`
    /// other than 0 that one alone is meant: E_IO `source.snapshot_lost` where it is gone.
    Result<ReaderProxy> open(CallContext const& call, ReadRequest request, std::uint64_t& state);

private:
    Result<std::uint64_t> hold(CallContext const& call, ReadRequest const& request);
    bool holds(std::uint64_t number);
    void let_go(std::uint64_t number);

    SourceProxy& source_;
    std::string const name_;
    std::mutex mutex_;  // guards what follows
    std::optional<ReaderProxy> held_;
    std::uint64_t number_ = 0;  ///< of the state that is held
};

}  // namespace weir::host
