#include "memory.hpp"

namespace weir::postgres {
namespace {

/// The source's own type without its modifiers: a length or scale that grows changes no value.
/// Where the source names no type, the kind of its values.
std::string kind_of(FieldView const& field) {
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

}  // namespace

Memory Memory::parse(std::string_view text) {
    Json const json = Json::parse(text, nullptr, false);
    Memory memory;
    if (!json.is_object() || !json.contains("columns") || !json["columns"].is_array())
        return memory;
    memory.selection = json.value("selection", Json{});
    for (Json const& entry : json["columns"])
        if (entry.is_array() && entry.size() == 2 && entry[0].is_string() && entry[1].is_string())
            memory.entries.push_back({entry[0].get<std::string>(), entry[1].get<std::string>()});
    return memory;
}

Memory Memory::of(std::string const& spec, std::vector<FieldView> const& fields) {
    Memory memory;
    Json const note = Json::parse(spec, nullptr, false);
    if (note.is_object()) memory.selection = note.value("fields", Json{});
    for (FieldView const& field : fields) memory.entries.push_back({field.name, kind_of(field)});
    return memory;
}

std::string Memory::dump() const {
    Json columns = Json::array();
    for (Entry const& entry : entries) columns.push_back({entry.name, entry.type});
    return Json{{"selection", selection}, {"columns", columns}}.dump(
        -1, ' ', false, Json::error_handler_t::replace);
}

Memory::Entry const* Memory::find(std::string_view name) const {
    for (Entry const& entry : entries)
        if (entry.name == name) return &entry;
    return nullptr;
}

}  // namespace weir::postgres
