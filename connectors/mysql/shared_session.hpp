#pragma once

#include <memory>
#include <mutex>

#include "connection.hpp"

namespace weir::mysql {

/// The one session of all reads that share a state, in the transaction that is this state: nothing
/// else takes another session to it without rights over the whole server. One read after the other
/// has it. Thread-safe.
class SharedSession {
public:
    /// The session, its transaction open, and nothing left of the read before, however that ended.
    /// E_IO `source.snapshot_lost`: the transaction is gone, or somebody else has the session.
    std::unique_ptr<Connection> take(Wait const& wait);
    /// Back, or for the first time.
    void give(std::unique_ptr<Connection> connection) noexcept;

private:
    std::mutex mutex_;
    std::unique_ptr<Connection> connection_;
};

Error snapshot_lost();

}  // namespace weir::mysql
