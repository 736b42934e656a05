#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <charconv>
#include <iostream>
#include <iterator>

#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/cli/table.hpp"
#include "host/cli/verbs.hpp"
#include "host/core/secret.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;

/// "30d" as seconds.
Result<std::int64_t> seconds_of(std::string const& text) {
    std::int64_t count = 0;
    auto const [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), count);
    std::string const unit{end, text.data() + text.size()};
    std::int64_t const each = unit == "s"   ? 1
                              : unit == "m" ? 60
                              : unit == "h" ? 3'600
                              : unit == "d" ? 86'400
                                            : 0;
    if (wrong == std::errc{} && count > 0 && each > 0) return count * each;
    return Error{WEIR_E_CONFIG, "usage", fmt::format("\"{}\" is no time", text), "--expires"}
        .suggest("--expires 30d");
}

struct TokenArguments {
    std::string name, scope, jobs, expires;
};

Exit create_token(TokenArguments const& arguments, ApiClient& client,
                  ClientOptions const& options) {
    Json body{{"name", arguments.name}, {"scope", arguments.scope}};
    if (!arguments.jobs.empty()) body["jobs"] = arguments.jobs;
    if (!arguments.expires.empty()) {
        Result<std::int64_t> const seconds = seconds_of(arguments.expires);
        if (!seconds) return fail(seconds.error(), options.voice);
        body["ttl_seconds"] = *seconds;
    }
    auto made = client.send("POST", "/tokens", body);
    if (!made) return fail(made.error(), options.voice);
    if (!options.voice.json && !options.voice.quiet)
        tell(fmt::format("token {} of scope {}; it is shown once:\n", cell(made->body, "id"),
                         cell(made->body, "scope")));
    return show(*made, options, cell(made->body, "token") + "\n");
}

void add_token_create(CLI::App& token, Verb& chosen) {
    auto arguments = std::make_shared<TokenArguments>();
    CLI::App* create = add_verb(token, "create", "Make a token; it is shown once", chosen,
                                [arguments](ApiClient& client, ClientOptions const& options) {
                                    return create_token(*arguments, client, options);
                                });
    create->add_option("NAME", arguments->name, "What it is for")->required();
    create
        ->add_option("--scope", arguments->scope, "ingest, or read < run < write < admin")
        ->required()
        ->type_name("SCOPE");
    create->add_option("--jobs", arguments->jobs, "Only these jobs: an id, or users_*")
        ->type_name("FILTER");
    create->add_option("--expires", arguments->expires, "Not valid after: 12h, 30d; else for good")
        ->type_name("TIME");
}

void add_token_list(CLI::App& token, Verb& chosen) {
    add_verb(token, "list", "All tokens, without what they are made of", chosen,
             [](ApiClient& client, ClientOptions const& options) {
                 auto all = all_items(client, "/tokens");
                 if (!all) return fail(all.error(), options.voice);
                 std::vector<std::vector<std::string>> rows;
                 for (Json const& each : all->body["items"])
                     rows.push_back({cell(each, "id"), cell(each, "name"), cell(each, "scope"),
                                     cell(each, "jobs"), cell(each, "expires_at"),
                                     cell(each, "last_used_at")});
                 return show(
                     *all, options,
                     rows.empty()
                         ? "no tokens yet: weir token create NAME --scope read\n"
                         : table({"ID", "NAME", "SCOPE", "JOBS", "EXPIRES", "LAST USED"}, rows));
             });
}

/// A verb that deletes what a path names. `destroys`: what is asked about before.
void add_removal(CLI::App& noun, Verb& chosen, char const* name, char const* summary,
                 char const* what, std::string const& path, char const* destroys = nullptr) {
    auto of = std::make_shared<std::string>();
    add_verb(noun, name, summary, chosen,
             [=](ApiClient& client, ClientOptions const& options) {
                 if (destroys)
                     if (auto exit =
                             unless_agreed(options, fmt::format("\"{}\" {}", *of, destroys)))
                         return *exit;
                 auto done = client.send("DELETE", path + segment(*of));
                 if (!done) return fail(done.error(), options.voice);
                 return show(*done, options, "");
             })
        ->add_option(what, *of, "Which one")
        ->required();
}

/// Typed without an echo, or all of standard input without its last newline.
std::string read_value() {
    std::string value;
    termios before{};
    bool const is_terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;
    if (!is_terminal) {
        value.assign(std::istreambuf_iterator<char>{std::cin}, {});
        if (value.ends_with('\n')) value.pop_back();
        return value;
    }
    tell("value: ");
    termios silent = before;
    silent.c_lflag &= static_cast<tcflag_t>(~ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &silent);
    std::getline(std::cin, value);
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
    tell("\n");
    return value;
}

void add_secret_set(CLI::App& secret, Verb& chosen) {
    auto name = std::make_shared<std::string>();
    CLI::App* set = add_verb(
        secret, "set", "Set the value of ${secret:NAME}: typed, or from standard input", chosen,
        [name](ApiClient& client, ClientOptions const& options) {
            std::string value = read_value();
            auto done = client.send("PUT", "/secrets/" + segment(*name), {{"value", value}});
            wipe(value);
            if (!done) return fail(done.error(), options.voice);
            return show(*done, options, "");
        });
    set->add_option("NAME", *name, "Its name")->required();
}

void add_secret_list(CLI::App& secret, Verb& chosen) {
    add_verb(secret, "list", "Names of secrets; nobody sees their values", chosen,
             [](ApiClient& client, ClientOptions const& options) {
                 auto all = all_items(client, "/secrets");
                 if (!all) return fail(all.error(), options.voice);
                 std::vector<std::vector<std::string>> rows;
                 for (Json const& each : all->body["items"])
                     rows.push_back({cell(each, "name"), cell(each, "set_at")});
                 return show(*all, options,
                             rows.empty() ? "no secrets yet: weir secret set NAME\n"
                                          : table({"NAME", "SET"}, rows));
             });
}

void add_secret_rotate(CLI::App& secret, Verb& chosen) {
    auto is_dry = std::make_shared<bool>(false);
    add_verb(secret, "rotate",
             "Make a new master key and seal all secrets with it; older keys stay in the key file, "
             "for copies of the state from before",
             chosen,
             [is_dry](ApiClient& client, ClientOptions const& options) {
                 std::string const route = "/secrets/rotate";
                 auto done = client.send("POST", *is_dry ? route + "?dry_run=true" : route,
                                         Json::object());
                 if (!done) return fail(done.error(), options.voice);
                 Json const& body = done->body;
                 if (*is_dry)
                     return show(*done, options,
                                 fmt::format("secrets to seal anew: {}\n", cell(body, "secrets")));
                 std::string text =
                     fmt::format("secrets sealed anew: {}; the master key is {}, was {}\n",
                                 cell(body, "secrets"), cell(body, "key_id"),
                                 cell(body, "previous_key_id"));
                 if (body.value("damaged", 0) > 0)
                     text += fmt::format("did not open, and must be set again: {}\n",
                                         cell(body, "damaged"));
                 if (!options.voice.json && !options.voice.quiet)
                     tell("the key file has changed: copy it again to where you keep it\n");
                 return show(*done, options, text);
             })
        ->add_flag("--dry-run", *is_dry, "Say what would be done, do nothing");
}

void add_audit(CLI::App& app, Verb& chosen) {
    CLI::App* audit = app.add_subcommand("audit", "Who changed what on a running host");
    audit->require_subcommand(1);
    add_verb(*audit, "list", "The latest changes", chosen,
             [](ApiClient& client, ClientOptions const& options) {
                 auto page = client.get("/audit?limit=100");
                 if (!page) return fail(page.error(), options.voice);
                 std::vector<std::vector<std::string>> rows;
                 for (Json const& each : page->body["items"])
                     rows.push_back({cell(each, "at"), cell(each, "principal"),
                                     cell(each, "action"), cell(each, "object"),
                                     cell(each, "result")});
                 return show(*page, options,
                             table({"AT", "WHO", "ACTION", "OBJECT", "RESULT"}, rows));
             });
    add_verb(*audit, "verify", "Whether the trail is whole and as it was written", chosen,
             [](ApiClient& client, ClientOptions const& options) {
                 auto verdict = client.get("/audit/verification");
                 if (!verdict) return fail(verdict.error(), options.voice);
                 bool const is_whole = verdict->body.value("ok", false);
                 Exit const shown = show(
                     *verdict, options,
                     is_whole ? fmt::format("✓ {} rows, whole\n", cell(verdict->body, "rows"))
                              : fmt::format("✗ row {}: {}\n", cell(verdict->body, "broken_at"),
                                            cell(verdict->body, "why")));
                 return is_whole || shown != Exit::done ? shown : Exit::failed;
             });
}

}  // namespace

void add_access_verbs(CLI::App& app, Verb& chosen) {
    CLI::App* token = app.add_subcommand("token", "Tokens of a running host");
    token->require_subcommand(1);
    add_token_create(*token, chosen);
    add_token_list(*token, chosen);
    add_removal(*token, chosen, "revoke", "Make a token worth nothing, at once", "ID", "/tokens/");
    CLI::App* secret = app.add_subcommand("secret", "Values for ${secret:NAME}");
    secret->require_subcommand(1);
    add_secret_set(*secret, chosen);
    add_secret_list(*secret, chosen);
    add_secret_rotate(*secret, chosen);
    add_removal(*secret, chosen, "rm", "Forget a secret", "NAME", "/secrets/",
                "is forgotten, and what refers to it fails");
    add_audit(app, chosen);
}

}  // namespace weir::host
