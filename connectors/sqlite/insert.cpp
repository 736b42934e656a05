#include "insert.hpp"

#include <algorithm>
#include <cstring>

#include "names.hpp"
#include "newer.hpp"

namespace weir::sqlite {
namespace {

std::string list(std::vector<std::string> const& parts) {
    std::string out;
    for (std::string const& part : parts) out += (out.empty() ? "" : ", ") + part;
    return out;
}

/// `IS NOT` calls 0.0 and -0.0 equal, and 1 and 1.0.
void differs(sqlite3_context* out, int, sqlite3_value** values) {
    sqlite3_value *const one = values[0], *const other = values[1];
    int const type = sqlite3_value_type(one);
    bool is_same = type == sqlite3_value_type(other);
    if (is_same && type == SQLITE_INTEGER) {
        is_same = sqlite3_value_int64(one) == sqlite3_value_int64(other);
    } else if (is_same && type == SQLITE_FLOAT) {
        double const a = sqlite3_value_double(one), b = sqlite3_value_double(other);
        is_same = std::memcmp(&a, &b, sizeof a) == 0;
    } else if (is_same && type != SQLITE_NULL) {
        void const* const a = sqlite3_value_blob(one);
        void const* const b = sqlite3_value_blob(other);
        int const size = sqlite3_value_bytes(one);
        is_same = size == sqlite3_value_bytes(other) &&
                  (size == 0 || std::memcmp(a, b, static_cast<std::size_t>(size)) == 0);
    }
    sqlite3_result_int(out, !is_same);
}

std::vector<std::string> prefixed(std::vector<std::string> const& names, std::string const& with) {
    std::vector<std::string> out;
    for (std::string const& name : names) out.push_back(with + name);
    return out;
}

std::string conflict_clause(Fit const& fit, std::vector<std::string> const& names) {
    std::vector<std::string> key, sets, reasons;
    for (std::size_t const at : fit.key) key.push_back(names[at]);
    for (std::size_t i = 0; i < names.size(); ++i)
        if (std::ranges::find(fit.key, i) == fit.key.end())
            sets.push_back(names[i] + " = excluded." + names[i]);
    std::string const differs =
        differs_sql(fit, prefixed(names, "t."), prefixed(names, "excluded."));
    if (!differs.empty()) reasons.push_back(differs);
    // What is written again is not gone.
    if (!fit.deleted_at.empty()) {
        sets.push_back(as_name(fit.deleted_at) + " = NULL");
        reasons.push_back("t." + as_name(fit.deleted_at) + " IS NOT NULL");
    }
    std::string const target = " ON CONFLICT (" + list(key) + ") DO ";
    if (sets.empty()) return target + "NOTHING";
    std::string const update = target + "UPDATE SET " + list(sets) + " WHERE ";
    if (!fit.version) return update + joined_by_or(reasons);
    std::string const& version = names[fit.version->at];
    return update + "(" + joined_by_or(reasons) + ") AND NOT " +
           is_newer_sql(*fit.version, "t." + version, "excluded." + version);
}

}  // namespace

std::string insert_sql(Fit const& fit, InsertSource const& source, bool is_upsert) {
    std::vector<std::string> names;
    for (Landing const& landing : fit.landings) names.push_back(as_name(landing.column));
    // OR ABORT overrules what the table says of its own constraints: ON CONFLICT IGNORE would lose
    // the row without a word, and REPLACE take other rows with it.
    std::string sql = "INSERT OR ABORT INTO main." + as_name(fit.table) + " AS t (" + list(names) +
                      ") SELECT " + list(source.columns) + " FROM " + source.from;
    // Without a WHERE the parser takes ON CONFLICT for the ON of a join.
    if (is_upsert) sql += " WHERE true" + conflict_clause(fit, names);
    return sql;
}

std::string differs_sql(Fit const& fit, std::vector<std::string> const& one,
                        std::vector<std::string> const& other) {
    std::vector<std::string> left, right, conditions;
    for (std::size_t i = 0; i < one.size(); ++i) {
        if (std::ranges::find(fit.key, i) != fit.key.end()) continue;
        Landing const& landing = fit.landings[i];
        if (landing.has_own_type && landing.collation == "BINARY") {
            left.push_back(one[i]);
            right.push_back(other[i]);
        } else {
            conditions.push_back("_weir_differs(" + one[i] + ", " + other[i] + ")");
        }
    }
    if (!left.empty())
        conditions.insert(conditions.begin(), "(" + list(left) + ") IS NOT (" + list(right) + ")");
    return conditions.empty() ? std::string{} : joined_by_or(conditions);
}

void define_differs(Database& db) {
    int const rc =
        sqlite3_create_function_v2(db.raw(), "_weir_differs", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC,
                                   nullptr, differs, nullptr, nullptr, nullptr);
    if (rc != SQLITE_OK) throw db.error(rc);
}

}  // namespace weir::sqlite
