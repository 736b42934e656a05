#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>

#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/cli/verbs.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;

/// `-d` as curl has it: the text, @FILE, or @- for standard input.
Result<Json> body_of(std::string const& data) {
    if (data.empty()) return Json(nullptr);
    std::string text = data;
    if (data.front() == '@') {
        std::ifstream file;
        if (data != "@-") file.open(data.substr(1), std::ios::binary);
        if (data != "@-" && !file)
            return Error{WEIR_E_CONFIG, "usage",
                         fmt::format("the file {} cannot be read", data.substr(1)), "-d"};
        std::istream& in = data == "@-" ? std::cin : file;
        text.assign(std::istreambuf_iterator<char>{in}, {});
    }
    Json json = Json::parse(text, nullptr, false);
    if (json.is_discarded()) return Error{WEIR_E_CONFIG, "usage", "what -d gives is no JSON", "-d"};
    return json;
}

void add_api(CLI::App& app, Verb& chosen) {
    struct Arguments {
        std::string method, path, data;
    };
    auto arguments = std::make_shared<Arguments>();
    CLI::App* api = add_verb(app, "api", "Call a route of a running host, signed in", chosen,
                             [arguments](ApiClient& client, ClientOptions const& options) {
                                 Result<Json> body = body_of(arguments->data);
                                 if (!body) return fail(body.error(), options.voice);
                                 auto answer =
                                     client.send(arguments->method, arguments->path, *body);
                                 if (!answer) return fail(answer.error(), options.voice);
                                 std::string text = answer->text;
                                 if (!text.empty() && text.back() != '\n') text += '\n';
                                 return show(*answer, options, text);
                             });
    api->add_option("METHOD", arguments->method, "GET, POST, …")->required();
    api->add_option("PATH", arguments->path, "/replication/jobs")->required();
    api->add_option("-d,--data", arguments->data, "JSON body, @FILE, or @- for standard input")
        ->type_name("JSON");
}

Exit show_status(ApiClient& client, ClientOptions const& options) {
    auto ready = client.get("/readyz?verbose");
    if (!ready) return fail(ready.error(), options.voice);
    auto version = client.get("/version");
    if (!version) return fail(version.error(), options.voice);
    std::string text =
        fmt::format("weir {} at {}\n", cell(version->body, "version"), client.server());
    for (Json const& check : ready->body.value("checks", Json::array()))
        text +=
            fmt::format("{} {}{}\n", check.value("ok", false) ? "✓" : "✗", check.value("name", ""),
                        cell(check, "detail").empty() ? "" : "  " + cell(check, "detail"));
    for (PluginAmiss const& each : plugins_amiss(client))
        text += fmt::format("✗ plugin {}  {}\n    → {}\n", each.id, each.why, each.remedy);
    // Without the plugin of jobs there are none.
    if (auto jobs = all_items(client, "/replication/jobs"))
        for (Json const& job : jobs->body["items"]) text += trouble_of(job);
    return show(*ready, options, text);
}

void add_backup(CLI::App& app, Verb& chosen) {
    auto file = std::make_shared<std::string>();
    add_verb(app, "backup", "Copy the state of a running host into its data directory", chosen,
             [file](ApiClient& client, ClientOptions const& options) {
                 Json body = Json::object();
                 if (!file->empty()) body["file"] = *file;
                 auto made = client.send("POST", "/backup", body);
                 if (!made) return fail(made.error(), options.voice);
                 if (!options.voice.quiet)
                     tell("restore: a data directory with this as state.db, and the master.key\n");
                 return show(*made, options, cell(made->body, "file") + "\n");
             })
        ->add_option("NAME", *file, "Name in DIR/backups; default: the time");
}

}  // namespace

void add_host_verbs(CLI::App& app, Verb& chosen) {
    add_api(app, chosen);
    add_backup(app, chosen);
    add_verb(app, "openapi", "The API of a running host as an OpenAPI document", chosen,
             [](ApiClient& client, ClientOptions const& options) {
                 auto document = client.get("/openapi.json");
                 if (!document) return fail(document.error(), options.voice);
                 return show(*document, options, document->body.dump(2) + "\n");
             });
    add_verb(app, "status", "What a running host says of itself, and which jobs are in trouble",
             chosen, show_status);
}

}  // namespace weir::host
