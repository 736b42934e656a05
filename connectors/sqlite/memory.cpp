#include "fit.hpp"
#include "names.hpp"

namespace weir::sqlite {
namespace {

/// The source's own type without its modifiers, `varchar(10)` is `varchar`: a length or scale that
/// grows changes no value. Where the source names no type, the storage in SQLite.
std::string kind_of(FieldView const& field) {
    if (field.source_type.empty()) return declared_type(storage_of(field));
    std::string kind;
    int depth = 0;
    for (char const c : field.source_type) {
        if (c == '(') ++depth;
        if (depth == 0) kind += c;
        if (c == ')' && depth > 0) --depth;
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

Memory Memory::of(std::string const& spec, std::vector<FieldView> const& fields,
                  Memory const& before) {
    Memory memory;
    Json const note = Json::parse(spec, nullptr, false);
    if (note.is_object()) memory.selection = note.value("fields", Json{});
    for (FieldView const& field : fields) {
        Entry const* const known = before.find(field.name);
        bool const was_any = known && known->type == any_type;
        memory.entries.push_back(
            {field.name, was_any ? std::string{any_type} : kind_of(field)});
    }
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
        if (same_name(entry.name, name)) return &entry;
    return nullptr;
}

}  // namespace weir::sqlite
