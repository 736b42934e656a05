#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/abi/source_proxy.hpp"

namespace weir::host {

/// One part of a stream that is read in several, and how far it was. A value.
struct Part {
    std::vector<std::string> above, upto;  ///< see weir_read; empty: open on that side
    std::string cursor = {};               ///< of the source; empty: nothing was read
    bool is_done = false;
    bool operator==(Part const&) const = default;
};

/// All parts of a stream. As the cursor of the stream in the sink it is
///   {"weir":1,"parts":[{"above":[…],"upto":[…],"cursor":"…","done":true}],"then":"…"}
/// so whoever goes on has the same cut, and of each part what was committed. A value.
struct Parts {
    std::vector<Part> list;  ///< in the order of its key: together they hold each record once
    std::string then = {};   ///< of a delta: the cursor of the source behind all of them

    bool are_done() const;
};

std::string cursor_of(Parts const& parts);
/// Nothing: the cursor is one of the source, or empty.
std::optional<Parts> parts_of(std::string const& cursor);

/// The request that reads one of them.
ReadRequest request_of(ReadRequest const& whole, Part const& part);

/// Asks where the stream of `whole` falls into `count` parts; one that is not worth it is whole. A
/// delta is told its position behind all of them, whose readers are to be opened after that.
Result<Parts> cut(SourceProxy& source, CallContext const& call, ReadRequest const& whole,
                  std::size_t count);

}  // namespace weir::host
