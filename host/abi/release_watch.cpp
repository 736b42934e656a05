#include "host/abi/release_watch.hpp"

#include <utility>

namespace weir::host {

ReleaseWatch::ReleaseWatch(std::string const& who, std::shared_ptr<Generation> generation,
                           HostServices const& services)
    : generation_{std::move(generation)},
      watchdog_{services.watchdog},
      overdue_{services, who, *generation_} {
    watchdog_.add(*this);
}

ReleaseWatch::~ReleaseWatch() {
    watchdog_.remove(*this);
    overdue_.came_back();
    generation_->leave_releases(this);
}

void ReleaseWatch::watch(std::int64_t now_ns) {
    if (!generation_->take_releases(this)) return;
    std::uint64_t const number = generation_->releasing();
    if (number != number_) overdue_.came_back();
    number_ = number;
    if (number != 0) overdue_.look(number, "release", now_ns);
}

}  // namespace weir::host
