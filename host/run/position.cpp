#include "host/run/position.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "host/run/parts.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;

/// The text member `name`, or nothing where it is missing or no text.
std::string text_of(Json const& json, char const* name) {
    return json.contains(name) && json[name].is_string() ? json[name].get<std::string>() : "";
}

std::vector<std::string> names_of(Json const& json, char const* name) {
    std::vector<std::string> names;
    if (json.contains(name) && json[name].is_array())
        for (Json const& each : json[name])
            if (each.is_string()) names.push_back(each.get<std::string>());
    return names;
}

/// A text or number of a cursor as a person would write it.
std::string plain(Json const& value) {
    if (value.is_array()) return value.empty() ? "" : plain(value.front());
    if (value.is_object()) return value.contains("v") ? plain(value["v"]) : "";
    if (value.is_null()) return "";
    return value.is_string() ? value.get<std::string>() : value.dump();
}

WriteMode write_mode(CopyRequest const& request, std::vector<std::string> const& key) {
    return request.write.value_or(key.empty() ? WriteMode::append : WriteMode::upsert);
}

bool same_names(std::vector<std::string> one, std::vector<std::string> other) {
    std::ranges::sort(one);
    std::ranges::sort(other);
    return one == other;
}

/// Rows that the target holds under the old key would stay beside those under the new one.
Error key_changed(std::string const& stream, std::vector<std::string> const& before,
                  std::vector<std::string> const& now) {
    std::string const old = fmt::format("{}", fmt::join(before, ", "));
    return Error{WEIR_E_CONFLICT, "copy.key_changed",
                 fmt::format("{} was copied by its key {}, now its key is {}: copy it into a new "
                             "target with --to, or name the key that the target has with --key",
                             stream, old, fmt::join(now, ", ")),
                 stream}
        .suggest("--to NAME");
}

/// Appending everything a second time would double it. Where nothing but this job's rows can be in
/// the target, they are replaced; otherwise a person decides.
Result<Start> read_again(CopyRequest const& request, Checkpoint const& checkpoint, Start start) {
    if (request.write || !checkpoint.owns_target) return needs_reset(start.note);
    start.selection.mode = ReadMode::full;
    start.selection.write = WriteMode::replace;
    start.note += ", in place of what was copied before";
    return start;
}

/// What the delta beside it selects stays what it was; a target that nobody knows yet is filled.
Result<Start> decide_reconcile(CopyRequest const& request, std::string const& stream,
                               std::vector<std::string> const& key,
                               std::optional<Checkpoint> const& checkpoint) {
    Start start;
    Selection& now = start.selection;
    if (checkpoint) now = checkpoint->selection;
    if (!checkpoint) now.write = WriteMode::upsert;
    if (request.key.empty() && !key.empty() && !now.key.empty() && !same_names(now.key, key))
        return key_changed(stream, now.key, key);
    now.key = !request.key.empty() ? request.key : !key.empty() ? key : now.key;
    if (!request.fields.empty()) now.fields = request.fields;
    if (!request.deleted_at.empty()) now.deleted_at = request.deleted_at;
    if (now.key.empty())
        return Error{WEIR_E_CONFIG, "reconcile.no_key",
                     fmt::format("{} has no key that is unique and never null, so nobody can tell "
                                 "which of its records are gone; name one with --key",
                                 stream)};
    if (request.write.value_or(WriteMode::upsert) != WriteMode::upsert || request.limit)
        return Error{WEIR_E_CONFIG, "copy.conflicting_options",
                     fmt::format("a reconcile compares all records by their key, so it cannot go "
                                 "with {}",
                                 request.limit ? "--limit" : "--write append or replace")};
    return start;
}

std::uint32_t abi_of(WriteMode mode) {
    switch (mode) {
        case WriteMode::append: return WEIR_WRITE_APPEND;
        case WriteMode::upsert: return WEIR_WRITE_UPSERT;
        case WriteMode::replace: return WEIR_WRITE_REPLACE;
    }
    return WEIR_WRITE_APPEND;
}

}  // namespace

Error needs_reset(std::string const& why) {
    return Error{WEIR_E_CONFLICT, "copy.needs_reset",
                 why + ", which would append every record a second time", "cursor"}
        .suggest("--write replace, or another target with --to");
}

Error would_empty() {
    return Error{WEIR_E_CONFLICT, "copy.replace_empty",
                 "the source is empty, so --write replace would empty the target; nothing was "
                 "changed"}
        .suggest("add --force if that is meant");
}

Result<void> check_mark(Selection const& selection, Task const& task) {
    std::string const& mark = selection.deleted_at;
    bool const is_selected =
        selection.fields.empty() || std::ranges::find(selection.fields, mark) !=
                                        selection.fields.end();
    nlohmann::json const fields = task.meta.value("fields", nlohmann::json::array());
    bool const is_field = std::ranges::any_of(fields, [&](nlohmann::json const& field) {
        return field.is_object() && field.value("name", "") == mark;
    });
    if (mark.empty() || !is_selected || !is_field) return {};
    return Error{WEIR_E_CONFIG, "copy.conflicting_options",
                 fmt::format("{} has a field \"{}\" of its own, so a column of that name cannot "
                             "say which rows of the target are deleted",
                             task.stream, mark),
                 "--deleted-at"}
        .suggest("name another column, or leave the field out with --fields");
}

std::string_view name_of(ReadMode mode) {
    switch (mode) {
        case ReadMode::full: return "full";
        case ReadMode::delta: return "delta";
        case ReadMode::reconcile: return "reconcile";
    }
    return "full";
}

std::string_view name_of(WriteMode mode) {
    switch (mode) {
        case WriteMode::append: return "append";
        case WriteMode::upsert: return "upsert";
        case WriteMode::replace: return "replace";
    }
    return "append";
}

TargetRequest target_of(Task const& task) {
    TargetRequest target{task.target};
    if (!task.surroundings.empty()) target.spec["structure"] = task.surroundings;
    return target;
}

TargetRequest target_of(Task const& task, Selection const& selection) {
    TargetRequest target = target_of(task);
    bool const with_key = selection.write != WriteMode::append;
    target.write_mode = abi_of(selection.write);
    target.spec["key"] = with_key ? selection.key : std::vector<std::string>{};
    if (!selection.deleted_at.empty()) target.spec["deleted_at"] = selection.deleted_at;
    return target;
}

nlohmann::json to_json(Selection const& selection) {
    nlohmann::json json{{"mode", name_of(selection.mode)},
                        {"write", name_of(selection.write)},
                        {"tracking", selection.tracking},
                        {"key", selection.key},
                        {"fields", selection.fields}};
    if (!selection.deleted_at.empty()) json["deleted_at"] = selection.deleted_at;
    return json;
}

Selection selection_from(nlohmann::json const& json) {
    Selection out;
    if (!json.is_object()) return out;
    out.mode = text_of(json, "mode") == "delta" ? ReadMode::delta : ReadMode::full;
    std::string const write = text_of(json, "write");
    out.write = write == "upsert"    ? WriteMode::upsert
                : write == "replace" ? WriteMode::replace
                                     : WriteMode::append;
    out.tracking = text_of(json, "tracking");
    out.key = names_of(json, "key");
    out.fields = names_of(json, "fields");
    out.deleted_at = text_of(json, "deleted_at");
    return out;
}

std::optional<Checkpoint> parse_checkpoint(std::string const& text) {
    if (text.empty()) return std::nullopt;
    Json const json = Json::parse(text);
    Checkpoint checkpoint;
    Json const spec = json.contains("spec") && json["spec"].is_string()
                          ? Json::parse(json["spec"].get<std::string>(), nullptr, false)
                          : Json::object();
    checkpoint.selection = selection_from(spec);
    if (spec.is_object()) checkpoint.columns = names_of(spec, "columns");
    if (spec.is_object() && spec.contains("run")) checkpoint.run = run_note_from(spec["run"]);
    if (json.contains("cursor") && json["cursor"].is_string()) checkpoint.cursor = json["cursor"];
    checkpoint.owns_target = json.contains("owned") && json["owned"] == true;
    return checkpoint;
}

Result<Start> decide_start(CopyRequest const& request, std::string const& stream,
                           std::vector<std::string> const& key,
                           std::optional<Checkpoint> const& checkpoint) {
    if (request.mode == ReadMode::reconcile)
        return decide_reconcile(request, stream, key, checkpoint);
    Start start;
    Selection& now = start.selection;
    Selection const before = checkpoint ? checkpoint->selection : Selection{};
    now.key = request.key.empty() ? key : request.key;
    now.fields = request.fields;
    now.deleted_at = request.deleted_at.empty() ? before.deleted_at : request.deleted_at;
    now.write = write_mode(request, now.key);
    now.tracking = request.cursor.empty() ? before.tracking : request.cursor;
    if (now.write == WriteMode::replace && request.mode == ReadMode::delta)
        return Error{WEIR_E_CONFIG, "copy.conflicting_options",
                     "--write replace reads everything, so it cannot go with --mode delta"};
    if (now.write == WriteMode::upsert && now.key.empty())
        return Error{WEIR_E_CONFIG, "copy.no_key",
                     fmt::format("--write upsert needs a key, and {} has none that is unique and "
                                 "never null; name one with --key",
                                 stream)};
    if (request.mode == ReadMode::delta && now.tracking.empty())
        return Error{
            WEIR_E_CONFIG, "copy.no_cursor",
            fmt::format("--mode delta needs --cursor FIELD, and none is stored for {}", stream)};
    now.mode = request.mode.value_or(
        now.tracking.empty() || now.write == WriteMode::replace ? ReadMode::full : ReadMode::delta);
    if (!checkpoint) return start;

    if (request.key.empty() && now.write == WriteMode::upsert && before.write == now.write &&
        !same_names(before.key, now.key))
        return key_changed(stream, before.key, now.key);
    if (now.write == WriteMode::replace) {
        start.reset = true;
    } else if (now.mode == ReadMode::full) {
        // A full read goes on only behind one that was cut off; a delta's position is no place to
        // begin reading everything again.
        start.reset = before.mode != ReadMode::full || before.write == WriteMode::replace ||
                      before.tracking != now.tracking;
    } else if (before.tracking != now.tracking) {
        start.reset = true;
        start.note =
            before.tracking.empty()
                ? fmt::format(
                      "{} was copied without a cursor: reading it whole once, from now on "
                      "what changes by {}",
                      stream, now.tracking)
                : fmt::format("the cursor of {} was {}, now it is {}: reading it whole once",
                              stream, before.tracking, now.tracking);
        if (now.write == WriteMode::append) return read_again(request, *checkpoint, start);
    }
    return start;
}

std::string shown_cursor(std::string const& cursor) {
    Json const json = Json::parse(cursor, nullptr, false);
    if (!json.is_object()) return {};
    if (std::optional<Parts> const parts = parts_of(cursor))
        return fmt::format("{} of {} parts",
                           std::ranges::count(parts->list, true, &Part::is_done),
                           parts->list.size());
    for (char const* member : {"settled", "at"})
        if (json.contains(member) && !json[member].is_null()) return plain(json[member]);
    if (json.contains("scan") && json["scan"].is_object() && json["scan"].contains("at"))
        return plain(json["scan"]["at"]);
    return {};
}

}  // namespace weir::host
