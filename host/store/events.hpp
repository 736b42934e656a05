#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "host/store/store.hpp"
#include "host/store/topics.hpp"

namespace weir::host {

/// One thing that happened. `seq` grows in the order of commits and is never used again.
struct Event {
    std::int64_t seq = 0;
    std::string topic, data;  ///< `data`: JSON
    std::int64_t at_us = 0;
};

/// Durable events, and what of them a consumer still has to be given.
///
/// A consumer is a plugin id with its topics; `*` as the last character stands for any rest. Each
/// event gets a delivery row per consumer that was subscribed when it was published, in the same
/// transaction. Kept: the last `events_max` events; older ones until they are delivered. A dedupe
/// key is remembered as long as its event.
///
/// A value: all of one store share its subscriptions and its listener.
class Events {
public:
    static constexpr std::size_t events_max = 10'000;

    explicit Events(Store& store) : store_{store} {}

    /// From now on `consumer` gets what matches `topics`; replaces what it had. In memory: called
    /// at each start, before anything is published. Deliveries of before stay.
    void subscribe(std::string const& consumer, std::vector<std::string> topics);
    void unsubscribe(std::string const& consumer);

    /// Answers its number; nothing when an event with this topic and key is there already.
    Result<std::optional<std::int64_t>> publish(std::string const& topic,
                                                std::string const& dedupe_key,
                                                std::string const& data);
    /// Called on the store's thread after a commit that published something. One listener; it must
    /// be quick, and neither write nor set another one. Not called any more once this has returned
    /// for an empty one.
    void on_published(Topics::Published listener);
    /// Called on the store's thread with what is told and not kept ("run.progress"), before any
    /// later event of the same run. As above: one, quick, none for an empty one.
    void on_passing(
        std::function<void(std::string const& topic, std::string const& data)> listener);
    /// Called with each topic whose deliveries were dropped, on the thread that dropped them, after
    /// the commit and before it is told; the rules of on_published().
    void on_dropped(std::function<void(std::string const& topic)> listener);

    struct Delivery {
        Event event;
        int attempt = 0;  ///< that failed before
    };
    /// What `consumer` is due, oldest first, so that each topic is in order. One that is to be
    /// tried again later holds back what follows it in its topic.
    Result<std::vector<Delivery>> due(std::string const& consumer, std::size_t limit);
    /// When the next event that failed is due again for `consumer`; 0: none waits.
    Result<std::int64_t> next_due_us(std::string const& consumer);
    Result<void> delivered(std::string const& consumer, std::vector<std::int64_t> const& seqs);
    /// Again at `run_at_us`.
    Result<void> failed(std::string const& consumer, std::int64_t seq, std::int64_t run_at_us,
                        std::string const& error);
    /// For lists and streams: those behind `after`, in order.
    Result<std::vector<Event>> list(std::int64_t after, std::size_t limit);
    /// The numbers of the oldest and the newest event that are kept; 0 and 0: none.
    Result<std::pair<std::int64_t, std::int64_t>> range();

private:
    Store& store_;
};

}  // namespace weir::host
