#include "shared_session.hpp"

namespace weir::mysql {

Error snapshot_lost() {
    return Error{WEIR_E_IO, "the session of the one moment that several streams share is gone"}
        .coded("source.snapshot_lost");
}

std::unique_ptr<Connection> SharedSession::take(Wait const& wait) {
    std::unique_ptr<Connection> taken;
    {
        std::lock_guard const lock{mutex_};
        taken = std::move(connection_);
    }
    if (taken && taken->has_rows()) taken->drop_rows(wait);
    if (!taken || !taken->in_transaction()) throw snapshot_lost();
    return taken;
}

void SharedSession::give(std::unique_ptr<Connection> connection) noexcept {
    std::lock_guard const lock{mutex_};
    connection_ = std::move(connection);
}

}  // namespace weir::mysql
