#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/cli/table.hpp"
#include "host/cli/verbs.hpp"
#include "weir/cpp/rfc3339.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;

constexpr std::chrono::milliseconds look_again{300};

std::string run_path(std::string const& id) { return "/runs/" + segment(id); }

bool has_ended(Json const& run) {
    std::string const status = cell(run, "status");
    return status != "queued" && status != "running" && status != "retrying";
}

std::string details(Json const& run) {
    std::string text = run_text(run);
    for (Json const& stream : run.value("streams", Json::array())) {
        text +=
            fmt::format("  {} → {}  {} rows{}\n", cell(stream, "stream"), cell(stream, "target"),
                        cell(stream, "written"),
                        cell(stream, "cursor").empty() ? "" : "  cursor " + cell(stream, "cursor"));
        for (Json const& warning : stream.value("warnings", Json::array()))
            if (warning.is_string()) text += fmt::format("  ⚠ {}\n", warning.get<std::string>());
    }
    return text;
}

/// When each stream was at work, between the start of the run and its end, and what it waited for.
std::string timeline_text(Json const& timeline) {
    constexpr double letters = 40;
    auto const time_of = [](Json const& object, char const* name) -> std::optional<double> {
        auto const us = read_rfc3339(cell(object, name));
        return us ? std::optional{static_cast<double>(*us)} : std::nullopt;
    };
    auto const from = time_of(timeline, "started_at");
    if (!from) return {};
    double to = time_of(timeline, "finished_at").value_or(*from);
    for (Json const& span : timeline.value("spans", Json::array()))
        to = std::max(to, time_of(span, "finished_at").value_or(*from));
    double const each = std::max(1.0, to - *from) / letters;
    std::vector<std::vector<std::string>> rows;
    for (Json const& span : timeline.value("spans", Json::array())) {
        auto const begin = time_of(span, "started_at");
        auto const place = [&](double at) {
            return static_cast<std::size_t>(std::clamp((at - *from) / each, 0.0, letters));
        };
        std::string bar(static_cast<std::size_t>(letters), '.');
        if (begin) {
            std::size_t const first = std::min(place(*begin), bar.size() - 1);
            std::size_t const last = place(time_of(span, "finished_at").value_or(to));
            for (std::size_t i = first; i < std::max(last, first + 1); ++i) bar[i] = '#';
        }
        auto const ms = [&](char const* name) {
            return span.contains(name) && span[name].is_number()
                       ? fmt::format("{:.0f}", span[name].get<double>())
                       : std::string{};
        };
        rows.push_back({cell(span, "stream"), bar, cell(span, "status"), cell(span, "retries"),
                        ms("wait_ms"), ms("read_ms"), ms("transform_ms"), ms("write_ms")});
    }
    return rows.empty() ? std::string{}
                        : table({"STREAM", "TIMELINE", "STATUS", "RETRIES", "WAIT ms", "READ ms",
                                 "TRANSFORM ms", "WRITE ms"},
                                rows);
}

Exit watch(std::string const& id, ApiClient& client, ClientOptions const& options) {
    std::string last;
    for (;;) {
        auto run = client.get(run_path(id));
        if (!run) return fail(run.error(), options.voice);
        std::string const now = fmt::format("{}  {} read · {} written\n", cell(run->body, "status"),
                                            cell(run->body, "read"), cell(run->body, "written"));
        if (has_ended(run->body)) {
            Exit const shown = show(*run, options, details(run->body));
            return shown == Exit::done ? exit_of_run(run->body) : shown;
        }
        if (now != last && !options.voice.json && !options.voice.quiet) tell(now);
        last = now;
        std::this_thread::sleep_for(look_again);
    }
}

using NamedAct = std::function<Exit(std::string const&, ApiClient&, ClientOptions const&)>;

void add_named(CLI::App& run, Verb& chosen, char const* name, char const* summary, NamedAct act) {
    auto of = std::make_shared<std::string>();
    add_verb(run, name, summary, chosen,
             [of, act = std::move(act)](ApiClient& client, ClientOptions const& options) {
                 return act(*of, client, options);
             })
        ->add_option("RUN", *of, "Id of the run")
        ->required();
}

void add_list(CLI::App& run, Verb& chosen) {
    struct Arguments {
        std::string job, status, since, until;
        int limit = 20;
    };
    auto arguments = std::make_shared<Arguments>();
    CLI::App* list = add_verb(
        run, "list", "Runs, newest first", chosen,
        [arguments](ApiClient& client, ClientOptions const& options) {
            std::string target = fmt::format("/runs?limit={}", arguments->limit);
            if (!arguments->job.empty()) target += "&job=" + segment(arguments->job);
            if (!arguments->status.empty()) target += "&status=" + segment(arguments->status);
            if (!arguments->since.empty()) target += "&since=" + segment(arguments->since);
            if (!arguments->until.empty()) target += "&until=" + segment(arguments->until);
            auto runs = client.get(target);
            if (!runs) return fail(runs.error(), options.voice);
            std::vector<std::vector<std::string>> rows;
            for (Json const& each : runs->body.value("items", Json::array()))
                rows.push_back({cell(each, "run_id"), cell(each, "job"), cell(each, "status"),
                                cell(each, "created_at"), cell(each, "written")});
            return show(*runs, options,
                        table({"RUN", "JOB", "STATUS", "CREATED", "WRITTEN"}, rows));
        });
    list->add_option("--job", arguments->job, "Of one job")->type_name("NAME");
    list->add_option("--status", arguments->status, "queued running succeeded partial failed …")
        ->type_name("STATUS");
    list->add_option("--since", arguments->since, "Created then or later: 2026-03-01T09:00:00Z")
        ->type_name("TIME");
    list->add_option("--until", arguments->until, "Created before")->type_name("TIME");
    list->add_option("--limit", arguments->limit, "At most so many")
        ->check(CLI::Range(1, 1000))
        ->type_name("N");
}

}  // namespace

void add_run_verbs(CLI::App& app, Verb& chosen) {
    CLI::App* run = app.add_subcommand("run", "What ran, runs and waits");
    run->require_subcommand(1);
    add_list(*run, chosen);
    add_named(*run, chosen, "show", "One run, and when its streams were at work",
              [](std::string const& id, ApiClient& client, ClientOptions const& options) {
                  auto found = client.get(run_path(id));
                  if (!found) return fail(found.error(), options.voice);
                  auto const timeline = options.voice.json
                                            ? Result<ApiClient::Answer>{ApiClient::Answer{}}
                                            : client.get(run_path(id) + "/timeline");
                  if (!timeline) return fail(timeline.error(), options.voice);
                  return show(*found, options,
                              details(found->body) + timeline_text(timeline->body));
              });
    add_named(*run, chosen, "watch", "Follow it to its end", watch);
    add_named(*run, chosen, "cancel", "Stop it; what is committed stays",
              [](std::string const& id, ApiClient& client, ClientOptions const& options) {
                  auto done = client.send("POST", run_path(id) + "/cancel", Json::object());
                  if (!done) return fail(done.error(), options.voice);
                  return show(*done, options, fmt::format("cancelled {}\n", id));
              });
    add_named(*run, chosen, "retry", "Run again what failed in it",
              [](std::string const& id, ApiClient& client, ClientOptions const& options) {
                  auto done = client.send("POST", run_path(id) + "/retry", Json::object());
                  if (!done) return fail(done.error(), options.voice);
                  return show(*done, options,
                              fmt::format("started run {}\n", cell(done->body, "run_id")));
              });
}

}  // namespace weir::host
