#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "host/core/error.hpp"
#include "weir/arrow.h"

namespace weir::host {

/// Where the records of one stream go that a sink refused, in one attempt: what is not synced at
/// its end was rolled back with its rows, and is dropped. A run that was killed between sync() and
/// the sink's commit reads those records again and may give them again; none is lost. One thread.
class DeadLetters {
public:
    virtual ~DeadLetters() = default;

    /// Row `row` of `batch` with the reason; `ordinal` counts the rows that the run has read of the
    /// stream, so that a batch that comes again gives the same ones.
    virtual Result<void> add(ArrowSchema const& schema, ArrowArray const& batch, std::int64_t row,
                             std::uint64_t ordinal, Error const& why) = 0;
    /// What was added is durable on return.
    virtual Result<void> sync() = 0;
};

/// Gives each attempt of a stream its letters, which it outlives. Thread-safe.
class LetterBox {
public:
    virtual ~LetterBox() = default;
    virtual std::unique_ptr<DeadLetters> open(std::string stream, std::string target) = 0;
};

}  // namespace weir::host
