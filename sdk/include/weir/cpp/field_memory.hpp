#pragma once

#include <algorithm>
#include <charconv>
#include <climits>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "json.hpp"
#include "view.hpp"

namespace weir {

/// What the run before wrote, kept in `_weir_checkpoint.fields`, so that a column that the source
/// lost or retyped is seen. A value.
// memory := {"selection": note, "columns": [[name, type, spelled, needed]…], …}: what else a sink
// keeps is its own; `spelled` and `needed` are missing in what earlier versions wrote
struct FieldMemory {
    struct Entry {
        std::string name, type;
        std::string spelled = {};  ///< the type with its modifiers; empty: it is not known
        std::string needed = {};   ///< the type of a column made for it; empty: it is not known

        /// For people.
        std::string const& shown() const { return spelled.empty() ? type : spelled; }
        /// Whether values that were written before may be others at the source now, though nothing
        /// else of their rows changed: numeric(10,4) was made numeric(10,2).
        bool is_retyped(Entry const& now) const;
        /// The same, and only because of a modifier.
        bool is_respelled(Entry const& now) const { return type == now.type && is_retyped(now); }
        /// Whether it is a type of whole numbers, and each of them one of the type `now`.
        bool is_wider(Entry const& now) const;
        /// Whether it is a type of texts, and each of them one of the type `now`: it takes longer
        /// ones, or compares them in another way.
        bool keeps_texts(Entry const& now) const;
        /// Whether each value that was written stays what it is in a target's column of the type
        /// `column`, empty: there is none; `is_one`: both types need that column.
        bool stays(Entry const& now, bool is_one, std::string_view column) const;
        /// For people: what helps a column of `table` that does not go on; `may_read_anew`: a run
        /// that writes every value would take it over.
        std::string remedy(std::string const& table, bool is_one, bool may_read_anew) const;
        /// For people: that the column of `table` goes on with the type `now`, since its values
        /// stay what they are, or since all of them are written anew.
        std::string goes_on(Entry const& now, std::string const& table, bool stays) const;
        bool operator==(Entry const&) const = default;
    };
    Json selection;              ///< `fields` of the host's note: which columns were asked for
    std::vector<Entry> entries;  ///< empty: nothing is remembered
    Json more = Json::object();  ///< the members that are a sink's own

    static FieldMemory parse(std::string_view text);
    static FieldMemory of(std::string const& spec, std::vector<FieldView> const& fields);
    std::string dump() const;
    Entry const* find(std::string_view name) const;
};

namespace detail {

/// The source's own type without its modifiers, `varchar(10)` is `varchar`. Where the source names
/// no type, the kind of its values.
inline std::string kind_of(FieldView const& field) {
    if (field.source_type.empty())
        return field.extension + " " + std::to_string(static_cast<int>(field.layout)) + " " +
               std::to_string(static_cast<int>(field.meaning));
    std::string kind;
    int depth = 0;
    for (char const c : field.source_type) {
        depth += c == '(';
        if (depth == 0) kind += c;
        depth -= c == ')' && depth > 0;
    }
    return kind;
}

/// The same with them; empty where there are none, or more than a checkpoint should hold.
inline std::string spelled(FieldView const& field) {
    constexpr std::size_t bytes_max = 1000;
    if (!field.source_type.empty())
        return field.source_type.size() > bytes_max ? "" : field.source_type;
    if (field.layout != Layout::decimal) return {};
    return "decimal(" + std::to_string(field.precision) + "," + std::to_string(field.scale) + ")";
}

/// What stands in brackets, apart at its commas: {"10", "2"}.
inline std::vector<std::string> modifiers_of(std::string_view type) {
    std::size_t const from = type.find('('), to = type.rfind(')');
    if (from == type.npos || to == type.npos || to < from) return {};
    std::vector<std::string> out(1);
    for (char const c : type.substr(from + 1, to - from - 1))
        if (c == ',')
            out.emplace_back();
        else if (c != ' ')
            out.back() += c;
    return out;
}

/// Whether each value stays as it was, digit by digit, when the modifiers of its type change so.
// Names are those of PostgreSQL, MySQL, MariaDB and DuckDB; of any other type it is not known.
inline bool keeps_values(std::string_view before, std::string_view now) {
    std::vector<std::string> const was = modifiers_of(before), is = modifiers_of(now);
    std::string name;
    for (char const c : before.substr(0, before.find('(')))
        name += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    auto const is_any_of = [&](std::initializer_list<std::string_view> names) {
        return std::ranges::any_of(names, [&](auto each) { return name.starts_with(each); });
    };
    auto const number = [](std::vector<std::string> const& from, std::size_t at, int otherwise) {
        if (at < from.size()) std::from_chars(from[at].data(), from[at].data() + from[at].size(),
                                              otherwise);
        return otherwise;
    };
    auto const grows = [&](int otherwise) {
        return number(is, 0, otherwise) >= number(was, 0, otherwise);
    };
    // MySQL pads no char, PostgreSQL does.
    bool const pads = name.starts_with("character") && !name.starts_with("character varying");
    if (is_any_of({"character varying", "varchar", "varbinary", "bit varying", "char"}) && !pads)
        return grows(INT_MAX);
    if (is_any_of({"numeric", "decimal"}))
        return is.empty() || (!was.empty() && grows(0) && number(is, 1, 0) == number(was, 1, 0));
    bool const is_zoned = now.find(" time zone") != now.npos;
    if (is_any_of({"timestamp", "datetime", "interval"}) || (is_any_of({"time"}) && is_zoned))
        return grows(is_zoned || is_any_of({"interval"}) ? 6 : 0);
    // The width of a display.
    if (is_any_of({"tinyint", "smallint", "mediumint", "int", "bigint", "year"})) return true;
    if (is_any_of({"enum"}))
        return std::ranges::all_of(was, [&](std::string const& label) {
            return std::ranges::find(is, label) != is.end();
        });
    return is_any_of({"set"}) && was.size() <= is.size() &&
           std::equal(was.begin(), was.end(), is.begin());
}

/// How far the whole numbers of a type go, and whether below 0; 0: it is no such type.
struct Whole {
    int rank = 0;
    bool is_signed = true;
};

// Names are those of PostgreSQL, MySQL and MariaDB; a width of display says nothing.
inline Whole whole_of(std::string_view type) {
    std::string name;
    bool is_width = false;
    for (char const c : type) {
        is_width = is_width || c == '(';
        if (!is_width) name += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        is_width = is_width && c != ')';
    }
    constexpr std::string_view no_sign = " unsigned";
    Whole out{0, !name.ends_with(no_sign)};
    if (!out.is_signed) name.resize(name.size() - no_sign.size());
    int rank = 0;
    for (std::initializer_list<std::string_view> const names :
         {std::initializer_list<std::string_view>{"tinyint"}, {"smallint"}, {"mediumint"},
          {"integer", "int"}, {"bigint"}}) {
        ++rank;
        if (std::ranges::find(names, name) != names.end()) out.rank = rank;
    }
    return out;
}

/// Whether each number of `before` is one of `now`, which has more.
inline bool is_wider(std::string_view before, std::string_view now) {
    Whole const was = whole_of(before), is = whole_of(now);
    return was.rank > 0 && is.rank > was.rank && (is.is_signed || !was.is_signed);
}

constexpr std::string_view collate = " COLLATE ";

/// Whether each text of `before` is one of `now`, which takes longer ones: varchar, text. A char is
/// none: it may be padded.
inline bool is_longer(std::string_view before, std::string_view now) {
    auto const rank_of = [](std::string_view type) {
        int rank = 0, found = 0;
        for (std::initializer_list<std::string_view> const names :
             {std::initializer_list<std::string_view>{"character varying", "varchar", "tinytext"},
              {"text"}, {"mediumtext"}, {"longtext"}}) {
            ++rank;
            if (std::ranges::find(names, type.substr(0, type.find(collate))) != names.end())
                found = rank;
        }
        return found;
    };
    auto const order = [](std::string_view type) {
        std::size_t const at = type.find(collate);
        return at == type.npos ? std::string_view{} : type.substr(at);
    };
    return rank_of(before) > 0 && rank_of(now) > rank_of(before) && order(before) == order(now);
}

/// Whether one is the other but for how its texts are compared, as MySQL and MariaDB have that:
/// varchar COLLATE latin1_swedish_ci, varchar COLLATE utf8mb4_bin. With and without modifiers.
inline bool is_recollated(FieldMemory::Entry const& before, FieldMemory::Entry const& now) {
    std::size_t const was = before.type.rfind(collate), is = now.type.rfind(collate);
    if (was == std::string::npos || is == std::string::npos || before.type == now.type)
        return false;
    auto const set = [&](std::string const& of, std::size_t at) {
        std::string const collation = of.substr(at + collate.size());
        return collation.substr(0, collation.find('_'));
    };
    // Another set of characters may lack some.
    bool const has_all =
        set(now.type, is) == "utf8mb4" || set(now.type, is) == set(before.type, was);
    auto const bare = [&](std::string const& text) { return text.substr(0, text.rfind(collate)); };
    std::string const one = bare(before.spelled), other = bare(now.spelled);
    return has_all && before.type.substr(0, was) == now.type.substr(0, is) && !one.empty() &&
           (one == other || keeps_values(one, other));
}

}  // namespace detail

inline bool FieldMemory::Entry::is_retyped(Entry const& now) const {
    if (type != now.type) return true;
    if (spelled.empty() || now.spelled.empty() || spelled == now.spelled) return false;
    return !detail::keeps_values(spelled, now.spelled);
}

inline bool FieldMemory::Entry::is_wider(Entry const& now) const {
    return detail::is_wider(type, now.type);
}

inline bool FieldMemory::Entry::keeps_texts(Entry const& now) const {
    return detail::is_longer(type, now.type) || detail::is_recollated(*this, now);
}

inline bool FieldMemory::Entry::stays(Entry const& now, bool is_one,
                                      std::string_view column) const {
    bool const holds = is_one || detail::is_wider(now.type, column);
    return (holds && is_wider(now)) || (is_one && keeps_texts(now));
}

inline std::string FieldMemory::Entry::remedy(std::string const& table, bool is_one,
                                              bool may_read_anew) const {
    std::string here;
    if (!is_one)
        here = "do the same to column \"" + name + "\" of " + table + ", ";
    else if (may_read_anew)
        here = "read everything anew (--mode full or --write replace), ";
    return here + "copy into a new table with --to, or drop table " + table +
           " to have it made anew";
}

inline std::string FieldMemory::Entry::goes_on(Entry const& now, std::string const& table,
                                               bool stays) const {
    return "column \"" + name + "\" of " + table + " was " + shown() +
           " in the source and is now " + now.shown() +
           (stays ? "; its values stay as they are, unless they were computed anew (USING): then "
                    "read everything with --mode full"
                  : "; all of them are read and written anew");
}

inline FieldMemory FieldMemory::parse(std::string_view text) {
    Json json = Json::parse(text, nullptr, false);
    FieldMemory memory;
    if (!json.is_object() || !json.contains("columns") || !json["columns"].is_array())
        return memory;
    memory.selection = json.value("selection", Json{});
    for (Json const& entry : json["columns"])
        if (entry.is_array() && entry.size() >= 2 &&
            std::all_of(entry.begin(), entry.end(), [](auto& each) { return each.is_string(); }))
            memory.entries.push_back({entry[0].get<std::string>(), entry[1].get<std::string>(),
                                      entry.size() > 2 ? entry[2].get<std::string>() : "",
                                      entry.size() > 3 ? entry[3].get<std::string>() : ""});
    json.erase("selection");
    json.erase("columns");
    memory.more = std::move(json);
    return memory;
}

inline FieldMemory FieldMemory::of(std::string const& spec, std::vector<FieldView> const& fields) {
    FieldMemory memory;
    Json const note = Json::parse(spec, nullptr, false);
    if (note.is_object()) memory.selection = note.value("fields", Json{});
    for (FieldView const& field : fields)
        memory.entries.push_back({field.name, detail::kind_of(field), detail::spelled(field), {}});
    return memory;
}

inline std::string FieldMemory::dump() const {
    Json out = more;
    out["selection"] = selection;
    out["columns"] = Json::array();
    for (Entry const& entry : entries)
        if (entry.needed.empty())
            out["columns"].push_back({entry.name, entry.type, entry.spelled});
        else
            out["columns"].push_back({entry.name, entry.type, entry.spelled, entry.needed});
    return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

inline FieldMemory::Entry const* FieldMemory::find(std::string_view name) const {
    for (Entry const& entry : entries)
        if (entry.name == name) return &entry;
    return nullptr;
}

}  // namespace weir
