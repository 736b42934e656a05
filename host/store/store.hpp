#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "host/core/clock.hpp"
#include "host/core/error.hpp"

namespace weir::host {

class Session;
class Topics;

/// What Weir keeps of its own: documents, secrets, plans, runs, tasks, logs, events, dead letters;
/// one SQLite database (WAL, synchronous=FULL, foreign_keys=ON).
///
/// One connection writes, on a thread of its own. Writes that queue up meanwhile share one
/// transaction and are answered after its commit: durable on return. One that fails or throws takes
/// only its own changes back. Reads have connections of their own and see
/// what is committed. Thread-safe; the tables are those of schema.cpp, and only host/store writes
/// SQL.
///
/// Full disk: writes answer E_IO "store.disk_full", reads go on, and so do writes once there is
/// room.
class Store {
public:
    /// Opens or makes `file` (0600) and brings its schema up to date. E_IO; E_CONFIG "store.newer"
    /// when a later version of Weir has written it, "store.foreign" when it is no state of Weir.
    static Result<std::unique_ptr<Store>> open(std::filesystem::path const& file,
                                               Clock const& clock);
    /// After the last call of any other member has returned.
    virtual ~Store() = default;

    using Work = std::function<Result<void>(Session&)>;
    /// Runs `work` in a transaction and answers when that is durable. `work` may run twice, when
    /// the transaction that it shared was taken back for another's failure: it assigns its results,
    /// and adds nothing. Not from inside a work or a listener of on_published().
    virtual Result<void> write(Work const& work) = 0;
    /// Runs `work` in a read transaction.
    virtual Result<void> read(Work const& work) = 0;
    /// Whether a write would go through now. Writes something itself only after one was refused, so
    /// that room made meanwhile is seen.
    virtual Result<void> check() = 0;
    virtual Clock const& clock() const = 0;
    virtual Topics& topics() = 0;

    struct Figures {
        std::uint64_t commits = 0;  ///< transactions that became durable
        std::uint64_t writes = 0;   ///< works that were answered
        std::size_t waiting = 0;    ///< works that wait for their transaction to begin
    };
    virtual Figures figures() const = 0;
};

}  // namespace weir::host
