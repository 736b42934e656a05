#include "host/serve/page.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "host/core/text.hpp"
#include "host/http/percent.hpp"
#include "weir/cpp/rfc3339.hpp"
#include "weir/cpp/nearest.hpp"

namespace weir::host {

namespace {

constexpr std::size_t limit_max = 1'000;

bool has_form(std::string const& cursor, Page::Form form) {
    constexpr std::size_t number_letters_max = 20;
    switch (form) {
        case Page::Form::name: return true;
        case Page::Form::number:
            return cursor.size() <= number_letters_max &&
                   cursor.find_first_not_of("0123456789") == cursor.npos;
        case Page::Form::ulid: return is_ulid(cursor);
    }
    return false;
}

}  // namespace

void check_names(std::string const& query, std::vector<std::string> const& known,
                 std::vector<Finding>& findings) {
    for (std::size_t at = 0; at < query.size();) {
        std::size_t const end = std::min(query.find('&', at), query.size());
        std::string const pair = query.substr(at, end - at);
        at = end + 1;
        std::string const name = pair.substr(0, pair.find('='));
        if (name.empty() || std::find(known.begin(), known.end(), name) != known.end()) continue;
        findings.push_back({"/" + pointer_part(name), "request.unknown_parameter",
                            fmt::format("there is no parameter \"{}\" here", name),
                            nearest(name, known)});
    }
}

void check_values(std::string const& query, std::string const& name,
                  std::vector<std::string> const& allowed, std::vector<Finding>& findings) {
    for (std::string const& said : query_values(query, name)) {
        if (std::find(allowed.begin(), allowed.end(), said) != allowed.end()) continue;
        findings.push_back({"/" + pointer_part(name), "request.bad_parameter",
                            fmt::format("{}={} is not one of {}", name, said,
                                        fmt::join(allowed, ", ")),
                            nearest(said, allowed)});
    }
}

void check_query(std::string const& query, nlohmann::json const& schema,
                 std::vector<std::string> const& also, std::vector<Finding>& findings) {
    std::vector<std::string> known = also;
    nlohmann::json const properties =
        schema.is_object() ? schema.value("properties", nlohmann::json::object())
                           : nlohmann::json::object();
    for (auto const& [name, property] : properties.items()) {
        known.push_back(name);
        if (property.value("type", nlohmann::json()) == "string" && property.contains("enum"))
            check_values(query, name, property["enum"].get<std::vector<std::string>>(), findings);
    }
    check_names(query, known, findings);
}

std::int64_t Page::number() const {
    std::int64_t value = 0;
    std::from_chars(cursor.data(), cursor.data() + cursor.size(), value);
    return value;
}

std::optional<Page> Page::of(http::Request const& request, std::vector<std::string> const& known,
                             std::vector<Finding>& findings, Form form) {
    std::vector<std::string> names = known;
    names.insert(names.end(), {"limit", "cursor"});
    check_names(request.query, names, findings);
    Page page;
    page.cursor = request.query_param("cursor").value_or("");
    if (!page.cursor.empty() && !has_form(page.cursor, form))
        findings.push_back({"/cursor", "request.bad_parameter",
                            fmt::format("cursor={} is no cursor of this list", page.cursor),
                            "next of the page before, or none for the first page"});
    if (auto const text = request.query_param("limit")) {
        auto const [end, wrong] =
            std::from_chars(text->data(), text->data() + text->size(), page.limit);
        if (wrong != std::errc{} || end != text->data() + text->size() || page.limit < 1 ||
            page.limit > limit_max)
            findings.push_back({"/limit", "request.limit", "limit is a number from 1 to 1000", ""});
    }
    if (!findings.empty()) return std::nullopt;
    return page;
}

std::vector<std::string> query_values(std::string_view query, std::string_view name) {
    std::vector<std::string> values;
    while (!query.empty()) {
        std::string_view const pair = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(pair.size() + 1, query.size()));
        std::size_t const sign = pair.find('=');
        if (sign == pair.npos || pair.substr(0, sign) != name) continue;
        if (auto value = http::percent_decode(pair.substr(sign + 1), true))
            values.push_back(std::move(*value));
    }
    return values;
}

std::int64_t time_param(http::Request const& request, char const* name, std::int64_t absent,
                        std::vector<Finding>& findings) {
    std::optional<std::string> const said = request.query_param(name);
    if (!said) return absent;
    // A "+" of an offset that was not encoded means a blank in an address.
    constexpr std::size_t offset_letters = 6;  // "+01:00"
    std::string text = *said;
    if (text.size() > offset_letters && text[text.size() - offset_letters] == ' ')
        text[text.size() - offset_letters] = '+';
    if (auto const us = read_rfc3339(text)) return *us;
    findings.push_back({fmt::format("/{}", name), "request.bad_parameter",
                        fmt::format("{}={} is no time of RFC 3339", name, *said),
                        fmt::format("{}=2026-03-01T09:00:00Z", name)});
    return absent;
}

http::Response refused(std::vector<Finding> const& findings) {
    Finding const first = findings.empty() ? Finding{} : findings.front();
    return http::problem(
        Error{WEIR_E_CONFIG, first.code, first.detail, first.pointer}.suggest(first.suggestion),
        findings);
}

}  // namespace weir::host
