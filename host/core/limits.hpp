#pragma once

#include <cstdint>

namespace weir::host {

/// Everything that can grow has a limit, and the limit has a name (I11).
struct Limits {
    std::uint32_t batch_rows_max = 8192;
    std::uint64_t batch_bytes_max = 2u << 20;
    /// A larger record is refused at the source, and never held.
    std::uint64_t row_bytes_max = 16u << 20;
    /// Batches read and not yet written: one always, more while they are small. Enough for what a
    /// source sends while the sink commits; a third of it cost a tenth of the time.
    std::size_t ahead_batches_max = 12;
    std::uint64_t ahead_bytes_max = 12u << 20;
    /// A transaction of the sink ends at the first batch with a cursor after so much.
    std::uint64_t commit_bytes_max = 4u << 20;
    std::int64_t commit_ms_max = 1000;
    /// Tries of one stream without any progress between them.
    int attempts_max = 4;
    std::int64_t backoff_ms_min = 500, backoff_ms_max = 10'000;
    /// Streams of one copy.
    std::size_t streams_max = 10'000;
    /// Of these at once where nobody says, if both ends can.
    std::size_t parallel_streams = 2;
    /// Deltas that reference other streams of a copy, and begin to be read before those.
    std::size_t begun_ahead_max = 16;
    /// After the first Ctrl-C: how long the batch in hand may take to be committed.
    std::int64_t drain_ms = 10'000;
};

}  // namespace weir::host
