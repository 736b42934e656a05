#include "position.hpp"

#include <algorithm>

namespace weir::postgres {
namespace {

Json position_json(std::optional<Position> const& position) {
    return position ? Json(*position) : Json{};
}

std::optional<Position> position_of(Json const& json) {
    if (json.is_null()) return std::nullopt;
    return json.get<Position>();
}

/// FNV-1a, 64 bits: stable over versions and machines.
std::string hash_of(std::vector<std::string> names) {
    std::sort(names.begin(), names.end());
    std::uint64_t hash = 0xcbf29ce484222325;
    for (std::string const& name : names)
        for (char c : name + '\n') hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (int shift = 60; shift >= 0; shift -= 4) out += digits[(hash >> shift) & 15];
    return out;
}

[[noreturn]] void mismatch(std::string const& stream, std::string const& part) {
    throw Error{WEIR_E_CONFLICT, "the stored position of " + stream + " is one in " + part +
                                     ": copy it with --mode full to start anew"}
        .coded("source.cursor_mismatch")
        .suggest("--mode full");
}

std::string shown(Json const& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace

std::string Cursor::text() const {
    Json out{{"fp", fingerprint},
             {"src",
              {{"system", origin.system ? Json(*origin.system) : Json{}},
               {"timeline", origin.timeline ? Json(*origin.timeline) : Json{}},
              {"database", origin.database ? Json(*origin.database) : Json{}}}},
             {"scan", Json{}}};
    if (scan) {
        out["scan"] = {{"by", "key"}, {"at", scan->at}};
        if (tracked) out["scan"]["mark"] = position_json(scan->mark);
    }
    if (tracked) {
        out["settled"] = position_json(settled);
        out["pending"] = Json::array();
        out["xmin"] = xmin.empty() ? Json{} : Json(xmin);
    }
    try {
        return out.dump();
    } catch (Json::exception const&) {
        throw Error{WEIR_E_DATA, "a key or tracking value is no UTF-8, so no position can be kept"}
            .coded("postgres.bad_text");
    }
}

Cursor Cursor::parse(std::string_view text) {
    try {
        Json const json = Json::parse(text);
        Cursor cursor;
        cursor.fingerprint = json.at("fp");
        Json const& origin = json.at("src");
        if (!origin.at("system").is_null()) cursor.origin.system = origin["system"];
        if (!origin.at("timeline").is_null()) cursor.origin.timeline = origin["timeline"];
        if (Json const name = origin.value("database", Json{}); !name.is_null())
            cursor.origin.database = name;
        cursor.tracked = json.contains("settled");
        if (cursor.tracked) cursor.settled = position_of(json["settled"]);
        if (Json const& scan = json.at("scan"); !scan.is_null())
            cursor.scan =
                KeyScan{scan.at("at").get<Position>(), position_of(scan.value("mark", Json{}))};
        if (json.contains("xmin") && json["xmin"].is_string()) cursor.xmin = json["xmin"];
        return cursor;
    } catch (Json::exception const&) {
        throw Error{WEIR_E_CONFLICT,
                    "the stored position is not one of this connector: copy with --mode full"}
            .coded("source.cursor_unreadable")
            .suggest("--mode full");
    }
}

Json fingerprint(Table const& table, SourceField const* tracking,
                 std::vector<std::string> const& key,
                 std::optional<std::vector<std::string>> const& fields) {
    // A view that is made again is the same; a table that is made again has other rows.
    bool const stored = table.kind == 'r' || table.kind == 'p' || table.kind == 'm';
    return {{"table", table.stream()},
            {"oid", stored ? Json(table.oid) : Json{}},
            {"tracking", tracking ? Json(tracking->name) : Json{}},
            {"type", tracking ? Json(tracking->type.literal) : Json{}},
            {"key", key},
            {"fields", fields ? Json(hash_of(*fields)) : Json("*")}};
}

void check_cursor(Cursor const& cursor, Json const& now, Origin const& origin,
                  std::string const& stream) {
    auto const differs = [&](auto const& then, auto const& today) {
        return then && today && *then != *today;
    };
    if (differs(cursor.origin.system, origin.system) ||
        differs(cursor.origin.timeline, origin.timeline))
        throw Error{WEIR_E_CONFLICT,
                    "the stored position of " + stream +
                        " comes from another server, or from before a restore or failover: compare "
                        "or copy it again with --mode full"}
            .coded("source.replaced")
            .suggest("--mode full");
    if (differs(cursor.origin.database, origin.database))
        throw Error{WEIR_E_CONFLICT,
                    "the stored position of " + stream + " comes from the database \"" +
                        *cursor.origin.database + "\", not \"" + *origin.database +
                        "\": compare or copy it again with --mode full"}
            .coded("source.replaced")
            .suggest("--mode full");
    for (auto const& [part, value] : now.items()) {
        Json const then =
            cursor.fingerprint.is_object() ? cursor.fingerprint.value(part, Json{}) : Json{};
        if (then == value) continue;
        if (part == "oid") mismatch(stream, "a table of that name that was replaced since");
        if (part == "fields") mismatch(stream, "another selection of fields");
        if (part == "type") mismatch(stream, "a tracking field of type " + shown(then));
        mismatch(stream, "another " + std::string{part == "tracking" ? "tracking field" : part} +
                             " (" + shown(then) + ", now " + shown(value) + ")");
    }
}

}  // namespace weir::postgres
