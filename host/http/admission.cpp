#include "host/http/admission.hpp"

#include <algorithm>
#include <cmath>

namespace weir::host::http {

std::int64_t Admission::take(Principal const& who, bool is_costly) {
    if (who.scope == Scope::admin) return 0;
    if (std::int64_t const wait = take(requests_, who.id, limits_.requests_per_s,
                                       limits_.requests_burst))
        return wait;
    return is_costly ? take(costly_, who.id, limits_.costly_per_s, limits_.costly_burst) : 0;
}

std::int64_t Admission::take_wrong(std::string const& address) {
    double const per_minute = limits_.wrong_tokens_per_min;
    return take(wrong_, address, per_minute / 60, per_minute);
}

std::int64_t Admission::take(Buckets& buckets, std::string const& name, double per_s,
                             double burst) {
    std::int64_t const now = clock_.monotonic_ns();
    auto level = [&](Bucket const& bucket) {
        return std::min(burst,
                        bucket.left + static_cast<double>(now - bucket.filled_ns) / 1e9 * per_s);
    };
    if (buckets.size() >= buckets_max && !buckets.contains(name))
        std::erase_if(buckets, [&](auto const& each) { return level(each.second) >= burst; });
    // All of them in use: a stranger among so many starts with an empty one.
    double const first = buckets.size() >= buckets_max ? 1 : burst;
    Bucket& bucket = buckets.try_emplace(name, Bucket{first, now}).first->second;
    bucket.left = level(bucket);
    bucket.filled_ns = now;
    if (bucket.left < 1)
        return std::max(std::int64_t{1},
                        static_cast<std::int64_t>(std::ceil((1 - bucket.left) / per_s * 1000)));
    bucket.left -= 1;
    return 0;
}

}  // namespace weir::host::http
