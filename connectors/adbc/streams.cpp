#include "streams.hpp"

#include <algorithm>
#include <weir/cpp/one_stream.hpp>

namespace weir::adbc {
namespace {

bool is_named(std::string const& name, std::initializer_list<char const*> words) {
    return std::ranges::any_of(
        words, [&](char const* word) { return name.find(word) != std::string::npos; });
}

bool is_time(Field const& field) {
    return field.type == Type::timestamp || field.type == Type::instant;
}

/// How well a field serves as the cursor of a delta; 0: it is not proposed.
int rank_of(Field const& field) {
    if (is_time(field) && is_named(field.name, {"updated", "modified", "changed"})) return 3;
    if (is_time(field)) return 2;
    bool const is_number = field.type == Type::int64 || field.type == Type::uint64;
    return is_number && is_named(field.name, {"id", "version", "revision"}) ? 1 : 0;
}

Json tracking_of(Schema const& schema) {
    std::vector<Field const*> found;
    for (Field const& field : schema)
        if (rank_of(field) > 0) found.push_back(&field);
    std::ranges::stable_sort(found, std::ranges::greater{},
                             [](Field const* field) { return rank_of(*field); });
    Json out = Json::array();
    for (Field const* field : found) {
        Json notes = Json::array();
        if (rank_of(*field) == 1) notes.push_back("sees new rows only, no updates");
        out.push_back({{"field", field->name}, {"type", field->source_type}, {"notes", notes}});
    }
    return out;
}

Json cursors_of(Schema const& schema) {
    Json out = Json::object();
    for (Field const& field : schema)
        if (is_time(field))
            out[field.name] = {
                {"kind", "timestamp"}, {"updates", rank_of(field) == 3}, {"indexed", false}};
    return out;
}

}  // namespace

bool is_wanted(std::string_view pattern, std::string const& name) {
    if (pattern.empty()) return true;
    bool const is_quoted = pattern.find('"') != pattern.npos;
    return is_quoted ? pattern == name : pattern == name || matches(pattern, name);
}

Stream stream_of(Dialect const& dialect, Table const& table, std::string const& name) {
    Stream out;
    out.name = name;
    out.modes = WEIR_READ_FULL | WEIR_READ_DELTA;
    Json fields = Json::array();
    for (TableColumn const& column : table.columns) {
        out.schema.push_back(read_column(dialect, column).field);
        fields.push_back(
            {{"name", column.name}, {"type", column.type}, {"nullable", column.nullable}});
    }
    Json caveats = Json::array(
        {"a delta does not see deleted rows, nor updates that leave the cursor field alone",
         "a row dated in the future comes again with each delta until then"});
    if (table.keys.empty())
        caveats.push_back(table.is_view
                              ? "a view has no key of its own: name one with --key"
                              : "no unique key: it is read in one pass and shows at its end");
    out.meta = {{"target", table.name},
                {"keys", table.keys},
                {"fields", fields},
                {"tracking", tracking_of(out.schema)},
                {"cursors", cursors_of(out.schema)},
                {"caveats", caveats}};
    return out;
}

}  // namespace weir::adbc
