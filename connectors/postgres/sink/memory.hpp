#pragma once

#include <string>
#include <vector>
#include <weir/cpp/json.hpp>
#include <weir/cpp/view.hpp>

namespace weir::postgres {

/// What the run before wrote, kept in `_weir_checkpoint.fields`, so that a column that the source
/// lost or retyped is seen. A value.
struct Memory {
    struct Entry {
        std::string name, type;
        bool operator==(Entry const&) const = default;
    };
    Json selection;              ///< `fields` of the host's note: which columns were asked for
    std::vector<Entry> entries;  ///< empty: nothing is remembered

    static Memory parse(std::string_view text);
    static Memory of(std::string const& spec, std::vector<FieldView> const& fields);
    std::string dump() const;
    Entry const* find(std::string_view name) const;
};

}  // namespace weir::postgres
