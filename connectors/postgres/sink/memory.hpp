#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <weir/cpp/field_memory.hpp>

namespace weir::postgres {

/// What is remembered of the last run, and of the target. A value.
struct Memory : FieldMemory {
    /// Triggers and foreign keys of the target, in words; nothing: they are not known.
    std::optional<std::vector<std::string>> guards;
    /// Fields that the source said are never null; nothing: it is not known.
    std::optional<std::vector<std::string>> required;
    bool has_children = false;  ///< the rows of tables that inherit from the source's came with it

    static Memory parse(std::string_view text);
    static Memory of(std::string const& spec, std::vector<FieldView> const& fields);
    std::string dump() const;
};

}  // namespace weir::postgres
