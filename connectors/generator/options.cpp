#include "options.hpp"

#include <array>
#include <charconv>
#include <map>

namespace weir::generator {

namespace {

struct NamedType {
    std::string_view name;
    Type type;
};
constexpr std::array named_types{NamedType{"boolean", Type::boolean},
                                 NamedType{"int64", Type::int64},
                                 NamedType{"uint64", Type::uint64},
                                 NamedType{"float32", Type::float32},
                                 NamedType{"float64", Type::float64},
                                 NamedType{"text", Type::utf8},
                                 NamedType{"binary", Type::binary},
                                 NamedType{"uuid", Type::uuid},
                                 NamedType{"date", Type::date},
                                 NamedType{"time", Type::time},
                                 NamedType{"timestamp", Type::timestamp},
                                 NamedType{"instant", Type::instant},
                                 NamedType{"decimal", Type::decimal},
                                 NamedType{"numeric", Type::numeric},
                                 NamedType{"json", Type::json}};

Error wrong(std::string message, std::string const& name) {
    return Error{WEIR_E_CONFIG, "generator: " + std::move(message), "/" + name}
        .coded("generator.bad_option")
        .suggest("generator:rows=1000,seed=42,rate=500,types=int64+text");
}

template <class Number>
Number number(std::string const& name, std::string_view text, Number least, Number most) {
    Number value{};
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || !(value >= least) ||
        !(value <= most))
        throw wrong(name + " is \"" + std::string{text} + "\", not a number from " +
                        Json(least).dump() + " to " + Json(most).dump(),
                    name);
    return value;
}

std::vector<std::string> split(std::string_view text, std::string_view separators) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        auto const end = text.find_first_of(separators);
        if (end != 0) parts.emplace_back(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return parts;
}

Type type_named(std::string const& name) {
    for (NamedType const& known : named_types)
        if (known.name == name) return known.type;
    std::string all;
    for (NamedType const& known : named_types) (all += all.empty() ? "" : ", ") += known.name;
    throw wrong("type \"" + name + "\" is not one of " + all, "types");
}

void set(Options& options, std::string const& name, std::string const& value) {
    if (name == "rows")
        options.rows = number<std::int64_t>(name, value, 0, rows_limit);
    else if (name == "seed")
        options.seed = number<std::uint64_t>(name, value, 0, UINT64_MAX);
    else if (name == "rate")
        options.rate = number<double>(name, value, 0, 1e12);
    else if (name == "text_chars")
        options.text_chars = number<std::int64_t>(name, value, 0, text_chars_limit);
    else if (name == "types")
        for (std::string const& type : options.types = split(value, "+")) type_named(type);
    else
        throw wrong("there is no option \"" + name + "\"; use rows, seed, rate, types, text_chars",
                    name);
}

}  // namespace

std::string name_of(Field const& field) {
    if (!field.source_type.empty()) return field.source_type;
    for (NamedType const& known : named_types)
        if (known.type == field.type) return std::string{known.name};
    return "text";
}

Schema Options::schema() const {
    if (types.empty())
        return {{"id", Type::int64, false},
                {"name", Type::utf8, false},
                {"email", Type::utf8},
                {"city", Type::utf8},
                {"balance", Type::decimal, true, "decimal(12,2)", 12, 2},
                {"signed_up", Type::instant, false},
                {"active", Type::boolean, false}};
    Schema schema{{"id", Type::int64, false}};
    std::map<std::string, int> seen;
    for (std::string const& name : types) {
        int const nth = ++seen[name];
        Field field{nth == 1 ? name : name + "_" + std::to_string(nth), type_named(name)};
        if (field.type == Type::decimal) field.precision = 38, field.scale = 9;
        schema.push_back(field);
    }
    return schema;
}

Options options_of(Config const& config) {
    Options options;
    std::string url = config.text("url", "generator:");
    if (!url.starts_with("generator:")) throw wrong("the URL is generator:rows=…", "url");
    for (std::string const& item : split(url.substr(10), ",&")) {
        auto const equals = item.find('=');
        if (equals == std::string::npos) throw wrong("\"" + item + "\" is not name=value", "url");
        set(options, item.substr(0, equals), item.substr(equals + 1));
    }
    for (auto const& [name, value] : config.json().items())
        if (name != "url")
            set(options, name, value.is_string() ? value.get<std::string>() : value.dump());
    return options;
}

}  // namespace weir::generator
