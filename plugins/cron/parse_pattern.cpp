// The parser of cron expressions; pattern.hpp has the grammar.
#include <algorithm>
#include <vector>
#include <weir/cpp/error.hpp>

#include "pattern.hpp"
#include "spelling.hpp"

namespace weir::cron {

namespace {

/// What a field may hold, and the names of its values, three letters each, from `first_named` on.
struct FieldKind {
    char const* name;
    int min, max, count, first_named;
    std::string_view names;
};
constexpr FieldKind second_kind{"second", 0, 59, 60, 0, ""};
constexpr FieldKind minute_kind{"minute", 0, 59, 60, 0, ""};
constexpr FieldKind hour_kind{"hour", 0, 23, 24, 0, ""};
constexpr FieldKind day_kind{"day of month", 1, 31, 31, 0, ""};
constexpr FieldKind month_kind{"month", 1, 12, 12, 1, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"};
constexpr FieldKind weekday_kind{"day of week", 0, 7, 7, 0, "SUNMONTUEWEDTHUFRISAT"};
constexpr FieldKind year_kind{
    "year", Pattern::year_min, Pattern::year_max, Pattern::year_max - Pattern::year_min + 1, 0, ""};

struct Macro {
    std::string_view name, pattern;
};
constexpr Macro macros[] = {{"@yearly", "0 0 1 1 *"},  {"@annually", "0 0 1 1 *"},
                            {"@monthly", "0 0 1 * *"}, {"@weekly", "0 0 * * 0"},
                            {"@daily", "0 0 * * *"},   {"@midnight", "0 0 * * *"},
                            {"@hourly", "0 * * * *"}};

struct Token {
    std::string_view text;
    std::size_t at;  ///< byte of the expression
};

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return upper(c) >= 'A' && upper(c) <= 'Z'; }

class Parser {
public:
    explicit Parser(std::string_view text) : text_{text} {}

    Pattern parse() {
        if (text_.size() > schedule_chars_max)
            throw wrong(0, "the expression is longer than " + std::to_string(schedule_chars_max) +
                               " characters");
        std::vector<Token> fields = split_fields();
        if (fields.size() == 1 && fields[0].text.starts_with('@')) return macro(fields[0]);
        if (fields.size() < 5 || fields.size() > 7) throw wrong_count(fields.size());
        bool const has_seconds = fields.size() > 5;
        std::size_t next = 0;
        Pattern out;
        if (has_seconds) out.seconds = mask(fields[next++], second_kind);
        out.minutes = mask(fields[next++], minute_kind);
        out.hours = static_cast<std::uint32_t>(mask(fields[next++], hour_kind));
        days(fields[next++], out);
        out.months = static_cast<std::uint32_t>(mask(fields[next++], month_kind));
        weekdays(fields[next++], out);
        if (next < fields.size())
            years(fields[next], out);
        else
            out.years.set();
        return out;
    }

private:
    struct Range {
        int from, to, step;
    };

    Error wrong(std::size_t at, std::string const& why, std::string suggestion = {}) const {
        std::size_t character = 1;
        for (std::size_t i = 0; i < at && i < text_.size(); ++i)
            character += (static_cast<unsigned char>(text_[i]) & 0xC0) != 0x80;
        return Error{WEIR_E_CONFIG,
                     "schedule " + in_quotes(text_) + ": " + why + ", at character " +
                         std::to_string(character),
                     "/schedule"}
            .coded("cron.bad_pattern")
            .suggest(std::move(suggestion));
    }
    Error wrong_count(std::size_t count) const {
        return Error{WEIR_E_CONFIG,
                     "schedule " + in_quotes(text_) + " has " + std::to_string(count) +
                         " fields; a cron expression has 5 (minute, hour, day of month, month, day "
                         "of week), 6 with the second first, or 7 with the year last",
                     "/schedule"}
            .coded("cron.bad_pattern")
            .suggest("*/15 * * * *");
    }

    std::vector<Token> split_fields() const {
        std::vector<Token> fields;
        std::size_t at = 0;
        while (at < text_.size()) {
            if (text_[at] == ' ' || text_[at] == '\t') {
                ++at;
                continue;
            }
            std::size_t const end = std::min(text_.find_first_of(" \t", at), text_.size());
            fields.push_back({text_.substr(at, end - at), at});
            at = end;
        }
        return fields;
    }

    Pattern macro(Token const& token) const {
        std::vector<std::string> known{"@reboot"};
        for (Macro const& macro : macros) {
            if (macro.name == token.text) return Parser{macro.pattern}.parse();
            known.emplace_back(macro.name);
        }
        throw wrong(token.at, "there is no " + in_quotes(token.text), nearest(token.text, known));
    }

    std::vector<Token> items(Token const& field) const {
        std::vector<Token> out;
        std::size_t from = 0;
        while (true) {
            std::size_t const end = std::min(field.text.find(',', from), field.text.size());
            out.push_back({field.text.substr(from, end - from), field.at + from});
            if (out.back().text.empty()) throw wrong(out.back().at, "an item of the list is empty");
            if (end == field.text.size()) return out;
            from = end + 1;
        }
    }

    static std::string range_of(FieldKind const& kind) {
        return std::to_string(kind.min) + "-" + std::to_string(kind.max);
    }

    /// Of digits alone; what is beyond every field counts as 100,000.
    static int number_of(std::string_view digits) {
        int number = 0;
        for (char const c : digits) number = std::min(number * 10 + (c - '0'), 100'000);
        return number;
    }

    /// A number or a name; all of `token`.
    int value(Token const& token, FieldKind const& kind) const {
        std::string_view const text = token.text;
        std::string const where = std::string{kind.name} + " ";
        bool const is_number = !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
        if (is_number) {
            int const number = number_of(text);
            if (number < kind.min || number > kind.max)
                throw wrong(token.at, where + std::string{text} + " is not in " + range_of(kind));
            return number;
        }
        for (std::size_t i = 0; text.size() == 3 && i + 3 <= kind.names.size(); i += 3)
            if (std::equal(text.begin(), text.end(), kind.names.begin() + static_cast<long>(i),
                           [](char a, char b) { return upper(a) == b; }))
                return kind.first_named + static_cast<int>(i / 3);
        throw wrong(token.at, where + in_quotes(text) + " is no " + value_kind(kind),
                    suggestion_for(text, kind));
    }
    static std::string value_kind(FieldKind const& kind) {
        std::string out = "number in " + range_of(kind);
        if (!kind.names.empty())
            out += " and no name in " + std::string{kind.names.substr(0, 3)} + "-" +
                   std::string{kind.names.substr(kind.names.size() - 3)};
        return out;
    }
    static std::string suggestion_for(std::string_view text, FieldKind const& kind) {
        if (text == "LW") return "write L for the last day, or 28W";
        if (text == "l" || (text.size() > 1 && (text.back() == 'w' || text.back() == 'l'))) {
            std::string out{text};
            out.back() = upper(out.back());
            return out;
        }
        if (text == "?") return "*";
        std::vector<std::string> names;
        for (std::size_t i = 0; i + 3 <= kind.names.size(); i += 3)
            names.emplace_back(kind.names.substr(i, 3));
        for (std::string const& name : names)  // MONDAY
            if (text.size() > 3 && std::equal(name.begin(), name.end(), text.begin(),
                                              [](char a, char b) { return a == upper(b); }))
                return name;
        return is_letter(text.empty() ? ' ' : text[0]) ? nearest(text, names) : "";
    }

    int step(Token const& token, FieldKind const& kind) const {
        bool const is_number =
            !token.text.empty() && std::all_of(token.text.begin(), token.text.end(), is_digit);
        int const number = is_number ? number_of(token.text) : 0;
        if (!is_number || number < 1 || number > kind.count)
            throw wrong(token.at, "the step " + in_quotes(token.text) + " is no number in 1-" +
                                      std::to_string(kind.count));
        return number;
    }

    /// item = "*" ["/" step] | value ["-" value ["/" step]]
    Range range(Token const& item, FieldKind const& kind) const {
        std::size_t const slash = item.text.find('/');
        Token const base{item.text.substr(0, slash), item.at};
        int steps = 1;
        if (slash != item.text.npos) {
            std::string const after{item.text.substr(slash + 1)};
            if (base.text.empty())
                throw wrong(item.at, "a step needs \"*\" or a range before it", "*/" + after);
            if (base.text != "*" && base.text.find('-') == base.text.npos)
                throw wrong(item.at, "a step needs \"*\" or a range before it",
                            std::string{base.text} + "-" + std::to_string(kind.max) + "/" + after);
            steps = step({item.text.substr(slash + 1), item.at + slash + 1}, kind);
        }
        if (base.text == "*") return {kind.min, kind.count + kind.min - 1, steps};
        std::size_t const dash = base.text.find('-');
        if (dash == base.text.npos) {
            int const only = value(base, kind);
            return {only, only, 1};
        }
        return bounds(base, dash, kind, steps);
    }
    Range bounds(Token const& base, std::size_t dash, FieldKind const& kind, int steps) const {
        Token const first{base.text.substr(0, dash), base.at};
        Token const second{base.text.substr(dash + 1), base.at + dash + 1};
        if (first.text == "L")
            throw wrong(base.at, in_quotes(base.text) + ": L takes no offset", "L");
        int const from = value(first, kind);
        int to = value(second, kind);
        bool const ends_on_sunday = &kind == &weekday_kind && to == 0 && is_letter(second.text[0]);
        if (ends_on_sunday && from > 0) to = 7;
        if (from > to) throw backward(base, kind, from, to);
        return {from, to, steps};
    }
    Error backward(Token const& base, FieldKind const& kind, int from, int to) const {
        std::string suggestion = std::to_string(from) + "-" + std::to_string(kind.max) + "," +
                                 std::to_string(kind.min) +
                                 (to == kind.min ? "" : "-" + std::to_string(to));
        if (&kind == &weekday_kind) {
            suggestion = std::to_string(from) + "-6,0" + (to == 0 ? "" : "-" + std::to_string(to));
            if (to == 0) suggestion = std::to_string(from) + "-7";
            if (from == 7) suggestion = "0-" + std::to_string(to);
            if (from == 6) suggestion = to == 0 ? "6-7" : "6,0-" + std::to_string(to);
        }
        return wrong(base.at, "the range " + in_quotes(base.text) + " runs backward", suggestion);
    }

    std::uint64_t mask(Token const& field, FieldKind const& kind) const {
        std::uint64_t out = 0;
        for (Token const& item : items(field)) {
            Range const found = range(item, kind);
            for (int i = found.from; i <= found.to; i += found.step) out |= std::uint64_t{1} << i;
        }
        return out;
    }

    void days(Token const& field, Pattern& out) const {
        out.has_any_day = field.text == "*" || field.text == "?";
        if (out.has_any_day) {
            out.days = 0xFFFF'FFFE;
            return;
        }
        std::vector<Token> const list = items(field);
        for (Token const& item : list) {
            if (item.text == "L") {
                out.has_last_day = true;
            } else if (item.text.size() > 1 && item.text.back() == 'W' && item.text != "LW") {
                if (list.size() > 1)
                    throw wrong(item.at, in_quotes(item.text) + " stands alone in its field");
                out.nearest_weekday =
                    value({item.text.substr(0, item.text.size() - 1), item.at}, day_kind);
            } else {
                out.days |= static_cast<std::uint32_t>(mask(item, day_kind));
            }
        }
    }

    void weekdays(Token field, Pattern& out) const {
        if (field.text.starts_with('+')) {
            out.needs_both = true;
            field = {field.text.substr(1), field.at + 1};
        }
        out.has_any_weekday = field.text == "*" || field.text == "?";
        if (out.has_any_weekday) {
            out.weekdays = 0x7F;
            return;
        }
        for (Token const& item : items(field)) weekday_item(item, out);
    }
    void weekday_item(Token const& item, Pattern& out) const {
        std::string_view const text = item.text;
        std::size_t const hash = text.find('#');
        if (hash != text.npos) {
            auto const day =
                static_cast<std::size_t>(value({text.substr(0, hash), item.at}, weekday_kind) % 7);
            std::string_view const which = text.substr(hash + 1);
            if (which == "L")
                out.nth[day] |= 1;
            else if (which.size() == 1 && which[0] >= '1' && which[0] <= '5')
                out.nth[day] = static_cast<std::uint8_t>(out.nth[day] | 1u << (which[0] - '0'));
            else
                throw wrong(item.at + hash + 1,
                            in_quotes(text) + " asks for " + in_quotes(which) +
                                "; a weekday comes 1 to 5 times in a month, or L for the last",
                            std::string{text.substr(0, hash)} + "#L");
            return;
        }
        if (text.size() > 1 && text.back() == 'L') {
            auto const day = static_cast<std::size_t>(
                value({text.substr(0, text.size() - 1), item.at}, weekday_kind) % 7);
            out.nth[day] |= 1;
            return;
        }
        std::uint64_t const bits = mask(item, weekday_kind);
        out.weekdays |= static_cast<std::uint32_t>((bits & 0x7F) | (bits >> 7 & 1));
    }

    void years(Token const& field, Pattern& out) const {
        for (Token const& item : items(field)) {
            Range const found = range(item, year_kind);
            for (int i = found.from; i <= found.to; i += found.step)
                out.years.set(static_cast<std::size_t>(i - Pattern::year_min));
        }
    }

    std::string_view text_;
};

}  // namespace

Pattern Pattern::parse(std::string_view text) { return Parser{text}.parse(); }

}  // namespace weir::cron
