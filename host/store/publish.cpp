#include "host/store/publish.hpp"

#include "host/store/events.hpp"

namespace weir::host {

namespace {

/// Old events go in lots, since each search for them costs.
constexpr std::int64_t trim_every = 256;

void trim(Session& session, std::int64_t newest) {
    auto const keep = newest - static_cast<std::int64_t>(Events::events_max);
    session.run(
        "DELETE FROM weir_event WHERE seq <= ?1 AND NOT EXISTS "
        "(SELECT 1 FROM weir_delivery d WHERE d.seq = weir_event.seq)",
        keep);
}

}  // namespace

std::optional<std::int64_t> publish_in(Session& session, std::string const& topic,
                                       std::string const& dedupe_key, std::string const& data,
                                       std::int64_t now_us) {
    std::int64_t const added = session.run(
        "INSERT INTO weir_event(topic, dedupe_key, data, at) VALUES (?1, ?2, ?3, ?4) "
        "ON CONFLICT DO NOTHING",
        topic, dedupe_key, data, now_us);
    if (added == 0) return std::nullopt;
    std::int64_t const seq = session.last_inserted();
    for (std::string const& consumer : session.topics().consumers_of(topic)) {
        session.run(
            "INSERT INTO weir_delivery(seq, consumer, topic, attempt, run_at, error) "
            "VALUES (?1, ?2, ?3, 0, 0, '')",
            seq, consumer, topic);
        session.published_to.insert(consumer);
    }
    if (seq % trim_every == 0) trim(session, seq);
    session.has_published = true;
    return seq;
}

void drop_in(Session& session, std::string const& topic) {
    // Also those of consumers that are not here now. What waits is little, so no index is kept.
    session.run("DELETE FROM weir_delivery WHERE topic = ?1", topic);
}

}  // namespace weir::host
