#include "overrides.hpp"

#include <algorithm>

#include "catalog.hpp"

namespace weir::mysql {
namespace {

[[noreturn]] void refuse(std::string sentence, std::string place, std::string suggestion) {
    throw Error{WEIR_E_CONFIG, std::move(sentence), std::move(place)}
        .coded("mysql.bad_schema")
        .suggest(std::move(suggestion));
}

bool is_dated(SourceField const& field) {
    Form const form = form_of(field.type);
    return form == Form::date || form == Form::timestamp || form == Form::instant;
}

}  // namespace

void Overrides::read(Config const& config) {
    Json const& json = config.json();
    if (auto const found = json.find("zero_date"); found != json.end()) {
        // Unquoted, YAML reads the word as no value.
        if (!found->is_null() && !found->is_string()) set_zero_date(found->dump());
        set_zero_date(found->is_null() ? "null" : found->get<std::string>());
    }
    if (!config.has("schema")) return;
    if (!json["schema"].is_object())
        refuse("schema is no object of names and types", "/schema", R"({"worked": "interval"})");
    for (auto const& [name, type] : json["schema"].items())
        add_interval(name, type.is_string() ? type.get<std::string>() : type.dump(),
                     "/schema/" + name);
}

bool Overrides::read(std::string_view parameter, std::string const& value) {
    if (parameter == "zero_date") {
        set_zero_date(value);
        return true;
    }
    if (parameter != "schema") return false;
    std::string_view rest = value;
    while (!rest.empty()) {
        std::string_view const entry = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(entry.size() + 1, rest.size()));
        std::size_t const colon = entry.rfind(':');
        if (colon == entry.npos)
            refuse("schema names \"" + std::string{entry} + "\" without a type", "/url",
                   "?schema=worked:interval");
        add_interval(std::string{entry.substr(0, colon)}, std::string{entry.substr(colon + 1)},
                     "/url");
    }
    return true;
}

void Overrides::add_interval(std::string name, std::string const& type,
                             std::string const& place) {
    if (type != "interval")
        refuse("schema wants \"" + name + "\" as " + type + "; it can make an interval of a time, "
               "and nothing else",
               place, R"({")" + name + R"(": "interval"})");
    intervals_.insert(std::move(name));
}

void Overrides::set_zero_date(std::string const& what) {
    if (what != "null" && what != "text")
        refuse("zero_date is \"" + what + "\", which is neither text nor null", "/zero_date",
               "text: they are text as printed; null: they are no value");
    zero_is_null_ = what == "null";
}

void Overrides::apply(Table& table) const { mark(table, true); }

void Overrides::apply_what_fits(Table& table) const { mark(table, false); }

void Overrides::mark(Table& table, bool is_strict) const {
    std::string const of_table = table.name + ".", of_both = table.database + "." + of_table;
    std::set<std::string> unknown;
    for (std::string const& name : intervals_)
        if (name.starts_with(of_table) || name.starts_with(of_both)) unknown.insert(name);
    for (SourceField& field : table.fields) {
        field.zero_is_null = zero_is_null_ && is_dated(field);
        for (std::string const& name :
             {field.name, of_table + field.name, of_both + field.name}) {
            if (!intervals_.contains(name)) continue;
            unknown.erase(name);
            field.is_interval = form_of(field.type) == Form::time;
            if (is_strict && !field.is_interval)
                refuse("schema wants \"" + name + "\" as an interval, but field \"" + field.name +
                           "\" of " + table.stream() + " is " + field.type.text,
                       "/schema/" + name, "name fields of type time, with their table before: "
                                          "\"table.field\"");
        }
    }
    if (is_strict && !unknown.empty())
        refuse("schema names \"" + *unknown.begin() + "\", which " + table.stream() +
                   " does not have",
               "/schema/" + *unknown.begin(), "correct its name");
}

}  // namespace weir::mysql
