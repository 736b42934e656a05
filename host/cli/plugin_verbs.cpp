#include <fmt/format.h>

#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "host/abi/child_look.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/environment.hpp"
#include "host/cli/output.hpp"
#include "host/cli/table.hpp"
#include "host/cli/verbs.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;

std::string plugin_path(std::string const& id) { return "/plugins/" + segment(id); }

std::string last_error(Json const& plugin) {
    Json const error = plugin.value("last_error", Json());
    return error.is_object() ? cell(error, "code") : "";
}

std::string listed(Json const& list) {
    std::string text;
    for (Json const& each : list)
        text += (text.empty() ? "" : ", ") + (each.is_string() ? each.get<std::string>() : "");
    return text;
}

std::string details(Json const& plugin) {
    std::string text =
        fmt::format("{}  {}  {}\n  file        {}\n  sha256      {}\n  generation  {}\n",
                    cell(plugin, "id"), cell(plugin, "version"), cell(plugin, "state"),
                    cell(plugin, "file"), cell(plugin, "sha256"), cell(plugin, "generation"));
    if (plugin.value("placement", "") == "child")
        text += fmt::format("  runs in     a process of its own{}\n",
                            plugin.value("pid", Json()).is_number()
                                ? fmt::format(", {}", plugin["pid"].get<std::int64_t>())
                                : ", which has ended");
    for (char const* name : {"components", "provides", "requires", "routes"})
        if (std::string const all = listed(plugin.value(name, Json::array())); !all.empty())
            text += fmt::format("  {:<11} {}\n", name, all);
    if (Json const error = plugin.value("last_error", Json()); error.is_object())
        text += fmt::format("  last error  {}: {}\n", cell(error, "code"), cell(error, "message"));
    return text;
}

Exit list(ApiClient& client, ClientOptions const& options) {
    auto plugins = client.get("/plugins");
    if (!plugins) return fail(plugins.error(), options.voice);
    std::vector<std::vector<std::string>> rows;
    for (Json const& each : plugins->body.value("items", Json::array()))
        rows.push_back({cell(each, "id"), cell(each, "version"), cell(each, "state"),
                        cell(each, "generation"), cell(each, "file"), last_error(each)});
    return show(*plugins, options,
                table({"PLUGIN", "VERSION", "STATE", "GENERATION", "FILE", "LAST ERROR"}, rows));
}

Exit scan(ApiClient& client, ClientOptions const& options) {
    auto seen = client.send("POST", "/plugins/scan", Json::object());
    if (!seen) return fail(seen.error(), options.voice);
    std::vector<std::vector<std::string>> rows;
    for (Json const& each : seen->body.value("items", Json::array())) {
        Json const error = each.value("error", Json::object());
        rows.push_back({cell(each, "file"), cell(each, "state"), cell(each, "id"),
                        cell(error, "message")});
    }
    return show(*seen, options, table({"FILE", "STATE", "PLUGIN", "WHY"}, rows));
}

Exit load(std::string const& file, ApiClient& client, ClientOptions const& options) {
    auto done = client.send("POST", "/plugins", {{"file", file}});
    if (!done) return fail(done.error(), options.voice);
    return show(*done, options,
                fmt::format("{} {} {}\n", done->status == 201 ? "loaded" : "serves already:",
                            cell(done->body, "id"), cell(done->body, "version")));
}

/// POST /plugins/ID/VERB, told with `past`.
Act changing(std::shared_ptr<std::string> id, std::string verb, std::string past) {
    return [id = std::move(id), verb = std::move(verb), past = std::move(past)](
               ApiClient& client, ClientOptions const& options) {
        auto done = client.send("POST", plugin_path(*id) + "/" + verb, Json::object());
        if (!done) return fail(done.error(), options.voice);
        return show(*done, options,
                    fmt::format("{} {} {} (generation {})\n", past, cell(done->body, "id"),
                                cell(done->body, "version"), cell(done->body, "generation")));
    };
}

Exit unload(std::string const& id, ApiClient& client, ClientOptions const& options) {
    auto done = client.send("DELETE", plugin_path(id), Json());
    if (!done) return fail(done.error(), options.voice);
    return show(*done, options, fmt::format("unloaded {}\n", id));
}

/// What a child says of a library, which is not loaded into this process: with `loads` its
/// manifest, else only whether the file is one that may be.
Result<Json> look_at(std::string const& file, bool loads) {
    constexpr std::int64_t look_ms_max = 30'000;
    std::error_code failed;
    if (!std::filesystem::exists(file, failed))
        return Error{WEIR_E_CONFIG, "plugin.file_not_found",
                     fmt::format("there is no file {}", file), "FILE"}
            .suggest("check the path; weir connector list names those that are found");
    if (loads) {
        Result<std::string> const said = look_in_child(runner_path(), file, look_ms_max);
        return said ? Result<Json>{Json::parse(*said)} : said.error();
    }
    Result<ChildEnd> const end = run_child({runner_path().string(), "--lint", file}, look_ms_max);
    if (!end) return end.error();
    if (end->exit_code != 0) return child_refusal(end->err);
    return Json{};
}

Exit look(bool loads, std::string const& file, bool as_json) {
    Voice voice;
    voice.json = as_json;
    Result<Json> const seen = look_at(file, loads);
    if (!seen) return fail(seen.error(), voice);
    Json const& manifest = *seen;
    if (as_json) {
        Json const shown = manifest.is_object() ? manifest : Json{{"ok", true}, {"file", file}};
        std::string const text = shown.dump(-1, ' ', false, Json::error_handler_t::replace);
        return print(text + "\n") ? Exit::done : Exit::environment;
    }
    std::string text = fmt::format("{} may be loaded\n", file);
    if (manifest.is_object()) {
        text = fmt::format("{}: {} {}\n", file, cell(manifest, "id"), cell(manifest, "version"));
        for (Json const& component : manifest.value("components", Json::array()))
            text += fmt::format("  {:<12} {}  ({})\n", cell(component, "id"),
                                cell(component, "title"),
                                listed(component.value("roles", Json::array())));
    }
    return print(text) ? Exit::done : Exit::environment;
}

void add_look(CLI::App& plugin, Verb& chosen, char const* name, bool loads,
              char const* summary) {
    struct Arguments {
        std::string file;
        bool json = false;
    };
    auto arguments = std::make_shared<Arguments>();
    CLI::App* verb = plugin.add_subcommand(name, summary);
    verb->add_option("FILE", arguments->file, "A library: ./acme.so")->required();
    verb->add_flag("--json", arguments->json, "The manifest, or the error, as one object");
    verb->callback([&chosen, arguments, loads] {
        chosen = [arguments, loads] { return look(loads, arguments->file, arguments->json); };
    });
}

void add_changes(CLI::App& plugin, Verb& chosen) {
    struct Change {
        char const *name, *past, *summary;
    };
    for (Change const& change :
         {Change{"reload", "reloaded", "Let the library as its file is now take over"},
          Change{"enable", "switched on", "Switch a library on again"},
          Change{"disable", "switched off", "Switch off a library that nothing needs"}}) {
        auto id = std::make_shared<std::string>();
        add_verb(plugin, change.name, change.summary, chosen,
                 changing(id, change.name, change.past))
            ->add_option("PLUGIN", *id, "Its id, or the name of its file")
            ->required();
    }
}

using NamedAct = Exit (*)(std::string const&, ApiClient&, ClientOptions const&);

constexpr char its_name[] = "Its id, or the name of its file";

void add_named(CLI::App& plugin, Verb& chosen, char const* name, char const* summary,
               char const* argument, char const* meaning, NamedAct act) {
    auto of = std::make_shared<std::string>();
    add_verb(plugin, name, summary, chosen,
             [of, act](ApiClient& client, ClientOptions const& options) {
                 return act(*of, client, options);
             })
        ->add_option(argument, *of, meaning)
        ->required();
}

}  // namespace

std::vector<PluginAmiss> plugins_amiss(ApiClient& client) {
    std::vector<PluginAmiss> all;
    auto const plugins = client.get("/plugins");
    if (!plugins || !plugins->body.is_object()) return all;
    for (Json const& each : plugins->body.value("items", Json::array())) {
        std::string const state = cell(each, "state"), id = cell(each, "id");
        if (state != "failed" && state != "quarantined") continue;
        Json const error = each.value("last_error", Json::object());
        all.push_back({id, fmt::format("{}: {}", state, cell(error, "message")),
                       state == "quarantined" ? "weir plugin reload " + id
                                              : "weir explain " + cell(error, "code")});
    }
    return all;
}

void add_plugin_verbs(CLI::App& app, Verb& chosen) {
    CLI::App* plugin = app.add_subcommand("plugin", "Libraries: connectors and plugins");
    plugin->require_subcommand(1);
    add_verb(*plugin, "list", "What is loaded, and how it does", chosen, list);
    add_verb(*plugin, "scan", "What lies in the directories: new, changed, bad", chosen, scan);
    add_named(*plugin, chosen, "show", "One library", "PLUGIN", its_name,
              [](std::string const& id, ApiClient& client, ClientOptions const& options) {
                  auto found = client.get(plugin_path(id));
                  if (!found) return fail(found.error(), options.voice);
                  return show(*found, options, details(found->body));
              });
    add_named(*plugin, chosen, "load", "Load a library of a configured directory", "FILE",
              "The bare name of its file: acme.so", load);
    add_named(*plugin, chosen, "unload", "Unload a library that nothing needs", "PLUGIN", its_name,
              unload);
    add_changes(*plugin, chosen);
    add_plugin_lock(*plugin, chosen);
    add_look(*plugin, chosen, "check", true,
             "Say what a library is, or which check refuses it; without a host, in a child");
    add_look(*plugin, chosen, "lint", false,
             "Say which check refuses a library, running nothing of it");
}

}  // namespace weir::host
