#include "fit.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>

#include "checkpoint.hpp"

namespace weir::adbc {
namespace {

[[noreturn]] void reserved(std::string sentence, std::string const& name) {
    throw Error{WEIR_E_CONFIG, std::move(sentence), name}.coded("adbc.reserved_name");
}

void check_names(Target const& target, std::vector<FieldView> const& fields) {
    if (target.name.empty() || same_name(std::string_view{target.name}.substr(0, 6), "_weir_"))
        reserved("a target cannot be called \"" + target.name + "\"", target.name);
    for (std::size_t i = 0; i < fields.size(); ++i) {
        std::string const& name = fields[i].name;
        if (name.empty() || same_name(std::string_view{name}.substr(0, 6), "_weir_"))
            reserved("a column cannot be called \"" + name + "\"", name);
        for (std::size_t j = 0; j < i; ++j)
            if (same_name(name, fields[j].name))
                reserved("the fields " + fields[j].name + " and " + name + " are one name", name);
    }
}

std::size_t place_of(std::vector<FieldView> const& fields, std::string const& name) {
    for (std::size_t i = 0; i < fields.size(); ++i)
        if (same_name(fields[i].name, name)) return i;
    throw Error{WEIR_E_SCHEMA, "the field \"" + name + "\" of the key is not among those copied",
                name}
        .coded("adbc.key_missing");
}

[[noreturn]] void bad_type(std::string const& table, FieldView const& field,
                           std::string const& why) {
    throw Error{WEIR_E_SCHEMA, "column " + field.name + " of " + table + " " + why, field.name}
        .coded("adbc.column_type")
        .suggest("copy into a new target, or leave the field out with --fields");
}

Field staged_field(std::string const& table, FieldView const& view) {
    std::optional<Field> out = carried(view);
    if (!out) bad_type(table, view, "cannot be made for a type that has no words for its values");
    return *out;
}

/// The field without what drivers need not know.
Field plain(Field field) {
    bool const is_text = field.type == Type::uuid || field.type == Type::json ||
                         field.type == Type::numeric || field.type == Type::opaque;
    return {field.name, is_text ? Type::utf8 : field.type, true, {}, field.precision, field.scale};
}

std::string created(Fit const& fit, std::vector<std::string> const& types, bool is_keyed) {
    std::string sql = "CREATE TABLE " + fit.table + " (";
    for (std::size_t i = 0; i < types.size(); ++i)
        sql += (i ? ", " : "") + identifier(fit.columns[i].name) + " " + types[i];
    if (is_keyed) {
        std::vector<std::string> names;
        for (std::size_t const at : fit.key) names.push_back(fit.columns[at].name);
        sql += ", PRIMARY KEY (" + identifiers(names) + ")";
    }
    return sql + ")";
}

/// No two tables that Weir makes have one mark.
std::string fresh_mark(std::string const& owner) {
    auto const now = std::chrono::system_clock::now().time_since_epoch().count();
    static std::atomic<unsigned> made{0};
    return "weir " + owner + "-" + std::to_string(now) + "-" + std::to_string(getpid()) + "-" +
           std::to_string(++made);
}

void create(Fit& out, Dialect const& dialect, Target const& target,
            std::vector<FieldView> const& fields, std::string const& owner) {
    std::vector<std::string> types;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        Field const field = staged_field(target.name, fields[i]);
        std::string const type = dialect.type_of(field);
        if (type.empty()) bad_type(target.name, fields[i], "would need more digits than there are");
        types.push_back(type);
        bool const in_key = std::ranges::find(out.key, i) != out.key.end();
        out.columns.push_back({fields[i].name, plain(field), {cast_of(field, type), {}}, !in_key});
    }
    out.actions.push_back("create table " + target.name);
    out.statements.push_back(created(out, types, !out.key.empty()));
    std::string const mark = fresh_mark(owner);
    std::string const sql = dialect.mark_sql(out.table, mark);
    if (!sql.empty()) out.statements.push_back(sql);
    out.mark = sql.empty() ? foreign_mark : mark;
}

void compare(Fit& out, Dialect const& dialect, Table const& table, Target const& target,
             std::vector<FieldView> const& fields) {
    for (std::size_t i = 0; i < fields.size(); ++i) {
        FieldView const& from = fields[i];
        Field const field = staged_field(target.name, from);
        bool const in_key = std::ranges::find(out.key, i) != out.key.end();
        TableColumn const* const column = table.column(from.name);
        if (column) {
            std::optional<Landing> const lands = landing(dialect, *column, from, field);
            if (!lands)
                bad_type(target.name, from,
                         "is " + column->type + ", which does not hold exactly what comes");
            out.columns.push_back({column->name, plain(field), *lands,
                                   column->nullable && !in_key});
            continue;
        }
        std::string const type = dialect.type_of(field);
        std::string const sql =
            "ALTER TABLE " + out.table + " ADD COLUMN " + identifier(from.name) + " " + type;
        if (type.empty()) bad_type(target.name, from, "would need more digits than there are");
        if (!is_ours(out.mark))
            throw Error{WEIR_E_SCHEMA, "table " + target.name + " has no column " + from.name,
                        from.name}
                .coded("adbc.column_missing")
                .suggest(sql);
        out.actions.push_back("add column " + target.name + "." + from.name);
        out.statements.push_back(sql);
        out.columns.push_back({from.name, plain(field), {cast_of(field, type), {}}, !in_key});
    }
}

}  // namespace

Fit fit(Connection* db, Call const& call, Dialect const& dialect, std::string const& schema,
        Target const& target, std::vector<FieldView> const& fields, std::string const& owner) {
    check_names(target, fields);
    Fit out;
    out.table = Table{schema, target.name, false, {}, {}}.qualified();
    if (target.write_mode == WEIR_WRITE_UPSERT && target.key.empty())
        throw Error{WEIR_E_CONFIG, "an upsert into " + target.name + " needs a key: name it with "
                                   "--key"}
            .coded("adbc.key_missing");
    if (target.write_mode != WEIR_WRITE_APPEND)
        for (std::string const& name : target.key) out.key.push_back(place_of(fields, name));
    if (!target.version.empty() && !out.key.empty())
        out.version = place_of(fields, target.version);
    std::optional<Table> const table =
        db ? find_table(*db, call, schema, target.name) : std::nullopt;
    if (!table) {
        create(out, dialect, target, fields, owner);
        return out;
    }
    if (table->is_view)
        throw Error{WEIR_E_SCHEMA, target.name + " is a view: name another target with --to"}.coded(
            "adbc.column_type");
    out.table = table->qualified();
    out.mark = mark_of(*db, call, dialect, schema, table->name).value_or(foreign_mark);
    compare(out, dialect, *table, target, fields);
    return out;
}

}  // namespace weir::adbc
