#include "position.hpp"

#include <weir/cpp/json.hpp>

namespace weir::adbc {
namespace {

[[noreturn]] void mismatch() {
    throw Error{WEIR_E_CONFLICT,
                "the stored position is of another table, key, tracking field or choice of fields: "
                "read everything from the beginning with --mode full"}
        .coded("source.cursor_mismatch");
}

}  // namespace

std::string cursor_of(std::string const& of, Position const& at) {
    std::string list;
    for (Value const& value : at) list += (list.empty() ? "" : ",") + value.to_json();
    return "{\"of\":" + Json(of).dump(-1, ' ', false, Json::error_handler_t::replace) +
           ",\"at\":[" + list + "]}";
}

Position position_of(std::string_view cursor, std::string const& of,
                     std::vector<Type> const& types) {
    Json const json = Json::parse(cursor, nullptr, false);
    if (!json.is_object() || !json.contains("of") || json["of"] != of || !json.contains("at") ||
        !json["at"].is_array() || json["at"].size() != types.size())
        mismatch();
    Position out;
    for (Json const& item : json["at"]) {
        std::optional<Value> value = Value::from_json(types[out.size()], item.dump());
        if (!value) mismatch();
        out.push_back(std::move(*value));
    }
    return out;
}

std::string behind(std::vector<std::string> const& columns, std::vector<std::string> const& casts,
                   Position const& at, std::vector<Value>& parameters) {
    std::string out, equal;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        bool const is_null = at[i].is_null;
        for (std::size_t j = 0; j < i; ++j)
            if (!at[j].is_null) parameters.push_back(at[j]);
        std::string const greater =
            is_null ? columns[i] + " IS NOT NULL" : columns[i] + " > " + casts[i];
        if (!is_null) parameters.push_back(at[i]);
        out += (i ? " OR (" : "(") + equal + greater + ")";
        equal += columns[i] + (is_null ? std::string{" IS NULL"} : " = " + casts[i]) + " AND ";
    }
    return "(" + out + ")";
}

}  // namespace weir::adbc
