#include "structure.hpp"

#include <set>

#include "connectors/mysql/names.hpp"

namespace weir::mysql {
namespace {

/// Characters of a text or blob that an index takes, where nobody says how many.
constexpr int prefix_length = 191;

Json const& part(Json const& structure, char const* name) {
    static Json const none = Json::array();
    return structure.contains(name) ? structure[name] : none;
}

std::vector<std::string> names(Json const& list) { return list.get<std::vector<std::string>>(); }

/// ON DELETE and ON UPDATE of what stands behind the columns in another system; nothing: there is a
/// rule that InnoDB has not.
std::optional<std::string> rules(std::string const& behind) {
    std::string out;
    for (std::string const event : {"DELETE", "UPDATE"}) {
        std::size_t const at = behind.find("ON " + event + " ");
        if (at == behind.npos) continue;
        std::string_view const rest = std::string_view{behind}.substr(at + event.size() + 4);
        if (rest.starts_with("SET DEFAULT")) return std::nullopt;
        for (std::string_view const rule : {"CASCADE", "SET NULL", "NO ACTION", "RESTRICT"})
            if (rest.starts_with(rule)) out += " ON " + event + " " + std::string{rule};
    }
    return out;
}

/// The work of add_structure().
class Adding {
public:
    Adding(Connection& connection, Seat const& seat, bool dry_run, Wait const& wait)
        : connection_{connection}, seat_{seat}, dry_run_{dry_run}, wait_{wait} {
        if (std::optional<TargetTable> table = look_at(connection, seat, wait))
            table_ = std::move(*table);
        std::string const mine = " WHERE TABLE_SCHEMA = " + literal(seat.database) +
                                 " AND TABLE_NAME = " + literal(seat.table);
        Answer const parts = connection.run(
            "SELECT INDEX_NAME, COLUMN_NAME, NON_UNIQUE, INDEX_TYPE FROM"
            " information_schema.STATISTICS" + mine + " ORDER BY INDEX_NAME, SEQ_IN_INDEX",
            wait);
        std::string last, key;
        for (std::size_t row = 0; row < parts.rows(); ++row) {
            if (row > 0 && parts.text(row, 0) != last) there_.insert(std::exchange(key, {}));
            if (key.empty()) key = start_of(parts.text(row, 2) == "0", parts.text(row, 3));
            last = parts.text(row, 0);
            taken_.insert(folded(last));
            key += "," + folded(parts.text(row, 1));
        }
        if (!key.empty()) there_.insert(key);
        Answer const keys = connection.run(
            "SELECT CONSTRAINT_NAME, TABLE_NAME FROM information_schema.REFERENTIAL_CONSTRAINTS"
            " WHERE CONSTRAINT_SCHEMA = " + literal(seat.database),
            wait);
        for (std::size_t row = 0; row < keys.rows(); ++row)
            (folded(keys.text(row, 1)) == folded(seat.table) ? mine_ : others_)
                .insert(folded(keys.text(row, 0)));
    }

    void add_index(Json const& index) {
        std::string const name = index.at("name");
        bool const is_own = index.contains("parts"), is_unique = index.at("unique") == true;
        std::string const type = is_own ? index["type"].get<std::string>() : "BTREE";
        std::string list, key = start_of(is_unique, type);
        for (Json const& each : is_own ? index["parts"] : columns_of(index)) {
            if (!each.contains("column")) return leave_out(index);
            std::string const column = each["column"];
            key += "," + folded(column);
            list += (list.empty() ? "" : ", ") + identifier(column) +
                    length_of(each, is_unique, type) +
                    (each.value("descending", false) ? " DESC" : "");
        }
        if (list.empty()) return leave_out(index);
        if (!there_.insert(key).second) return;
        std::string called = name;
        for (int i = 2; !taken_.insert(folded(called)).second; ++i)
            called = name + "_" + std::to_string(i);
        std::string const kind = is_unique ? "UNIQUE "
                                 : type == "FULLTEXT" || type == "SPATIAL" ? type + " "
                                                                           : "";
        run("index " + name, "ADD " + kind + "INDEX " + identifier(called) + " (" + list + ")");
    }

    void add_foreign_key(Json const& key) {
        std::string const name = key.at("name"), target = key.at("target");
        if (mine_.contains(folded(name))) return;
        std::string const what = "foreign key " + name;
        if (!look_at(connection_, {seat_.database, target}, wait_))
            return leave_out(what, "there is no table " + target);
        std::optional<std::string> const behind = rules(key.at("behind"));
        if (!behind) return leave_out(what, "InnoDB has no SET DEFAULT");
        // The name is one of the database.
        std::string const called =
            others_.contains(folded(name)) ? seat_.table + "_" + name : name;
        if (mine_.contains(folded(called))) return;
        run(what, "ADD CONSTRAINT " + identifier(called) + " FOREIGN KEY (" +
                      identifiers(names(key.at("columns"))) + ") REFERENCES " +
                      qualified(seat_.database, target) + " (" +
                      identifiers(names(key.at("references"))) + ")" + *behind);
        mine_.insert(folded(called));
    }

    std::vector<std::string> actions() { return std::move(actions_); }

private:
    static std::string start_of(bool is_unique, std::string const& type) {
        return (is_unique ? "unique " : "") + (type == "HASH" ? std::string{"BTREE"} : type);
    }
    /// Of an index of another system.
    static Json columns_of(Json const& index) {
        Json out = Json::array();
        for (Json const& column : part(index, "columns")) out.push_back({{"column", column}});
        return out;
    }
    /// "(191)" where the column is to be indexed by its beginning. Whole texts are unique by a hash
    /// of them, in MariaDB.
    std::string length_of(Json const& each, bool is_unique, std::string const& type) const {
        if (each.contains("length"))
            return type == "SPATIAL" ? "" : "(" + std::to_string(each["length"].get<int>()) + ")";
        TargetColumn const* const column = table_.column(each["column"].get<std::string>());
        bool const is_endless =
            column && (column->type.ends_with("text") || column->type.ends_with("blob"));
        return is_endless && !is_unique && type == "BTREE"
                   ? "(" + std::to_string(prefix_length) + ")"
                   : "";
    }
    void leave_out(std::string const& what, std::string const& why) {
        actions_.push_back(what + " of " + seat_.table + " is left out: " + why);
    }
    void leave_out(Json const& index) {
        leave_out("index " + index.at("name").get<std::string>(),
                  "it is not of plain columns of all rows");
    }
    void run(std::string const& what, std::string const& change) {
        if (!dry_run_)
            if (std::optional<Said> const said =
                    connection_.execute("ALTER TABLE " + seat_.sql() + " " + change, wait_))
                throw Error{WEIR_E_SCHEMA, "the rows of " + seat_.table + " are all there, but " +
                                               what + " cannot be made: " + said->text}
                    .coded("mysql.structure")
                    .suggest("mend what it says and run again, or leave it out of --with");
        actions_.push_back("add " + what + " to " + seat_.table);
    }

    Connection& connection_;
    Seat const& seat_;
    bool dry_run_;
    Wait const& wait_;
    TargetTable table_;
    std::set<std::string> there_;          // indexes, as start_of() and their columns
    std::set<std::string> taken_;          // names of indexes
    std::set<std::string> mine_, others_;  // names of foreign keys
    std::vector<std::string> actions_;
};

}  // namespace

std::vector<std::string> add_structure(Connection& connection, Seat const& seat,
                                       Json const& structure, bool dry_run, Wait const& wait) {
    Adding adding{connection, seat, dry_run, wait};
    for (Json const& index : part(structure, "indexes")) adding.add_index(index);
    for (Json const& key : part(structure, "foreign_keys")) adding.add_foreign_key(key);
    return adding.actions();
}

}  // namespace weir::mysql
