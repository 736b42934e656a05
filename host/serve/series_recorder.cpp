#include "host/serve/series_recorder.hpp"

namespace weir::host {

Result<void> SeriesRecorder::tend() {
    std::int64_t const now = clock_.monotonic_ns();
    if (now - recorded_ns_ < every_s * 1'000'000'000) return {};
    recorded_ns_ = now;
    return record();
}

Result<void> SeriesRecorder::record() {
    for (auto const& [key, value] : figures_.take_growth()) waiting_[key] += value;
    std::vector<Series::Growth> growths;
    for (auto const& [key, value] : waiting_) growths.push_back({key.first, key.second, value});
    Result<void> added = series_.add(growths, clock_.unix_us());
    if (added) waiting_.clear();
    return added;
}

}  // namespace weir::host
