#include "context.hpp"

#include <charconv>
#include <chrono>
#include <cstdio>

#include "secrets.hpp"

namespace weir::replication {
namespace {

constexpr std::int64_t day_us = 86'400'000'000;

Error bad_parameter(std::string const& name, std::string const& value, std::string const& wanted) {
    return Error{WEIR_E_CONFIG, name + "=" + value + " is not " + wanted, "/" + name}.coded(
        "request.bad_parameter");
}

}  // namespace

std::string time_text(std::int64_t unix_us) {
    using namespace std::chrono;
    std::int64_t const days = unix_us >= 0 ? unix_us / day_us : -((day_us - 1 - unix_us) / day_us);
    year_month_day const date{sys_days{std::chrono::days{days}}};
    auto const ms = (unix_us - days * day_us) / 1000;
    char text[40];
    std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                  static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                  static_cast<unsigned>(date.day()), static_cast<int>(ms / 3'600'000),
                  static_cast<int>(ms / 60'000 % 60), static_cast<int>(ms / 1000 % 60),
                  static_cast<int>(ms % 1000));
    return text;
}

std::optional<std::int64_t> unix_us_of(std::string const& text) {
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, read = 0;
    if (std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%n", &year, &month, &day, &hour, &minute,
                    &second, &read) != 6)
        return std::nullopt;
    using namespace std::chrono;
    year_month_day const date{std::chrono::year{year}, std::chrono::month(unsigned(month)),
                              std::chrono::day(unsigned(day))};
    if (!date.ok()) return std::nullopt;
    std::int64_t us = 0, unit = 100'000;
    std::size_t at = static_cast<std::size_t>(read);
    if (at < text.size() && text[at] == '.')
        for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10)
            us += (text[at] - '0') * unit;
    if (text.substr(at) != "Z") return std::nullopt;
    std::int64_t const days = sys_days{date}.time_since_epoch().count();
    return days * day_us + ((hour * 60LL + minute) * 60 + second) * 1'000'000 + us;
}

std::string Context::now() const { return time_text(host.unix_us()); }

std::int64_t number_param(Http const& http, char const* name, std::int64_t fallback,
                          std::int64_t least, std::int64_t most) {
    auto const text = http.query_param(name);
    if (!text) return fallback;
    std::int64_t value = 0;
    char const* const end = text->data() + text->size();
    auto const [at, failed] = std::from_chars(text->data(), end, value);
    if (failed != std::errc{} || at != end || value < least || value > most)
        throw bad_parameter(
            name, *text,
            "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    return value;
}

Page Page::of(Http const& http) {
    Page page;
    page.limit = static_cast<std::uint32_t>(number_param(http, "limit", 50, 1, 1000));
    page.cursor = http.query_param("cursor").value_or("");
    if (!page.cursor.empty() && !is_id(page.cursor))
        throw bad_parameter("cursor", page.cursor, "one that a page of this list answered");
    return page;
}

Json object_body(Http const& http) {
    Json body = http.json();
    if (!body.is_object())
        throw Error{WEIR_E_CONFIG, "the body must be a JSON object"}.coded(
            "replication.wrong_type");
    return body;
}

Json list_page(Call const& call, Context const& context, char const* collection, Page const& page,
               std::function<Json(Document const&)> const& show) {
    Json items = Json::array();
    std::vector<Document> const found =
        context.host.store().list(call, collection, {}, page.cursor, page.limit + 1);
    for (Document const& document : found)
        if (items.size() < page.limit) items.push_back(show(document));
    Json next;
    if (found.size() > page.limit) next = found[page.limit - 1].key;
    return {{"items", std::move(items)}, {"next", std::move(next)}};
}

void keep_secrets(Call const& call, Context const& context,
                  std::map<std::string, std::string> const& secrets, Json& record) {
    for (auto const& [name, secret] : secrets) {
        context.host.secrets().put(call, name, secret);
        record["marks"][name] = secret_mark(secret);
    }
}

Document change(Call const& call, Context const& context, char const* collection,
                std::string const& key, Error const& missing,
                std::function<void(Json&)> const& work) {
    constexpr int tries_max = 20;
    Store const store = context.host.store();
    for (int i = 0;; ++i) {
        std::optional<Document> document = store.get(call, collection, key);
        if (!document) throw missing;
        Json const before = document->json;
        work(document->json);
        if (document->json == before) return *document;
        try {
            document->revision =
                store.put(call, collection, key, document->json, document->revision);
            return *document;
        } catch (Error const& error) {
            if (error.status != WEIR_E_CONFLICT || i == tries_max) throw;
        }
    }
}

}  // namespace weir::replication
