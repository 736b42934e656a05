#include <fmt/format.h>

#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/cli/settings.hpp"
#include "host/cli/table.hpp"
#include "host/cli/verbs.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;

std::string connection_path(std::string const& name) {
    return "/replication/connections/" + segment(name);
}

std::string steps_text(Json const& check) {
    std::string text;
    for (Json const& step : check.value("steps", Json::array()))
        text += fmt::format("{}{} {}", text.empty() ? "" : "  ",
                            step.value("ok", false) ? "✓" : "✗", step.value("name", ""));
    return text;
}

Error error_of_check(Json const& check) {
    Json const error = check.value("error", Json::object());
    Json const steps = check.value("steps", Json::array());
    bool const is_config = !steps.empty() && steps.back().value("name", "") == "config";
    return Error{is_config ? WEIR_E_CONFIG : WEIR_E_IO, cell(error, "code"), cell(error, "message"),
                 cell(error, "where")}
        .suggest(cell(error, "suggestion"));
}

Exit show_check(ApiClient::Answer const& answer, ClientOptions const& options,
                std::string const& behind) {
    bool const is_well = answer.body.is_object() && answer.body.value("ok", false);
    Exit const shown = show(answer, options, steps_text(answer.body) + behind + "\n");
    if (is_well || shown != Exit::done) return shown;
    if (!options.voice.json) tell(to_text(error_of_check(answer.body)));
    return exit_of(error_of_check(answer.body));
}

std::string streams_text(Json const& found, bool with_columns) {
    std::vector<std::vector<std::string>> rows;
    auto joined = [](Json const& names) {
        std::string text;
        for (Json const& name : names) text += (text.empty() ? "" : ", ") + name.get<std::string>();
        return text;
    };
    for (Json const& stream : found.value("streams", Json::array())) {
        std::string cursors;
        for (Json const& each : stream.value("tracking", Json::array()))
            cursors += (cursors.empty() ? "" : " · ") + each.value("field", "");
        Json const keys = stream.value("keys", Json::array());
        rows.push_back({stream.value("stream", ""), cell(stream, "rows"),
                        keys.empty() ? "-" : joined(keys.front()),
                        cursors.empty() ? "-" : cursors});
        if (!with_columns) continue;
        for (Json const& field : stream.value("fields", Json::array()))
            rows.push_back(
                {fmt::format("    {}  {}", field.value("name", ""), field.value("type", ""))});
    }
    return table({"STREAM", "ROWS~", "KEY", "CURSOR CANDIDATES"}, rows);
}

struct AddArguments {
    std::string name, connector;
    std::vector<std::string> settings;
    bool replace = false, no_check = false;
};

Exit add_connection(AddArguments const& arguments, ApiClient& client,
                    ClientOptions const& options) {
    Result<ApiClient::Answer> type = client.get("/connectors/" + segment(arguments.connector));
    if (!type) return fail(type.error(), options.voice);
    Result<Json> config = config_of_settings(arguments.settings,
                                             type->body.value("config_schema", Json::object()));
    if (!config) return fail(config.error(), options.voice);
    std::string steps;
    if (!arguments.no_check) {
        Result<ApiClient::Answer> checked =
            client.send("POST", "/connectors/" + segment(arguments.connector) + "/check",
                        {{"config", *config}});
        if (!checked) return fail(checked.error(), options.voice);
        if (!checked->body.value("ok", false)) {
            if (!options.voice.json) tell(steps_text(checked->body) + "\n");
            return fail(error_of_check(checked->body), options.voice);
        }
        steps = steps_text(checked->body);
    }
    Json const document{
        {"id", arguments.name}, {"connector", arguments.connector}, {"config", *config}};
    Result<ApiClient::Answer> saved =
        arguments.replace ? client.send("PUT", connection_path(arguments.name), document)
                          : client.send("POST", "/replication/connections", document);
    if (!saved) return fail(saved.error(), options.voice);
    return show(
        *saved, options,
        fmt::format("{}{}saved \"{}\"\n", steps, steps.empty() ? "" : "       ", arguments.name));
}

void add_add(CLI::App& conn, Verb& chosen) {
    auto arguments = std::make_shared<AddArguments>();
    CLI::App* add = add_verb(conn, "add", "Check and save a connection", chosen,
                             [arguments](ApiClient& client, ClientOptions const& options) {
                                 return add_connection(*arguments, client, options);
                             });
    add->add_option("NAME", arguments->name, "Its name")->required();
    add->add_option("CONNECTOR", arguments->connector, "postgres, sqlite, …")->required();
    add->add_option("SETTING", arguments->settings, "name=value, as the connector has them");
    add->add_flag("--replace", arguments->replace, "Change the one that is there");
    add->add_flag("--no-check", arguments->no_check, "Save it without trying it");
    add->footer(
        "\nExample:\n  weir conn add shop postgres url='${env:SHOP_URL}'\n\n"
        "A reference like ${env:NAME} or ${file:PATH} is read by the host.");
}

/// The verbs that take nothing but a name.
void add_named(CLI::App& conn, Verb& chosen, char const* name, char const* summary,
               std::function<Exit(std::string const&, ApiClient&, ClientOptions const&)> act) {
    auto of = std::make_shared<std::string>();
    add_verb(conn, name, summary, chosen,
             [of, act = std::move(act)](ApiClient& client, ClientOptions const& options) {
                 return act(*of, client, options);
             })
        ->add_option("NAME", *of, "Name of the connection")
        ->required();
}

void add_discover(CLI::App& conn, Verb& chosen) {
    struct Arguments {
        std::string name, match;
        bool columns = false;
    };
    auto arguments = std::make_shared<Arguments>();
    CLI::App* discover = add_verb(
        conn, "discover", "List its streams, keys and cursor candidates", chosen,
        [arguments](ApiClient& client, ClientOptions const& options) {
            Json const body =
                arguments->match.empty() ? Json::object() : Json{{"pattern", arguments->match}};
            auto found = client.send("POST", connection_path(arguments->name) + "/discover", body);
            if (!found) return fail(found.error(), options.voice);
            return show(*found, options, streams_text(found->body, arguments->columns));
        });
    discover->add_option("NAME", arguments->name, "Name of the connection")->required();
    discover->add_option("--match", arguments->match, "Only streams like this, e.g. 'public.*'")
        ->type_name("PATTERN");
    discover->add_flag("--columns", arguments->columns, "Show every stream's fields");
}

/// Its status, or that it does not answer now.
std::string state_of(Json const& connection) {
    return connection.value("circuit", Json::object()).contains("error")
               ? std::string{"down"}
               : cell(connection, "status");
}

void add_list(CLI::App& conn, Verb& chosen) {
    add_verb(conn, "list", "All connections", chosen,
             [](ApiClient& client, ClientOptions const& options) {
                 auto all = all_items(client, "/replication/connections");
                 if (!all) return fail(all.error(), options.voice);
                 std::vector<std::vector<std::string>> rows;
                 for (Json const& each : all->body["items"])
                     rows.push_back({cell(each, "id"), cell(each, "connector"),
                                     state_of(each), cell(each, "lastSyncAt")});
                 return show(*all, options,
                             rows.empty()
                                 ? "no connections yet: weir conn add NAME CONNECTOR …\n"
                                 : table({"NAME", "CONNECTOR", "STATUS", "LAST SYNC"}, rows));
             });
}

}  // namespace

void add_connection_verbs(CLI::App& app, Verb& chosen) {
    CLI::App* conn = app.add_subcommand("conn", "Connections of a running host");
    conn->require_subcommand(1);
    add_add(*conn, chosen);
    add_list(*conn, chosen);
    add_named(*conn, chosen, "show", "One connection, without its secrets",
              [](std::string const& name, ApiClient& client, ClientOptions const& options) {
                  auto found = client.get(connection_path(name));
                  if (!found) return fail(found.error(), options.voice);
                  return show(*found, options, found->body.dump(2) + "\n");
              });
    add_named(*conn, chosen, "check", "Try it, step by step",
              [](std::string const& name, ApiClient& client, ClientOptions const& options) {
                  auto checked =
                      client.send("POST", connection_path(name) + "/check", Json::object());
                  if (!checked) return fail(checked.error(), options.voice);
                  return show_check(*checked, options, "");
              });
    add_discover(*conn, chosen);
    add_named(*conn, chosen, "rm", "Delete a connection that no job needs",
              [](std::string const& name, ApiClient& client, ClientOptions const& options) {
                  if (auto exit = unless_agreed(options, fmt::format("\"{}\" is deleted", name)))
                      return *exit;
                  auto gone = client.send("DELETE", connection_path(name));
                  if (!gone) return fail(gone.error(), options.voice);
                  return show(*gone, options, fmt::format("deleted \"{}\"\n", name));
              });
}

}  // namespace weir::host
