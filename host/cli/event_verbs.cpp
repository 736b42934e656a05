#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/cli/verbs.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;

constexpr std::chrono::milliseconds come_back_after{2'000};

struct EventArguments {
    std::string types, job, run, after;
    bool follows = false;

    /// "/events?…" behind the event `place`; empty: the arguments' own place.
    std::string target(std::string const& place) const {
        std::string query;
        auto const add = [&](char const* name, std::string const& value) {
            if (!value.empty())
                query += fmt::format("{}{}={}", query.empty() ? "?" : "&", name, segment(value));
        };
        add("types", types);
        add("job", job);
        add("run", run);
        add("after", place.empty() ? after : place);
        return "/events" + query;
    }
};

/// "2026-03-01T09:12:44.120913Z  run.finished  users  status=succeeded written=1000"
std::string line_of(Json const& event) {
    std::string rest;
    for (auto const& [name, value] : event.items()) {
        bool const is_told = name == "id" || name == "at" || name == "type" || name == "job";
        bool const is_empty = value.is_null() || value == Json(0) || value.is_structured();
        if (is_told || is_empty) continue;
        rest += fmt::format("  {}={}", name,
                            value.is_string() ? value.get<std::string>() : value.dump());
    }
    if (event.contains("error") && event["error"].is_object())
        rest += fmt::format("  {}: {}", cell(event["error"], "code"),
                            cell(event["error"], "message"));
    return fmt::format("{}  {:<15}  {}{}\n", cell(event, "at"), cell(event, "type"),
                       cell(event, "job"), rest);
}

Exit list(EventArguments const& arguments, ApiClient& client, ClientOptions const& options) {
    auto events = all_items(client, arguments.target(""));
    if (!events) return fail(events.error(), options.voice);
    std::string text;
    for (Json const& event : events->body["items"]) text += line_of(event);
    if (text.empty()) text = "nothing has happened; weir events -f waits for it\n";
    return show(*events, options, text);
}

/// Goes on where it was cut, by the number of the last event, until Ctrl-C.
Exit follow(EventArguments const& arguments, ApiClient& client, ClientOptions const& options) {
    std::string place;
    bool has_begun = false;
    Result<void> printed;
    for (;;) {
        auto const take = [&](std::string const& line) {
            has_begun = true;
            Json const event = Json::parse(line, nullptr, false);
            if (!event.is_object()) return true;
            if (std::string const id = cell(event, "id"); !id.empty()) place = id;
            if (cell(event, "type") == "heartbeat") return true;
            printed = print(options.voice.json ? line + "\n" : line_of(event));
            return printed.has_value();
        };
        Result<void> const followed = client.follow(arguments.target(place), take);
        if (!printed) return fail(printed.error(), options.voice);
        bool const may_come_back = followed || followed.error().status == WEIR_E_IO ||
                                   followed.error().status == WEIR_E_TIMEOUT ||
                                   followed.error().status == WEIR_E_BUSY;
        if (!has_begun && !followed) return fail(followed.error(), options.voice);
        if (!may_come_back) return fail(followed.error(), options.voice);
        if (!options.voice.quiet) tell(fmt::format("{} is gone, trying again\n", client.server()));
        std::this_thread::sleep_for(come_back_after);
    }
}

}  // namespace

void add_event_verbs(CLI::App& app, Verb& chosen) {
    auto arguments = std::make_shared<EventArguments>();
    CLI::App* events = add_verb(app, "events", "What happened; -f: and what happens", chosen,
                                [arguments](ApiClient& client, ClientOptions const& options) {
                                    return arguments->follows ? follow(*arguments, client, options)
                                                              : list(*arguments, client, options);
                                });
    events->add_flag("-f,--follow", arguments->follows,
                     "From now on, as it happens, until Ctrl-C; --json: a line of JSON each");
    events->add_option("--types", arguments->types, "run.*,job.state,schedule.fired, …")
        ->type_name("TYPE,...");
    events->add_option("--job", arguments->job, "Only of this job")->type_name("JOB");
    events->add_option("--run", arguments->run, "Only of this run")->type_name("RUN");
    events->add_option("--after", arguments->after, "Only behind the event of this number")
        ->type_name("ID");
}

}  // namespace weir::host
