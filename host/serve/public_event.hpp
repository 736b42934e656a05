#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/core/finding.hpp"
#include "host/http/router.hpp"
#include "host/store/events.hpp"

namespace weir::host {

// What the world outside hears of what happened. Types:
//   host.state  plugin.{loaded,unloaded,failed,reloaded}  config.{applied,rejected}
//   job.{created,updated,deleted,state,late}  run.{queued,started,progress,task,finished}
//   schedule.{fired,missed}  dead_letter.{added,replayed,discarded}  hook.received  log
// and of a stream itself: heartbeat, reset.

/// One event as readers get it.
struct PublicEvent {
    std::int64_t seq = 0;  ///< 0: not kept, cannot be asked for again
    std::string type, job, run;
    std::string data;  ///< one line of JSON: at, type; job, run, plugin where they apply; the rest
};

/// The event as it may be shown; nothing: it is between plugins. Pure.
std::optional<PublicEvent> public_event(Event const& event);

/// An event of the stream itself: `type` and `at`.
PublicEvent stream_event(std::string const& type, std::int64_t seq, std::int64_t at_us);

/// A line of the host's log; not kept. `left_out`: how many before it were too many to be told.
PublicEvent log_event(std::int64_t at_us, std::int32_t level, std::string_view logger,
                      std::string_view message, std::size_t left_out);

/// Which events a reader wants: all of `types` (`*` as last character: any rest), of these jobs, of
/// these runs; an empty list: any. Who is limited to some jobs gets what is of those alone.
struct EventFilter {
    std::vector<std::string> types, jobs, runs;
    http::Principal who = {};

    /// ?types=run.*,job.state&job=&run=; what is wrong goes to `findings`.
    static EventFilter of(http::Request const& request, std::vector<Finding>& findings);
    bool wants(PublicEvent const& event) const;
    /// A log holds what answers do not: it is for who may do everything, and only asked for.
    bool wants_log() const;
};

enum class EventForm { server_sent, lines };

/// The bytes of one event: a frame of id, event and data, or a line of JSON with `id` in it.
std::string render(PublicEvent const& event, EventForm form);

}  // namespace weir::host
