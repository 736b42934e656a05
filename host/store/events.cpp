#include "host/store/events.hpp"

#include "host/store/publish.hpp"
#include "host/store/session.hpp"

namespace weir::host {

void Events::subscribe(std::string const& consumer, std::vector<std::string> topics) {
    store_.topics().subscribe(consumer, std::move(topics));
}

void Events::unsubscribe(std::string const& consumer) { store_.topics().unsubscribe(consumer); }

void Events::on_published(Topics::Published listener) {
    store_.topics().on_published(std::move(listener));
}

void Events::on_passing(
    std::function<void(std::string const& topic, std::string const& data)> listener) {
    store_.topics().on_passing(std::move(listener));
}

void Events::on_dropped(std::function<void(std::string const&)> listener) {
    store_.topics().on_dropped(std::move(listener));
}

Result<std::optional<std::int64_t>> Events::publish(std::string const& topic,
                                                    std::string const& dedupe_key,
                                                    std::string const& data) {
    std::optional<std::int64_t> seq;
    Result<void> done = store_.write([&](Session& session) -> Result<void> {
        seq = publish_in(session, topic, dedupe_key, data, store_.clock().unix_us());
        return {};
    });
    if (!done) return done.error();
    return seq;
}

Result<std::vector<Events::Delivery>> Events::due(std::string const& consumer, std::size_t limit) {
    std::vector<Delivery> found;
    Result<void> done = store_.read([&](Session& session) -> Result<void> {
        auto const rows = static_cast<std::int64_t>(limit);
        std::int64_t const now = store_.clock().unix_us();
        Delivery next;
        Query query{session,
                    "SELECT e.seq, e.topic, e.data, e.at, d.attempt FROM weir_delivery d "
                    "JOIN weir_event e ON e.seq = d.seq WHERE d.consumer = ?1 AND d.topic NOT IN "
                    "(SELECT topic FROM weir_delivery WHERE consumer = ?1 AND run_at > 0 AND "
                    "run_at > ?2) ORDER BY d.seq LIMIT ?3"};
        query.with(consumer, now, rows);
        query.into(next.event.seq, next.event.topic, next.event.data, next.event.at_us,
                   next.attempt);
        while (query.next()) found.push_back(next);
        return {};
    });
    if (!done) return done.error();
    return found;
}

Result<std::int64_t> Events::next_due_us(std::string const& consumer) {
    std::int64_t at = 0;
    Result<void> done = store_.read([&](Session& session) -> Result<void> {
        at = session
                 .value<std::int64_t>(
                     "SELECT coalesce(min(run_at), 0) FROM weir_delivery WHERE consumer = ?1 AND "
                     "attempt > 0",
                     consumer)
                 .value_or(0);
        return {};
    });
    if (!done) return done.error();
    return at;
}

Result<void> Events::delivered(std::string const& consumer, std::vector<std::int64_t> const& seqs) {
    return store_.write([&](Session& session) -> Result<void> {
        for (std::int64_t const seq : seqs)
            session.run("DELETE FROM weir_delivery WHERE seq = ?1 AND consumer = ?2", seq,
                        consumer);
        return {};
    });
}

Result<void> Events::failed(std::string const& consumer, std::int64_t seq, std::int64_t run_at_us,
                            std::string const& error) {
    return store_.write([&](Session& session) -> Result<void> {
        session.run(
            "UPDATE weir_delivery SET attempt = attempt + 1, run_at = ?3, error = ?4 WHERE "
            "seq = ?1 AND consumer = ?2",
            seq, consumer, run_at_us, error);
        return {};
    });
}

Result<std::vector<Event>> Events::list(std::int64_t after, std::size_t limit) {
    std::vector<Event> found;
    Result<void> done = store_.read([&](Session& session) -> Result<void> {
        auto const rows = static_cast<std::int64_t>(limit);
        Event next;
        Query query{session,
                    "SELECT seq, topic, data, at FROM weir_event WHERE seq > ?1 ORDER BY seq "
                    "LIMIT ?2"};
        query.with(after, rows).into(next.seq, next.topic, next.data, next.at_us);
        while (query.next()) found.push_back(next);
        return {};
    });
    if (!done) return done.error();
    return found;
}

Result<std::pair<std::int64_t, std::int64_t>> Events::range() {
    std::pair<std::int64_t, std::int64_t> ends;
    Result<void> done = store_.read([&](Session& session) -> Result<void> {
        auto const row = session.row<std::int64_t, std::int64_t>(
            "SELECT coalesce((SELECT min(seq) FROM weir_event), 0), "
            "coalesce((SELECT max(seq) FROM weir_event), 0)");
        if (row) ends = {std::get<0>(*row), std::get<1>(*row)};
        return {};
    });
    if (!done) return done.error();
    return ends;
}

}  // namespace weir::host
