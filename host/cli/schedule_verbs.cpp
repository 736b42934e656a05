#include "host/cli/commands.hpp"
#include "host/cli/lone_service.hpp"
#include "host/cli/output.hpp"
#include "host/cli/verbs.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;

struct ExplainArguments {
    std::string expression, zone, from;
    int count = 5;
    std::vector<std::string> plugin_dirs;
    Voice voice;
};

Json request_of(ExplainArguments const& arguments) {
    Json const instant = Json::parse(arguments.expression, nullptr, false);
    Json in{{"schedule", instant.is_object() ? instant : Json(arguments.expression)},
            {"count", arguments.count}};
    if (!arguments.zone.empty()) in["timezone"] = arguments.zone;
    if (!arguments.from.empty()) in["from"] = arguments.from;
    return in;
}

/// The places of the request by the names they have here.
std::string place_of(std::string const& pointer) {
    if (pointer.starts_with("/schedule")) return "EXPR";
    if (pointer == "/timezone") return "--timezone";
    return pointer == "/from" ? "--from" : pointer;
}

/// Everything that is wrong in one sentence, since the command has one place for it.
Error told(MethodAnswer const& answer) {
    Error error = *answer.error;
    error.where = place_of(error.where);
    for (std::size_t i = 1; i < answer.findings.size(); ++i)
        error.message +=
            "; " + place_of(answer.findings[i].pointer) + ": " + answer.findings[i].detail;
    return error;
}

std::string text_of(Json const& answer) {
    std::string text = cell(answer, "text") + '\n';
    for (Json const& at : answer.value("next", Json::array()))
        text += "  " + at.get<std::string>() + '\n';
    for (Json const& note : answer.value("notes", Json::array()))
        text += "⚠ " + note.get<std::string>() + '\n';
    return text;
}

Exit explain(ExplainArguments const& arguments) {
    SystemClock const clock;
    Limits const limits;
    LoneService cron{"cron/1", clock, limits, arguments.voice, arguments.plugin_dirs};
    MethodAnswer const answer = cron.invoke("explain", request_of(arguments));
    if (answer.error) return fail(told(answer), arguments.voice);
    Result<void> printed;
    if (arguments.voice.json)
        printed = print(answer.json.dump() + '\n');
    else if (!arguments.voice.quiet)
        printed = print(text_of(answer.json));
    return printed ? Exit::done : fail(printed.error(), {});
}

}  // namespace

void add_schedule_verbs(CLI::App& app, Verb& chosen) {
    CLI::App* schedule = app.add_subcommand("schedule", "Expressions of time");
    schedule->require_subcommand(1);
    CLI::App* verb = schedule->add_subcommand(
        "explain", "What an expression means, and when it fires; needs no host");
    auto arguments = std::make_shared<ExplainArguments>();
    verb->add_option("EXPR", arguments->expression, "'*/15 * * * *', @daily, 15m, …")->required();
    verb->add_option("--timezone", arguments->zone, "IANA zone; default: UTC")->type_name("ZONE");
    verb->add_option("-n,--count", arguments->count, "How many times; default: 5")
        ->check(CLI::Range(1, 1000))
        ->type_name("N");
    verb->add_option("--from", arguments->from, "Times after this one; default: now")
        ->type_name("TIME");
    verb->add_option("--plugin-dir", arguments->plugin_dirs, "Look for plugins here too")
        ->check(CLI::ExistingDirectory)
        ->type_name("DIR")
        ->allow_extra_args(false);
    verb->add_flag("--json", arguments->voice.json, "The answer as one object");
    verb->add_flag("-q,--quiet", arguments->voice.quiet, "Nothing but errors");
    verb->callback([arguments, &chosen] { chosen = [arguments] { return explain(*arguments); }; });
}

}  // namespace weir::host
