#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "host/run/report.hpp"

namespace weir::host {

/// Hears how a copy goes on, for people. Called from the threads of the copy, by several streams at
/// once; must be quick.
class Progress {
public:
    virtual ~Progress() = default;
    /// `rows_expected` is the source's estimate.
    virtual void begin(std::string const& stream, std::optional<std::uint64_t> rows_expected) = 0;
    /// Written so far in a stream that has begun, committed or not.
    virtual void advance(std::string const& stream, Counts const& counts) = 0;
    virtual void end(StreamReport const& report) = 0;
    /// One sentence that a person should read now.
    virtual void say(std::string const& sentence) = 0;
};

}  // namespace weir::host
