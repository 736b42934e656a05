#include "position.hpp"

#include <charconv>
#include <cstdlib>
#include <weir/cpp/utf8.hpp>

#include "names.hpp"

namespace weir::sqlite {
namespace {

constexpr std::int64_t exact_max = std::int64_t{1} << 53;  // JSON readers keep these as they are

template <class Number>
std::string digits(Number value) {
    char text[64];
    return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

Json json_of(std::optional<Position> const& position) {
    if (!position) return {};
    Json list = Json::array();
    for (Value const& value : *position) list.push_back(value.to_json());
    return list;
}

/// False: neither null nor a position of that size.
bool read(Json const& json, std::size_t size, std::optional<Position>& into) {
    if (json.is_null()) return true;
    if (!json.is_array() || json.size() != size) return false;
    into.emplace();
    for (Json const& item : json) {
        std::optional<Value> value = Value::from_json(item);
        if (!value) return false;
        into->push_back(std::move(*value));
    }
    return true;
}

}  // namespace

Value Value::of(Statement const& row, int column) {
    Value value;
    value.take(row, column);
    return value;
}

void Value::take(Statement const& row, int column) {
    type = row.type(column);
    integer = type == SQLITE_INTEGER ? row.integer(column) : 0;
    real = type == SQLITE_FLOAT ? row.real(column) : 0;
    if (type == SQLITE_TEXT || type == SQLITE_BLOB)
        bytes.assign(row.bytes(column));
    else
        bytes.clear();
}

void Value::bind(Statement& statement, int at) const {
    switch (type) {
        case SQLITE_INTEGER: statement.bind(at, integer); break;
        case SQLITE_FLOAT: statement.bind(at, real); break;
        case SQLITE_TEXT: statement.bind(at, std::string_view{bytes}); break;
        case SQLITE_BLOB: statement.bind_blob(at, bytes); break;
        default: statement.bind_null(at);
    }
}

Json Value::to_json() const {
    switch (type) {
        case SQLITE_INTEGER:
            if (integer >= -exact_max && integer <= exact_max) return integer;
            return {{"integer", digits(integer)}};
        case SQLITE_FLOAT: return {{"real", digits(real)}};
        case SQLITE_TEXT: return is_utf8(bytes) ? Json(bytes) : Json{{"text", hex(bytes)}};
        case SQLITE_BLOB: return {{"blob", hex(bytes)}};
        default: return {};
    }
}

std::optional<Value> Value::from_json(Json const& json) {
    Value value;
    if (json.is_null()) return value;
    if (json.is_string()) {
        value.type = SQLITE_TEXT;
        value.bytes = json.get<std::string>();
        return value;
    }
    if (json.is_number_integer()) {
        value.type = SQLITE_INTEGER;
        value.integer = json.get<std::int64_t>();
        return value;
    }
    if (!json.is_object() || json.size() != 1 || !json.begin()->is_string()) return std::nullopt;
    std::string const kind = json.begin().key(), text = json.begin()->get<std::string>();
    char const *const from = text.data(), *const end = from + text.size();
    if (kind == "integer") {
        value.type = SQLITE_INTEGER;
        auto const [at, wrong] = std::from_chars(from, end, value.integer);
        if (wrong != std::errc{} || at != end) return std::nullopt;
    } else if (kind == "real") {
        value.type = SQLITE_FLOAT;
        auto const [at, wrong] = std::from_chars(from, end, value.real);
        if (wrong != std::errc{} || at != end) return std::nullopt;
    } else if (kind == "text" || kind == "blob") {
        value.type = kind == "text" ? SQLITE_TEXT : SQLITE_BLOB;
        if (!unhex(text, value.bytes)) return std::nullopt;
    } else {
        return std::nullopt;
    }
    return value;
}

std::string Cursor::dump() const {
    Json under_way;
    if (scan) under_way = {{"by", "key"}, {"at", json_of(scan->at)}, {"mark", json_of(scan->mark)}};
    return Json{{"fp", fingerprint},
                {"settled", json_of(settled)},
                {"pending", Json::array()},
                {"scan", under_way}}
        .dump();
}

std::optional<Cursor> Cursor::parse(std::string_view text, std::size_t tracking_size,
                                    std::size_t key_size) {
    Json const json = Json::parse(text, nullptr, false);
    if (!json.is_object() || !json.contains("fp") || !json["fp"].is_string() ||
        !json.contains("settled") || !json.contains("scan"))
        return std::nullopt;
    Cursor cursor;
    cursor.fingerprint = json["fp"].get<std::string>();
    if (!read(json["settled"], tracking_size + key_size, cursor.settled)) return std::nullopt;
    Json const& scan = json["scan"];
    if (scan.is_null()) return cursor;
    std::optional<Position> at, mark;
    if (!scan.is_object() || !scan.contains("at") || !read(scan["at"], key_size, at) || !at ||
        !scan.contains("mark") || !read(scan["mark"], tracking_size + key_size, mark))
        return std::nullopt;
    cursor.scan = Scan{std::move(*at), std::move(mark)};
    return cursor;
}

}  // namespace weir::sqlite
