#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/abi/instance.hpp"
#include "host/core/error.hpp"

namespace weir::host {

/// Both ends of a copy, looked at and ready for its streams. The instances outlive it.
struct Ends {
    SourceProxy reads;
    SinkProxy writes;
    std::string sink_identity;
    nlohmann::json sink;  ///< as it describes itself

    std::size_t source_lanes = 1;  ///< of its reads that may be at work at once
    bool shares_snapshots = false;
    bool looks_up = false;  ///< the source reads records by their keys
    bool is_cut = false;    ///< it says where a stream falls into parts, and reads these

    /// How many streams may be at work at once.
    std::size_t lanes() const;
    /// How many parts of one stream may be read at once where `streams` are.
    std::size_t parts_of(std::size_t wanted, std::size_t streams) const;
    bool takes_one_writer() const { return sink.value("writers", 0) == 1; }
};

/// E_UNSUPPORTED "copy.sink_not_atomic": rows and position would not commit together (I1). E_CONFIG
/// "copy.same_system": both are the same database.
Result<Ends> meet(Instance& source, Instance& sink);

/// Which system an instance means, however its configuration is spelled. E_INTERNAL: it does not
/// say.
Result<std::string> identity_of(Instance& instance);

/// The same, and behind it the names under which earlier versions stored positions of it. After the
/// source was asked for its streams it may know more of itself.
Result<std::vector<std::string>> identities_of(Instance& instance);

}  // namespace weir::host
