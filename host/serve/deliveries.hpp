#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "host/core/clock.hpp"
#include "host/store/events.hpp"

namespace weir::host {

/// Gives one consumer its durable events: at least once, in order per topic, several topics side by
/// side. What it refuses comes again with a growing pause; other topics do not wait for it.
class Deliveries {
public:
    /// Any of the delivering threads; an error means: again later.
    using Take = std::function<Result<void>(Event const& event)>;
    struct Limits {
        std::size_t batch = 256;    ///< deliveries looked up at once
        unsigned side_by_side = 4;  ///< threads that deliver, a topic each
        /// So long after a batch began a topic is given the first of its events only: the next
        /// events of all topics wait for the end of the batch.
        std::int64_t batch_ms = 100;
        /// What was taken is marked so in the store when so long nothing followed: a run's events,
        /// which come one by one, then cost one commit. A host that is killed before gives them
        /// once more.
        std::int64_t mark_ms = 20;
        std::size_t unmarked_max = 16;  ///< each look reads those again
        std::int64_t pause_ms_min = 500, pause_ms_max = 60'000;
        std::size_t dropped_max = 10'000;  ///< topics of one look; with more, all else waits
    };

    Deliveries(Events& events, Clock const& clock, std::string consumer, Take take, Limits limits);
    ~Deliveries();  ///< as stop()
    Deliveries(Deliveries const&) = delete;
    Deliveries& operator=(Deliveries const&) = delete;

    void start();
    /// Something was published. Any thread, quick.
    void wake();
    /// What was queued on `topic` was dropped from the store: none of it starts once this has
    /// returned; what is handed out already ends undisturbed. Any thread, quick.
    void drop(std::string const& topic);
    /// No delivery is under way when this returns; what is left comes at the next start.
    void stop();

private:
    void run();
    bool wait(std::chrono::milliseconds time);
    bool deliver_some();
    Result<std::vector<Events::Delivery>> look();
    bool mark();
    bool may_start(std::string const& topic);
    /// What of one topic is due, in order.
    using Line = std::vector<Events::Delivery const*>;
    static std::vector<Line> lines_of(std::vector<Events::Delivery> const& found);
    std::vector<std::int64_t> deliver_all(std::vector<Line> const& lines);
    std::vector<std::int64_t> deliver(Line const& line, std::int64_t late_ns);
    void put_off(Events::Delivery const& delivery, std::string const& why);

    Events& events_;
    Clock const& clock_;
    std::string const consumer_;
    Take const take_;
    Limits const limits_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool is_woken_ = true;
    std::set<std::int64_t> taken_;  // and not marked so; the own thread's
    std::set<std::string> dropped_;  // since what is being delivered was looked up
    std::atomic<bool> is_over_{false};
    std::thread thread_;
};

}  // namespace weir::host
