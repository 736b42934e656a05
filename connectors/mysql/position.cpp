#include "position.hpp"

#include <algorithm>

namespace weir::mysql {
namespace {

template <class Value>
Json json_of(std::optional<Value> const& value) {
    return value ? Json(*value) : Json{};
}

template <class Value>
std::optional<Value> value_of(Json const& json) {
    if (json.is_null()) return std::nullopt;
    return json.get<Value>();
}

Json mark_json(Mark const& mark) {
    return {{"mark", mark.at},
            {"fence", mark.fence},
            {"boot", mark.boot_s},
            {"clock", mark.clock_us}};
}

Mark mark_of(Json const& json) {
    return {json.at("mark").get<Position>(), json.at("fence").get<std::vector<std::string>>(),
            json.at("boot").get<std::int64_t>(), json.at("clock").get<std::int64_t>()};
}

Json scan_json(Scan const& scan, bool tracked) {
    Json out{{"by", scan.by_key ? "key" : "tracking"}, {"at", json_of(scan.at)}};
    if (!tracked) return out;
    out["from"] = json_of(scan.from);
    out["mark"] = json_of(scan.mark);
    return out;
}

Scan scan_of(Json const& json) {
    return {json.value("by", "key") == "key", value_of<Position>(json.value("from", Json{})),
            value_of<Position>(json.at("at")), value_of<Position>(json.value("mark", Json{}))};
}

/// FNV-1a, 64 bits: stable over versions and machines.
std::string hash_of(std::vector<std::string> names) {
    std::ranges::sort(names);
    std::uint64_t hash = 0xcbf29ce484222325;
    for (std::string const& name : names)
        for (char const c : name + '\n')
            hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
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

Error unreadable_cursor() {
    return Error{WEIR_E_CONFLICT,
                 "the stored position is not one of this connector: copy with --mode full"}
        .coded("source.cursor_unreadable")
        .suggest("--mode full");
}

std::string Cursor::text() const {
    Json out{{"fp", fingerprint},
             {"src", {{"server", json_of(origin.server)}, {"domain", json_of(origin.domain)}}},
             {"scan", Json{}}};
    if (scan) out["scan"] = scan_json(*scan, tracked);
    if (tracked) {
        out["settled"] = json_of(settled);
        out["pending"] = Json::array();
        for (Mark const& mark : pending) out["pending"].push_back(mark_json(mark));
        out["clock"] = clock_us;
    }
    try {
        return out.dump();
    } catch (Json::exception const&) {
        throw Error{WEIR_E_DATA, "a key or tracking value is no UTF-8, so no position can be kept"}
            .coded("mysql.bad_text");
    }
}

Cursor Cursor::parse(std::string_view text) {
    try {
        Json const json = Json::parse(text);
        Cursor cursor;
        cursor.fingerprint = json.at("fp");
        cursor.origin.server = value_of<std::string>(json.at("src").at("server"));
        cursor.origin.domain = value_of<std::string>(json.at("src").at("domain"));
        cursor.tracked = json.contains("settled");
        if (cursor.tracked) cursor.settled = value_of<Position>(json["settled"]);
        if (Json const& scan = json.at("scan"); !scan.is_null()) cursor.scan = scan_of(scan);
        for (Json const& mark : json.value("pending", Json::array()))
            cursor.pending.push_back(mark_of(mark));
        cursor.clock_us = json.value("clock", std::int64_t{0});
        return cursor;
    } catch (Json::exception const&) {
        throw unreadable_cursor();
    }
}

Json fingerprint(Table const& table, SourceField const* tracking,
                 std::vector<std::string> const& key,
                 std::optional<std::vector<std::string>> const& fields) {
    return {{"table", table.stream()},
            {"tracking", tracking ? Json(tracking->name) : Json{}},
            {"type", tracking ? Json(tracking->type.name) : Json{}},
            {"key", key},
            {"fields", fields ? Json(hash_of(*fields)) : Json("*")}};
}

void check_cursor(Cursor const& cursor, Json const& now, Origin const& origin,
                  std::string const& stream) {
    auto const differs = [](auto const& then, auto const& today) {
        return then && today && *then != *today;
    };
    if (differs(cursor.origin.server, origin.server) ||
        differs(cursor.origin.domain, origin.domain))
        throw Error{WEIR_E_CONFLICT,
                    "the stored position of " + stream +
                        " comes from another server, or from before a failover: compare or copy it "
                        "again with --mode full"}
            .coded("source.replaced")
            .suggest("--mode full");
    for (auto const& [part, value] : now.items()) {
        Json const then =
            cursor.fingerprint.is_object() ? cursor.fingerprint.value(part, Json{}) : Json{};
        if (then == value) continue;
        if (part == "fields") mismatch(stream, "another selection of fields");
        if (part == "type") mismatch(stream, "a tracking field of type " + shown(then));
        mismatch(stream, "another " + std::string{part == "tracking" ? "tracking field" : part} +
                             " (" + shown(then) + ", now " + shown(value) + ")");
    }
}

}  // namespace weir::mysql
