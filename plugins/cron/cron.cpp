#include "cron.hpp"

#include <charconv>
#include <limits>

#include "explain.hpp"
#include "spelling.hpp"

namespace weir::cron {

namespace {

constexpr char const* user = "user";
constexpr std::size_t listed_max = 1'000, explained_max = 1'000;

Error bad(std::string message, std::string where) {
    return Error{WEIR_E_CONFIG, std::move(message), std::move(where)}.coded("cron.bad_request");
}

/// What `read` throws is added to `problems`, and the fallback answered.
template <class Value, class Read>
Value collected(Problems& problems, Value fallback, Read read) {
    try {
        return read();
    } catch (Error& error) {
        if (error.code.empty()) error.code = "cron.bad_request";  // of another type
        problems.add(error);
        return fallback;
    }
}

std::size_t limit_of(std::string const& text) {
    std::size_t value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < 1 || value > listed_max)
        throw bad("limit " + in_quotes(text) + " is no number in 1-1000", "/limit");
    return value;
}

/// The user's own, or, for an admin who says ?owner=, somebody else's.
std::string key_of(Http const& http) {
    std::string const owner = http.query_param("owner").value_or(user);
    if (owner != user && http.principal().scope != "admin")
        throw Error{WEIR_E_AUTH, "events of " + in_quotes(owner) + " need the scope admin"}.coded(
            "request.forbidden");
    return owner + "/" + http.param("name");
}

Json brief(Keeper::Added const& added) {
    CronEvent const& event = added.event;
    return {{"owner", event.definition.owner},
            {"name", event.definition.name},
            {"next", event.next_ms ? Json(print_time(*event.next_ms)) : Json()},
            {"changed", added.is_changed}};
}

/// The time it is due next changes by itself, what was asked for does not.
void reply(Http& http, std::uint32_t status, CronEvent const& event) {
    http.tag(event.definition.json());
    http.reply(status, event.shown());
}

}  // namespace

void Cron::on_timer(Call const& call, std::int64_t, std::int64_t now_unix_ms) {
    keeper_.on_timer(call, now_unix_ms);
}

void Cron::on_http(Call const& call, std::string_view route, Http& http) {
    if (route == "list_events") return list_events(http);
    if (route == "add_event") return add_event(call, http);
    if (route == "explain") return http.reply(200, answer_explain(http.json()));
    if (route == "get_event") return reply(http, 200, keeper_.get(key_of(http)));
    if (route == "change_event")
        return reply(http, 200,
                     keeper_.change(call, key_of(http), http.json(), http.is_dry_run()));
    if (route == "fire_event") return http.reply(202, keeper_.fire(call, key_of(http)).data());
    std::string const key = key_of(http);
    bool const is_done = !http.is_dry_run() && keeper_.remove(call, key);
    if (!is_done) keeper_.get(key);  // which says when there is none
    http.reply(204);
}

void Cron::list_events(Http& http) const {
    Book::Filter filter;
    bool const is_admin = http.principal().scope == "admin";
    filter.owner = http.query_param("owner").value_or(is_admin ? "" : user);
    if (!is_admin && filter.owner != user)
        throw Error{WEIR_E_AUTH, "events of others need the scope admin"}.coded(
            "request.forbidden");
    filter.name_prefix = http.query_param("prefix").value_or("");
    filter.after = http.query_param("cursor").value_or("");
    if (auto const limit = http.query_param("limit")) filter.limit = limit_of(*limit);
    http.reply(200, answer_list(std::move(filter)));
}

void Cron::add_event(Call const& call, Http& http) {
    Keeper::Added const added =
        keeper_.add_new(call, Definition::of(user, http.json()), http.is_dry_run());
    if (added.is_new) http.header("location", "/cron/events/" + added.event.definition.name);
    reply(http, added.is_new ? 201 : 200, added.event);
}

Json Cron::on_invoke(Call const& call, Invoke const& invoke) {
    std::string const owner{invoke.caller};
    if (invoke.method == "add_event")
        return brief(keeper_.add(call, Definition::of(owner, invoke.in)));
    if (invoke.method == "remove_event") {
        std::string const name = Config{invoke.in.dump().c_str()}.text("name");
        return {{"removed", keeper_.remove(call, owner + "/" + name)}};
    }
    if (invoke.method == "forget") return invoke_forget(call, invoke);
    if (invoke.method == "list") return invoke_list(invoke);
    return answer_explain(invoke.in);
}

/// The host alone: a plugin is unloaded for good.
Json Cron::invoke_forget(Call const& call, Invoke const& invoke) {
    if (invoke.caller != "host")
        throw Error{WEIR_E_AUTH, "events of another plugin are forgotten for the host alone"}
            .coded("request.forbidden");
    Book::Filter filter;
    filter.owner = Config{invoke.in.dump().c_str()}.text("owner");
    filter.limit = std::numeric_limits<std::size_t>::max();
    std::size_t removed = 0;
    for (CronEvent const& event : keeper_.list(filter))
        removed += keeper_.remove(call, event.definition.key()) ? 1 : 0;
    return {{"removed", removed}};
}

Json Cron::invoke_list(Invoke const& invoke) const {
    Config const in{invoke.in.dump().c_str()};
    Book::Filter filter;
    bool const is_host = invoke.caller == "host";
    filter.owner = in.text("owner", is_host ? "" : std::string{invoke.caller});
    if (!is_host && filter.owner != invoke.caller)
        throw Error{WEIR_E_AUTH, "events of " + in_quotes(filter.owner) +
                                     " are listed for them and the host alone"}
            .coded("request.forbidden");
    filter.name_prefix = in.text("prefix");
    filter.after = in.text("cursor");
    filter.limit = limit_of(std::to_string(in.integer("limit", 50)));
    return answer_list(std::move(filter));
}

Json Cron::answer_list(Book::Filter filter) const {
    std::size_t const limit = filter.limit++;
    std::vector<CronEvent> const found = keeper_.list(filter);
    Json items = Json::array(), next;
    for (CronEvent const& event : found) {
        if (items.size() == limit) {
            next = found[limit - 1].definition.key();
            break;
        }
        items.push_back(event.shown());
    }
    return {{"items", std::move(items)}, {"next", std::move(next)}};
}

Json Cron::answer_explain(Json const& body) const {
    Problems problems;
    check_members(body, {"schedule", "timezone", "from", "count", "dst_gap"}, problems);
    if (!body.is_object()) throw problems;
    Config const in{body.dump().c_str()};
    auto const schedule = collected(problems, std::optional<Schedule>{}, [&] {
        if (!body.contains("schedule"))
            throw bad("say what to explain: {\"schedule\":\"*/15 * * * *\"}", "/schedule");
        return std::optional{Schedule::of(body["schedule"])};
    });
    Zone const zone =
        collected(problems, Zone{}, [&] { return Zone::named(in.text("timezone", "UTC")); });
    Gap const gap = collected(problems, Gap::run_after,
                              [&] { return gap_named(in.text("dst_gap", "run_after")); });
    Millis const from_ms = collected(problems, Millis{0}, [&]() -> Millis {
        if (!in.has("from")) return keeper_.now_ms();
        if (std::optional<Millis> const from = read_time(in.text("from"))) return *from;
        throw bad("from " + in_quotes(in.text("from")) + " is no time like 2026-01-01T00:00:00Z",
                  "/from");
    });
    auto const count = collected(problems, std::int64_t{1}, [&] {
        std::int64_t const wanted = in.integer("count", 5);
        if (wanted >= 1 && wanted <= static_cast<std::int64_t>(explained_max)) return wanted;
        throw bad("count " + std::to_string(wanted) + " is not in 1-1000", "/count");
    });
    problems.check();
    Json out = explain(*schedule, zone, gap, from_ms, static_cast<std::size_t>(count));
    if (out["next"].empty() && !schedule->is_reboot()) throw never_due(body["schedule"], from_ms);
    return out;
}

}  // namespace weir::cron
