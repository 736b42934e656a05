#include "host/cli/verbs.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <iostream>

#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/core/text.hpp"

namespace weir::host {

void add_client(CLI::App& app, ClientOptions& options) {
    app.add_option("--server", options.server,
                   "URL of the host, https or unix:PATH too; default: WEIR_SERVER, "
                   "http://127.0.0.1:7070")
        ->type_name("URL");
    app.add_option("--token-file", options.token_file,
                   "Token to sign in with; default: WEIR_TOKEN, weir-data/admin-token here")
        ->type_name("FILE");
    app.add_option("--timeout", options.timeout_s, "Seconds to wait for an answer")
        ->check(CLI::Range(0.1, 86'400.0))
        ->type_name("S");
    app.add_flag("--json", options.voice.json, "The host's answer, unchanged");
    app.add_flag("-q,--quiet", options.voice.quiet, "Nothing but errors");
    app.add_flag("-y,--yes", options.yes, "Do not ask before something is destroyed");
}

namespace {

/// Somebody else answers there: what came has not the shape that the routes promise.
Error odd_answer(std::string const& server) {
    return Error{
        WEIR_E_IO, "server.odd_answer",
        fmt::format("what answers at {} is no host of Weir, or of another version", server)}
        .suggest("weir status, or --server URL");
}

char const* mark_of(std::string const& status) {
    if (status == "succeeded") return "✓";
    if (status == "partial" || status == "skipped") return "⚠";
    return status == "failed" || status == "cancelled" ? "✗" : "…";
}

}  // namespace

CLI::App* add_verb(CLI::App& noun, std::string const& name, std::string const& summary,
                   Verb& chosen, Act act) {
    CLI::App* verb = noun.add_subcommand(name, summary);
    auto options = std::make_shared<ClientOptions>();
    add_client(*verb, *options);
    verb->callback([options, &chosen, act = std::move(act)] {
        chosen = [options, act] {
            Result<ApiClient> client = ApiClient::open(*options);
            if (!client) return fail(client.error(), options->voice);
            try {
                return act(*client, *options);
            } catch (nlohmann::json::exception const&) {
                return fail(odd_answer(client->server()), options->voice);
            }
        };
    });
    return verb;
}

std::optional<Exit> unless_agreed(ClientOptions const& options, std::string const& what) {
    if (options.yes) return std::nullopt;
    if (::isatty(STDIN_FILENO) != 1 || ::isatty(STDERR_FILENO) != 1)
        return fail(Error{WEIR_E_CONFIG, "usage",
                          what + ": nobody can be asked whether that is meant", "-y"}
                        .suggest("add -y"),
                    options.voice);
    tell(what + ". Go on? [y/N] ");
    std::string answer;
    std::getline(std::cin, answer);
    if (answer == "y" || answer == "Y" || answer == "yes") return std::nullopt;
    tell("nothing was done\n");
    return Exit::usage;
}

Exit show(ApiClient::Answer const& answer, ClientOptions const& options, std::string const& text) {
    Result<void> printed;
    if (options.voice.json)
        printed = print(
            answer.text.empty() ? "{}\n" : answer.text + (answer.text.back() == '\n' ? "" : "\n"));
    else if (!options.voice.quiet)
        printed = print(text);
    if (printed) return Exit::done;
    tell(to_text(printed.error()));
    return exit_of(printed.error());
}

std::string cell(nlohmann::json const& object, char const* name) {
    if (!object.is_object() || !object.contains(name)) return {};
    nlohmann::json const& value = object[name];
    if (value.is_null()) return {};
    if (value.is_string()) return value.get<std::string>();
    if (value.is_number_unsigned()) return with_commas(value.get<std::uint64_t>());
    return value.dump();
}

Result<ApiClient::Answer> all_items(ApiClient& client, std::string const& target,
                                    std::size_t items_max) {
    char const mark = target.find('?') == std::string::npos ? '?' : '&';
    ApiClient::Answer all;
    all.body = {{"items", nlohmann::json::array()}, {"next", nullptr}};
    std::string cursor;
    for (;;) {
        std::string const page = fmt::format("{}{}limit=500{}", target, mark,
                                             cursor.empty() ? "" : "&cursor=" + segment(cursor));
        Result<ApiClient::Answer> got = client.get(page);
        if (!got) return got;
        all.status = got->status;
        for (nlohmann::json& item : got->body["items"])
            all.body["items"].push_back(std::move(item));
        if (!got->body.contains("next") || !got->body["next"].is_string()) break;
        cursor = got->body["next"];
        if (all.body["items"].size() >= items_max) {
            all.body["next"] = cursor;
            break;
        }
    }
    all.text = all.body.dump();
    return all;
}

std::string run_text(nlohmann::json const& run) {
    std::string const status = cell(run, "status"), id = cell(run, "run_id");
    // A wait that ran out is answered with the name of the run alone.
    if (!run.contains("read"))
        return fmt::format("… run {} {}, it goes on: weir run watch {}\n", id, status, id);
    std::string text = fmt::format("{} run {} {} · {} read · {} written · {} rejected",
                                   mark_of(status), id, status, cell(run, "read"),
                                   cell(run, "written"), cell(run, "rejected"));
    if (std::string const gone = cell(run, "deleted"); !gone.empty() && gone != "0")
        text += fmt::format(" · {} deleted", gone);
    if (run.contains("executionTime") && run["executionTime"].is_number())
        text += fmt::format(" · {:.0f} ms", run["executionTime"].get<double>());
    text += '\n';
    if (run.contains("error") && run["error"].is_object()) {
        text +=
            fmt::format("    {}: {}\n", cell(run["error"], "code"), cell(run["error"], "message"));
        if (std::string const what = cell(run["error"], "suggestion"); !what.empty())
            text += fmt::format("    → {}\n", what);
    }
    return text;
}

std::string trouble_of(nlohmann::json const& job) {
    using Json = nlohmann::json;
    std::string const name = cell(job, "id");
    std::string text;
    auto const tell_of = [&](char const* mark, std::string const& what, Json const& from) {
        text += fmt::format("{} {}: {}\n", mark, name, what);
        if (std::string const hint = cell(from, "suggestion"); !hint.empty())
            text += fmt::format("    → {}\n", hint);
    };
    Json const error = job.value("lastError", Json());
    Json const compared = job.value("lastReconcile", Json());
    // Of a reconcile a warning tells.
    bool const is_of_reconcile =
        compared.is_object() && cell(compared, "at") == cell(job, "last_run_at");
    if (error.is_object() && !is_of_reconcile)
        tell_of("✗", "its last run failed: " + cell(error, "code") + ": " + cell(error, "message"),
                error);
    if (job.value("late", false)) tell_of("⚠", "late: no success for two intervals", Json());
    for (Json const& warning : job.value("warnings", Json::array())) {
        if (warning.value("open", false)) tell_of("⚠", cell(warning, "detail"), warning);
    }
    return text;
}

Exit exit_of_run(nlohmann::json const& run) {
    std::string const status = cell(run, "status");
    if (status == "succeeded" || status == "skipped") return Exit::done;
    if (status == "partial") return Exit::partial;
    if (status == "failed" || status == "cancelled") return Exit::failed;
    return Exit::environment;  // it did not end in time: the work has not failed
}

}  // namespace weir::host
