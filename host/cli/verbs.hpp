#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <optional>

#include "host/cli/api_client.hpp"
#include "host/cli/exit_code.hpp"

namespace weir::host {

/// What a verb does once the arguments are read.
using Verb = std::function<Exit()>;

/// The verbs that are clients of a running host, one file per noun. Each sets `chosen` when the
/// arguments name it.
void add_connection_verbs(CLI::App& app, Verb& chosen);
void add_job_verbs(CLI::App& app, Verb& chosen);
void add_run_verbs(CLI::App& app, Verb& chosen);
void add_plugin_verbs(CLI::App& app, Verb& chosen);
void add_plugin_lock(CLI::App& plugin, Verb& chosen);  ///< works without a host
void add_letter_verbs(CLI::App& app, Verb& chosen);
void add_access_verbs(CLI::App& app, Verb& chosen);  ///< token, secret, audit
void add_doctor(CLI::App& app, Verb& chosen);
void add_config_verbs(CLI::App& app, Verb& chosen);
void add_host_verbs(CLI::App& app, Verb& chosen);  ///< api, status
/// `weir schedule`: needs no host, and loads the plugin that offers cron/1 itself.
void add_schedule_verbs(CLI::App& app, Verb& chosen);
void add_event_verbs(CLI::App& app, Verb& chosen);
void add_top(CLI::App& app, Verb& chosen);
void add_explain(CLI::App& app, Verb& chosen);  ///< works without a host
void add_manual_verbs(CLI::App& app, Verb& chosen);  ///< man, completion; behind all others

/// What every client of a host takes.
void add_client(CLI::App& app, ClientOptions& options);

/// A noun's sub-command with the options every client has, and what it does when it is chosen: the
/// client is open by then.
using Act = std::function<Exit(ApiClient& client, ClientOptions const& options)>;
CLI::App* add_verb(CLI::App& noun, std::string const& name, std::string const& summary,
                   Verb& chosen, Act act);

/// Asks on a terminal whether `what` ("deletes the job x") is meant; nothing: go on. Where nobody
/// can be asked it is refused, unless -y was given.
std::optional<Exit> unless_agreed(ClientOptions const& options, std::string const& what);

/// Shows an answer: with --json the API's object unchanged, else `text`.
Exit show(ApiClient::Answer const& answer, ClientOptions const& options, std::string const& text);
/// A member of an object as text, "" when it is absent or null; numbers with commas.
std::string cell(nlohmann::json const& object, char const* name);
/// `target?limit=…` until all items are there, at most `items_max`.
Result<ApiClient::Answer> all_items(ApiClient& client, std::string const& target,
                                    std::size_t items_max = 10'000);

/// A library of a running host that serves nobody, though it should: it was refused or set aside.
struct PluginAmiss {
    std::string id, why, remedy;
};
/// All of them; none where the token may not see them.
std::vector<PluginAmiss> plugins_amiss(ApiClient& client);

/// How a finished run reads, and the exit code it stands for.
std::string run_text(nlohmann::json const& run);
/// What of a job somebody has to look at, with what to do; empty: nothing.
std::string trouble_of(nlohmann::json const& job);
Exit exit_of_run(nlohmann::json const& run);

}  // namespace weir::host
