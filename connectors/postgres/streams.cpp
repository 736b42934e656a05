#include "streams.hpp"

#include <algorithm>
#include <set>

#include "method.hpp"
#include "tracking.hpp"

namespace weir::postgres {
namespace {

Json caveats_of(Table const& table, Settings const& settings,
                std::vector<std::vector<std::string>> const& keys, Json const& cursors) {
    Json out = Json::array();
    if (!table.readable || !table.schema_usable)
        out.push_back(
            "not readable by \"" + settings.user() + "\": " +
            privilege_failure(settings, table.subject(), !table.schema_usable, {}).suggestion);
    if (table.row_security)
        out.push_back("row security hides rows from \"" + settings.user() +
                      "\": reading it is refused");
    out.push_back("polling sees no deletes: --mode reconcile finds them");
    bool const has_times = std::ranges::any_of(cursors, [](Json const& each) {
        return each.is_object() && each["kind"] == "timestamp";
    });
    if (has_times)
        out.push_back("a row dated in the future waits for that time where rows are appended");
    if (table.kind == 'v') out.push_back("a view: name a unique key to make its read resumable");
    if (table.kind == 'f')
        out.push_back(
            "a foreign table: its writers are not visible here, and its order is that of "
            "another server");
    if (table.has_children)
        out.push_back("it has child tables, whose rows are read with it: no key holds for all");
    if (table.subscribed)
        out.push_back("written by a subscription: its times are those of another server");
    std::set<std::string> named;
    for (auto const& key : keys)
        for (std::string const& name : key)
            if (std::string const note = key_note(*table.find(name));
                !note.empty() && named.insert(name).second)
                out.push_back(note);
    return out;
}

Json references_of(Table const& table) {
    Json out = Json::array();
    for (Reference const& each : table.references) {
        bool const nullable = std::ranges::any_of(each.fields, [&](std::string const& name) {
            return table.find(name)->nullable;
        });
        out.push_back({{"fields", each.fields}, {"stream", each.stream}, {"nullable", nullable}});
    }
    return out;
}

}  // namespace

Stream stream_of(Table const& table, Settings const& settings) {
    Stream stream;
    stream.name = table.stream();
    stream.modes = WEIR_READ_FULL | WEIR_READ_DELTA;
    Json fields = Json::array(), tracking = Json::array();
    for (SourceField const& field : table.fields) {
        stream.schema.push_back(field.field());
        fields.push_back(
            {{"name", field.name}, {"type", field.type_text}, {"nullable", field.nullable}});
    }
    for (Candidate const& candidate : candidates_of(table)) {
        Rule const rule = rule_of(table, *candidate.field, {});
        std::vector<std::string> notes = candidate.notes;
        notes.push_back(rule.refusal.empty() ? "guarantee: " + rule.guarantee : "refused");
        tracking.push_back({{"field", candidate.field->name},
                            {"type", candidate.field->type_text},
                            {"notes", notes}});
    }
    auto const keys = keys_of(table);
    Json const cursors = cursors_of(table);
    stream.meta = {{"target", table.name},
                   {"schema", table.schema},
                   {"keys", keys},
                   {"fields", std::move(fields)},
                   {"tracking", std::move(tracking)},
                   {"cursors", cursors},
                   {"references", references_of(table)},
                   {"caveats", caveats_of(table, settings, keys, cursors)}};
    if (table.rows) stream.meta["rows"] = *table.rows;
    return stream;
}

}  // namespace weir::postgres
