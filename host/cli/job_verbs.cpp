#include <fmt/format.h>

#include <utility>

#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/cli/table.hpp"
#include "host/cli/verbs.hpp"
#include "host/core/name_list.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;
using Strings = std::vector<std::string>;

/// How long `--wait` without a number waits; the host takes no more.
constexpr int wait_s_max = 600;

std::string job_path(std::string const& name) { return "/replication/jobs/" + segment(name); }

struct CreateArguments {
    std::string name, source, sink, to, mode, write, cursor, lookback, on_error, drift;
    std::string every, cron, timezone;
    std::string reconcile, on_delete, compare, deleted_at;
    double max_delete_fraction = -1;  ///< as the server has it
    std::string key, fields, with;    ///< as one line of names
    Strings streams;
    std::uint32_t batch_rows = 0;
    std::uint64_t row_bytes_max = 0;
    bool replace = false, run = false, paused = false, may_be_missing = false;
    int wait_s = 0;
};

/// A connection's name may stand where a URL may.
Json end_of(std::string const& words) {
    if (words.find(':') == std::string::npos) return {{"connection", words}};
    return {{"url", words}};
}

Result<Json> document_of(CreateArguments const& arguments) {
    Json source = end_of(arguments.source), destination = end_of(arguments.sink);
    if (arguments.streams.size() == 1) source["stream"] = arguments.streams.front();
    if (arguments.streams.size() > 1) source["streams"] = arguments.streams;
    if (!arguments.cursor.empty()) source["cursor"] = arguments.cursor;
    if (!arguments.lookback.empty()) source["lookback"] = arguments.lookback;
    for (auto const& [name, line] :
         {std::pair{"key", &arguments.key}, {"fields", &arguments.fields}}) {
        if (line->empty()) continue;
        Result<Strings> names = split_names(*line);
        if (!names) return names.error();
        source[name] = *names;
    }
    if (!arguments.mode.empty()) source["mode"] = arguments.mode;
    if (arguments.batch_rows) source["batchSize"] = arguments.batch_rows;
    if (arguments.row_bytes_max) source["rowBytesMax"] = arguments.row_bytes_max;
    if (!arguments.to.empty()) destination["table"] = arguments.to;
    if (!arguments.write.empty()) destination["mode"] = arguments.write;
    if (!arguments.on_error.empty()) destination["onError"] = arguments.on_error;
    if (!arguments.deleted_at.empty()) destination["deleted_at"] = arguments.deleted_at;
    if (!arguments.with.empty()) {
        Result<Strings> with = split_names(arguments.with);
        if (!with) return with.error();
        destination["with"] = *with;
    }
    if (!arguments.drift.empty()) destination["drift"] = arguments.drift;
    Json document{{"id", arguments.name}, {"source", source}, {"destination", destination}};
    Json reconcile = Json::object();
    for (auto const& [name, word] : {std::pair{"schedule", &arguments.reconcile},
                                     {"on_delete", &arguments.on_delete},
                                     {"compare", &arguments.compare}})
        if (!word->empty()) reconcile[name] = *word;
    if (arguments.max_delete_fraction >= 0)
        reconcile["max_delete_fraction"] = arguments.max_delete_fraction;
    if (!reconcile.empty()) document["reconcile"] = std::move(reconcile);
    std::string const& schedule = arguments.every.empty() ? arguments.cron : arguments.every;
    if (!schedule.empty()) document["schedule"] = schedule;
    if (!arguments.timezone.empty()) document["timezone"] = arguments.timezone;
    if (arguments.paused) document["paused"] = true;
    return document;
}

std::string next_text(ApiClient& client, std::string const& job) {
    auto next = client.get(job_path(job) + "/next?count=1");
    if (!next || !next->body.is_object() || next->body["items"].empty()) return {};
    return " · next " + cell(next->body["items"][0], "at");
}

struct RunArguments {
    int wait_s = 0;
    bool force = false;
    std::string mode;
};

Exit run_job(std::string const& job, RunArguments const& asked, ApiClient& client,
             ClientOptions const& options) {
    std::string query = asked.force ? "?force=true" : "";
    if (!asked.mode.empty()) query += (query.empty() ? "?mode=" : "&mode=") + segment(asked.mode);
    auto started =
        client.send("POST", job_path(job) + "/run" + query, Json::object(), asked.wait_s);
    if (!started) return fail(started.error(), options.voice);
    if (asked.wait_s == 0)
        return show(*started, options,
                    fmt::format("started run {}\n", cell(started->body, "run_id")));
    std::string text = run_text(started->body);
    Exit const shown = show(*started, options, text);
    return shown == Exit::done ? exit_of_run(started->body) : shown;
}

/// A job may wait for a stream; who types its name means one that is there.
std::optional<Error> missing_stream(Json const& answer) {
    for (Json const& warning : answer.value("warnings", Json::array())) {
        if (cell(warning, "code") != "source.stream_not_found") continue;
        std::string const near = cell(warning, "suggestion");
        return Error{WEIR_E_CONFIG, "source.stream_not_found", cell(warning, "detail"), "--stream"}
            .suggest(near.empty() ? "--allow-missing, if it comes later"
                                  : fmt::format("--stream {}, or --allow-missing", near));
    }
    return std::nullopt;
}

Exit create_job(CreateArguments const& arguments, ApiClient& client, ClientOptions const& options) {
    Result<Json> const document = document_of(arguments);
    if (!document) return fail(document.error(), options.voice);
    auto const send = [&](char const* query) {
        return arguments.replace
                   ? client.send("PUT", job_path(arguments.name) + query, *document)
                   : client.send("POST", std::string{"/replication/jobs"} + query, *document);
    };
    if (!arguments.may_be_missing) {
        auto tried = send("?dry_run=true");
        if (!tried) return fail(tried.error(), options.voice);
        if (auto missing = missing_stream(tried->body)) return fail(*missing, options.voice);
    }
    auto created = send("");
    if (!created) return fail(created.error(), options.voice);
    std::string const next = arguments.run ? "" : next_text(client, arguments.name);
    std::string text = fmt::format("+ job {}{}\n", arguments.name, next);
    for (Json const& warning : created->body.value("warnings", Json::array())) {
        text += fmt::format("⚠ {}\n", cell(warning, "detail"));
        if (std::string const hint = cell(warning, "suggestion"); !hint.empty())
            text += fmt::format("    → {}\n", hint);
    }
    if (!arguments.run) return show(*created, options, text);
    if (!options.voice.json && !options.voice.quiet) tell(text);
    return run_job(arguments.name, {arguments.wait_s, false, {}}, client, options);
}

void add_wait(CLI::App& verb, int& wait_s) {
    verb.add_option("--wait", wait_s, "Wait for its end, at most so many seconds")
        ->expected(0, 1)
        ->default_str(std::to_string(wait_s_max))
        ->check(CLI::Range(1, wait_s_max))
        ->type_name("S");
}

void add_create(CLI::App& job, Verb& chosen) {
    auto arguments = std::make_shared<CreateArguments>();
    CreateArguments& a = *arguments;
    CLI::App* create = add_verb(job, "create", "Make a job of what worked with copy", chosen,
                                [arguments](ApiClient& client, ClientOptions const& options) {
                                    return create_job(*arguments, client, options);
                                });
    create->add_option("NAME", a.name, "Its name")->required();
    create->add_option("SOURCE", a.source, "A connection's name, or a URL")->required();
    create->add_option("SINK", a.sink, "A connection's name (local), or a URL")->required();
    create->add_option("--stream", a.streams, "A stream; several times for several")
        ->type_name("NAME")
        ->allow_extra_args(false);
    create->add_option("--to", a.to, "Target of a single stream, as weir copy has it")
        ->type_name("NAME");
    create->add_option("--mode", a.mode, "full | delta | reconcile; default: delta with a cursor")
        ->type_name("MODE");
    create->add_option("--write", a.write, "append | upsert | replace")->type_name("MODE");
    create->add_option("--cursor", a.cursor, "Field by which changes are found")
        ->type_name("FIELD");
    create->add_option("--lookback", a.lookback, "What is older has all appeared: 10m")
        ->type_name("TIME");
    create->add_option("--key", a.key, "Fields that identify a record")->type_name("FIELD,...");
    create->add_option("--fields", a.fields, "Only these fields")->type_name("FIELD,...");
    create->add_option("--batch-rows", a.batch_rows, "Rows per batch and transaction")
        ->check(CLI::Range(1u, 10'000'000u))
        ->type_name("N");
    create->add_option("--row-bytes-max", a.row_bytes_max, "A larger record is refused, unread")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 30))
        ->type_name("N");
    create->add_option("--drift", a.drift, "A new column of the source: add | ignore | halt")
        ->type_name("WHAT");
    create->add_option("--with", a.with, "After a load make: indexes, foreign_keys")
        ->type_name("WHAT,...");
    create->add_option("--on-error", a.on_error, "stop | skip | dead_letter")->type_name("WHAT");
    CLI::Option* every =
        create->add_option("--every", a.every, "Interval: 30s, 15m, 1h, 1d")->type_name("INTERVAL");
    create->add_option("--cron", a.cron, "Cron expression: '*/15 * * * *', @daily")
        ->type_name("EXPR")
        ->excludes(every);
    create
        ->add_option("--reconcile-schedule", a.reconcile,
                     "When it is compared with its source as well: '0 3 * * *', 1d")
        ->type_name("SCHEDULE");
    create
        ->add_option("--reconcile-on-delete", a.on_delete,
                     "Rows whose record is gone: hard (deleted) | soft (marked)")
        ->type_name("HOW");
    create->add_option("--reconcile-compare", a.compare, "What is compared: keys | values")
        ->type_name("WHAT");
    create
        ->add_option("--reconcile-max-delete-fraction", a.max_delete_fraction,
                     "Most of the target that may go at once; default: 0.1")
        ->check(CLI::Range(0.0, 1.0))
        ->type_name("X");
    create
        ->add_option("--deleted-at", a.deleted_at,
                     "Column that marks deleted rows; default: _weir_deleted_at")
        ->type_name("COLUMN");
    create->add_option("--timezone", a.timezone, "IANA zone of the expression; default: UTC")
        ->type_name("ZONE");
    create->add_flag("--paused", a.paused, "Do not fire it yet");
    create->add_flag("--replace", a.replace, "Change the one that is there");
    create->add_flag("--allow-missing", a.may_be_missing, "The stream may come later");
    create->add_flag("--run", a.run, "Run it once, now");
    add_wait(*create, a.wait_s);
}

using NamedAct = std::function<Exit(std::string const&, ApiClient&, ClientOptions const&)>;

CLI::App* add_named(CLI::App& job, Verb& chosen, char const* name, char const* summary,
                    NamedAct act) {
    auto of = std::make_shared<std::string>();
    CLI::App* verb =
        add_verb(job, name, summary, chosen,
                 [of, act = std::move(act)](ApiClient& client, ClientOptions const& options) {
                     return act(*of, client, options);
                 });
    verb->add_option("NAME", *of, "Name of the job")->required();
    return verb;
}

/// A verb that posts to the job's own route and says what it did.
/// `destroys`: what is asked about before.
void add_post(CLI::App& job, Verb& chosen, char const* name, char const* summary,
              char const* done, char const* destroys = nullptr) {
    add_named(job, chosen, name, summary,
              [=](std::string const& of, ApiClient& client, ClientOptions const& options) {
                  if (destroys)
                      if (auto exit =
                              unless_agreed(options, fmt::format("\"{}\" {}", of, destroys)))
                          return *exit;
                  auto answer = client.send("POST", job_path(of) + "/" + name, Json::object());
                  if (!answer) return fail(answer.error(), options.voice);
                  return show(*answer, options, fmt::format("{} \"{}\"\n", done, of));
              });
}

void add_cancel(CLI::App& job, Verb& chosen) {
    add_named(job, chosen, "cancel", "Stop its run; what is committed stays",
              [](std::string const& of, ApiClient& client, ClientOptions const& options) {
                  auto answer = client.send("POST", job_path(of) + "/cancel", Json::object());
                  if (!answer) return fail(answer.error(), options.voice);
                  std::string text;
                  for (Json const& run : answer->body.value("cancelled", Json::array()))
                      text += fmt::format("run {} of \"{}\" is told to stop; what is committed "
                                          "stays\n",
                                          run.get<std::string>(), of);
                  if (text.empty()) text = fmt::format("no run of \"{}\" is active\n", of);
                  return show(*answer, options, text);
              });
}

void add_run(CLI::App& job, Verb& chosen) {
    auto asked = std::make_shared<RunArguments>();
    CLI::App* run = add_named(
        job, chosen, "run", "Start it now",
        [asked](std::string const& of, ApiClient& client, ClientOptions const& options) {
            return run_job(of, *asked, client, options);
        });
    run->add_option("--mode", asked->mode, "reconcile: compare it with the source now")
        ->type_name("MODE");
    run->add_flag("--force", asked->force,
                  "An empty source may empty its target, a reconcile delete what it found");
    add_wait(*run, asked->wait_s);
}

/// Which changes of its source the job sees, in few words.
std::string sees_text(Json const& job) {
    Json const sees = job.value("sees", Json::object());
    bool const updates = sees.value("updates", false), deletes = sees.value("deletes", false);
    if (updates && deletes) return "all";
    return updates ? "no deletes" : deletes ? "no updates" : "inserts only";
}

void add_list(CLI::App& job, Verb& chosen) {
    add_verb(job, "list", "All jobs", chosen, [](ApiClient& client, ClientOptions const& options) {
        auto all = all_items(client, "/replication/jobs");
        if (!all) return fail(all.error(), options.voice);
        std::vector<Strings> rows;
        std::string trouble;
        for (Json const& each : all->body["items"]) {
            rows.push_back({cell(each, "id"), cell(each, "state"), cell(each, "schedule"),
                            cell(each, "last_status"), cell(each, "last_run_at"),
                            cell(each, "next"), sees_text(each), cell(each, "guarantee")});
            trouble += trouble_of(each);
        }
        return show(*all, options,
                    rows.empty()
                        ? "no jobs yet: weir job create NAME SOURCE SINK --stream …\n"
                        : table({"NAME", "STATE", "SCHEDULE", "LAST", "AT", "NEXT", "SEES",
                                 "GUARANTEE"},
                                rows) +
                              trouble);
    });
}

void add_tables(CLI::App& job, Verb& chosen) {
    add_named(
        job, chosen, "history", "Its last runs",
        [](std::string const& of, ApiClient& client, ClientOptions const& options) {
            auto runs = client.get(job_path(of) + "/history?limit=20");
            if (!runs) return fail(runs.error(), options.voice);
            std::vector<Strings> rows;
            for (Json const& run : runs->body.value("items", Json::array()))
                rows.push_back({cell(run, "run_id"), cell(run, "kind"), cell(run, "status"),
                                cell(run, "started_at"), cell(run, "written"),
                                cell(run, "deleted"), cell(run, "rejected")});
            return show(*runs, options,
                        table({"RUN", "KIND", "STATUS", "STARTED", "WRITTEN", "DELETED",
                               "REJECTED"},
                              rows));
        });
    add_named(job, chosen, "logs", "What its last run said",
              [](std::string const& of, ApiClient& client, ClientOptions const& options) {
                  auto runs = client.get(job_path(of) + "/history?limit=1");
                  if (!runs) return fail(runs.error(), options.voice);
                  Json const items = runs->body.value("items", Json::array());
                  if (items.empty()) return show(*runs, options, "it has not run yet\n");
                  auto logs = all_items(client, "/runs/" + cell(items[0], "run_id") + "/logs");
                  if (!logs) return fail(logs.error(), options.voice);
                  std::string text;
                  for (Json const& line : logs->body["items"])
                      text += fmt::format("{}  {}  {}\n", cell(line, "at"), cell(line, "level"),
                                          cell(line, "message"));
                  return show(*logs, options, text);
              });
    auto count = std::make_shared<int>(5);
    add_named(job, chosen, "next", "When it fires next",
              [count](std::string const& of, ApiClient& client, ClientOptions const& options) {
                  auto next = client.get(fmt::format("{}/next?count={}", job_path(of), *count));
                  if (!next) return fail(next.error(), options.voice);
                  std::string text;
                  for (Json const& item : next->body.value("items", Json::array()))
                      text += cell(item, "at") + '\n';
                  return show(*next, options, text.empty() ? "it has no schedule\n" : text);
              })
        ->add_option("-n,--count", *count, "How many")
        ->check(CLI::Range(1, 1000))
        ->type_name("N");
}

}  // namespace

void add_job_verbs(CLI::App& app, Verb& chosen) {
    CLI::App* job = app.add_subcommand("job", "Jobs of a running host");
    job->require_subcommand(1);
    add_create(*job, chosen);
    add_list(*job, chosen);
    add_named(*job, chosen, "show", "One job as it is stored",
              [](std::string const& of, ApiClient& client, ClientOptions const& options) {
                  auto found = client.get(job_path(of));
                  if (!found) return fail(found.error(), options.voice);
                  return show(*found, options, found->body.dump(2) + "\n");
              });
    add_run(*job, chosen);
    add_post(*job, chosen, "pause", "Fire it no more until resume", "paused");
    add_post(*job, chosen, "resume", "Fire it again", "resumed");
    add_cancel(*job, chosen);
    add_post(*job, chosen, "reset", "Forget its position: the next run reads everything", "reset",
             "forgets its position, and its next run reads everything");
    add_tables(*job, chosen);
    add_named(*job, chosen, "rm", "Delete it; the rows stay",
              [](std::string const& of, ApiClient& client, ClientOptions const& options) {
                  if (auto exit = unless_agreed(options, fmt::format("\"{}\" is deleted", of)))
                      return *exit;
                  auto gone = client.send("DELETE", job_path(of));
                  if (!gone) return fail(gone.error(), options.voice);
                  return show(*gone, options, fmt::format("deleted \"{}\"\n", of));
              });
}

}  // namespace weir::host
