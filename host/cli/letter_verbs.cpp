#include <fmt/format.h>

#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/cli/table.hpp"
#include "host/cli/verbs.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;
using Rows = std::vector<std::vector<std::string>>;

/// Which letters are meant: ids, or a filter.
struct Chosen {
    std::vector<std::string> ids;
    std::string job, run, code;

    Json body() const {
        if (!ids.empty()) return {{"ids", ids}};
        Json filter = Json::object();
        for (auto const& [name, value] : {std::pair{"job", &job}, {"run", &run}, {"code", &code}})
            if (!value->empty()) filter[name] = *value;
        return {{"filter", filter}};
    }
};

void add_filter(CLI::App* verb, std::shared_ptr<Chosen> const& chosen) {
    verb->add_option("--job", chosen->job, "Of one job")->type_name("NAME");
    verb->add_option("--run", chosen->run, "Of one run")->type_name("RUN");
    verb->add_option("--code", chosen->code, "Refused for this reason")->type_name("CODE");
}

std::string outcome_text(Json const& answer) {
    Rows rows;
    for (Json const& item : answer.value("items", Json::array())) {
        Json const error = item.value("error", Json::object());
        rows.push_back({cell(item, "id"), cell(item, "status"), cell(error, "code"),
                        cell(error, "message")});
    }
    if (rows.empty()) return "nothing to do: no letter waits that was meant\n";
    std::string text = table({"LETTER", "STATUS", "CODE", "WHY"}, rows);
    if (answer.value("has_more", false)) text += "more wait: run the command again\n";
    return text;
}

/// Done when every letter has the status that was wanted; partial when some have not.
Exit exit_of(Json const& answer, std::string const& wanted) {
    for (Json const& item : answer.value("items", Json::array()))
        if (cell(item, "status") != wanted) return Exit::partial;
    return Exit::done;
}

void add_list(CLI::App& dlq, Verb& verb) {
    auto chosen = std::make_shared<Chosen>();
    auto limit = std::make_shared<int>(20);
    CLI::App* list = add_verb(
        dlq, "list", "Refused records that wait, newest first", verb,
        [chosen, limit](ApiClient& client, ClientOptions const& options) {
            std::string target = fmt::format("/dead-letters?limit={}", *limit);
            for (auto const& [name, value] :
                 {std::pair{"job", &chosen->job}, {"run", &chosen->run}, {"code", &chosen->code}})
                if (!value->empty()) target += fmt::format("&{}={}", name, segment(*value));
            auto letters = client.get(target);
            if (!letters) return fail(letters.error(), options.voice);
            Rows rows;
            for (Json const& each : letters->body.value("items", Json::array()))
                rows.push_back({cell(each, "id"), cell(each, "job"), cell(each, "stream"),
                                cell(each, "code"), cell(each, "at")});
            return show(*letters, options, table({"LETTER", "JOB", "STREAM", "CODE", "AT"}, rows));
        });
    add_filter(list, chosen);
    list->add_option("--limit", *limit, "At most so many")
        ->check(CLI::Range(1, 1000))
        ->type_name("N");
}

void add_show(CLI::App& dlq, Verb& verb) {
    auto id = std::make_shared<std::string>();
    add_verb(dlq, "show", "One refused record, whole, with its reason", verb,
             [id](ApiClient& client, ClientOptions const& options) {
                 auto letter = client.get("/dead-letters/" + segment(*id));
                 if (!letter) return fail(letter.error(), options.voice);
                 return show(*letter, options,
                             fmt::format("{} of job {}, {}: {}\n{}: {}\n{}\n",
                                         cell(letter->body, "stream"), cell(letter->body, "job"),
                                         cell(letter->body, "at"), cell(letter->body, "status"),
                                         cell(letter->body, "code"),
                                         cell(letter->body, "message"),
                                         letter->body.value("record", Json()).dump(2)));
             })
        ->add_option("LETTER", *id, "Id of the letter")
        ->required();
}

void add_settling(CLI::App& dlq, Verb& verb, std::string const& name, std::string const& summary,
                  std::string const& wanted) {
    auto chosen = std::make_shared<Chosen>();
    CLI::App* settle = add_verb(
        dlq, name, summary, verb,
        [chosen, name, wanted](ApiClient& client, ClientOptions const& options) {
            Json const body = chosen->body();
            if (body == Json{{"filter", Json::object()}})
                return fail(Error{WEIR_E_CONFIG, "dlq.nothing_named",
                                  "name letters, or which are meant: --job, --run, --code"}
                                .suggest("weir dlq list"),
                            options.voice);
            if (name == "discard")
                if (auto exit = unless_agreed(options, "these dead letters are given up"))
                    return *exit;
            constexpr int wait_s = 60;
            auto done = client.send("POST", "/dead-letters/" + name, body,
                                    name == "replay" ? wait_s : 0);
            if (!done) return fail(done.error(), options.voice);
            Exit const shown = show(*done, options, outcome_text(done->body));
            return shown == Exit::done ? exit_of(done->body, wanted) : shown;
        });
    CLI::Option* ids = settle->add_option("LETTER", chosen->ids, "Ids of letters");
    add_filter(settle, chosen);
    for (char const* filter : {"--job", "--run", "--code"})
        settle->get_option(filter)->excludes(ids);
}

}  // namespace

void add_letter_verbs(CLI::App& app, Verb& chosen) {
    CLI::App* dlq = app.add_subcommand("dlq", "Dead letters: records that were refused");
    dlq->require_subcommand(1);
    add_list(*dlq, chosen);
    add_show(*dlq, chosen);
    add_settling(*dlq, chosen, "replay", "Write them again, as their jobs stand now", "replayed");
    add_settling(*dlq, chosen, "discard", "Give them up", "discarded");
}

}  // namespace weir::host
