#include "memory.hpp"

namespace weir::postgres {
namespace {

std::optional<std::vector<std::string>> texts_of(Json const& list) {
    if (!list.is_array()) return std::nullopt;
    std::vector<std::string> out;
    for (Json const& each : list)
        if (each.is_string()) out.push_back(each.get<std::string>());
    return out;
}

}  // namespace

Memory Memory::parse(std::string_view text) {
    Memory memory{FieldMemory::parse(text), {}, {}};
    memory.has_children = memory.more.value("children", Json{}) == true;
    memory.guards = texts_of(memory.more.value("guards", Json{}));
    memory.required = texts_of(memory.more.value("required", Json{}));
    return memory;
}

Memory Memory::of(std::string const& spec, std::vector<FieldView> const& fields) {
    Memory memory{FieldMemory::of(spec, fields), {}, {}};
    memory.required.emplace();
    for (FieldView const& field : fields)
        if (!field.nullable) memory.required->push_back(field.name);
    return memory;
}

std::string Memory::dump() const {
    FieldMemory whole = *this;
    whole.more = Json::object();
    if (guards) whole.more["guards"] = *guards;
    if (required) whole.more["required"] = *required;
    if (has_children) whole.more["children"] = true;
    return whole.dump();
}

}  // namespace weir::postgres
