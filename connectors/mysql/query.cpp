#include "query.hpp"

#include <algorithm>

namespace weir::mysql {
namespace {

using Fields = std::vector<SourceField const*>;

std::string column(SourceField const& field) { return "t." + identifier(field.name); }

/// What is sent of a field of the order.
std::string sent_as(SourceField const& field) {
    return is_listed(field.type) ? "CAST(" + column(field) + " AS UNSIGNED)" : column(field);
}

Form place_form(SourceField const& field) {
    return is_listed(field.type) ? Form::number : form_of(field.type);
}

Fields with_key(SourceField const* tracking, Fields const& key) {
    Fields out{tracking};
    for (SourceField const* field : key)
        if (field != tracking) out.push_back(field);
    return out;
}

std::string list(Fields const& fields, char const* behind = "") {
    std::string out;
    for (SourceField const* field : fields)
        out += (out.empty() ? "" : ", ") + column(*field) + behind;
    return out;
}

/// Positions come from the sink, where others may write: nothing but a value gets into SQL.
std::string only(std::string_view text, std::string_view allowed) {
    if (text.empty() || text.find_first_not_of(allowed) != text.npos) throw unreadable_cursor();
    return std::string{text};
}

std::string value_sql(SourceField const& field, std::string const& value) {
    switch (place_form(field)) {
        case Form::integer:
        case Form::number:
        case Form::bits: return only(value, "-0123456789");
        case Form::decimal:
        case Form::digits: return only(value, "-.0123456789");
        case Form::float32:
        case Form::float64: {
            std::string const number = only(value, "-+.e0123456789");
            // Else it would be a decimal, and compared as one.
            return number.find('e') == number.npos ? number + "e0" : number;
        }
        case Form::date:
        case Form::time:
        case Form::timestamp:
        case Form::instant: return "'" + only(value, "-:. 0123456789") + "'";
        case Form::binary:
            return "x'" + (value.empty() ? value : only(value, "0123456789abcdef")) + "'";
        default: return text_literal(value);
    }
}

/// What a sink printed, as positions have it.
std::string printed_here(SourceField const& field, std::string text) {
    switch (place_form(field)) {
        case Form::timestamp:
        case Form::instant:
            if (std::size_t const at = text.find('T'); at != text.npos) text[at] = ' ';
            if (text.ends_with('Z')) text.pop_back();
            return text;
        case Form::binary: return text.starts_with("\\x") ? text.substr(2) : text;
        default: return text;
    }
}

/// Rows behind `with`. In this form the server reads a range of the index; for a row value it reads
/// and sorts the whole table.
std::string behind(Fields const& fields, Position const& with, std::size_t from = 0) {
    std::string const name = column(*fields[from]);
    std::string const value = value_sql(*fields[from], with[from]);
    std::string const greater = name + " > " + value;
    if (from + 1 == fields.size()) return greater;
    std::string const rest =
        greater + " OR (" + name + " = " + value + " AND (" + behind(fields, with, from + 1) + "))";
    return from == 0 ? name + " >= " + value + " AND (" + rest + ")" : rest;
}

void check_size(Fields const& fields, Position const& position) {
    if (fields.size() != position.size())
        throw Error{WEIR_E_CONFLICT,
                    "the stored position has another number of values than the key"}
            .coded("source.cursor_mismatch");
}

}  // namespace

Fields Query::ordered_by() const {
    if (order == Order::none) return {};
    return order == Order::key ? key : with_key(tracking, key);
}

std::vector<Place> Query::places() const {
    std::vector<Place> out;
    std::size_t next = fields.size();
    for (SourceField const* field : ordered_by()) {
        auto const at = std::ranges::find(fields, field);
        bool const is_there = at != fields.end() && !is_listed(field->type);
        out.push_back({field, place_form(*field),
                       is_there ? static_cast<std::size_t>(at - fields.begin()) : next++});
    }
    return out;
}

std::size_t Query::sent() const {
    std::size_t count = fields.size();
    for (Place const& place : places()) count = std::max(count, place.column + 1);
    return count + (weighing ? 1 : 0);
}

std::string Query::sql() const {
    Fields const by = ordered_by();
    std::string sent;
    for (SourceField const* field : fields)
        sent += (sent.empty() ? " " : ", ") +
                (weighing ? weighing->sent_as(*field) : column(*field));
    std::string sql = "SELECT" + (by_weir + sent);
    for (Place const& place : places())
        if (place.column >= fields.size()) sql += ", " + sent_as(*place.field);
    if (weighing) sql += ", " + weighing->sizes_sql();
    sql += " FROM " + table->sql() + " AS t";
    std::string where;
    auto require = [&where](std::string const& condition) {
        if (!condition.empty()) where += (where.empty() ? " WHERE " : " AND ") + condition;
    };
    if (after && !after->empty()) {
        check_size(by, *after);
        require(behind(by, *after));
    }
    if (order == Order::tracking && (!after || after->empty()))
        require(column(*tracking) + " IS NOT NULL");
    if (is_bounded) require(bound_sql());
    if (!keys.empty()) require(among_sql());
    sql += where;
    // Nulls come first, as tracking_and_null wants them.
    if (!by.empty()) sql += " ORDER BY " + list(by);
    if (limit != INT64_MAX && !limits_ties()) sql += " LIMIT " + std::to_string(limit);
    return sql;
}

std::string Query::bound_sql() const {
    std::string const null = tracking_sql() + " IS NULL";
    if (!upto) return null;
    Fields const by = with_key(tracking, key);
    check_size(by, *upto);
    // The first part is what the server can take from the index.
    std::string const within = tracking_sql() + " <= " + value_sql(*tracking, upto->front()) +
                               " AND NOT (" + behind(by, *upto) + ")";
    return order == Order::tracking ? within : "(" + null + " OR (" + within + "))";
}

std::string Query::among_sql() const {
    std::string wanted;
    for (std::vector<std::string> const& each : keys) {
        check_size(key, each);
        std::string row;
        for (std::size_t i = 0; i < key.size(); ++i)
            row += (i ? ", " : "") + value_sql(*key[i], printed_here(*key[i], each[i]));
        wanted += (wanted.empty() ? "(" : ", (") + row + ")";
    }
    return "(" + list(key) + ") IN (" + wanted + ")";
}

std::string Query::tracking_sql() const { return column(*tracking); }

std::vector<Place> Query::mark_places(std::size_t before) const {
    std::vector<Place> out;
    for (SourceField const* field : with_key(tracking, key))
        out.push_back({field, place_form(*field), before + out.size()});
    return out;
}

std::string Query::last_sql(std::string const& within,
                            std::vector<std::string> const& flags) const {
    std::string sent;
    auto const send = [&sent](std::string const& what) {
        sent += (sent.empty() ? " " : ", ") + what;
    };
    for (std::string const& flag : flags) send("IF(" + flag + ", '1', '0')");
    for (Place const& place : mark_places(flags.size())) send(sent_as(*place.field));
    return "SELECT" + (by_weir + sent) + " FROM " + table->sql() + " AS t WHERE " +
           tracking_sql() + " IS NOT NULL" + (within.empty() ? "" : " AND " + within) +
           " ORDER BY " + list(with_key(tracking, key), " DESC") + " LIMIT 1";
}

std::string Query::before_sql(std::optional<Position> const& position) const {
    if (!position || position->empty()) return "FALSE";
    Fields const by = with_key(tracking, key);
    check_size(by, *position);
    // Not behind it, and not the row itself.
    std::string same;
    for (std::size_t i = 0; i < by.size(); ++i)
        same += (i ? " AND " : "") + column(*by[i]) + " = " + value_sql(*by[i], (*position)[i]);
    return "NOT (" + behind(by, *position) + ") AND NOT (" + same + ")";
}

std::string Query::exists_sql(std::string const& condition) const {
    return "SELECT" + std::string{by_weir} + " 1 FROM " + table->sql() + " AS t WHERE " +
           condition + " LIMIT 1";
}

std::string Query::locking_sql(int rows) const {
    return "SELECT" + std::string{by_weir} + " COUNT(*) FROM (SELECT " + tracking_sql() +
           " FROM " + table->sql() + " AS t ORDER BY " + tracking_sql() + " DESC LIMIT " +
           std::to_string(rows) + " LOCK IN SHARE MODE) AS newest";
}

}  // namespace weir::mysql
