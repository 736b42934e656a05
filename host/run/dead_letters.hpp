#pragma once

#include <cstdint>
#include <string>

#include "host/core/clock.hpp"
#include "host/core/error.hpp"
#include "weir/arrow.h"

namespace weir::host {

/// Keeps the records that a sink refused, one JSON object per line:
/// {"id","at","run_id","stream","target","code","message","where","record":{…}}.
///
/// The file is opened, and made readable by its owner only, with the first letter; an existing one
/// is appended to. A run that was killed between sync() and the sink's commit reads those records
/// again and may repeat their letters, and so does one whose staged rows never showed; none is
/// lost. One thread.
class DeadLetters {
public:
    /// An empty `path` keeps nothing and only lets the copy go on (--on-error skip).
    DeadLetters(Clock const& clock, std::string path, std::string run_id);
    DeadLetters(DeadLetters const&) = delete;
    DeadLetters& operator=(DeadLetters const&) = delete;
    ~DeadLetters();

    /// The stream that the next letters belong to, in this attempt: what an earlier one left
    /// unsynced was rolled back with its rows.
    void name_stream(std::string stream, std::string target);
    /// Row `row` of `batch` with the reason. E_IO when the file cannot be written.
    Result<void> add(ArrowSchema const& schema, ArrowArray const& batch, std::int64_t row,
                     Error const& why);
    /// What was added is in the file on return, and the file's bytes are durable.
    Result<void> sync();

    std::uint64_t kept() const { return kept_; }
    std::string const& path() const { return path_; }

private:
    Result<void> open();
    Error failed(char const* what) const;

    Clock const& clock_;
    std::string path_, run_id_, stream_, target_, pending_;
    std::uint64_t kept_ = 0, pending_letters_ = 0;
    int file_ = -1;
};

}  // namespace weir::host
