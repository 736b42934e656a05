#include "host/serve/event_routes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "host/serve/page.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;
using http::Request;
using http::Response;

enum class Wanted { server_sent, lines, page, nothing };

/// By the first of the reader's media types that there is; without any, server-sent.
Wanted wanted_by(Request const& request) {
    auto const accept = request.headers.find("accept");
    if (accept == request.headers.end()) return Wanted::server_sent;
    std::string_view left = accept->second;
    while (!left.empty()) {
        std::string_view type = left.substr(0, left.find(','));
        left.remove_prefix(std::min(type.size() + 1, left.size()));
        type = type.substr(0, type.find(';'));
        while (type.starts_with(' ')) type.remove_prefix(1);
        while (type.ends_with(' ')) type.remove_suffix(1);
        if (type == "text/event-stream" || type == "text/*" || type == "*/*")
            return Wanted::server_sent;
        if (type == "application/x-ndjson") return Wanted::lines;
        if (type == "application/json" || type == "application/*") return Wanted::page;
    }
    return Wanted::nothing;
}

/// The number of the last event that the reader has; nothing: it has none.
std::optional<std::int64_t> place_of(Request const& request, std::vector<Finding>& findings) {
    std::optional<std::string> text = request.query_param("after");
    if (!text) text = request.query_param("cursor");
    // A browser that comes back sends the field, beside the address that it began with.
    if (auto const last = request.headers.find("last-event-id");
        last != request.headers.end() && !last->second.empty())
        text = last->second;
    if (!text) return std::nullopt;
    std::int64_t place = 0;
    auto const [end, wrong] = std::from_chars(text->data(), text->data() + text->size(), place);
    if (wrong != std::errc{} || end != text->data() + text->size() || place < 0)
        findings.push_back({"", "request.bad_parameter",
                            fmt::format("\"{}\" is the number of no event", *text),
                            "after=0 begins with the oldest that is kept"});
    return place;
}

Response page_of(EventFeed& feed, EventFilter const& filter, std::optional<std::int64_t> after,
                 std::size_t limit) {
    Result<EventFeed::Page> const page = feed.page(filter, after, limit);
    if (!page) return http::problem(page.error());
    Json items = Json::array();
    for (PublicEvent const& event : page->events) {
        Json item = Json::parse(event.data);
        item["id"] = std::to_string(event.seq);
        items.push_back(std::move(item));
    }
    std::string const last = std::to_string(page->last);
    return http::json_response(200, {{"items", std::move(items)},
                                     {"next", page->has_more ? Json(last) : Json(nullptr)},
                                     {"last", last},
                                     {"reset", page->is_reset}});
}

Response stream_of(EventFeed& feed, http::Principal const& who, EventFilter filter,
                   std::optional<std::int64_t> after, EventForm form) {
    Result<std::shared_ptr<http::Stream>> stream =
        feed.follow(who, std::move(filter), after, form);
    if (!stream) return http::problem(stream.error());
    Response response;
    bool const is_lines = form == EventForm::lines;
    response.content_type = is_lines ? "application/x-ndjson" : "text/event-stream";
    response.body = is_lines ? "" : "retry: 2000\n\n";
    response.stream = std::move(*stream);
    return response;
}

Response events(EventFeed& feed, Request const& request) {
    std::vector<Finding> findings;
    std::optional<Page> const page = Page::of(request, {"types", "job", "run", "after"}, findings);
    EventFilter filter = EventFilter::of(request, findings);
    std::optional<std::int64_t> const after = place_of(request, findings);
    if (!findings.empty() || !page) return refused(findings);
    switch (wanted_by(request)) {
        case Wanted::page: return page_of(feed, filter, after, page->limit);
        case Wanted::lines:
            return stream_of(feed, request.who, std::move(filter), after, EventForm::lines);
        case Wanted::server_sent:
            return stream_of(feed, request.who, std::move(filter), after, EventForm::server_sent);
        case Wanted::nothing: break;
    }
    return http::problem(
        406, "request.not_acceptable", "",
        "events come as text/event-stream, application/x-ndjson or application/json");
}

}  // namespace

std::vector<http::Route> event_routes(EventFeed& feed) {
    http::Route route;
    route.method = "GET";
    route.path = "/events";
    route.scope = http::Scope::read;
    route.owner = "host";
    route.summary = "What happens, as it happens";
    route.heeds_jobs = true;
    route.handler = [&feed](Request const& request) { return events(feed, request); };
    return {std::move(route)};
}

}  // namespace weir::host
