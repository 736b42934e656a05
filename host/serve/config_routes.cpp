#include "host/serve/config_routes.hpp"

#include <fmt/format.h>

#include <charconv>

#include "host/http/precondition.hpp"
#include "host/serve/file_schema.hpp"
#include "host/serve/host_route.hpp"
#include "host/serve/page.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;
using http::Request;
using http::Response;
using Names = std::vector<std::string>;

constexpr std::int64_t config_ms_max = 120'000;

struct Ports {
    Bus& bus;
    Clock const& clock;
};

MethodAnswer ask(Ports const& ports, std::string const& method, Json const& in) {
    CallContext const call{ports.clock, nullptr,
                           ports.clock.monotonic_ns() + config_ms_max * 1'000'000};
    MethodAnswer answer = ports.bus.invoke("host", "config/1", method, in, call);
    if (answer.error && answer.error->code == "bus.no_provider")
        answer.error = Error{WEIR_E_CONFIG, "config.no_plugin",
                             "connections and jobs need the plugin replication, which is not "
                             "loaded"};
    return answer;
}

Response answered(MethodAnswer const& answer) {
    return answer.error ? http::problem(*answer.error, answer.findings)
                        : http::json_response(200, answer.json);
}

/// All that is wrong with a document: the text itself, then what config/1 found in it.
std::vector<PlacedFinding> wrong_with(MethodAnswer const& answer, ConfigFile const& config) {
    std::vector<PlacedFinding> all = config.wrong;
    for (Finding const& each : answer.findings)
        all.push_back({each, config.place_of(each.pointer)});
    if (answer.error && answer.findings.empty()) {
        Error const& error = *answer.error;
        all.push_back({{error.where, error.code, error.message, error.suggestion},
                       config.place_of(error.where)});
    }
    return all;
}

/// The problem of the first, each error of it with its line and column.
Response problem_of(std::vector<PlacedFinding> const& all) {
    std::vector<Finding> findings;
    for (PlacedFinding const& each : all) findings.push_back(each.finding);
    Response response = refused(findings);
    Json problem = Json::parse(response.body);
    for (std::size_t i = 0; i < problem["errors"].size(); ++i) {
        problem["errors"][i]["line"] = all[i].place.line;
        problem["errors"][i]["column"] = all[i].place.column;
    }
    response.body = problem.dump();
    return response;
}

Json errors_in(std::vector<PlacedFinding> const& all) {
    return {{"errors", Json::parse(problem_of(all).body)["errors"]}};
}

/// The parameters that are true or false; what is neither is a finding, and so is a parameter that
/// is none of these and none of `more`.
Json flags(Request const& request, Names const& known,
           Names const& more, std::vector<Finding>& findings) {
    Names all = known;
    all.insert(all.end(), more.begin(), more.end());
    check_names(request.query, all, findings);
    Json out = Json::object();
    for (std::string const& name : known) {
        auto const said = request.query_param(name);
        if (!said) continue;
        if (*said != "true" && *said != "false")
            findings.push_back({"/" + name, "request.bad_parameter",
                                fmt::format("{}={} is neither true nor false", name, *said)});
        out[name] = *said == "true";
    }
    return out;
}

Response with_document(Ports const& ports, Request const& request, std::string const& method,
                       Names const& known) {
    std::vector<Finding> findings;
    bool const is_apply = method == "apply";
    Json in = flags(request, known,
                    is_apply ? Names{"from", "plan_hash"} : Names{"from"}, findings);
    if (!findings.empty()) return refused(findings);
    ConfigFile const config = ConfigFile::parse(request.body, ".");
    if (!config.is_whole) return problem_of(config.wrong);
    in["configuration"] = config.configuration();
    in["lines"] = config.lines();
    in["by"] = request.who.id;
    in["from"] = request.query_param("from").value_or("api");
    if (auto const hash = request.query_param("plan_hash")) in["hash"] = *hash;
    // What is wrong already is not applied, and all else is still looked at.
    MethodAnswer answer = ask(ports, config.wrong.empty() ? method : "plan", in);
    if (!config.wrong.empty() || !answer.findings.empty())
        return problem_of(wrong_with(answer, config));
    // What says how the host listens is read when it starts.
    if (!answer.error && !config.settings.empty()) answer.json["at_start"] = config.settings;
    return answered(answer);
}

Response tagged(Json const& document) {
    Response response = http::json_response(200, document);
    http::tag(response);
    return response;
}

Response shown(Ports const& ports, Request const& request) {
    MethodAnswer answer = ask(ports, "export", Json::object());
    auto const pointer = request.query_param("pointer");
    if (answer.error) return answered(answer);
    if (!pointer) return tagged(answer.json);
    try {
        Json::json_pointer const place{*pointer};
        if (answer.json.contains(place)) return tagged(answer.json[place]);
    } catch (Json::exception const&) {
        // No pointer at all: nothing stands there either.
    }
    return http::problem(Error{WEIR_E_NOT_FOUND, "config.not_there",
                               fmt::format("nothing stands at \"{}\"", *pointer), "/pointer"});
}

Response schema_answer(Ports const& ports) {
    CallContext const call{ports.clock, nullptr,
                           ports.clock.monotonic_ns() + config_ms_max * 1'000'000};
    Json const connectors =
        ports.bus.invoke("host", "connectors/1", "list", Json::object(), call).json;
    Json documents;
    if (ports.bus.has("config/1")) documents = ask(ports, "schema", Json::object()).json;
    return tagged(file_schema(connectors, documents));
}

Response list_revisions(Ports const& ports, Request const& request) {
    std::vector<Finding> findings;
    auto const page = Page::of(request, {}, findings, Page::Form::number);
    if (!page) return refused(findings);
    return answered(
        ask(ports, "revisions", {{"limit", page->limit}, {"cursor", page->cursor}}));
}

Response roll_back(Ports const& ports, Request const& request) {
    std::vector<Finding> findings;
    Json in = flags(request, {"prune", "allow_reset"}, {}, findings);
    std::string const& text = request.params.at("revision");
    std::uint64_t revision = 0;
    auto const [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), revision);
    if (wrong != std::errc{} || end != text.data() + text.size())
        findings.push_back({"/revision", "request.bad_parameter",
                            fmt::format("\"{}\" is no number of a revision", text)});
    if (!findings.empty()) return refused(findings);
    in["revision"] = revision;
    in["by"] = request.who.id;
    return answered(ask(ports, "rollback", in));
}

}  // namespace

std::vector<http::Route> config_routes(Bus& bus, Clock const& clock) {
    using http::Scope;
    Ports const ports{bus, clock};
    auto const document = [ports](std::string const& method, Names const& known) {
        return [=](Request const& in) { return with_document(ports, in, method, known); };
    };
    std::vector<http::Route> routes{
        host_route("GET", "/config", Scope::admin,
                   "Connections, integrations and jobs, as weir.yaml has them; or ?pointer= of it",
                   [ports](Request const& in) { return shown(ports, in); }),
        host_route("GET", "/config/schema", Scope::read,
                   "The JSON Schema of weir.yaml, with the connectors that are here",
                   [ports](Request const&) { return schema_answer(ports); }),
        host_route("GET", "/config/revisions", Scope::admin,
                   "What was applied, when and by whom, newest first",
                   [ports](Request const& in) { return list_revisions(ports, in); }),
        host_route("POST", "/config/validate", Scope::admin, "All that is wrong with a weir.yaml",
                   document("plan", {})),
        host_route("POST", "/config/plan", Scope::admin,
                   "What applying a weir.yaml would do, and its hash", document("plan", {"prune"})),
        host_route("POST", "/config/apply", Scope::admin,
                   "Makes the state what a weir.yaml says, all of it or nothing",
                   document("apply", {"prune", "allow_reset"})),
        host_route("POST", "/config/import", Scope::admin,
                   "Adds or replaces what a weir.yaml holds, and leaves everything else",
                   document("import", {"allow_reset"})),
        host_route("POST", "/config/rollback/{revision}", Scope::admin,
                   "Applies what was applied as this revision",
                   [ports](Request const& in) { return roll_back(ports, in); })};
    for (http::Route& route : routes) {
        route.waits = true;
        route.body_bytes_max = 16u << 20;
        route.is_look = route.path == "/config/plan" || route.path == "/config/validate";
        if (route.method == "POST" && !route.is_look) route.change_field = "actions";
    }
    return routes;
}

Result<void> apply_config(Bus& bus, Clock const& clock, ConfigFile const& config,
                          std::string const& file,
                          std::function<void(std::string const&)> const& tell) {
    bool const is_empty =
        config.integrations.empty() && config.connections.empty() && config.jobs.empty();
    if (is_empty && !bus.has("config/1")) return {};
    MethodAnswer const answer = ask({bus, clock}, "apply",
                                    {{"configuration", config.configuration()},
                                     {"lines", config.lines()},
                                     {"by", "config"},
                                     {"from", file}});
    if (!answer.error) return {};
    Error error = *answer.error;
    auto const place_of = [&](std::string const& pointer) {
        TextPlace const place = config.place_of(pointer);
        return fmt::format("{}:{}:{}:{}", file, place.line, place.column, pointer);
    };
    if (answer.findings.size() > 1)
        for (Finding const& each : answer.findings)
            tell(fmt::format("{}: {} ({})", place_of(each.pointer), each.detail, each.code));
    error.where = place_of(error.where);
    return error;
}

Json validation_of(Bus& bus, Clock const& clock, ConfigFile const& config) {
    MethodAnswer const answer =
        ask({bus, clock}, "plan", {{"configuration", config.configuration()}});
    std::vector<PlacedFinding> const all = wrong_with(answer, config);
    return all.empty() ? answer.json : errors_in(all);
}

Json errors_of(ConfigFile const& config) { return errors_in(config.wrong); }

}  // namespace weir::host
