#include "memory.hpp"

namespace weir::postgres {

Memory Memory::parse(std::string_view text) {
    Memory memory{FieldMemory::parse(text), {}};
    memory.has_children = memory.more.value("children", Json{}) == true;
    Json const guards = memory.more.value("guards", Json{});
    if (!guards.is_array()) return memory;
    memory.guards.emplace();
    for (Json const& guard : guards)
        if (guard.is_string()) memory.guards->push_back(guard.get<std::string>());
    return memory;
}

Memory Memory::of(std::string const& spec, std::vector<FieldView> const& fields) {
    return {FieldMemory::of(spec, fields), {}};
}

std::string Memory::dump() const {
    FieldMemory whole = *this;
    whole.more = Json::object();
    if (guards) whole.more["guards"] = *guards;
    if (has_children) whole.more["children"] = true;
    return whole.dump();
}

}  // namespace weir::postgres
