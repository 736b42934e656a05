#include "host/serve/config_routes.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>

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

/// The problem, each error of it with its line and column.
Json problem_of(MethodAnswer const& answer, ConfigFile const& config) {
    std::vector<Finding> findings = answer.findings;
    Error const& error = *answer.error;
    if (findings.empty())
        findings.push_back({error.where, error.code, error.message, error.suggestion});
    Json problem = Json::parse(http::problem(error, findings).body);
    for (Json& each : problem["errors"]) {
        TextPlace const place = config.place_of(each.value("pointer", ""));
        each["line"] = place.line;
        each["column"] = place.column;
    }
    return problem;
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
    std::string const from = request.query_param("from").value_or("body");
    Result<ConfigFile> const config = ConfigFile::parse(request.body, from, ".");
    if (!config) return http::problem(config.error());
    in["configuration"] = config->configuration();
    in["by"] = request.who.id;
    in["from"] = request.query_param("from").value_or("api");
    if (auto const hash = request.query_param("plan_hash")) in["hash"] = *hash;
    MethodAnswer answer = ask(ports, method, in);
    // What says how the host listens is read when it starts.
    if (!answer.error && !config->settings.empty()) answer.json["at_start"] = config->settings;
    Response response = answered(answer);
    if (!answer.findings.empty()) response.body = problem_of(answer, *config).dump();
    return response;
}

Response shown(Ports const& ports, Request const& request) {
    MethodAnswer answer = ask(ports, "export", Json::object());
    auto const pointer = request.query_param("pointer");
    if (answer.error || !pointer) return answered(answer);
    try {
        Json::json_pointer const place{*pointer};
        if (answer.json.contains(place)) return http::json_response(200, answer.json[place]);
    } catch (Json::exception const&) {
        // No pointer at all: nothing stands there either.
    }
    return http::problem(Error{WEIR_E_NOT_FOUND, "config.not_there",
                               fmt::format("nothing stands at \"{}\"", *pointer), "/pointer"});
}

Response list_revisions(Ports const& ports, Request const& request) {
    std::vector<Finding> findings;
    auto const page = Page::of(request, {}, findings);
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
        route.is_audited = route.path == "/config/apply" || route.path == "/config/import" ||
                           route.path.starts_with("/config/rollback");
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
    if (!answer.error) return answer.json;
    return {{"errors", problem_of(answer, config)["errors"]}};
}

// Its place is "file:line:column".
Json located(Error const& error) {
    Json each{{"pointer", ""}, {"code", error.code}, {"detail", error.message}};
    if (!error.suggestion.empty()) each["suggestion"] = error.suggestion;
    std::size_t const column = error.where.rfind(':');
    std::size_t const line = column == 0 || column == std::string::npos
                                 ? std::string::npos
                                 : error.where.rfind(':', column - 1);
    if (line != std::string::npos) {
        each["line"] = std::atoi(error.where.c_str() + line + 1);
        each["column"] = std::atoi(error.where.c_str() + column + 1);
    }
    return {{"errors", Json::array({std::move(each)})}};
}

}  // namespace weir::host
