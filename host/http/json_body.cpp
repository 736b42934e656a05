#include "host/http/json_body.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "host/abi/config_schema.hpp"
#include "host/abi/utf8.hpp"

namespace weir::host::http {

namespace {

using Json = nlohmann::json;

constexpr std::size_t depth_max = 64;

/// Builds the value and refuses what a plain parser takes: depth, and keys that come twice.
class Builder final : public nlohmann::json_sax<Json> {
public:
    Json root;
    std::optional<Error> error;

    bool null() override { return value(nullptr); }
    bool boolean(bool given) override { return value(given); }
    bool number_integer(number_integer_t given) override { return value(given); }
    bool number_unsigned(number_unsigned_t given) override { return value(given); }
    bool number_float(number_float_t given, string_t const&) override { return value(given); }
    bool string(string_t& given) override { return value(std::move(given)); }
    bool binary(binary_t&) override { return false; }
    bool start_object(std::size_t) override { return open(Json::object()); }
    bool start_array(std::size_t) override { return open(Json::array()); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }

    bool key(string_t& given) override {
        Level& level = levels_.back();
        level.key = std::move(given);
        if (!level.at->contains(level.key)) return true;
        return fail("request.duplicate_key",
                    fmt::format("the key \"{}\" comes twice in one object", level.key));
    }

    bool parse_error(std::size_t position, std::string const&,
                     nlohmann::detail::exception const&) override {
        return fail("request.malformed", fmt::format("the body is no JSON at byte {}", position));
    }

private:
    struct Level {
        Json* at;
        std::string key;  ///< of an object: the one whose value comes next
    };

    bool fail(char const* code, std::string sentence) {
        if (!error) error = Error{WEIR_E_CONFIG, code, std::move(sentence), pointer()};
        return false;
    }

    std::string pointer() const {
        std::string out;
        for (Level const& level : levels_) {
            out += '/';
            // The element in which a deeper level lies is in the list already.
            if (level.at->is_array())
                out += std::to_string(level.at->size() - (&level == &levels_.back() ? 0 : 1));
            for (char const c : level.key)
                out += c == '~' ? "~0" : c == '/' ? "~1" : std::string{c};
        }
        return out;
    }

    Json* put(Json given) {
        if (levels_.empty()) return &(root = std::move(given));
        Level const& level = levels_.back();
        if (level.at->is_object()) return &((*level.at)[level.key] = std::move(given));
        level.at->push_back(std::move(given));
        return &level.at->back();
    }
    bool value(Json given) {
        put(std::move(given));
        return true;
    }
    bool open(Json empty) {
        if (levels_.size() >= depth_max)
            return fail("request.malformed",
                        fmt::format("the body is nested deeper than {} levels", depth_max));
        levels_.push_back({put(std::move(empty)), {}});
        return true;
    }
    bool close() {
        levels_.pop_back();
        return true;
    }

    std::vector<Level> levels_;
};

/// Whether a Content-Type says JSON in UTF-8.
bool is_json(std::string_view type) {
    std::string text;
    for (char const c : type)
        if (c != ' ' && c != '\t' && c != '"')
            text += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    std::size_t const end = std::min(text.find(';'), text.size());
    std::string_view const media{text.data(), end};
    std::string_view const rest = std::string_view{text}.substr(end);
    bool const is_ours = media == "application/json" ||
                         (media.starts_with("application/") && media.ends_with("+json"));
    return is_ours && (rest.find("charset=") == rest.npos || rest == ";charset=utf-8");
}

Response not_valid(std::vector<Error> const& faults) {
    std::vector<Finding> findings;
    for (Error const& fault : faults)
        findings.push_back({fault.where, fault.code, fault.message, fault.suggestion});
    Error first = faults.front();
    if (first.status == WEIR_E_INTERNAL) return problem(first);
    if (faults.size() > 1)
        first.message = fmt::format("{} (and {} more)", first.message, faults.size() - 1);
    return problem(first, findings);
}

/// Says "request" and "the body", where the checker of configurations says its own words.
void in_our_words(Error& fault) {
    constexpr std::string_view prefix = "config.", subject = "the configuration ";
    if (fault.code.starts_with(prefix)) fault.code.replace(0, prefix.size(), "request.");
    if (fault.where.empty() && fault.message.starts_with(subject))
        fault.message.replace(0, subject.size(), "the body ");
}

}  // namespace

Result<nlohmann::json> read_json(std::string_view text) {
    if (!is_utf8(text)) return Error{WEIR_E_CONFIG, "request.malformed", "the body is no UTF-8"};
    Builder builder;
    bool const is_whole = Json::sax_parse(text.begin(), text.end(), &builder);
    if (builder.error) return *builder.error;
    if (!is_whole) return Error{WEIR_E_CONFIG, "request.malformed", "the body is no JSON"};
    return std::move(builder.root);
}

std::optional<Response> read_body(Route const& route, Request& request) {
    if (route.request.is_null()) return std::nullopt;
    Json checked = Json::object();
    if (!request.body.empty()) {
        auto const type = request.headers.find("content-type");
        if (type == request.headers.end() || !is_json(type->second))
            return problem(415, "request.content_type", "",
                           "the body has to be JSON: send it with Content-Type: application/json");
        Result<Json> read = read_json(request.body);
        if (!read) return problem(read.error());
        request.json = std::move(*read);
        checked = request.json;
    }
    std::vector<Error> faults = config_faults(route.request, checked, findings_max);
    if (faults.empty()) return std::nullopt;
    for (Error& fault : faults) in_our_words(fault);
    return not_valid(faults);
}

}  // namespace weir::host::http
