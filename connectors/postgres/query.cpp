#include "query.hpp"

#include <algorithm>
#include <charconv>

#include "native.hpp"
#include "too_large.hpp"

namespace weir::postgres {
namespace {

using Fields = std::vector<SourceField const*>;

std::string column(SourceField const& field) { return "t." + identifier(field.name); }

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

/// Of a row that is too large only small values.
std::string measured_list(Fields const& sent, Fields const& by, std::size_t kept_bytes_max) {
    std::string out;
    for (std::size_t i = 0; i < sent.size(); ++i) {
        SourceField const* const field = sent[i];
        bool const stays =
            !is_wide(field->type) || std::find(by.begin(), by.end(), field) != by.end();
        std::string const size = "size.sizes[" + std::to_string(i + 1) + "]";
        out += out.empty() ? "" : ", ";
        out += stays ? column(*field)
                     : "CASE WHEN size.sizes IS NULL OR " + size + " <= " +
                           std::to_string(kept_bytes_max) + " THEN " + column(*field) + " END";
    }
    return out;
}

std::string values(Fields const& fields, Position const& position) {
    if (fields.size() != position.size())
        throw Error{WEIR_E_CONFLICT,
                    "the stored position has another number of values than the key"}
            .coded("source.cursor_mismatch");
    std::string out;
    for (std::size_t i = 0; i < fields.size(); ++i)
        out += (i ? ", " : "") + literal(position[i]) + "::" + fields[i]->type.literal;
    return out;
}

/// A row value, since `k1 >= x AND k2 >= y` loses rows of composite keys.
std::string compared(Fields const& fields, char const* how, Position const& with) {
    if (fields.size() == 1) return column(*fields[0]) + how + values(fields, with);
    return "(" + list(fields) + ")" + how + "(" + values(fields, with) + ")";
}

}  // namespace

Fields Query::ordered_by() const {
    if (order == Order::none) return {};
    return order == Order::key ? key : with_key(tracking, key);
}

Fields Query::sent() const {
    Fields out = fields;
    for (SourceField const* field : ordered_by())
        if (std::find(out.begin(), out.end(), field) == out.end()) out.push_back(field);
    return out;
}

bool Query::wants_native() const {
    std::size_t gaining = 0;
    for (SourceField const* field : fields) {
        if (!has_native(field->type)) return false;
        gaining += gains_from_native(field->type);
    }
    for (SourceField const* field : ordered_by())
        if (!has_native_text(field->type)) return false;
    // Measured: one such column in four saves a third of the time, one in eight costs a fifth.
    return gaining * 4 >= fields.size();
}

std::string Query::copy_sql() const {
    Fields const by = ordered_by();
    std::string sql = "COPY (SELECT ";
    if (is_measured)
        sql += measured_list(sent(), by, kept_bytes_max(row_bytes_max)) +
               ", size.sizes::pg_catalog.text FROM " + table->sql() +
               " AS t CROSS JOIN LATERAL " + sizes_sql(sent(), row_bytes_max) + " AS size";
    else
        sql += list(sent()) + " FROM " + table->sql() + " AS t";
    std::string where;
    auto require = [&where](std::string const& condition) {
        if (!condition.empty()) where += (where.empty() ? " WHERE " : " AND ") + condition;
    };
    require(range_sql());
    if (!keys.empty()) require(among_sql());
    if (is_bounded) require(bound_sql());
    if (!newer_than.empty()) require(newer_sql(newer_than));
    sql += where;
    if (!by.empty()) {
        sql += " ORDER BY " + column(*by[0]);
        if (order == Order::tracking_and_null) sql += " NULLS FIRST";
        for (std::size_t i = 1; i < by.size(); ++i) sql += ", " + column(*by[i]);
    }
    if (limit != INT64_MAX) {
        // Without a key rows of one tracking value cannot be told apart: all of them or none.
        bool const ties = order >= Order::tracking && key.empty();
        sql += " FETCH FIRST " + std::to_string(limit) + (ties ? " ROWS WITH TIES" : " ROWS ONLY");
    }
    return sql + (wants_native() ? ") TO STDOUT (FORMAT binary)" : ") TO STDOUT");
}

/// Where the read begins.
std::string Query::range_sql() const {
    bool const is_open = !after || after->empty();
    if (order == Order::tracking && and_null)
        return is_open ? std::string{}
                       : "(" + compared(ordered_by(), " > ", *after) + " OR " + tracking_sql() +
                             " IS NULL)";
    if (!is_open) return compared(ordered_by(), " > ", *after);
    bool const no_null = order == Order::tracking || (order == Order::tracking_and_null && after);
    return no_null ? tracking_sql() + " IS NOT NULL" : std::string{};
}

std::string Query::bound_sql() const {
    if (!tracking) return compared(key, " <= ", *upto);  // a part
    std::string const null = tracking_sql() + " IS NULL";
    if (!upto) return null;
    std::string const within = compared(with_key(tracking, key), " <= ", *upto);
    return order == Order::tracking ? within : "(" + null + " OR " + within + ")";
}

std::string Query::among_sql() const {
    std::string wanted;
    for (Position const& each : keys)
        wanted += (wanted.empty() ? "(" : ", (") + values(key, each) + ")";
    return "(" + list(key) + ") IN (VALUES " + wanted + ")";
}

std::string Query::tracking_sql() const { return column(*tracking); }

std::string Query::newer_sql(std::string const& xmin) {
    // The system column has 32 bits of it; whoever asks has seen that they tell enough.
    std::uint64_t number = 0;
    std::from_chars(xmin.data(), xmin.data() + xmin.size(), number);
    return "pg_catalog.age(t.xmin) <= pg_catalog.age('" +
           std::to_string(number & 0xffffffffu) + "'::pg_catalog.xid)";
}

std::string Query::last_sql(std::string const& within,
                            std::vector<std::string> const& flags) const {
    Fields const by = with_key(tracking, key);
    std::string asked;
    for (std::string const& flag : flags) asked += "(" + flag + "), ";
    return "SELECT " + asked + list(by) + " FROM " + table->sql() + " AS t WHERE " +
           tracking_sql() + " IS NOT NULL" + (within.empty() ? "" : " AND " + within) +
           " ORDER BY " + list(by, " DESC") + " LIMIT 1;";
}

std::string Query::before_sql(std::optional<Position> const& position) const {
    if (!position || position->empty()) return "false";
    return compared(with_key(tracking, key), " < ", *position);
}

std::string Query::reached_sql(Position const& position) const {
    return compared(with_key(tracking, key), " <= ", position);
}

std::string Query::exists_sql(std::string const& condition) const {
    return "SELECT EXISTS (SELECT FROM " + table->sql() + " AS t WHERE " + condition + ");";
}

}  // namespace weir::postgres
