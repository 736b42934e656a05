#include "host/serve/logger_routes.hpp"

#include "host/serve/host_route.hpp"
#include "host/serve/page.hpp"
#include "weir/cpp/calendar.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;
using http::Request;
using http::Response;

Json to_json(Loggers::Setting const& setting) {
    return {{"name", setting.name},
            {"level", level_name(setting.level)},
            {"own", setting.is_own},
            {"until", setting.until_us == 0 ? Json(nullptr) : Json(rfc3339(setting.until_us))}};
}

Response setting_answer(Result<Loggers::Setting> const& setting) {
    return setting ? http::json_response(200, to_json(*setting)) : http::problem(setting.error());
}

Response list_loggers(Loggers& loggers, Request const& request) {
    std::vector<Finding> findings;
    if (!Page::of(request, {}, findings)) return refused(findings);
    Json items = Json::array();
    for (Loggers::Setting const& setting : loggers.list()) items.push_back(to_json(setting));
    return http::json_response(200, {{"items", std::move(items)}, {"next", nullptr}});
}

Response set_logger(Loggers& loggers, Request const& request) {
    auto const level = level_named(request.json.at("level").get<std::string>());
    return setting_answer(loggers.set(request.params.at("name"), level.value_or(2),
                                      request.json.value("ttl_seconds", std::int64_t{0})));
}

http::Route logger_route(char const* id, char const* method, char const* path, char const* summary,
                         std::function<Response(Request const&)> handler) {
    http::Route out =
        host_route(method, path, http::Scope::admin, summary, std::move(handler));
    out.id = id;
    return out;
}

}  // namespace

std::vector<http::Route> logger_routes(Loggers& loggers) {
    http::Route put = logger_route(
        "set_logger", "PUT", "/loggers/{name}", "Logs more or less of one, for a time or for good",
        [&loggers](Request const& request) { return set_logger(loggers, request); });
    put.request = Json::parse(R"({"type":"object","required":["level"],
        "additionalProperties":false,"properties":{
          "level":{"type":"string","enum":["trace","debug","info","warning","error"]},
          "ttl_seconds":{"type":"integer","minimum":1,"maximum":86400}}})");
    return {logger_route("list_loggers", "GET", "/loggers", "Who logs, and how much",
                         [&loggers](Request const& request) {
                             return list_loggers(loggers, request);
                         }),
            logger_route("get_logger", "GET", "/loggers/{name}", "How much one logs",
                         [&loggers](Request const& request) {
                             return setting_answer(loggers.get(request.params.at("name")));
                         }),
            std::move(put)};
}

}  // namespace weir::host
