#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>

#include "json.hpp"

namespace weir {

namespace detail {

inline bool is_text(Json const& value) { return value.is_string(); }
inline bool is_flag(Json const& value) { return value.is_boolean(); }
inline bool is_count(Json const& value) {
    return value.is_number_unsigned() || (value.is_number_integer() && value >= 0);
}
inline bool is_object(Json const& value) { return value.is_object(); }

template <bool (*is)(Json const&)>
bool is_list_of(Json const& value) {
    return value.is_array() && std::all_of(value.begin(), value.end(), is);
}

/// A member that an object may have, and what it is then.
struct Member {
    char const* name;
    bool (*is)(Json const&);
    char const* wanted;
};

/// Which member of `object` is not what it should be, as the end of a sentence; empty: all are.
/// `at` stands before its name. Null counts as absent.
inline std::string flaw_of(Json const& object, std::initializer_list<Member> members,
                           std::string const& at = {}) {
    for (Member const& member : members) {
        auto const found = object.find(member.name);
        if (found != object.end() && !found->is_null() && !member.is(*found))
            return "\"" + at + member.name + "\" is no " + member.wanted;
    }
    return {};
}

/// The same of each object of a list that is a member of `object`.
inline std::string flaw_within(Json const& object, char const* name,
                               std::initializer_list<Member> members) {
    std::string flaw;
    auto const list = object.find(name);
    if (list == object.end() || list->is_null()) return flaw;
    for (std::size_t i = 0; i < list->size() && flaw.empty(); ++i)
        flaw = flaw_of((*list)[i], members, std::string{name} + "/" + std::to_string(i) + "/");
    return flaw;
}

/// Of one rule among `cursors`, or of its `append`.
inline std::string flaw_of_rule(Json const& rule, std::string const& at) {
    return flaw_of(rule,
                   {{"kind", is_text, "text"},
                    {"method", is_text, "text"},
                    {"guarantee", is_text, "text"},
                    {"caveat", is_text, "text"},
                    {"unsafe", is_text, "text"},
                    {"updates", is_flag, "boolean"},
                    {"indexed", is_flag, "boolean"},
                    {"nulls", is_flag, "boolean"},
                    {"lookback_helps", is_flag, "boolean"},
                    {"append", is_object, "object"}},
                   at);
}

inline std::string flaw_of_cursors(Json const& cursors) {
    std::string flaw;
    for (auto const& [field, rule] : cursors.items()) {
        std::string const at = "cursors/" + field;
        if (rule.is_null()) continue;
        if (!rule.is_object()) return "\"" + at + "\" is neither null nor an object";
        flaw = flaw_of_rule(rule, at + "/");
        Json const append = rule.value("append", Json{});
        if (flaw.empty() && append.is_object()) flaw = flaw_of_rule(append, at + "/append/");
        if (!flaw.empty()) break;
    }
    return flaw;
}

inline std::string flaw_of_structure(Json const& structure) {
    return flaw_of(structure,
                   {{"indexes", is_list_of<is_object>, "list of objects"},
                    {"foreign_keys", is_list_of<is_object>, "list of objects"},
                    {"parents", is_list_of<is_object>, "list of objects"},
                    {"children", is_list_of<is_text>, "list of texts"}},
                   "structure/");
}

}  // namespace detail

/// Which member of what a stream tells of itself (`meta_json` of weir/source.h), an object, is not
/// what it should be, as the end of a sentence; empty: all are. Members that nobody knows pass.
inline std::string flaw_of_stream_meta(Json const& meta) {
    using namespace detail;
    std::string flaw = flaw_of(
        meta, {{"target", is_text, "text"},
               {"keys", is_list_of<is_list_of<is_text>>, "list of lists of texts"},
               {"rows", is_count, "count"},
               {"fields", is_list_of<is_object>, "list of objects"},
               {"tracking", is_list_of<is_object>, "list of objects"},
               {"cursors", is_object, "object"},
               {"references", is_list_of<is_object>, "list of objects"},
               {"caveats", is_list_of<is_text>, "list of texts"},
               {"structure", is_object, "object"},
               {"alone", is_object, "object"}});
    Json const none = Json::object();
    auto const part = [&](char const* name) -> Json const& {
        auto const found = meta.find(name);
        return found == meta.end() || found->is_null() ? none : *found;
    };
    if (flaw.empty())
        flaw = flaw_within(meta, "fields",
                           {{"name", is_text, "text"},
                            {"type", is_text, "text"},
                            {"nullable", is_flag, "boolean"}});
    if (flaw.empty())
        flaw = flaw_within(meta, "tracking",
                           {{"field", is_text, "text"},
                            {"type", is_text, "text"},
                            {"notes", is_list_of<is_text>, "list of texts"}});
    if (flaw.empty())
        flaw = flaw_within(meta, "references",
                           {{"fields", is_list_of<is_text>, "list of texts"},
                            {"stream", is_text, "text"},
                            {"nullable", is_flag, "boolean"}});
    if (flaw.empty()) flaw = flaw_of_cursors(part("cursors"));
    if (flaw.empty()) flaw = flaw_of_structure(part("structure"));
    if (flaw.empty())
        flaw = flaw_of(part("alone"),
                       {{"stream", is_text, "text"},
                        {"keys", is_list_of<is_list_of<is_text>>, "list of lists of texts"}},
                       "alone/");
    return flaw;
}

}  // namespace weir
