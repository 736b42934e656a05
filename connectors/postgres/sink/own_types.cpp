#include "own_types.hpp"

#include <algorithm>

#include "connectors/postgres/names.hpp"
#include "refusal.hpp"

namespace weir::postgres {
namespace {

using Labels = std::vector<std::string>;

/// Somebody else has made it meanwhile.
bool is_there_already(Result const& failed) {
    std::string const state = sqlstate_of(failed);
    return state == "42P06" || state == "42710" || state == "23505";
}

std::string name_of(Json const& type) {
    return qualified(type.at("schema").get<std::string>(), type.at("name").get<std::string>());
}

std::string create_sql(Json const& type) {
    std::string of;
    if (type.contains("labels")) {
        for (Json const& label : type["labels"])
            of += (of.empty() ? "" : ", ") + literal(label.get<std::string>());
        return "CREATE TYPE " + name_of(type) + " AS ENUM (" + of + ")";
    }
    for (Json const& attribute : type.at("attributes"))
        of += (of.empty() ? "" : ", ") + identifier(attribute.at(0).get<std::string>()) + " " +
              attribute.at(1).get<std::string>();
    return "CREATE TYPE " + name_of(type) + " AS (" + of + ")";
}

/// Each new label behind the one that it stands behind in the source.
std::vector<std::string> add_labels_sql(Json const& type, Labels there) {
    std::vector<std::string> statements;
    std::string before;
    for (Json const& each : type["labels"]) {
        std::string const label = each;
        if (std::ranges::find(there, label) == there.end()) {
            std::string place;
            if (!before.empty())
                place = " AFTER " + literal(before);
            else if (!there.empty())
                place = " BEFORE " + literal(there.front());
            statements.push_back("ALTER TYPE " + name_of(type) + " ADD VALUE IF NOT EXISTS " +
                                 literal(label) + place);
            there.push_back(label);
        }
        before = label;
    }
    return statements;
}

/// What there is of `types`: a row each, in their order.
std::string look_sql(Json const& types) {
    std::string rows;
    for (std::size_t i = 0; i < types.size(); ++i)
        rows += (i ? ", (" : "(") + std::to_string(i) + ", " +
                literal(types[i].at("schema").get<std::string>()) + "::text, " +
                literal(types[i].at("name").get<std::string>()) + "::text)";
    return "SELECT t.oid IS NOT NULL, n.oid IS NOT NULL, (SELECT pg_catalog.json_agg(e.enumlabel"
           " ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid)"
           " FROM (VALUES " + rows + ") v (place, schema, name)"
           " LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = v.schema"
           " LEFT JOIN pg_catalog.pg_type t ON t.typnamespace = n.oid AND t.typname = v.name"
           " ORDER BY v.place";
}

/// Throws what the server refuses.
void make_schema(Connection& connection, std::string const& schema, Wait const& wait) {
    bool const is_there = connection
                              .run("SELECT pg_catalog.to_regnamespace(" +
                                       literal(identifier(schema)) + ") IS NOT NULL",
                                   wait)
                              .at(0)
                              .flag(0, 0);
    if (is_there) return;
    Outcome const outcome =
        connection.execute("CREATE SCHEMA IF NOT EXISTS " + identifier(schema), wait);
    if (!outcome.failed || is_there_already(*outcome.failed)) return;
    if (sqlstate_of(*outcome.failed) != "42501")
        throw write_failure(connection, *outcome.failed, {schema, {}});
    std::string const user = short_identifier(connection.settings().user());
    throw Error{WEIR_E_AUTH, "\"" + connection.settings().user() + "\" may not make the schema \"" +
                                 schema + "\", which there is in the source: " +
                                 message_of(*outcome.failed)}
        .coded("postgres.privilege")
        .suggest("CREATE SCHEMA " + short_identifier(schema) + " AUTHORIZATION " + user);
}

std::vector<std::string> make_types(Connection& connection, Json const& types, Wait const& wait) {
    std::vector<std::string> refused;
    Result const found = std::move(connection.run(look_sql(types), wait).at(0));
    for (std::size_t i = 0; i < types.size(); ++i) {
        Json const& type = types[i];
        int const row = static_cast<int>(i);
        std::vector<std::string> statements;
        if (!found.flag(row, 0)) {
            if (!found.flag(row, 1)) make_schema(connection, type.at("schema"), wait);
            statements.push_back(create_sql(type));
        } else if (type.contains("labels") && !found.null(row, 2)) {
            statements =
                add_labels_sql(type, Json::parse(found.value(row, 2)).get<Labels>());
        }
        for (std::string const& statement : statements) {
            Outcome const outcome = connection.execute(statement, wait);
            if (!outcome.failed || is_there_already(*outcome.failed)) continue;
            refused.push_back("type " + name_of(type) + " is not as it is in the source: " +
                              message_of(*outcome.failed));
            break;
        }
    }
    return refused;
}

}  // namespace

std::vector<std::string> make_surroundings(Connection& connection, Target const& target,
                                           Place const& place, Wait const& wait) {
    if (!target.structure.is_object()) return {};
    if (target.structure.contains("schema")) make_schema(connection, place.schema, wait);
    Json const types = target.structure.value("types", Json::array());
    if (types.empty()) return {};
    return make_types(connection, types, wait);
}

}  // namespace weir::postgres
