#include "host/cli/options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <string_view>

#include "host/cli/command_tree.hpp"
#include "host/cli/completion.hpp"
#include "host/cli/connector_verbs.hpp"
#include "host/cli/misread.hpp"
#include "host/cli/verbs.hpp"
#include "host/core/name_list.hpp"
#include "host/core/text.hpp"

#ifndef WEIR_VERSION
#define WEIR_VERSION "0"
#endif

namespace weir::host {

namespace {

using Strings = std::vector<std::string>;

constexpr char copy_footer[] = R"(
URLs: postgres://user:password@host:port/db, sqlite:relative.db, sqlite:/absolute.db,
generator:rows=1000. Passwords best come from elsewhere: '${env:SHOP_URL}', ${file:PATH},
PGPASSWORD or ~/.pgpass.

Examples:
  weir copy '${env:SHOP_URL}' sqlite:shop.db --stream public.users
  weir copy '${env:SHOP_URL}' sqlite:shop.db --stream public.users --cursor updated_at
  weir copy '${env:SHOP_URL}' sqlite:shop.db --stream 'public.*' --write replace
  weir copy '${env:SHOP_URL}' '${env:WAREHOUSE_URL}' --stream 'public.*'
  weir copy generator:rows=1000000 sqlite:big.db

Exit codes: 0 done, 1 the work failed, 2 wrong usage, 3 the environment failed,
4 some records rejected or some streams failed, 130 interrupted.)";

/// What CLI11 fills in before it becomes a request.
struct CopyText {
    std::string mode, write, on_error, transform;
    Strings key, fields;
    double max_delete_fraction = 0.1;
    std::uint32_t batch_rows = 0;
    std::uint64_t batch_bytes = 0;
    std::int64_t limit = 0;
};

/// A flag that takes no value: `--dry-run=later` must not run.
void add_switch(CLI::App& app, char const* names, bool& value, char const* help) {
    app.add_flag(names, value, help)->disable_flag_override();
}

void add_voice(CLI::App& app, Voice& voice) {
    add_switch(app, "--json", voice.json, "The last line of standard output is one JSON object");
    add_switch(app, "-q,--quiet", voice.quiet, "No progress and no summary");
    add_switch(app, "-v,--verbose", voice.verbose, "Also what connectors log and count");
}

void add_directories(CLI::App& app, Strings& directories, Strings& in_process) {
    app.add_option("--connector-dir", directories, "Look for connectors here too")
        ->check(CLI::ExistingDirectory)
        ->type_name("DIR")
        ->allow_extra_args(false);
    app.add_option("--in-process", in_process,
                   "Run this plugin in this process, though it did not come with Weir")
        ->type_name("ID")
        ->allow_extra_args(false);
}

void add_lock(CLI::App& app, std::string& file) {
    app.add_option("--plugins-lock", file, "Load only libraries that stand in it: weir plugin lock")
        ->type_name("FILE");
}

CLI::App* add_copy(CLI::App& app, CopyCommand& out, CopyText& text) {
    CopyRequest& request = out.request;
    CLI::App* copy = app.add_subcommand("copy", "Copy streams from one system into another");
    copy->footer(copy_footer);
    copy->add_option("SOURCE", request.source_url, "URL of what is read")->required();
    copy->add_option("SINK", request.sink_url, "URL of what is written")->required();
    copy->add_option("--stream", request.streams, "A stream, or a quoted pattern like 'public.*'")
        ->type_name("NAME")
        ->allow_extra_args(false);
    copy->add_option("--to", request.to, "Target of a single stream")->type_name("NAME");
    copy->add_option("--mode", text.mode, "full | delta | reconcile; default: delta with a cursor")
        ->type_name("MODE");
    copy->add_option("--write", text.write, "append | upsert | replace; default: upsert by key")
        ->type_name("MODE");
    copy->add_option("--cursor", request.cursor, "Field by which changes are found")
        ->type_name("FIELD");
    copy->add_option("--key", text.key, "Fields that identify a record")
        ->type_name("FIELD,...")
        ->allow_extra_args(false);
    copy->add_option("--fields", text.fields,
                     "Only these fields; a name with a comma stands in double quotes: '\"a,b\",c'")
        ->type_name("FIELD,...")
        ->allow_extra_args(false);
    copy->add_option("--transform", text.transform, "Mapping of values")->type_name("FILE");
    copy->add_option("--batch-rows", text.batch_rows, "Rows per batch and transaction")
        ->check(CLI::Range(1u, 10'000'000u))
        ->type_name("N");
    copy->add_option("--batch-bytes", text.batch_bytes, "Bytes per batch and transaction")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 30))
        ->type_name("N");
    copy->add_option("--limit", text.limit, "At most so many records per stream")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 62))
        ->type_name("N");
    copy->add_option("--on-error", text.on_error,
                     "A record the sink refuses: stop | skip | dead_letter; default: stop")
        ->type_name("WHAT");
    copy->add_option("--max-delete-fraction", text.max_delete_fraction,
                     "Most of the target that --mode reconcile may delete")
        ->type_name("X");
    add_switch(*copy, "--force", request.force, "Let --write replace empty a target");
    copy->add_option("--dead-letters", request.dead_letters,
                     "File of refused records; default: weir-dead-letters.jsonl")
        ->type_name("FILE");
    add_switch(*copy, "--dry-run", request.dry_run, "Say what would be done; write nothing");
    add_voice(*copy, out.voice);
    add_directories(*copy, out.connector_dirs, out.in_process);
    add_lock(*copy, out.plugins_lock);
    return copy;
}

CLI::App* add_discover(CLI::App& app, DiscoverCommand& out) {
    CLI::App* discover =
        app.add_subcommand("discover", "List a source's streams, keys and cursor candidates");
    discover->add_option("URL", out.url, "URL of the source")->required();
    discover->add_option("--match", out.match, "Only streams like this, e.g. 'public.*'")
        ->type_name("PATTERN");
    add_switch(*discover, "--columns", out.columns, "Show every stream's fields");
    add_voice(*discover, out.voice);
    add_directories(*discover, out.connector_dirs, out.in_process);
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
    add_directories(*serve, out.connector_dirs, out.in_process);
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

template <class Value>
Result<std::optional<Value>> choice(char const* option, std::string const& text,
                                    std::map<std::string, Value> const& values) {
    if (text.empty()) return std::optional<Value>{};
    if (auto const at = values.find(text); at != values.end()) return std::optional{at->second};
    Strings names;
    for (auto const& [name, value] : values) names.push_back(name);
    Error error = usage(
        fmt::format("{} is one of {}, not \"{}\"", option, fmt::join(names, ", "), text), option);
    std::string const near = nearest(text, names);
    return near.empty() ? error : error.suggest(fmt::format("{} {}", option, near));
}

Error not_here(std::string const& what) {
    return Error{WEIR_E_UNSUPPORTED, "copy.unsupported",
                 what + " is not supported by this version of Weir", what};
}

/// The names of all arguments of one option.
Result<Strings> names(char const* option, Strings const& texts) {
    Strings all;
    for (std::string const& text : texts) {
        Result<Strings> some = split_names(text);
        if (!some) return usage(fmt::format("{} {}", option, some.error().message), option);
        all.insert(all.end(), some->begin(), some->end());
    }
    return all;
}

/// Names that are empty, or the next option in the place of one that was forgotten.
Result<void> check_names(CLI::App const& app) {
    for (char const* option : {"--stream", "--to", "--cursor", "--key", "--fields"})
        for (std::string const& value : app.get_option(option)->results()) {
            if (value.empty()) return usage(fmt::format("{} is empty", option), option);
            if (value.starts_with("--") && app.get_option_no_throw(value))
                return usage(fmt::format("{} has no name behind it, but {}", option, value),
                             option);
        }
    return {};
}

Result<void> check_once(char const* option, Strings const& names) {
    for (auto at = names.begin(); at != names.end(); ++at)
        if (std::find(names.begin(), at, *at) != at)
            return usage(fmt::format("{} names \"{}\" twice", option, *at), option);
    return {};
}

Result<void> settle(CLI::App const& app, CopyText const& text, CopyRequest& request) {
    if (Result<void> checked = check_names(app); !checked) return checked;
    if (app.count("--transform")) return not_here("--transform");
    if (text.mode == "reconcile") return not_here("--mode reconcile");
    if (app.count("--max-delete-fraction"))
        return usage("--max-delete-fraction goes with --mode reconcile only",
                     "--max-delete-fraction");
    auto mode = choice<ReadMode>("--mode", text.mode,
                                 {{"full", ReadMode::full}, {"delta", ReadMode::delta}});
    if (!mode) return mode.error();
    auto write = choice<WriteMode>("--write", text.write,
                                   {{"append", WriteMode::append},
                                    {"upsert", WriteMode::upsert},
                                    {"replace", WriteMode::replace}});
    if (!write) return write.error();
    auto on_error = choice<OnError>(
        "--on-error", text.on_error,
        {{"stop", OnError::stop}, {"skip", OnError::skip}, {"dead_letter", OnError::dead_letter}});
    if (!on_error) return on_error.error();
    Result<Strings> key = names("--key", text.key);
    if (!key) return key.error();
    Result<Strings> fields = names("--fields", text.fields);
    if (!fields) return fields.error();
    request.key = std::move(*key);
    request.fields = std::move(*fields);
    request.mode = *mode;
    request.write = *write;
    request.on_error = on_error->value_or(OnError::stop);
    if (app.count("--batch-rows")) request.batch_rows = text.batch_rows;
    if (app.count("--batch-bytes")) request.batch_bytes = text.batch_bytes;
    if (app.count("--limit")) request.limit = text.limit;
    if (request.limit && request.write == WriteMode::replace)
        return usage("--limit with --write replace would delete all but the first records",
                     "--limit");
    if (request.mode == ReadMode::delta && request.write == WriteMode::replace)
        return usage("--write replace reads everything, so it cannot go with --mode delta",
                     "--write");
    if (Result<void> checked = check_once("--key", request.key); !checked) return checked;
    if (Result<void> checked = check_once("--fields", request.fields); !checked) return checked;
    if (!request.to.empty() && request.streams.size() > 1)
        return usage("--to names the target of one stream, and several were given", "--to");
    if (app.count("--dead-letters") && request.on_error != OnError::dead_letter)
        return usage("--dead-letters goes with --on-error dead_letter", "--dead-letters")
            .suggest("add --on-error dead_letter");
    return {};
}

}  // namespace

namespace {

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
