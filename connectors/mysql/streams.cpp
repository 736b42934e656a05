#include "streams.hpp"

#include <algorithm>
#include <set>

#include "method.hpp"
#include "tracking.hpp"

namespace weir::mysql {
namespace {

Json caveats_of(Table const& table, Settings const& settings,
                std::vector<std::vector<std::string>> const& keys, Json const& cursors) {
    Json out = Json::array();
    if (!table.is_readable())
        out.push_back("not readable by \"" + settings.user() +
                      "\": " + grant_select(settings, table.subject()));
    out.push_back("polling sees no deletes: --mode reconcile finds them");
    bool const has_times = std::ranges::any_of(cursors, [](Json const& each) {
        return each.is_object() && each["kind"] == "timestamp";
    });
    if (has_times)
        out.push_back("a row dated in the future waits for that time where rows are appended");
    if (table.is_view)
        out.push_back("a view: name a unique key to make its read resumable");
    else if (table.engine != "InnoDB")
        out.push_back("its engine " + table.engine +
                      " has no snapshots: what is written during a read may be seen in part");
    std::set<std::string> named;
    for (auto const& key : keys)
        for (std::string const& name : key)
            if (std::string note = key_note(*table.find(name));
                !note.empty() && named.insert(name).second)
                out.push_back(std::move(note));
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
            {{"name", field.name}, {"type", field.type.text}, {"nullable", field.nullable}});
    }
    for (Candidate const& candidate : candidates_of(table)) {
        Rule const rule = rule_of(table, *candidate.field);
        std::vector<std::string> notes = candidate.notes;
        notes.push_back(rule.refusal.empty() ? "guarantee: " + rule.guarantee : "refused");
        tracking.push_back({{"field", candidate.field->name},
                            {"type", candidate.field->type.text},
                            {"notes", notes}});
    }
    auto const keys = keys_of(table);
    Json const cursors = cursors_of(table);
    stream.meta = {{"target", table.name},
                   {"keys", keys},
                   {"fields", std::move(fields)},
                   {"tracking", std::move(tracking)},
                   {"cursors", cursors},
                   {"caveats", caveats_of(table, settings, keys, cursors)}};
    if (table.rows) stream.meta["rows"] = *table.rows;
    return stream;
}

}  // namespace weir::mysql
