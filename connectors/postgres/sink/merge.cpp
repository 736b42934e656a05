#include "merge.hpp"

#include <algorithm>

#include "connectors/postgres/names.hpp"
#include "connectors/postgres/oids.hpp"

namespace weir::postgres {
namespace {

/// A part of the key whose equal values are the same value: 'a' and 'A' of citext are not.
bool is_exact_key(Fit const& fit, Landing const& landing) {
    return landing.column.is_exact &&
           std::ranges::find(fit.key, landing.column.name) != fit.key.end();
}

std::string key_list(Fit const& fit, std::string const& before) {
    std::string out;
    for (std::string const& column : fit.key)
        out += (out.empty() ? "" : ", ") + before + identifier(column);
    return out;
}

std::string sets_sql(Fit const& fit, std::string const& here) {
    std::string out;
    for (Landing const& landing : fit.landings) {
        // What the server alone gives, it lets nobody change.
        if (is_exact_key(fit, landing) || landing.column.is_always_identity) continue;
        std::string const column = identifier(landing.column.name);
        out += (out.empty() ? "" : ", ") + column + " = " + here + column;
    }
    // What is written again is not gone.
    if (!fit.deleted_at.empty())
        out += (out.empty() ? "" : ", ") + identifier(fit.deleted_at) + " = NULL";
    return out;
}

/// What is to be written although it is there.
std::string is_stale_sql(Fit const& fit, std::string const& here) {
    std::string const differs = differs_sql(fit, "t.", here);
    if (fit.deleted_at.empty()) return differs;
    return "(t." + identifier(fit.deleted_at) + " IS NOT NULL OR " + differs + ")";
}

/// Text is compared by its bytes, as its source sorts it.
std::string version_sql(Fit const& fit, std::string const& before) {
    TargetColumn const& column = fit.landings[fit.version.value()].column;
    bool const is_text = column.oid == oid_text || column.oid == oid_varchar;
    return before + identifier(column.name) + (is_text ? " COLLATE \"C\"" : "");
}

std::string not_newer_sql(Fit const& fit, std::string const& here) {
    if (!fit.version) return {};
    return " AND (" + version_sql(fit, "t.") + " > " + version_sql(fit, here) + ") IS NOT TRUE";
}

}  // namespace

// `IS DISTINCT FROM` fails on json and xml, and calls 1.1 and 1.10 equal.
std::string differs_sql(Fit const& fit, std::string const& there, std::string const& here) {
    std::string one, other;
    for (Landing const& landing : fit.landings) {
        if (is_exact_key(fit, landing)) continue;
        std::string const column = identifier(landing.column.name);
        one += (one.empty() ? "" : ", ") + there + column;
        other += (other.empty() ? "" : ", ") + here + column;
    }
    return "ROW(" + one + ")::record OPERATOR(pg_catalog.*<>) ROW(" + other + ")::record";
}

std::string column_list(Fit const& fit, std::string const& before) {
    std::string out;
    for (Landing const& landing : fit.landings)
        out += (out.empty() ? "" : ", ") + before + identifier(landing.column.name);
    return out;
}

std::string same_key_sql(Fit const& fit) {
    std::string out;
    for (std::string const& column : fit.key)
        out += (out.empty() ? "" : " AND ") + ("t." + identifier(column)) + " = s." +
               identifier(column);
    return out;
}

std::string temporary_sql(std::string const& name, Place const& place, Fit const& fit,
                          bool numbered) {
    return "CREATE TEMPORARY TABLE " + name + " ON COMMIT DROP AS SELECT " + column_list(fit) +
           (numbered ? std::string{", 0::bigint AS "} + row_column : std::string{}) + " FROM " +
           place.sql() + " WITH NO DATA";
}

std::string insert_sql(Place const& place, Fit const& fit, std::string const& from) {
    std::string const columns = column_list(fit);
    return "INSERT INTO " + place.sql() + " AS t (" + columns +
           ") OVERRIDING SYSTEM VALUE SELECT " + column_list(fit, "s.") + " FROM " + from + " AS s";
}

std::string changes_sql(Fit const& fit) {
    return same_key_sql(fit) + " AND " + is_stale_sql(fit, "s.") + not_newer_sql(fit, "s.");
}

std::string merge_sql(Place const& place, Fit const& fit, std::string const& from,
                      bool inserts_first) {
    std::string const sets = sets_sql(fit, "s.");
    std::string update;
    if (!sets.empty())
        update = "UPDATE " + place.rows_sql() + " AS t SET " + sets + " FROM " + from +
              " AS s WHERE " + changes_sql(fit);
    // Somebody else may insert the same key between the two: then the last clause decides.
    std::string insert =
        insert_sql(place, fit, from) + " WHERE NOT EXISTS (SELECT FROM " + place.rows_sql() +
        " AS t WHERE " + same_key_sql(fit) + ") ON CONFLICT (" + key_list(fit, "") + ") DO ";
    if (sets.empty()) return insert + "NOTHING";
    insert += "UPDATE SET " + sets_sql(fit, "excluded.") + " WHERE " +
              is_stale_sql(fit, "excluded.") + not_newer_sql(fit, "excluded.");
    return inserts_first ? insert + "; " + update : update + "; " + insert;
}

std::string last_of_key_sql(Fit const& fit, std::string const& name) {
    std::string const key = key_list(fit, "");
    return "(SELECT DISTINCT ON (" + key + ") * FROM " + name + " ORDER BY " + key +
           (fit.version ? ", " + version_sql(fit, "") + " DESC NULLS LAST" : std::string{}) + ", " +
           row_column + " DESC)";
}

std::string newer_sql(Place const& place, Fit const& fit, std::string const& name) {
    std::string const version = identifier(fit.landings[fit.version.value()].column.name);
    return std::string{"SELECT s."} + row_column + ", s." + version + "::text, t." + version +
           "::text FROM " + name + " AS s JOIN " + place.rows_sql() + " AS t ON " +
           same_key_sql(fit) +
           " WHERE " + version_sql(fit, "t.") + " > " + version_sql(fit, "s.") + " ORDER BY 1";
}

}  // namespace weir::postgres
