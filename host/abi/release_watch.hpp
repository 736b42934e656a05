#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "host/abi/overdue.hpp"
#include "host/abi/watchdog.hpp"

namespace weir::host {

/// Tells of the release of a batch that does not come back, as of a call: whoever drops a batch
/// enters no lane. One of those of a generation does so for all.
class ReleaseWatch final : public Watchdog::Watched {
public:
    /// `who` and `services` outlive it.
    ReleaseWatch(std::string const& who, std::shared_ptr<Generation> generation,
                 HostServices const& services);
    ReleaseWatch(ReleaseWatch const&) = delete;
    ReleaseWatch& operator=(ReleaseWatch const&) = delete;
    ~ReleaseWatch();

private:
    void watch(std::int64_t now_ns) override;

    std::shared_ptr<Generation> const generation_;
    Watchdog& watchdog_;
    Overdue overdue_;
    std::uint64_t number_ = 0;  // of the release that was under way at the last look
};

}  // namespace weir::host
