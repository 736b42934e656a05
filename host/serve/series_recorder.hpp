#pragma once

#include <cstdint>

#include "host/core/clock.hpp"
#include "host/run/run_figures.hpp"
#include "host/store/series.hpp"

namespace weir::host {

/// Stores by how much the figures of runs grew. What was counted since the last time is lost when
/// the process is killed: these are for charts, the counts of a run are kept with it. One thread.
class SeriesRecorder {
public:
    /// The finest resolution: nothing is gained by more.
    static constexpr std::int64_t every_s = Series::resolutions.front().step_s;

    /// All outlive it.
    SeriesRecorder(RunFigures& figures, Series& series, Clock const& clock)
        : figures_{figures}, series_{series}, clock_{clock} {}

    /// Once `every_s` has passed; to be called now and then.
    Result<void> tend();
    /// At once. On an error the next one stores it too.
    Result<void> record();

private:
    RunFigures& figures_;
    Series& series_;
    Clock const& clock_;
    std::int64_t recorded_ns_ = 0;
    RunFigures::Growth waiting_;
};

}  // namespace weir::host
