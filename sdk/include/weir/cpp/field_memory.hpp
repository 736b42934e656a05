#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "json.hpp"
#include "view.hpp"

namespace weir {

/// What the run before wrote, kept in `_weir_checkpoint.fields`, so that a column that the source
/// lost or retyped is seen. A value.
// memory := {"selection": note, "columns": [[name, type]…], …}: what else a sink keeps is its own
struct FieldMemory {
    struct Entry {
        std::string name, type;
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

/// The source's own type without its modifiers, `varchar(10)` is `varchar`: a length or scale that
/// grows changes no value. Where the source names no type, the kind of its values.
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

}  // namespace detail

inline FieldMemory FieldMemory::parse(std::string_view text) {
    Json json = Json::parse(text, nullptr, false);
    FieldMemory memory;
    if (!json.is_object() || !json.contains("columns") || !json["columns"].is_array())
        return memory;
    memory.selection = json.value("selection", Json{});
    for (Json const& entry : json["columns"])
        if (entry.is_array() && entry.size() == 2 && entry[0].is_string() && entry[1].is_string())
            memory.entries.push_back({entry[0].get<std::string>(), entry[1].get<std::string>()});
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
        memory.entries.push_back({field.name, detail::kind_of(field)});
    return memory;
}

inline std::string FieldMemory::dump() const {
    Json out = more;
    out["selection"] = selection;
    out["columns"] = Json::array();
    for (Entry const& entry : entries) out["columns"].push_back({entry.name, entry.type});
    return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

inline FieldMemory::Entry const* FieldMemory::find(std::string_view name) const {
    for (Entry const& entry : entries)
        if (entry.name == name) return &entry;
    return nullptr;
}

}  // namespace weir
