#include "host/serve/event_feed.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

namespace weir::host {

namespace {

/// The store is asked again this soon after it could not answer.
constexpr std::int64_t retry_ns = 1'000'000'000;
/// Progress waits while so much of what is kept was not taken.
constexpr std::size_t progress_behind_max = 16 * 1024;

}  // namespace

EventFeed::EventFeed(Events& events, Clock const& clock, IsWelcome is_welcome, Limits limits)
    : events_{events}, clock_{clock}, is_welcome_{std::move(is_welcome)}, limits_{limits} {}

EventFeed::~EventFeed() { stop(); }

void EventFeed::start() {
    if (!thread_.joinable()) thread_ = std::thread{[this] { run(); }};
}

void EventFeed::stop() {
    {
        std::lock_guard const lock{mutex_};
        is_over_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
    for (Reader& reader : readers_) reader.stream->on_taken({});
    readers_.clear();
}

void EventFeed::wake() {
    {
        std::lock_guard const lock{mutex_};
        is_woken_ = true;
    }
    changed_.notify_all();
}

void EventFeed::pass(std::string const& topic, std::string const& data) {
    std::optional<PublicEvent> event = public_event({0, topic, data, clock_.unix_us()});
    if (!event) return;
    {
        std::lock_guard const lock{mutex_};
        if (is_over_) return;
        passing_[event->run] = std::move(*event);
        is_woken_ = true;
    }
    changed_.notify_all();
}

void EventFeed::log(std::int32_t level, std::string_view logger, std::string_view message) {
    if (!has_log_readers_) return;
    {
        std::lock_guard const lock{mutex_};
        if (is_over_) return;
        if (lines_.size() >= limits_.lines_max) {
            ++lines_left_out_;
            return;
        }
        lines_.push_back(log_event(clock_.unix_us(), level, logger, message,
                                   std::exchange(lines_left_out_, 0)));
        is_woken_ = true;
    }
    changed_.notify_all();
}

Result<std::pair<std::int64_t, std::int64_t>> EventFeed::kept() {
    Result<std::pair<std::int64_t, std::int64_t>> range = events_.range();
    if (!range) return range.error();
    // Older ones may be there for a plugin that has not taken them; those between are not.
    constexpr auto kept_max = static_cast<std::int64_t>(Events::events_max);
    return std::pair{std::max<std::int64_t>(0, range->second - kept_max), range->second};
}

Result<std::shared_ptr<http::Stream>> EventFeed::follow(http::Principal const& who,
                                                        EventFilter filter,
                                                        std::optional<std::int64_t> after,
                                                        EventForm form) {
    auto const kept = this->kept();
    if (!kept) return kept.error();
    auto const [oldest, newest] = *kept;
    Reader reader{who, std::move(filter), form, std::make_shared<http::Stream>()};
    reader.is_reset = after && (*after < oldest || *after > newest);
    reader.place = reader.is_reset ? newest : after.value_or(newest);
    reader.heartbeat_ns = clock_.monotonic_ns() + limits_.heartbeat_ms * 1'000'000;
    std::shared_ptr<http::Stream> stream = reader.stream;
    if (reader.filter.wants_log()) has_log_readers_ = true;
    {
        std::lock_guard const lock{mutex_};
        joining_.push_back(std::move(reader));
        is_woken_ = true;
    }
    changed_.notify_all();
    return stream;
}

Result<EventFeed::Page> EventFeed::page(EventFilter const& filter,
                                        std::optional<std::int64_t> after, std::size_t limit) {
    auto const kept = this->kept();
    if (!kept) return kept.error();
    auto const [oldest, newest] = *kept;
    Page page;
    page.is_reset = after && (*after < oldest || *after > newest);
    page.last = page.is_reset ? oldest : after.value_or(oldest);
    for (;;) {
        Result<std::vector<Event>> const events = events_.list(page.last, limits_.page);
        if (!events) return events.error();
        for (Event const& event : *events) {
            std::optional<PublicEvent> shown = public_event(event);
            bool const is_wanted = shown && filter.wants(*shown);
            page.has_more = is_wanted && page.events.size() == limit;
            if (page.has_more) return page;
            if (is_wanted) page.events.push_back(std::move(*shown));
            page.last = event.seq;
        }
        if (events->size() < limits_.page) return page;
    }
}

void EventFeed::run() {
    std::unique_lock lock{mutex_};
    while (!is_over_) {
        is_woken_ = false;
        readers_.splice(readers_.end(), joining_);
        std::map<std::string, PublicEvent> const passing = std::exchange(passing_, {});
        std::vector<PublicEvent> const lines = std::exchange(lines_, {});
        lock.unlock();
        for (Reader& reader : readers_)
            for (auto const& [run, event] : passing)
                if (reader.filter.wants(event)) reader.progress[run] = event;
        bool const is_well = look(lines);
        std::erase_if(readers_, [](Reader const& reader) { return !reader.stream->is_open(); });
        std::int64_t const now = clock_.monotonic_ns();
        std::int64_t const due = is_well ? next_due_ns() : std::min(next_due_ns(), now + retry_ns);
        lock.lock();
        changed_.wait_for(lock, std::chrono::nanoseconds{std::max<std::int64_t>(0, due - now)},
                          [this] { return is_woken_ || is_over_; });
    }
}

std::int64_t EventFeed::next_due_ns() const {
    constexpr std::int64_t an_hour_ns = 3'600'000'000'000;
    std::int64_t const now = clock_.monotonic_ns(), now_us = clock_.unix_us();
    std::int64_t due = now + an_hour_ns;
    for (Reader const& reader : readers_) {
        due = std::min(due, reader.heartbeat_ns);
        if (std::int64_t const left_us = reader.who.expires_us - now_us; left_us > 0)
            due = std::min(due, now + left_us * 1'000);
        if (reader.is_behind) continue;  // progress waits until it has caught up
        for (auto const& [run, event] : reader.progress) {
            auto const last = reader.progressed_ns.find(run);
            if (last == reader.progressed_ns.end()) continue;
            due = std::min(due, last->second + limits_.progress_ms * 1'000'000);
        }
    }
    return due;
}

/// Before anything is pushed: what happened after a token was revoked is not for who had it.
void EventFeed::end_unwelcome() {
    std::erase_if(readers_, [this](Reader const& reader) {
        if (is_welcome_(reader.who)) return false;
        reader.stream->on_taken({});
        reader.stream->end();
        return true;
    });
}

/// Moves every reader as far as it goes. False: the store did not answer.
bool EventFeed::look(std::vector<PublicEvent> const& lines) {
    end_unwelcome();
    bool const is_read = readers_.empty() || read_recent();
    if (readers_.empty()) {
        recent_.clear();
        recent_from_ = seen_ = 0;
    }
    for (Reader& reader : readers_) {
        if (is_read) move_on(reader);
        push_progress(reader);
        if (reader.filter.wants_log())
            for (PublicEvent const& line : lines) reader.stream->push(render(line, reader.form));
        push_heartbeat(reader);
    }
    return is_read;
}

bool EventFeed::read_recent() {
    if (seen_ == 0) {
        auto const kept = this->kept();
        if (!kept) return false;
        recent_from_ = seen_ = kept->second;
    }
    for (std::size_t found = limits_.page; found == limits_.page;) {
        Result<std::vector<Event>> const events = events_.list(seen_, limits_.page);
        if (!events) return false;
        found = events->size();
        for (Event const& event : *events) {
            if (auto shown = public_event(event)) recent_.push_back(std::move(*shown));
            seen_ = event.seq;
        }
        for (; recent_.size() > limits_.recent_max; recent_.pop_front())
            recent_from_ = recent_.front().seq;
    }
    return true;
}

void EventFeed::move_on(Reader& reader) {
    if (std::exchange(reader.is_reset, false))
        push(reader, stream_event("reset", reader.place, clock_.unix_us()));
    while (reader.place < recent_from_)
        if (!move_behind(reader)) return;
    auto at = std::upper_bound(
        recent_.begin(), recent_.end(), reader.place,
        [](std::int64_t place, PublicEvent const& event) { return place < event.seq; });
    for (; at != recent_.end(); ++at) {
        if (reader.is_behind && reader.stream->pending_bytes() > limits_.ahead_bytes_max)
            return watch_taken(reader, true);
        push(reader, *at);
    }
    reader.place = std::max(reader.place, seen_);
    if (reader.is_behind) watch_taken(reader, false);
}

/// One page out of the store; false: the reader, or the store, is not ready for it.
bool EventFeed::move_behind(Reader& reader) {
    if (!reader.stream->is_open()) return false;
    reader.is_behind = true;
    watch_taken(reader, true);
    if (reader.stream->pending_bytes() > limits_.ahead_bytes_max) return false;
    auto const kept = this->kept();
    if (!kept) return false;
    if (reader.place < kept->first) {
        reader.place = seen_;
        push(reader, stream_event("reset", reader.place, clock_.unix_us()));
        return true;
    }
    Result<std::vector<Event>> const events = events_.list(reader.place, limits_.page);
    if (!events) return false;
    for (Event const& event : *events) {
        // A page of large events is more than a reader may have waiting.
        if (reader.stream->pending_bytes() > limits_.ahead_bytes_max) return false;
        if (auto const shown = public_event(event)) push(reader, *shown);
        reader.place = event.seq;
    }
    if (events->empty()) reader.place = recent_from_;
    return true;
}

/// While a reader is behind, what it takes makes room for more.
void EventFeed::watch_taken(Reader& reader, bool is_behind) {
    reader.is_behind = is_behind;
    if (is_behind)
        reader.stream->on_taken([this] { wake(); });
    else
        reader.stream->on_taken({});
}

void EventFeed::push(Reader& reader, PublicEvent const& event) {
    if (event.type == "run.finished") reader.progress.erase(event.run);
    bool const is_of_the_stream = event.type == "reset" || event.type == "heartbeat";
    if (is_of_the_stream || reader.filter.wants(event))
        reader.stream->push(render(event, reader.form));
    if (event.seq > reader.place) reader.place = event.seq;
}

void EventFeed::push_progress(Reader& reader) {
    std::int64_t const now = clock_.monotonic_ns();
    auto const is_early = [&](std::int64_t last) {
        return now - last < limits_.progress_ms * 1'000'000;
    };
    std::erase_if(reader.progressed_ns, [&](auto const& each) {
        return !is_early(each.second) && !reader.progress.contains(each.first);
    });
    if (reader.is_behind || reader.stream->pending_bytes() > progress_behind_max) {
        // Looked at again when the next is told; the latest wins.
        for (auto const& [run, event] : reader.progress) reader.progressed_ns[run] = now;
        return;
    }
    std::erase_if(reader.progress, [&](auto const& each) {
        auto const last = reader.progressed_ns.find(each.first);
        if (last != reader.progressed_ns.end() && is_early(last->second)) return false;
        reader.stream->push(render(each.second, reader.form));
        reader.progressed_ns[each.first] = now;
        return true;
    });
}

void EventFeed::push_heartbeat(Reader& reader) {
    std::int64_t const now = clock_.monotonic_ns();
    if (now < reader.heartbeat_ns) return;
    // Carries the place, so that a reader of rare events does not fall out of what is kept.
    push(reader, stream_event("heartbeat", reader.place, clock_.unix_us()));
    reader.heartbeat_ns = now + limits_.heartbeat_ms * 1'000'000;
}

}  // namespace weir::host
