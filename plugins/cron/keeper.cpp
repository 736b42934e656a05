#include "keeper.hpp"

#include "spelling.hpp"

namespace weir::cron {

namespace {

constexpr char const* collection = "events";
constexpr char const *host_collection = "host", *host_key = "last";
constexpr Millis retry_ms = 1'000;

Changes changes_of(Step const& step) {
    Changes changes;
    for (CronEvent const& event : step.changed)
        changes.put(collection, event.definition.key(), event.document());
    for (std::string const& key : step.removed) {
        changes.del(collection, key);
        if (std::string const topic = topic_of(key); topic != users_topic) changes.drop(topic);
    }
    for (Firing const& firing : step.firings)
        changes.publish(firing.topic(), firing.dedupe_key(), firing.data());
    for (Miss const& miss : step.misses)
        changes.publish("schedule.missed",
                        miss.owner + "/" + miss.name + "@" + print_time(miss.latest_ms),
                        miss.data());
    if (step.correction)
        changes.publish("clock_corrected", "",
                        {{"was", print_time(step.correction->was_ms)},
                         {"now", print_time(step.correction->now_ms)}});
    return changes;
}

}  // namespace

template <class Ask>
void Keeper::take_all(Call const& call, Ask ask) {
    for (Step step = ask(); !step.empty(); step = ask()) take(call, step);
}

void Keeper::start(Call const& call) {
    std::lock_guard const lock{steps_};
    constexpr std::uint32_t page = 1'000;
    std::vector<Book::Stored> stored;
    for (std::string after;;) {
        std::vector<Document> found = host_.store().list(call, collection, {}, after, page);
        for (Document& document : found) stored.push_back({document.key, std::move(document.json)});
        if (found.size() < page) break;
        after = stored.back().key;
    }
    Millis const now = now_ms();
    bool const is_host_new = !knows_host(call);
    {
        std::lock_guard const reading{reading_};
        book_.load(stored, is_host_new ? std::optional{now} : std::nullopt);
    }
    take_all(call, [&] { return book_.start(now); });
    if (is_host_new && host_.started_us() != 0)
        host_.store().apply(call, Changes{}.put(host_collection, host_key,
                                                {{"started_us", host_.started_us()}}));
    aim();
}

/// Whether this plugin has started in this host before, as another generation or before it was
/// switched off.
bool Keeper::knows_host(Call const& call) const {
    std::optional<Document> const last = host_.store().get(call, host_collection, host_key);
    return last && last->json.value("started_us", std::int64_t{0}) == host_.started_us();
}

void Keeper::on_timer(Call const& call, Millis now_ms) {
    std::lock_guard const lock{steps_};
    armed_ms_.reset();
    try {
        take_all(call, [&] { return book_.tick(now_ms); });
        aim();
    } catch (std::exception const&) {
        host_.timer().arm(now_ms + retry_ms);
        armed_ms_ = now_ms + retry_ms;
        throw;
    }
}

void Keeper::take(Call const& call, Step const& step) {
    if (step.empty()) return;
    host_.store().apply(call, changes_of(step));
    {
        std::lock_guard const reading{reading_};
        book_.commit(step);
    }
    if (step.correction)
        host_.warn("the clock was set back from " + print_time(step.correction->was_ms) + " to " +
                   print_time(step.correction->now_ms) + "; schedules go on from there");
}

void Keeper::aim() {
    std::optional<Millis> const head = book_.aim();
    if (head == armed_ms_) return;
    if (head)
        host_.timer().arm(*head);
    else
        host_.timer().disarm();
    armed_ms_ = head;
}

Keeper::Added Keeper::add_locked(Call const& call, Definition const& definition, bool is_dry) {
    Millis const now = now_ms();
    if (is_dry) {
        CronEvent const* const there = book_.find(definition.key());
        Step const step = book_.add(definition, now);
        return {step.changed.empty() ? *there : step.changed.front(), !there, !step.empty()};
    }
    if (book_.is_corrected(now)) take_all(call, [&] { return book_.tick(now); });
    bool const is_new = !book_.find(definition.key());
    Step const step = book_.add(definition, now);
    take(call, step);
    aim();
    return {*book_.find(definition.key()), is_new, !step.empty()};
}

Keeper::Added Keeper::add(Call const& call, Definition const& definition) {
    std::lock_guard const lock{steps_};
    return add_locked(call, definition);
}

Keeper::Added Keeper::add_new(Call const& call, Definition const& definition, bool is_dry) {
    std::lock_guard const lock{steps_};
    CronEvent const* const there = book_.find(definition.key());
    if (there && !(there->definition == definition))
        throw Error{WEIR_E_CONFLICT,
                    "there is another event " + in_quotes(definition.name) +
                        "; change it with PATCH, or remove it first",
                    "/name"}
            .coded("cron.event_exists");
    return add_locked(call, definition, is_dry);
}

CronEvent Keeper::change(Call const& call, std::string const& key, Json const& merge_patch,
                         bool is_dry) {
    std::lock_guard const lock{steps_};
    Definition const& before = found(key).definition;
    Json body = before.json();
    body.merge_patch(merge_patch);
    Definition const after = Definition::of(before.owner, body);
    if (after.name != before.name)
        throw Error{WEIR_E_CONFIG,
                    "an event keeps its name; add " + in_quotes(after.name) + " as another one",
                    "/name"}
            .coded("cron.bad_event");
    return add_locked(call, after, is_dry).event;
}

CronEvent Keeper::get(std::string const& key) const {
    std::lock_guard const lock{reading_};
    return found(key);
}

CronEvent const& Keeper::found(std::string const& key) const {
    if (CronEvent const* event = book_.find(key)) return *event;
    throw Error{WEIR_E_NOT_FOUND, "there is no event " + in_quotes(key.substr(key.find('/') + 1))}
        .coded("cron.event_not_found");
}

bool Keeper::remove(Call const& call, std::string const& key) {
    std::lock_guard const lock{steps_};
    Step const step = book_.remove(key);
    take(call, step);
    aim();
    return !step.empty();
}

Firing Keeper::fire(Call const& call, std::string const& key) {
    std::lock_guard const lock{steps_};
    Step const step = book_.fire(key, now_ms());
    take(call, step);
    return step.firings.front();
}

std::vector<CronEvent> Keeper::list(Book::Filter const& filter) const {
    std::lock_guard const lock{reading_};
    std::vector<CronEvent> out;
    for (CronEvent const* event : book_.list(filter)) out.push_back(*event);
    return out;
}

}  // namespace weir::cron
