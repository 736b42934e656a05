#include "fit.hpp"
#include "names.hpp"

namespace weir::sqlite {

Memory Memory::of(std::string const& spec, std::vector<FieldView> const& fields,
                  Memory const& before) {
    Memory memory{FieldMemory::of(spec, fields)};
    for (std::size_t i = 0; i < fields.size(); ++i) {
        std::string& type = memory.entries[i].type;
        // Where the source names no type, the storage here.
        if (fields[i].source_type.empty()) type = declared_type(storage_of(fields[i]));
        Entry const* const known = before.find(fields[i].name);
        if (known && known->type == any_type) type = any_type;
    }
    return memory;
}

void Memory::keep_declared(std::vector<Landing> const& landings) {
    more["declared"] = Json::object();
    for (Landing const& landing : landings)
        more["declared"][folded(landing.column)] = landing.declared;
}

std::string Memory::declared(std::string const& column) const {
    Json const all = more.value("declared", Json::object());
    auto const found = all.find(folded(column));
    return found != all.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

Memory::Entry const* Memory::find(std::string_view name) const {
    for (Entry const& entry : entries)
        if (same_name(entry.name, name)) return &entry;
    return nullptr;
}

}  // namespace weir::sqlite
