#include "without_nul.hpp"

#include <cstring>

#include "connectors/postgres/oids.hpp"

namespace weir::postgres {
namespace {

/// Whether `text` ends in an odd number of backslashes: then the next character is escaped.
bool ends_escaping(std::string_view text) {
    std::size_t const last = text.find_last_not_of('\\');
    return (text.size() - (last == text.npos ? 0 : last + 1)) % 2 == 1;
}

/// The escape of JSON, which the text may hold in a string alone.
void drop_escapes(std::string& text) {
    constexpr std::string_view escape = "\\u0000";
    for (std::size_t at = 0; (at = text.find(escape, at)) != text.npos;)
        if (ends_escaping(std::string_view{text}.substr(0, at)))
            at += escape.size();  // a backslash, and the word u0000
        else
            text.erase(at, escape.size());
}

}  // namespace

WithoutNul::WithoutNul(std::vector<FieldView> const& fields,
                       std::vector<Landing> const& landings, ArrowArray const& batch)
    : batch_{batch}, children_(batch.children, batch.children + batch.n_children) {
    for (Landing const& landing : landings) {
        FieldView const& field = fields[landing.field];
        if (field.meaning != Meaning::plain) continue;
        TargetColumn const& column = landing.column;
        bool const drops_escapes = column.oid == oid_jsonb || column.element != 0;
        if (field.layout == Layout::text) strip_column<std::int32_t>(landing.field, drops_escapes);
        if (field.layout == Layout::large_text)
            strip_column<std::int64_t>(landing.field, drops_escapes);
    }
    if (!columns_.empty()) batch_.children = children_.data();
}

/// Puts another column in the place of that one, where it has any.
template <class Offset>
void WithoutNul::strip_column(std::size_t at, bool drops_escapes) {
    ArrowArray const& from = *children_[at];
    auto const* offsets = static_cast<Offset const*>(from.buffers[1]) + from.offset;
    auto const* data = static_cast<char const*>(from.buffers[2]);
    if (from.length == 0 || offsets[0] == offsets[from.length]) return;
    std::string_view const all{data + offsets[0],
                               static_cast<std::size_t>(offsets[from.length] - offsets[0])};
    if (!std::memchr(all.data(), '\0', all.size()) &&
        !(drops_escapes && all.find("\\u0000") != all.npos))
        return;
    Column& column = columns_.emplace_back();
    auto const end_here = [&] {
        auto const end = static_cast<Offset>(column.text.size());
        column.offsets.append(reinterpret_cast<char const*>(&end), sizeof end);
    };
    for (std::int64_t i = 0; i <= from.offset; ++i) end_here();
    for (std::int64_t row = 0; row < from.length; ++row) {
        std::string text{data + offsets[row], data + offsets[row + 1]};
        std::erase(text, '\0');
        if (drops_escapes) drop_escapes(text);
        column.text += text;
        end_here();
    }
    column.buffers[0] = from.buffers[0];
    column.buffers[1] = column.offsets.data();
    column.buffers[2] = column.text.data();
    column.array = from;
    column.array.buffers = column.buffers;
    children_[at] = &column.array;
}

}  // namespace weir::postgres
