#include "too_large.hpp"

#include <algorithm>
#include <charconv>
#include <weir/cpp/source.hpp>

#include "names.hpp"

namespace weir::mysql {
namespace {

/// Nothing of another type is sent with more bytes.
constexpr std::size_t small_bytes_max = 96;
/// What UTF-8 makes of a character at most.
constexpr std::size_t character_bytes_max = 4;

std::string spelled(SourceField const& field) { return "t." + identifier(field.name); }

/// How many bytes a value may have when it is sent, as its type goes.
std::size_t bytes_max(SourceType const& type) {
    std::string_view const name = type.name;
    if (name == "tinytext" || name == "tinyblob") return 255 * character_bytes_max;
    if (name == "text" || name == "blob") return 65'535 * character_bytes_max;
    if (name == "char" || name == "varchar" || name == "binary" || name == "varbinary") {
        std::size_t length = 1;
        std::size_t const open = type.text.find('(');
        if (open != type.text.npos)
            std::from_chars(type.text.data() + open + 1, type.text.data() + type.text.size(),
                            length);
        return length * character_bytes_max;
    }
    if (name == "inet4" || name == "inet6") return small_bytes_max;
    if (name == "enum" || name == "set") return type.text.size() * character_bytes_max;
    Form const form = form_of(type);
    return form == Form::text || form == Form::binary ? SIZE_MAX / 4096 : small_bytes_max;
}

/// Of a value that is there, as it is sent.
std::string size_sql(SourceField const& field) {
    bool const is_recoded =
        !field.charset.empty() && !field.charset.starts_with("utf8") && field.charset != "ascii";
    std::string const name = spelled(field);
    std::string const sent = is_recoded ? "CONVERT(" + name + " USING utf8mb4)" : name;
    return "COALESCE(LENGTH(" + sent + "), 0)";
}

}  // namespace

std::string TooLarge::reason() const {
    return Json{{"field", field}, {"bytes", bytes}}.dump(-1, ' ', false,
                                                         Json::error_handler_t::replace);
}

Weighing::Weighing(std::vector<SourceField const*> const& fields,
                   std::vector<SourceField const*> const& whole, std::size_t row_bytes_max)
    : whole_{whole}, row_bytes_max_{row_bytes_max} {
    std::size_t most = 0;
    for (SourceField const* field : fields) {
        std::size_t const bytes = bytes_max(field->type);
        most += bytes;
        if (bytes <= small_bytes_max) continue;
        wide_.push_back(field);
        sum_ += (sum_.empty() ? "" : " + ") + size_sql(*field);
    }
    may_be_ = !wide_.empty() && most > row_bytes_max_;
}

bool Weighing::is_wide(SourceField const& field) const {
    return std::ranges::find(wide_, &field) != wide_.end();
}

std::size_t Weighing::kept_bytes_max() const {
    return std::min<std::size_t>(4096, row_bytes_max_ / 4);
}

bool Weighing::drops(SourceField const& field, std::size_t bytes) const {
    return is_wide(field) && std::ranges::find(whole_, &field) == whole_.end() &&
           bytes > kept_bytes_max();
}

std::string Weighing::sent_as(SourceField const& field) const {
    std::string const name = spelled(field);
    if (!drops(field, SIZE_MAX)) return name;
    // The sum is looked at for a large value only.
    return "CASE WHEN " + size_sql(field) + " > " +
           std::to_string(kept_bytes_max()) + " AND " + sum_ + " > " +
           std::to_string(row_bytes_max_) + " THEN NULL ELSE " + name + " END";
}

std::string Weighing::sizes_sql() const {
    std::string list;
    for (SourceField const* field : wide_) list += (list.empty() ? "" : ", ") + size_sql(*field);
    return "CASE WHEN " + sum_ + " > " + std::to_string(row_bytes_max_) + " THEN CONCAT_WS(',', " +
           list + ") END";
}

std::optional<TooLarge> Weighing::found(RawValue const& sizes) const {
    if (sizes.null) return std::nullopt;
    TooLarge found;
    char const* at = reinterpret_cast<char const*>(sizes.data);
    char const* const end = at + sizes.size;
    for (SourceField const* field : wide_) {
        std::uint64_t bytes = 0;
        auto const [next, failed] = std::from_chars(at, end, bytes);
        if (failed != std::errc{})
            throw Error{WEIR_E_SCHEMA, "the server sends sizes that are none"};
        if (bytes > found.bytes) found = {field->name, bytes};
        at = next == end ? end : next + 1;
    }
    return found;
}

}  // namespace weir::mysql
