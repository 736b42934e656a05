#include "host/cli/options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>

#include "host/cli/command_tree.hpp"
#include "host/cli/common_options.hpp"
#include "host/cli/completion.hpp"
#include "host/cli/connector_verbs.hpp"
#include "host/cli/copy_options.hpp"
#include "host/cli/misread.hpp"
#include "host/cli/verbs.hpp"
#include "host/core/text.hpp"

#ifndef WEIR_VERSION
#define WEIR_VERSION "0"
#endif

namespace weir::host {

namespace {

using Strings = std::vector<std::string>;

CLI::App* add_discover(CLI::App& app, DiscoverCommand& out) {
    CLI::App* discover =
        app.add_subcommand("discover", "List a source's streams, keys and cursor candidates");
    discover->add_option("URL", out.url, "URL of the source")->required();
    discover->add_option("--match", out.match, "Only streams like this, e.g. 'public.*'")
        ->type_name("PATTERN");
    add_switch(*discover, "--columns", out.columns, "Show every stream's fields");
    add_voice(*discover, out.voice);
    add_plugins(*discover, out.plugins);
    add_lock(*discover, out.plugins_lock);
    return discover;
}

CLI::App* add_serve(CLI::App& app, ServeCommand& out) {
    CLI::App* serve = app.add_subcommand("serve", "Keep jobs running: the server");
    serve->add_option("--config", out.config, "What should exist: weir.yaml")->type_name("FILE");
    serve
        ->add_option("--data-dir", out.data_dir, "State and the local database; default: weir-data")
        ->type_name("DIR");
    serve
        ->add_option("--listen", out.listen,
                     "Address of the API, or unix:PATH; port 0: any free one; default: "
                     "127.0.0.1:7070")
        ->type_name("HOST:PORT");
    add_plugins(*serve, out.plugins);
    serve->add_option("--plugin-dir", out.plugin_dirs, "Look for plugins here too")
        ->check(CLI::ExistingDirectory)
        ->type_name("DIR")
        ->allow_extra_args(false);
    serve->add_option("--state", out.state, "URL of a state that several hosts share")
        ->type_name("URL");
    serve->add_option("--token-file", out.token_file, "Admin token; default: DIR/admin-token")
        ->type_name("FILE");
    serve->add_option("--log-format", out.log_format, "text | json: a line of JSON each")
        ->check(CLI::IsMember({"text", "json"}))
        ->type_name("FORMAT");
    serve
        ->add_option("--log-level", out.log_level,
                     "trace | debug | info | warning | error; PUT /loggers/NAME changes it")
        ->check(CLI::IsMember({"trace", "debug", "info", "warning", "error"}))
        ->type_name("LEVEL");
    serve->add_flag("--print-port", out.print_port,
                    "Print the port alone on the first line, once ready");
    serve->add_flag("--watch", out.watch,
                    "Reload libraries and the configuration whose files change, load new ones");
    return serve;
}

/// What every client of a host takes may stand before its verb too: it is moved behind it.
Strings verb_first(CLI::App const& app, int argc, char const* const* argv) {
    Strings const words{argv + std::min(argc, 1), argv + argc};
    ClientOptions unused;
    CLI::App any_client;
    add_client(any_client, unused);
    Strings verb, early, names;
    CLI::App const* at = &app;
    std::size_t i = 0;
    auto const take_options = [&] {
        for (; i < words.size() && words[i].starts_with('-'); ++i) {
            std::string const name = words[i].substr(0, words[i].find('='));
            CLI::Option const* const option = any_client.get_option_no_throw(name);
            if (!option || name == "--help" || name == "-h") return false;
            names.push_back(name);
            early.push_back(words[i]);
            bool const is_next =
                option->get_items_expected_max() > 0 && name.size() == words[i].size();
            if (is_next && i + 1 < words.size()) early.push_back(words[++i]);
        }
        return i < words.size();
    };
    for (auto verbs = verbs_of(*at); !verbs.empty(); verbs = verbs_of(*at)) {
        if (!take_options()) return words;
        auto const next = std::ranges::find(
            verbs, words[i], [](CLI::App const* each) { return each->get_name(); });
        if (next == verbs.end()) return words;
        verb.push_back(words[i++]);
        at = *next;
    }
    bool const takes_them = std::ranges::all_of(
        names, [&](std::string const& name) { return at->get_option_no_throw(name); });
    if (!takes_them) return words;
    verb.insert(verb.end(), early.begin(), early.end());
    verb.insert(verb.end(), words.begin() + static_cast<std::ptrdiff_t>(i), words.end());
    return verb;
}

}  // namespace

bool wants_json(int argc, char const* const* argv) {
    return std::any_of(argv + 1, argv + argc,
                       [](std::string_view word) { return word == "--json"; });
}

Result<Command> parse_arguments(int argc, char const* const* argv) {
    Command command;
    CopyText text;
    CLI::App app{"Weir moves records from the systems that have them to those that need them.",
                 "weir"};
    app.set_version_flag("--version", "weir " WEIR_VERSION);
    app.require_subcommand(0, 1);
    CLI::App* copy = add_copy(app, command.copy, text);
    CLI::App* discover = add_discover(app, command.discover);
    CLI::App* serve = add_serve(app, command.serve);
    add_connection_verbs(app, command.verb);
    add_job_verbs(app, command.verb);
    add_run_verbs(app, command.verb);
    add_plugin_verbs(app, command.verb);
    add_connector_verbs(app, command.verb);
    add_letter_verbs(app, command.verb);
    add_access_verbs(app, command.verb);
    add_config_verbs(app, command.verb);
    add_doctor(app, command.verb);
    add_host_verbs(app, command.verb);
    add_schedule_verbs(app, command.verb);
    add_event_verbs(app, command.verb);
    add_explain(app, command.verb);
    add_top(app, command.verb);
    add_manual_verbs(app, command.verb);
    // What the stubs of `weir completion` ask; nobody types it.
    if (argc > 1 && argv[1] == std::string_view{"__complete"}) {
        Strings words{argv + 2, argv + argc};
        if (!words.empty() && words.front() == "--") words.erase(words.begin());
        for (std::string const& each : completions(app, words)) command.text += each + '\n';
        return command;
    }
    Strings const ordered = verb_first(app, argc, argv);
    std::vector<char const*> words{"weir"};
    for (std::string const& each : ordered) words.push_back(each.c_str());
    int const count = static_cast<int>(words.size());
    try {
        app.parse(count, words.data());
    } catch (CLI::CallForHelp const&) {
        command.text = app.help();
        return command;
    } catch (CLI::CallForVersion const&) {
        command.text = app.version() + "\n";
        return command;
    } catch (CLI::ParseError const& error) {
        return misread(app, error.what(), count, words.data());
    }
    if (copy->parsed()) {
        command.kind = Command::Kind::copy;
        if (Result<void> settled = settle(*copy, text, command.copy.request); !settled)
            return settled.error();
    } else if (discover->parsed()) {
        command.kind = Command::Kind::discover;
    } else if (serve->parsed()) {
        command.kind = Command::Kind::serve;
        if (!command.serve.state.empty()) return not_here("--state");
    } else if (command.verb) {
        command.kind = Command::Kind::verb;
    } else {
        return usage("say what to do: weir copy, weir serve, …").suggest("weir --help");
    }
    return command;
}

}  // namespace weir::host
