#include "newer.hpp"

#include <algorithm>
#include <compare>
#include <optional>
#include <string_view>

#include "names.hpp"

namespace weir::sqlite {
namespace {

/// Digits as the sink keeps them: text, so that none is lost.
struct Decimal {
    bool is_negative = false;
    std::string_view whole, fraction;

    /// Nothing: NaN, an infinity, or no number.
    static std::optional<Decimal> parse(std::string_view text) {
        Decimal out;
        out.is_negative = text.starts_with('-');
        if (out.is_negative) text.remove_prefix(1);
        std::size_t const point = std::min(text.find('.'), text.size());
        out.whole = text.substr(0, point);
        out.fraction = text.substr(std::min(point + 1, text.size()));
        if (out.whole.empty()) return std::nullopt;
        for (std::string_view const digits : {out.whole, out.fraction})
            if (digits.find_first_not_of("0123456789") != digits.npos) return std::nullopt;
        out.whole.remove_prefix(std::min(out.whole.find_first_not_of('0'), out.whole.size()));
        out.fraction = out.fraction.substr(0, out.fraction.find_last_not_of('0') + 1);
        if (out.whole.empty() && out.fraction.empty()) out.is_negative = false;
        return out;
    }

    std::strong_ordering operator<=>(Decimal const& other) const {
        if (is_negative != other.is_negative)
            return is_negative ? std::strong_ordering::less : std::strong_ordering::greater;
        std::strong_ordering size = whole.size() <=> other.whole.size();
        if (size == 0) size = whole <=> other.whole;
        if (size == 0) size = fraction <=> other.fraction;
        return is_negative ? 0 <=> size : size;
    }
};

std::string_view bytes_of(sqlite3_value* value) {
    auto const* const data = static_cast<char const*>(sqlite3_value_blob(value));
    return {data ? data : "", static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

bool is_greater_text(std::string_view there, std::string_view here, bool is_decimal) {
    if (is_decimal) {
        auto const one = Decimal::parse(there), other = Decimal::parse(here);
        if (one && other) return *one > *other;
    }
    return there > here;
}

bool is_number(sqlite3_value* value) {
    int const type = sqlite3_value_type(value);
    return type == SQLITE_INTEGER || type == SQLITE_FLOAT;
}

void is_newer(sqlite3_context* out, int, sqlite3_value** values) {
    sqlite3_value *const there = values[0], *const here = values[1];
    bool newer = false;
    if (sqlite3_value_type(there) == SQLITE_NULL || sqlite3_value_type(here) == SQLITE_NULL)
        newer = false;
    else if (sqlite3_value_type(there) == SQLITE_INTEGER &&
             sqlite3_value_type(here) == SQLITE_INTEGER)
        newer = sqlite3_value_int64(there) > sqlite3_value_int64(here);
    else if (is_number(there) && is_number(here))
        newer = sqlite3_value_double(there) > sqlite3_value_double(here);
    else if (is_number(there) == is_number(here))
        newer = is_greater_text(bytes_of(there), bytes_of(here), sqlite3_value_int(values[2]) != 0);
    else
        newer = is_number(here);  // as SQLite sorts: numbers before text
    sqlite3_result_int(out, newer);
}

}  // namespace

std::string is_newer_sql(Version const& version, std::string const& there,
                         std::string const& here) {
    return "_weir_is_newer(" + there + ", " + here + (version.is_decimal ? ", 1)" : ", 0)");
}

std::string newer_sql(Fit const& fit, BatchTable const& batch) {
    auto const column = [&](std::size_t at) { return "t." + as_name(fit.landings[at].column); };
    auto const value = [](std::size_t at) { return std::string{"b."} + "c" + std::to_string(at); };
    std::string same_key;
    for (std::size_t const at : fit.key)
        same_key += (same_key.empty() ? "" : " AND ") + column(at) + " = " + value(at);
    std::size_t const at = fit.version.value().at;
    return "SELECT b.rowid, CAST(" + column(at) + " AS TEXT) FROM " + as_name(batch.name()) +
           " AS b CROSS JOIN main." + as_name(fit.table) + " AS t ON " + same_key + " WHERE " +
           is_newer_sql(*fit.version, column(at), value(at));
}

std::string superseded_sql(Fit const& fit, BatchTable const& batch) {
    std::string key, shared, same, columns = "b.rowid AS n";
    for (std::size_t const at : fit.key) {
        std::string const name = "c" + std::to_string(at);
        key += (key.empty() ? "" : ", ") + name;
        shared += (shared.empty() ? "" : " AND ") + ("b." + name + " = d." + name);
        same += "o." + name + " = a." + name + " AND ";
        columns += ", b." + name;
    }
    std::string beats = "o.n > a.n";
    if (fit.version) {
        std::string const name = ".c" + std::to_string(fit.version->at);
        beats = is_newer_sql(*fit.version, "o" + name, "a" + name) + " OR (" + beats +
                " AND NOT " + is_newer_sql(*fit.version, "a" + name, "o" + name) + ")";
        columns += ", b" + name;
    }
    std::string const from = as_name(batch.name());
    return "WITH shared AS MATERIALIZED (SELECT " + columns + " FROM " + from +
           " AS b JOIN (SELECT " + key + " FROM " + from + " GROUP BY " + key +
           " HAVING count(*) > 1) AS d ON " + shared + ") SELECT DISTINCT a.n FROM shared AS a "
           "JOIN shared AS o ON " + same + "(" + beats + ") ORDER BY 1";
}

void define_is_newer(Database& db) {
    int const how = SQLITE_UTF8 | SQLITE_DETERMINISTIC;
    int const rc = sqlite3_create_function_v2(db.raw(), "_weir_is_newer", 3, how, nullptr, is_newer,
                                              nullptr, nullptr, nullptr);
    if (rc != SQLITE_OK) throw db.error(rc);
}

}  // namespace weir::sqlite
