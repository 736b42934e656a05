#include "fields.hpp"

#include <algorithm>
#include <set>
#include <weir/cpp/nearest.hpp>

namespace weir::replication {
namespace {

Json const& object_or_empty(Json const& value) {
    static Json const empty = Json::object();
    return value.is_object() ? value : empty;
}

}  // namespace

Fields::Fields(Json const& object, std::string at, Findings& findings)
    : object_{object_or_empty(object)}, at_{std::move(at)}, findings_{findings} {
    if (!object.is_object())
        findings_.add({at_,
                       "replication.wrong_type",
                       (at_.empty() ? std::string{"the document"} : at_) + " must be an object",
                       {}});
}

std::string Fields::pointer(char const* name) const { return at_ + "/" + pointer_part(name); }

void Fields::wrong(char const* name, std::string code, std::string detail, std::string suggestion) {
    findings_.add({pointer(name), std::move(code), std::move(detail), std::move(suggestion)});
}

bool Fields::has(char const* name) const {
    auto const found = object_.find(name);
    return found != object_.end() && !found->is_null();
}

Json const* Fields::any(char const* name) {
    known_.emplace_back(name);
    return has(name) ? &object_[name] : nullptr;
}

Json const* Fields::typed(char const* name, bool (Json::*is)() const noexcept, char const* wanted) {
    Json const* const value = any(name);
    if (!value || (value->*is)()) return value;
    wrong(name, "replication.wrong_type", std::string{name} + " must be " + wanted);
    return nullptr;
}

std::optional<std::string> Fields::text(char const* name) {
    Json const* const value = typed(name, &Json::is_string, "text");
    if (!value) return std::nullopt;
    auto const& text = value->get_ref<std::string const&>();
    if (text.find('\0') == std::string::npos) return text;
    wrong(name, "replication.bad_value", std::string{name} + " has a NUL in it");
    return std::nullopt;
}

std::string Fields::needed_text(char const* name) {
    auto const text = this->text(name);
    if (text && !text->empty()) return *text;
    if (text || !has(name))
        wrong(name, "replication.missing_field", std::string{name} + " is missing");
    return {};
}

std::optional<std::string> Fields::id(char const* name) {
    auto text = this->text(name);
    if (!text || is_id(*text)) return text;
    wrong(name, "replication.bad_id",
          std::string{name} + " is \"" + *text +
              "\"; it must be 1 to 63 letters, digits, _ or -, the first a letter or digit");
    return std::nullopt;
}

std::optional<std::string> Fields::one_of(char const* name,
                                          std::vector<std::string> const& allowed) {
    auto text = this->text(name);
    if (!text || std::find(allowed.begin(), allowed.end(), *text) != allowed.end()) return text;
    wrong(name, "replication.bad_value",
          std::string{name} + " is \"" + *text + "\", not one of " + listed(allowed),
          nearest(*text, allowed));
    return std::nullopt;
}

std::optional<std::int64_t> Fields::integer(char const* name, std::int64_t least,
                                            std::int64_t most) {
    Json const* const value = typed(name, &Json::is_number, "a whole number");
    if (!value) return std::nullopt;
    bool const fits = value->is_number_integer() &&
                      (value->is_number_unsigned()
                           ? value->get<std::uint64_t>() <= static_cast<std::uint64_t>(most)
                           : value->get<std::int64_t>() <= most) &&
                      value->get<std::int64_t>() >= least;
    if (fits) return value->get<std::int64_t>();
    wrong(name, "replication.bad_value",
          std::string{name} + " is " + value->dump() + ", not a whole number from " +
              std::to_string(least) + " to " + std::to_string(most));
    return std::nullopt;
}

std::optional<bool> Fields::flag(char const* name) {
    Json const* const value = typed(name, &Json::is_boolean, "true or false");
    return value ? std::optional{value->get<bool>()} : std::nullopt;
}

std::optional<std::vector<std::string>> Fields::names(char const* name) {
    Json const* const value = any(name);
    if (!value) return std::nullopt;
    Json const list = value->is_string() ? Json::array({*value}) : *value;
    bool good = list.is_array() && !list.empty();
    std::set<std::string> seen;
    for (Json const& item : good ? list : Json::array())
        good = good && item.is_string() && !item.get_ref<std::string const&>().empty() &&
               item.get_ref<std::string const&>().find('\0') == std::string::npos &&
               seen.insert(item).second;
    if (good) return list.get<std::vector<std::string>>();
    wrong(name, "replication.wrong_type",
          std::string{name} + " must be a name, or a list of names that has each once");
    return std::nullopt;
}

Json const* Fields::object(char const* name) { return typed(name, &Json::is_object, "an object"); }

char const* Fields::spelling(std::initializer_list<char const*> spellings) {
    char const* chosen = nullptr;
    for (char const* const name : spellings) {
        known_.emplace_back(name);
        if (!has(name)) continue;
        if (chosen)
            wrong(name, "replication.said_twice",
                  std::string{name} + " and " + chosen + " say the same thing: give one of them");
        else
            chosen = name;
    }
    return chosen ? chosen : *spellings.begin();
}

void Fields::ignore(std::initializer_list<char const*> names) {
    for (char const* const name : names) known_.emplace_back(name);
}

void Fields::unavailable(std::initializer_list<char const*> names) {
    for (char const* const name : names)
        if (any(name))
            wrong(name, "replication.not_available",
                  std::string{name} + " is part of the job language, but this version of Weir " +
                      "cannot do it",
                  std::string{"remove "} + name);
}

void Fields::finish() {
    for (auto const& [name, value] : object_.items()) {
        if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
        std::string const near = nearest(name, known_);
        findings_.add({at_ + "/" + pointer_part(name), "replication.unknown_field",
                       "there is no field \"" + name + "\"" +
                           (near.empty() ? "" : "; " + did_you_mean(near)),
                       near});
    }
}

}  // namespace weir::replication
