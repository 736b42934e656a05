#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "host/core/clock.hpp"
#include "host/http/router.hpp"
#include "host/serve/public_event.hpp"
#include "host/store/events.hpp"

namespace weir::host {

/// What happened, to everybody who listens: one thread between the store and the open streams.
///
/// A reader has a place in the sequence of events and moves along it, so nothing is left out and
/// nothing comes twice, wherever it was cut. What lies behind is read from the store, no faster
/// than it is taken; what is new is pushed at once, and who falls `Stream::pending_bytes_max`
/// behind is cut by its stream. "run.progress" is told and not kept: the latest of a run wins.
/// A stream ends once who opened it is not welcome any more: at the next wake(), when its token
/// expires, or at its heartbeat, whichever comes first. Thread-safe.
class EventFeed {
public:
    struct Limits {
        std::size_t recent_max = 1'024;             ///< events kept in memory for all readers
        std::size_t page = 500;                     ///< events of one look at the store
        std::size_t ahead_bytes_max = 256 * 1024;   ///< of what lies behind, pushed and not taken
        std::size_t lines_max = 256;                ///< of the log, told at once
        std::int64_t heartbeat_ms = 15'000;
        std::int64_t progress_ms = 250;  ///< of one run, to one reader
    };
    /// Called on the feed's thread, quick.
    using IsWelcome = std::function<bool(http::Principal const&)>;

    EventFeed(Events& events, Clock const& clock, IsWelcome is_welcome, Limits limits);
    EventFeed(Events& events, Clock const& clock, IsWelcome is_welcome)
        : EventFeed{events, clock, std::move(is_welcome), Limits{}} {}
    EventFeed(EventFeed const&) = delete;
    EventFeed& operator=(EventFeed const&) = delete;
    ~EventFeed();  ///< as stop()

    void start();
    /// Nothing is pushed any more; the streams stay as they are.
    void stop();
    /// Something was published, or somebody is not welcome any more. Any thread, quick.
    void wake();
    /// A fact that is not kept (Events::on_passing). Any thread, quick.
    void pass(std::string const& topic, std::string const& data);
    /// A line of the log, for readers who want it. Any thread, quick; too many at once are counted.
    void log(std::int32_t level, std::string_view logger, std::string_view message);

    /// A stream for `who` of what `filter` wants, behind `after`; without it, from now on. Behind
    /// what the store has: "reset", and on from now.
    Result<std::shared_ptr<http::Stream>> follow(http::Principal const& who, EventFilter filter,
                                                 std::optional<std::int64_t> after,
                                                 EventForm form);

    struct Page {
        std::vector<PublicEvent> events;
        std::int64_t last = 0;  ///< everything up to here was looked at
        bool has_more = false, is_reset = false;
    };
    /// What is kept behind `after`, in order, at most `limit`; without it, from the oldest on.
    Result<Page> page(EventFilter const& filter, std::optional<std::int64_t> after,
                      std::size_t limit);

private:
    struct Reader {
        http::Principal who;
        EventFilter filter;
        EventForm form;
        std::shared_ptr<http::Stream> stream;
        std::int64_t place = 0;  ///< everything up to here was pushed or not wanted
        std::int64_t heartbeat_ns = 0;
        bool is_behind = true, is_reset = false;
        std::map<std::string, PublicEvent> progress = {};        ///< by run: told, not pushed
        std::map<std::string, std::int64_t> progressed_ns = {};  ///< by run: when it was pushed
    };

    void run();
    bool look(std::vector<PublicEvent> const& lines);
    void end_unwelcome();
    bool read_recent();
    void move_on(Reader& reader);
    bool move_behind(Reader& reader);
    void push(Reader& reader, PublicEvent const& event);
    void push_progress(Reader& reader);
    void push_heartbeat(Reader& reader);
    void watch_taken(Reader& reader, bool is_behind);
    std::int64_t next_due_ns() const;
    /// Where the store's whole part begins: everything behind it is there.
    Result<std::pair<std::int64_t, std::int64_t>> kept();

    Events& events_;
    Clock const& clock_;
    IsWelcome const is_welcome_;
    Limits const limits_;
    std::mutex mutex_;  // guards what others bring
    std::condition_variable changed_;
    std::list<Reader> joining_;
    std::map<std::string, PublicEvent> passing_;  // by run: its latest progress
    std::vector<PublicEvent> lines_;              // of the log
    std::size_t lines_left_out_ = 0;
    std::atomic<bool> has_log_readers_ = false;
    bool is_woken_ = false, is_over_ = false;
    std::list<Reader> readers_;  // the thread's, and what follows
    std::deque<PublicEvent> recent_;
    std::int64_t recent_from_ = 0, seen_ = 0;  // recent_ holds all of (recent_from_, seen_]
    std::thread thread_;
};

}  // namespace weir::host
