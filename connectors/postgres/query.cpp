#include "query.hpp"

#include <algorithm>

#include "native.hpp"

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
    std::string sql = "COPY (SELECT " + list(sent()) + " FROM " + table->sql() + " AS t";
    std::string where;
    auto require = [&where](std::string const& condition) {
        if (!condition.empty()) where += (where.empty() ? " WHERE " : " AND ") + condition;
    };
    if (after && !after->empty()) require(compared(by, " > ", *after));
    if (order == Order::tracking && (!after || after->empty()))
        require(column(*tracking) + " IS NOT NULL");
    require(also);
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

std::string Query::settled_by(std::optional<Position> const& mark) const {
    std::string const without = column(*tracking) + " IS NULL";
    if (!mark) return without;
    return "(" + without + " OR " + compared(with_key(tracking, key), " <= ", *mark) + ")";
}

std::string Query::probe_sql(Horizon const& horizon) const {
    Fields const by = with_key(tracking, key);
    std::string const within = horizon.condition(column(*tracking));
    return "SELECT " + list(by) + " FROM " + table->sql() + " AS t WHERE " + column(*tracking) +
           " IS NOT NULL" + (within.empty() ? "" : " AND " + within) + " ORDER BY " +
           list(by, " DESC") + " LIMIT 1";
}

}  // namespace weir::postgres
