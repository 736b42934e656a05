#include "merge.hpp"

#include "connectors/mysql/names.hpp"

namespace weir::mysql {
namespace {

/// How a value is compared: texts by their bytes, whatever their collation takes for equal. To JSON
/// of MySQL 1 and 1.0 are the same, and it would not write the one over the other.
std::string exact(TargetColumn const& column, std::string const& before) {
    std::string const name = before + identifier(column.name);
    return column.collation.empty() ? name : "BINARY " + name;
}

}  // namespace

std::string column_list(Fit const& fit, std::string const& before) {
    std::string out;
    for (Landing const& landing : fit.landings)
        out += (out.empty() ? "" : ", ") + before + identifier(landing.column.name);
    return out;
}

std::string same_key_sql(Fit const& fit) {
    std::string out;
    for (std::string const& name : fit.key)
        out += (out.empty() ? "t." : " AND t.") + identifier(name) + " = s." + identifier(name);
    return out;
}

// No outer join: of a date that must not be null the server takes 0000-00-00 for NULL.
std::string lacking_sql(Fit const& fit, std::string const& from) {
    return "NOT EXISTS (SELECT 1 FROM " + from + " AS s WHERE " + same_key_sql(fit) + ")";
}

std::string differs_sql(Fit const& fit) {
    std::string out;
    for (Landing const& landing : fit.landings) {
        TargetColumn const& column = landing.column;
        out += out.empty() ? "" : " OR ";
        if (column.is_wanted)
            out += "s." + identifier(column.name) + " IS NOT NULL";
        else
            out += "NOT (" + exact(column, "t.") + " <=> " + exact(column, "s.") + ")";
    }
    return out;
}

/// Text is compared by its bytes, as its source sorts it.
std::string version_sql(Fit const& fit, std::string const& before) {
    TargetColumn const& column = fit.landings[fit.version.value()].column;
    bool const is_text = column.type.ends_with("char") || column.type.ends_with("text");
    std::string const name = before + identifier(column.name);
    return is_text ? "BINARY " + name : name;
}

std::string is_newer_sql(Fit const& fit) {
    return version_sql(fit, "t.") + " > " + version_sql(fit, "s.");
}

std::string revive_sql(Fit const& fit, std::string const& before) {
    if (fit.deleted_at.empty()) return {};
    return ", " + before + identifier(fit.deleted_at) + " = NULL";
}

std::vector<std::string> merge_sql(Seat const& seat, Fit const& fit, std::string const& from) {
    std::string const target = seat.sql();
    std::string const insert = "INSERT INTO " + target + " (" + column_list(fit) + ") SELECT " +
                               column_list(fit, "s.") + " FROM " + from + " AS s";
    if (fit.key.empty()) return {insert};
    std::string set;
    for (Landing const& landing : fit.landings) {
        std::string const name = identifier(landing.column.name);
        set += (set.empty() ? "t." : ", t.") + name + " = s." + name;
    }
    return {"UPDATE " + target + " AS t JOIN " + from + " AS s ON " + same_key_sql(fit) + " SET " +
                set + revive_sql(fit, "t.") +
                (fit.version ? " WHERE (" + is_newer_sql(fit) + ") IS NOT TRUE" : std::string{}),
            insert + " WHERE NOT EXISTS (SELECT 1 FROM " + target + " AS t WHERE " +
                same_key_sql(fit) + ")"};
}

std::string remove_sql(Seat const& seat, Fit const& fit, std::string const& from) {
    if (fit.key.empty()) return "DELETE FROM " + seat.sql();
    return "DELETE t FROM " + seat.sql() + " AS t WHERE " + lacking_sql(fit, from);
}

}  // namespace weir::mysql
