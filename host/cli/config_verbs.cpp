#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <iterator>

#include "host/cli/commands.hpp"
#include "host/cli/environment.hpp"
#include "host/cli/output.hpp"
#include "host/cli/table.hpp"
#include "host/cli/verbs.hpp"
#include "host/serve/app.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;

struct Arguments {
    std::string file, hash, revision;
    bool prune = false, allow_reset = false;
};

Result<std::string> text_of(std::string const& file) {
    std::ifstream opened;
    if (file != "-") opened.open(file, std::ios::binary);
    std::istream& in = file == "-" ? std::cin : opened;
    std::string text{std::istreambuf_iterator<char>{in}, {}};
    if (file == "-" || opened) return text;
    return Error{WEIR_E_CONFIG, "config.not_readable",
                 fmt::format("the file {} cannot be read", file), "FILE"};
}

/// "+ job users", "~ connection shop  /config/url: "a" → "b"".
std::string action_text(Json const& action) {
    std::string const what = cell(action, "action");
    char const* const mark = what == "create"   ? "+"
                             : what == "update" ? "~"
                             : what == "pause"  ? "‖"
                                                : "-";
    std::string text = fmt::format("{} {} {}", mark, cell(action, "kind"), cell(action, "id"));
    if (cell(action, "effect") == "needs_reset")
        text += "  needs a reset: the next run reads everything";
    if (what == "pause") text += "  paused: it is gone from the file";
    text += '\n';
    if (what != "update" || !action.contains("differences")) return text;
    for (Json const& each : action["differences"]) {
        if (each.contains("secret")) {
            text += "    a secret is another one\n";
            continue;
        }
        auto const shown = [&](char const* name) {
            return each.contains(name) ? each[name].dump() : std::string{"(none)"};
        };
        text += fmt::format("    {}: {} → {}\n", cell(each, "pointer"), shown("before"),
                            shown("after"));
    }
    return text;
}

std::string plan_text(Json const& plan) {
    std::string text;
    Json const actions = plan.value("actions", Json::array());
    for (Json const& action : actions) text += action_text(action);
    std::size_t const same = plan.value("unchanged", std::size_t{0});
    text += actions.empty() ? fmt::format("nothing to do, {} as they should be\n", same)
                            : fmt::format("{} to change, {} as they should be\n", actions.size(),
                                          same);
    if (plan.contains("at_start"))
        text += "what stands under host and http counts when the host starts\n";
    return text;
}

Exit send_document(std::string const& route, Arguments const& arguments, ApiClient& client,
                   ClientOptions const& options) {
    if (arguments.prune && route == "/config/apply")
        if (auto exit = unless_agreed(options, "--prune deletes what the file no longer holds"))
            return *exit;
    Result<std::string> const text = text_of(arguments.file);
    if (!text) return fail(text.error(), options.voice);
    std::string target = fmt::format("{}?from={}", route, segment(arguments.file));
    if (arguments.prune) target += "&prune=true";
    if (arguments.allow_reset) target += "&allow_reset=true";
    if (!arguments.hash.empty()) target += "&plan_hash=" + segment(arguments.hash);
    auto answer = client.send_text("POST", target, *text, "application/yaml");
    if (!answer) return fail(answer.error(), options.voice);
    std::string shown = plan_text(answer->body);
    if (route == "/config/plan")
        shown += fmt::format("weir apply {} --plan-hash {}{}{}\n", arguments.file,
                             cell(answer->body, "hash"), arguments.prune ? " --prune" : "",
                             arguments.allow_reset ? " --allow-reset" : "");
    return show(*answer, options, shown);
}

void add_prune(CLI::App& verb, Arguments& arguments) {
    verb.add_flag("--prune", arguments.prune,
                  "Delete what an earlier file held and this one does not; else it is paused");
}

void add_allow_reset(CLI::App& verb, Arguments& arguments) {
    verb.add_flag("--allow-reset", arguments.allow_reset,
                  "Forget positions that would mean something else: the next run reads everything");
}

void add_documents(CLI::App& app, Verb& chosen) {
    auto arguments = std::make_shared<Arguments>();
    auto const add = [&](char const* name, char const* route, char const* summary) {
        std::string const to = route;
        CLI::App* verb = add_verb(app, name, summary, chosen,
                                  [=](ApiClient& client, ClientOptions const& options) {
                                      return send_document(to, *arguments, client, options);
                                  });
        verb->add_option("FILE", arguments->file, "weir.yaml, or - for standard input")
            ->required();
        return verb;
    };
    add_prune(*add("plan", "/config/plan", "What applying a file would do, and its hash"),
              *arguments);
    CLI::App* apply =
        add("apply", "/config/apply", "Make the host what a file says, all of it or nothing");
    apply->add_option("--plan-hash", arguments->hash, "Only if it is still what weir plan showed")
        ->type_name("HASH");
    add_prune(*apply, *arguments);
    add_allow_reset(*apply, *arguments);
    add_allow_reset(
        *add("import", "/config/import", "Add or replace what a file holds, leave the rest"),
        *arguments);
}

void add_export(CLI::App& app, Verb& chosen) {
    add_verb(app, "export", "Everything as a weir.yaml (in JSON), with references for secrets",
             chosen, [](ApiClient& client, ClientOptions const& options) {
                 auto answer = client.get("/config");
                 if (!answer) return fail(answer.error(), options.voice);
                 return show(*answer, options, answer->body.dump(2) + "\n");
             });
}

void add_config(CLI::App& app, Verb& chosen) {
    CLI::App* config = app.add_subcommand("config", "What was applied");
    config->require_subcommand(1);
    add_verb(*config, "revisions", "What was applied, when and by whom", chosen,
             [](ApiClient& client, ClientOptions const& options) {
                 auto all = all_items(client, "/config/revisions");
                 if (!all) return fail(all.error(), options.voice);
                 std::vector<std::vector<std::string>> rows;
                 for (Json const& each : all->body["items"])
                     rows.push_back({cell(each, "revision"), cell(each, "at"), cell(each, "by"),
                                     cell(each, "from"),
                                     std::to_string(each.value("actions", Json()).size())});
                 return show(*all, options,
                             table({"REVISION", "AT", "BY", "FROM", "CHANGES"}, rows));
             });
    auto arguments = std::make_shared<Arguments>();
    CLI::App* rollback =
        add_verb(*config, "rollback", "Apply again what was applied as a revision", chosen,
                 [arguments](ApiClient& client, ClientOptions const& options) {
                     if (arguments->prune)
                         if (auto exit = unless_agreed(
                                 options, "--prune deletes what the revision does not hold"))
                             return *exit;
                     std::string target = "/config/rollback/" + segment(arguments->revision);
                     target += arguments->prune ? "?prune=true" : "?prune=false";
                     if (arguments->allow_reset) target += "&allow_reset=true";
                     auto answer = client.send("POST", target);
                     if (!answer) return fail(answer.error(), options.voice);
                     return show(*answer, options, plan_text(answer->body));
                 });
    rollback->add_option("REVISION", arguments->revision, "Its number")->required();
    add_prune(*rollback, *arguments);
    add_allow_reset(*rollback, *arguments);
}

std::string finding_text(std::string const& file, Json const& finding) {
    std::string place = file;
    if (finding.contains("line"))
        place += fmt::format(":{}:{}", cell(finding, "line"), cell(finding, "column"));
    std::string const pointer = cell(finding, "pointer"), hint = cell(finding, "suggestion");
    return fmt::format("{}: {}{}{} ({})\n{}", place, pointer, pointer.empty() ? "" : ": ",
                       cell(finding, "detail"), cell(finding, "code"),
                       hint.empty() ? "" : fmt::format("    → {}\n", hint));
}

struct ValidateArguments {
    std::vector<std::string> files, connector_dirs, plugin_dirs;
    Voice voice;
};

Result<Json> seen_in(std::string const& file, ValidateArguments const& arguments) {
    ServeRequest request;
    request.config = file;
    request.library_dirs = library_directories("connectors", arguments.connector_dirs);
    for (auto const& each : library_directories("plugins", arguments.plugin_dirs))
        request.library_dirs.push_back(each);
    request.runner = runner_path();
    return validate_config(request, SystemClock{}, Limits{});
}

Exit validate(ValidateArguments const& arguments) {
    Voice const& voice = arguments.voice;
    Exit exit = Exit::done;
    for (std::string const& file : arguments.files) {
        Result<Json> const seen = seen_in(file, arguments);
        if (!seen) return fail(seen.error(), voice);
        Json const errors = seen->value("errors", Json::array());
        if (!errors.empty()) exit = Exit::usage;
        Result<void> printed;
        if (voice.json)
            printed = print(seen->dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
        else if (errors.empty() && !voice.quiet)
            printed = print(fmt::format("✓ {}\n", file));
        if (!printed) return exit_of(printed.error());
        if (voice.json) continue;
        for (Json const& each : errors) tell(finding_text(file, each));
    }
    return exit;
}

/// Without a host: with the connectors that lie beside this program and where it is told to look,
/// and nothing kept.
void add_validate(CLI::App& app, Verb& chosen) {
    auto arguments = std::make_shared<ValidateArguments>();
    CLI::App* verb = app.add_subcommand(
        "validate", "All that is wrong with a weir.yaml, without a running host");
    verb->add_option("FILE", arguments->files, "weir.yaml")->required();
    auto const directories = [verb](char const* name, std::vector<std::string>& into,
                                    char const* help) {
        verb->add_option(name, into, help)
            ->check(CLI::ExistingDirectory)
            ->type_name("DIR")
            ->allow_extra_args(false);
    };
    directories("--connector-dir", arguments->connector_dirs, "Look for connectors here too");
    directories("--plugin-dir", arguments->plugin_dirs, "Look for plugins here too");
    verb->add_flag("--json", arguments->voice.json, "One object per file");
    verb->add_flag("-q,--quiet", arguments->voice.quiet, "Nothing but what is wrong");
    verb->callback([arguments, &chosen] { chosen = [arguments] { return validate(*arguments); }; });
}

}  // namespace

void add_config_verbs(CLI::App& app, Verb& chosen) {
    add_validate(app, chosen);
    add_documents(app, chosen);
    add_export(app, chosen);
    add_config(app, chosen);
}

}  // namespace weir::host
