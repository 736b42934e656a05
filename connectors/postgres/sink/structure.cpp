#include "structure.hpp"

#include <set>

#include "connectors/postgres/names.hpp"
#include "connectors/postgres/structure.hpp"
#include "refusal.hpp"

namespace weir::postgres {
namespace {

std::string listed(Json const& columns) {
    std::string out;
    for (Json const& column : columns)
        out += (out.empty() ? "" : ", ") + identifier(column.get<std::string>());
    return out;
}

std::string of_columns(Json const& columns) { return "USING btree (" + listed(columns) + ")"; }

Json const& part(Json const& structure, char const* name) {
    static Json const none = Json::array();
    return structure.contains(name) ? structure[name] : none;
}

/// The work of add_structure().
class Adding {
public:
    Adding(Connection& connection, Place const& place, bool carries_schemas, bool dry_run,
           Wait const& wait)
        : connection_{connection},
          place_{place},
          carries_schemas_{carries_schemas},
          dry_run_{dry_run},
          wait_{wait} {
        std::string const table = "pg_catalog.to_regclass(" + literal(place.sql()) + ")";
        std::vector<Result> const found = connection.run(
            "SELECT pg_catalog.pg_get_indexdef(i.indexrelid), CASE WHEN i.indexprs IS NULL AND"
            " i.indpred IS NULL THEN (SELECT pg_catalog.json_agg(a.attname ORDER BY k.place) FROM"
            " unnest(i.indkey[:i.indnkeyatts - 1]) WITH ORDINALITY k (number, place)"
            " JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number)"
            " END FROM pg_catalog.pg_index i WHERE i.indrelid = " +
                table + ";SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace"
                        " n ON n.oid = c.relnamespace WHERE n.nspname = " +
                literal(place.schema) +
                ";SELECT f.conname FROM pg_catalog.pg_constraint f WHERE f.conrelid = " + table,
            wait);
        for (int row = 0; row < found[0].rows(); ++row) {
            indexes_.insert("USING " + std::string{behind(found[0].value(row, 0), " USING ")});
            if (!found[0].null(row, 1))
                indexes_.insert(of_columns(Json::parse(found[0].value(row, 1))));
        }
        for (int row = 0; row < found[1].rows(); ++row) relations_.insert(found[1].text(row, 0));
        for (int row = 0; row < found[2].rows(); ++row) constraints_.insert(found[2].text(row, 0));
    }

    void add_index(Json const& index) {
        std::string const name = index.at("name"), definition = definition_of(index);
        if (definition.empty()) {
            actions_.push_back("index " + name + " of " + place_.table +
                               " is left out: it is not of plain columns of all rows");
            return;
        }
        if (indexes_.contains(definition)) return;
        // Names of indexes are those of tables too; where it is taken, the server finds another.
        std::string const called = relations_.contains(name) ? "" : identifier(name) + " ";
        run("index " + name, std::string{"CREATE "} +
                                 (index.at("unique") == true ? "UNIQUE INDEX " : "INDEX ") +
                                 called + "ON " + place_.sql() + " " + definition);
        indexes_.insert(definition);
        relations_.insert(name);
    }

    /// One that add_foreign_key() would make again as it is.
    void lift(Json const& key) {
        std::string const name = key.at("name");
        std::string const referred =
            qualified(schema_of(key), key.at("target").get<std::string>());
        std::vector<Result> const found = connection_.run(
            "SELECT pg_catalog.pg_get_constraintdef(f.oid) FROM pg_catalog.pg_constraint f WHERE"
            " f.contype = 'f' AND f.conname = " +
                literal(name) + " AND f.conrelid = pg_catalog.to_regclass(" +
                literal(place_.sql()) + ") AND f.confrelid = pg_catalog.to_regclass(" +
                literal(referred) + ")",
            wait_);
        if (found.at(0).rows() == 0) return;
        std::string_view const tail = behind(behind(found[0].value(0, 0), " REFERENCES "), ")");
        if (tail != key.at("behind").get<std::string>()) return;
        Outcome const outcome = connection_.execute(
            "ALTER TABLE " + place_.sql() + " DROP CONSTRAINT " + identifier(name), wait_);
        if (outcome.failed) throw write_failure(connection_, *outcome.failed, place_);
        actions_.push_back("foreign key " + name + " of " + place_.table +
                           " is lifted until the rows are there");
    }

    void add_foreign_key(Json const& key) {
        std::string const name = key.at("name"), target = key.at("target");
        if (constraints_.contains(name)) return;
        std::string const referred = qualified(schema_of(key), target);
        if (!is_there(referred)) {
            actions_.push_back("foreign key " + name + " of " + place_.table +
                               " is left out: there is no table " + target);
            return;
        }
        run("foreign key " + name, "ALTER TABLE " + place_.sql() + " ADD CONSTRAINT " +
                                       identifier(name) + " FOREIGN KEY (" +
                                       listed(key.at("columns")) + ") REFERENCES " +
                                       referred + " (" +
                                       listed(key.at("references")) + ")" +
                                       key.at("behind").get<std::string>());
        constraints_.insert(name);
    }

    std::vector<std::string> actions() { return std::move(actions_); }

private:
    /// Where the table lies that a key refers to: with ours, where all are in one schema.
    std::string schema_of(Json const& key) const {
        return carries_schemas_ ? key.value("schema", place_.schema) : place_.schema;
    }
    bool is_there(std::string const& table) const {
        return connection_
            .run("SELECT pg_catalog.to_regclass(" + literal(table) + ") IS NOT NULL", wait_)
            .at(0)
            .flag(0, 0);
    }
    /// The source's own, where it is SQL of this system; else by columns; empty: neither.
    static std::string definition_of(Json const& index) {
        std::string const own = index.value("definition", "");
        if (own.starts_with("USING ")) return own;
        return index.contains("columns") ? of_columns(index["columns"]) : "";
    }
    void run(std::string const& what, std::string const& sql) {
        if (!dry_run_) {
            Outcome const outcome = connection_.execute(sql, wait_);
            if (outcome.failed)
                throw Error{WEIR_E_SCHEMA, "the rows of " + place_.table + " are all there, but " +
                                               what + " cannot be made: " +
                                               message_of(*outcome.failed)}
                    .coded("postgres.structure")
                    .suggest("mend what it says and run again, or leave it out of --with");
        }
        actions_.push_back("add " + what + " to " + place_.table);
    }

    Connection& connection_;
    Place const& place_;
    bool carries_schemas_, dry_run_;
    Wait const& wait_;
    std::set<std::string> indexes_, relations_, constraints_;
    std::vector<std::string> actions_;
};

}  // namespace

bool changes_structure(Json const& structure) {
    for (char const* part : {"indexes", "foreign_keys", "lifted"})
        if (structure.contains(part)) return true;
    return false;
}

std::vector<std::string> add_structure(Connection& connection, Place const& place,
                                       Json const& structure, bool dry_run, Wait const& wait) {
    Adding adding{connection, place, structure.contains("schema"), dry_run, wait};
    for (Json const& key : part(structure, "lifted")) adding.lift(key);
    for (Json const& index : part(structure, "indexes")) adding.add_index(index);
    for (Json const& key : part(structure, "foreign_keys")) adding.add_foreign_key(key);
    return adding.actions();
}

std::vector<std::string> guards_of(Connection& connection, Place const& place, Wait const& wait) {
    std::string const table = "pg_catalog.to_regclass(" + literal(place.sql()) + ")";
    std::vector<Result> const found = connection.run(
        "SELECT 'trigger ' || g.tgname FROM pg_catalog.pg_trigger g WHERE NOT g.tgisinternal"
        " AND g.tgrelid = " +
            table +
            " UNION ALL SELECT 'foreign key ' || f.conname FROM pg_catalog.pg_constraint f"
            " WHERE f.contype = 'f' AND f.conrelid = " +
            table + " ORDER BY 1",
        wait);
    std::vector<std::string> guards;
    for (int row = 0; row < found.at(0).rows(); ++row) guards.push_back(found[0].text(row, 0));
    return guards;
}

std::vector<std::string> raise_sequences(Connection& connection, Place const& place,
                                         std::vector<std::string> const& columns,
                                         Wait const& wait) {
    std::vector<std::string> failures;
    for (std::string const& column : columns) {
        std::string const name = "(SELECT pg_catalog.pg_get_serial_sequence(" +
                                 literal(place.sql()) + ", " + literal(column) + "))";
        Outcome const found = connection.execute("SELECT " + name, wait);
        if (found.failed || found.rows.at(0).null(0, 0)) continue;
        std::string const sequence = found.rows[0].text(0, 0);
        // Only forward: others may have drawn numbers that are in no row yet.
        Outcome const raised = connection.execute(
            "SELECT pg_catalog.setval(" + literal(sequence) + "::pg_catalog.regclass, x.most)"
            " FROM (SELECT max(" + identifier(column) + ")::bigint AS most FROM " + place.sql() +
                ") x, " + sequence + " q, pg_catalog.pg_sequence p WHERE p.seqrelid = " +
                literal(sequence) + "::pg_catalog.regclass AND p.seqincrement > 0"
                " AND (x.most > q.last_value OR x.most = q.last_value AND NOT q.is_called)",
            wait);
        if (raised.failed)
            failures.push_back("the sequence of column " + column + " of " + place.table +
                               " could not be set: " + message_of(*raised.failed));
    }
    return failures;
}

}  // namespace weir::postgres
