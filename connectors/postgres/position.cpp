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

Json mark_json(Mark const& mark) {
    return {{"mark", mark.at},
            {"fence", mark.fence},
            {"boot", mark.boot},
            {"clock", mark.clock_us}};
}

Mark mark_of(Json const& json) {
    return {json.at("mark").get<Position>(), json.at("fence").get<std::vector<std::string>>(),
            json.at("boot").get<std::string>(), json.at("clock").get<std::int64_t>()};
}

Json scan_json(Scan const& scan, bool tracked) {
    Json out{{"by", scan.by_key ? "key" : "tracking"}, {"at", position_json(scan.at)}};
    if (!tracked) return out;
    out["from"] = position_json(scan.from);
    out["mark"] = position_json(scan.mark);
    out["xmin"] = scan.xmin;
    out["parts"] = scan.parts;
    return out;
}

Scan scan_of(Json const& json) {
    return {json.value("by", "key") == "key", position_of(json.value("from", Json{})),
            position_of(json.at("at")), position_of(json.value("mark", Json{})),
            json.value("xmin", ""), json.value("parts", "")};
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

[[noreturn]] void mismatch(std::string const& stream, std::string const& part,
                           char const* way = "--mode full") {
    throw Error{WEIR_E_CONFLICT, "the stored position of " + stream + " is one in " + part +
                                     ": copy it with --mode full to start anew"}
        .coded("source.cursor_mismatch")
        .suggest(way);
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
    if (scan) out["scan"] = scan_json(*scan, tracked);
    if (tracked) {
        out["settled"] = position_json(settled);
        out["pending"] = Json::array();
        for (Mark const& mark : pending) out["pending"].push_back(mark_json(mark));
        out["xmin"] = xmin.empty() ? Json{} : Json(xmin);
        out["clock"] = clock_us;
        out["parts"] = parts;
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
        if (Json const& scan = json.at("scan"); !scan.is_null()) cursor.scan = scan_of(scan);
        for (Json const& mark : json.value("pending", Json::array()))
            cursor.pending.push_back(mark_of(mark));
        cursor.clock_us = json.value("clock", std::int64_t{0});
        cursor.parts = json.value("parts", "");
        if (json.contains("xmin") && json["xmin"].is_string()) cursor.xmin = json["xmin"];
        // Earlier versions kept that of the scan there.
        if (cursor.scan && cursor.scan->xmin.empty()) std::swap(cursor.scan->xmin, cursor.xmin);
        return cursor;
    } catch (Json::exception const&) {
        throw Error{WEIR_E_CONFLICT,
                    "the stored position is not one of this connector: copy with --mode full"}
            .coded("source.cursor_unreadable")
            .suggest("--mode full");
    }
}

namespace {

/// By which the records are sorted: another one puts others behind a place.
Json collations_of(Table const& table, SourceField const* tracking,
                   std::vector<std::string> const& key) {
    Json collations = Json::array();
    if (tracking && tracking->collation != 0) collations.push_back(tracking->collation);
    for (std::string const& name : key)
        if (SourceField const* const field = table.find(name); field && field->collation != 0)
            collations.push_back(field->collation);
    return collations;
}

}  // namespace

Json fingerprint(Table const& table, SourceField const* tracking,
                 std::vector<std::string> const& key,
                 std::optional<std::vector<std::string>> const& fields) {
    // A view that is made again is the same; a table that is made again has other rows.
    bool const stored = table.kind == 'r' || table.kind == 'p' || table.kind == 'm';
    std::string const apart{table.is_alone ? alone_prefix : ""};
    Json out{{"table", apart + table.stream()},
             {"oid", stored ? Json(table.oid) : Json{}},
             {"tracking", tracking ? Json(tracking->name) : Json{}},
             {"type", tracking ? Json(tracking->type.literal) : Json{}},
             {"key", key},
             {"fields", fields ? Json(hash_of(*fields)) : Json("*")}};
    if (Json collations = collations_of(table, tracking, key); !collations.empty())
        out["collations"] = std::move(collations);
    return out;
}

bool is_made_anew(Cursor const& cursor, Json const& now) {
    if (!cursor.fingerprint.is_object()) return false;
    Json const then = cursor.fingerprint.value("oid", Json{}), today = now.value("oid", Json{});
    return then.is_number() && today.is_number() && then != today &&
           cursor.fingerprint.value("table", Json{}) == now.value("table", Json{});
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
                        " comes from another server, or from before a restore or failover: what is "
                        "there now may lack records that were copied"}
            .coded("source.replaced")
            .suggest("--mode full, then --mode reconcile");
    if (differs(cursor.origin.database, origin.database))
        throw Error{WEIR_E_CONFLICT,
                    "the stored position of " + stream + " comes from the database \"" +
                        *cursor.origin.database + "\", not \"" + *origin.database +
                        "\""}
            .coded("source.replaced")
            .suggest("--mode full, then --mode reconcile");
    for (auto const& [part, value] : now.items()) {
        Json const then =
            cursor.fingerprint.is_object() ? cursor.fingerprint.value(part, Json{}) : Json{};
        if (then == value) continue;
        if (part == "collations" && then.is_null()) continue;  // of an earlier version
        if (part == "collations") mismatch(stream, "another order of texts");
        if (part == "oid")
            mismatch(stream, "a table of that name that was replaced since",
                     "--mode full, then --mode reconcile");
        if (part == "fields") mismatch(stream, "another selection of fields");
        if (part == "type") mismatch(stream, "a tracking field of type " + shown(then));
        mismatch(stream, "another " + std::string{part == "tracking" ? "tracking field" : part} +
                             " (" + shown(then) + ", now " + shown(value) + ")");
    }
}

}  // namespace weir::postgres
