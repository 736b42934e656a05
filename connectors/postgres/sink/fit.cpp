#include "fit.hpp"

#include <algorithm>
#include <random>
#include <set>

#include "column_type.hpp"
#include "connectors/postgres/names.hpp"
#include "connectors/postgres/oids.hpp"

namespace weir::postgres {
namespace {

constexpr std::size_t name_max = 63, columns_max = 1600;  // the server's own

/// A name that whoever wrote the command can change.
[[noreturn]] void refuse_name(std::string sentence, char const* code, std::string field,
                              std::string suggestion) {
    throw Error{WEIR_E_CONFIG, std::move(sentence), std::move(field)}.coded(code).suggest(
        std::move(suggestion));
}

[[noreturn]] void refuse(std::string sentence, char const* code, std::string field = {},
                         std::string suggestion = {}) {
    throw Error{WEIR_E_SCHEMA, std::move(sentence), std::move(field)}.coded(code).suggest(
        std::move(suggestion));
}

void check_column_name(std::string const& name) {
    constexpr char leave_out[] = "leave it out with --fields, or name it anew with a transform";
    if (name.empty() || name.find('\0') != name.npos)
        refuse_name("a field has no name that PostgreSQL could take", "postgres.bad_name", name,
                    leave_out);
    if (name.size() > name_max)
        refuse_name("the name of field \"" + name + "\" has " + std::to_string(name.size()) +
                        " bytes, and PostgreSQL would cut it at 63",
                    "postgres.bad_name", name, leave_out);
    for (char const* system : {"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"})
        if (name == system)
            refuse_name("field \"" + name + "\" has the name of a system column of PostgreSQL",
                        "postgres.bad_name", name, leave_out);
    if (name.starts_with("_weir_"))
        refuse_name("field \"" + name + "\" has a name that Weir keeps for itself (_weir_…)",
                    "postgres.reserved_name", name, leave_out);
}

std::string listed(std::vector<std::string> const& names) {
    std::string out;
    for (std::string const& name : names) out += (out.empty() ? "" : ", ") + identifier(name);
    return out;
}

std::string nonce() {
    std::random_device device;
    return fingerprint({std::to_string(device()), std::to_string(device())});
}

/// The work of fit(), one step per member.
class Fitting {
public:
    Fitting(TargetTable const* table, FitRequest const& request)
        : table_{table}, request_{request}, now_{Memory::of(request.spec, request.fields)} {
        bool const same_selection = request.memory && request.memory->selection == now_.selection;
        if (same_selection && table) memory_ = request.memory;
    }

    Fit run() {
        check_target_name(name());
        check_fields();
        find_key();
        if (!is_keys()) check_source();
        if (!table_ && is_keys()) refuse_gone();
        if (!table_) return create();
        check_kind();
        check_inheritance();
        for (std::size_t i = 0; i < request_.fields.size(); ++i) land(i);
        if (!is_keys()) check_extra();
        check_key();
        if (TargetColumn const* column = table_->column(deletion_column(request_.target)))
            fit_.deleted_at = column->name;
        find_version();
        fit_.identity = table_->identity();
        fit_.actions.insert(fit_.actions.end(), fit_.retyped.begin(), fit_.retyped.end());
        return std::move(fit_);
    }

private:
    std::string const& name() const { return request_.target.name; }
    bool is_append() const { return request_.target.write_mode == WEIR_WRITE_APPEND; }

    bool is_keys() const { return request_.target.write_mode == WEIR_WRITE_KEYS; }

    [[noreturn]] void refuse_gone() const {
        throw Error{WEIR_E_CONFLICT, "table " + name() + " is gone, so there is nothing to compare"}
            .coded("postgres.target_replaced");
    }

    void check_fields() const {
        if (request_.fields.empty())
            refuse("the source sends no fields for " + name(), "postgres.no_fields");
        if (request_.fields.size() > columns_max)
            refuse("the source sends " + std::to_string(request_.fields.size()) + " fields for " +
                       name() + "; PostgreSQL takes " + std::to_string(columns_max),
                   "postgres.too_many_columns", {}, "choose some with --fields");
        std::set<std::string_view> seen;
        for (FieldView const& field : request_.fields) {
            check_column_name(field.name);
            if (!seen.insert(field.name).second)
                refuse_name("two fields have the name \"" + field.name + "\"",
                            "postgres.bad_name", field.name, "leave one out with --fields");
        }
    }

    bool is_key(std::string const& field) const {
        return std::ranges::find(fit_.key, field) != fit_.key.end();
    }

    void find_key() {
        if (is_append()) return;
        for (std::string const& key : request_.target.key) {
            if (std::ranges::find(request_.fields, key, &FieldView::name) == request_.fields.end())
                refuse("the key field \"" + key + "\" is not among the fields of " + name(),
                       "postgres.key_missing", key);
            fit_.key.push_back(key);
        }
        if (fit_.key.empty() && request_.target.write_mode == WEIR_WRITE_UPSERT)
            refuse("an upsert into " + name() + " needs a key: name its fields with --key",
                   "postgres.key_missing");
    }

    void find_version() {
        std::string const& version = request_.target.version;
        if (version.empty() || request_.target.write_mode != WEIR_WRITE_UPSERT) return;
        for (std::size_t i = 0; i < fit_.landings.size(); ++i)
            if (request_.fields[fit_.landings[i].field].name == version) fit_.version = i;
        if (!fit_.version && fit_.statements.empty())
            refuse("the version \"" + version + "\" is not among the fields of " + name(),
                   "postgres.no_field", version);
    }

    std::string const& type_of_new(std::string const& field) const {
        auto const place = std::ranges::find(request_.fields, field, &FieldView::name);
        return request_.types[static_cast<std::size_t>(place - request_.fields.begin())];
    }

    /// Whether the type before needs the same column, so that nobody can change it to say that it
    /// was seen.
    bool is_one_here(Memory::Entry const& before) const {
        return table_->column(before.name) && before.needed == type_of_new(before.name);
    }

    /// Whoever changed the column here as it was changed in the source has mended it.
    bool is_mended(Memory::Entry const& before, Memory::Entry const* after) const {
        TargetColumn const* const column = table_->column(before.name);
        if (!after) return !column;
        if (is_one_here(before)) return false;
        std::string const& own = type_of_new(before.name);
        // Only a modifier that is the same here tells that somebody changed it.
        if (before.is_respelled(*after))
            return column && own == column->type_text && own.find('(') != own.npos;
        return column && without_modifiers(own) == without_modifiers(column->type_text);
    }

    /// Whether no value that was written before is another one by now: a number stays what it is
    /// in a wider type, and who reads everything writes every value anew.
    bool is_taken_over(Memory::Entry const& before, Memory::Entry const& after) {
        TargetColumn const* const column = table_->column(before.name);
        bool const is_one = is_one_here(before);
        bool const stays = before.stays(after, is_one, column ? column->type_text : "");
        // What is appended does not come instead of what is there.
        bool const is_anew = is_one && request_.reads_all && !is_append();
        if (stays || is_anew) fit_.retyped.push_back(before.goes_on(after, name(), stays));
        return stays || is_anew;
    }

    /// Drift of the source since the last run.
    void check_source() {
        if (!memory_) return;
        for (Memory::Entry const& before : memory_->entries) {
            Memory::Entry const* const after = now_.find(before.name);
            if (after && !before.is_retyped(*after)) continue;
            if (is_mended(before, after)) continue;
            if (after && is_taken_over(before, *after)) continue;
            if (!after)
                refuse(
                    "column \"" + before.name + "\" of " + name() +
                        " is no longer in the source: it was dropped or renamed there; the "
                        "position is kept",
                    "postgres.column_gone", before.name,
                    "do the same to column \"" + before.name + "\" of " + name() +
                        ", name the columns to copy with --fields, or copy into a new table with "
                        "--to");
            refuse("column \"" + before.name + "\" was " + before.shown() +
                       " in the source and is now " + after->shown() + "; the position is kept",
                   "postgres.column_retyped", before.name,
                   before.remedy(name(), is_one_here(before), !is_append()));
        }
    }

    Fit create() {
        std::string columns;
        for (std::size_t i = 0; i < request_.fields.size(); ++i) {
            FieldView const& field = request_.fields[i];
            bool const is_required = !field.nullable || is_key(field.name);
            columns += (i ? ", " : "") + identifier(field.name) + " " + request_.types[i] +
                       (is_required ? " NOT NULL" : "");
        }
        if (!fit_.key.empty()) columns += ", PRIMARY KEY (" + listed(fit_.key) + ")";
        std::string const table = request_.place.sql();
        std::string parents;
        for (std::string const& parent : parents_in_source())
            parents += (parents.empty() ? " INHERITS (" : ", ") + parent;
        fit_.statements.push_back("CREATE TABLE " + table + " (" + columns + ")" + parents +
                                  (parents.empty() ? "" : ")"));
        fit_.statements.push_back(mark_sql(table, request_.owner + "-" + nonce()));
        fit_.actions.push_back("create table " + name() + " with " +
                               std::to_string(request_.fields.size()) + " columns");
        return std::move(fit_);
    }

    void check_kind() const {
        if (table_->kind == 'r' || table_->kind == 'p') return;
        std::string const what = table_->kind == 'v'   ? "view"
                                 : table_->kind == 'm' ? "materialized view"
                                 : table_->kind == 'f' ? "foreign table"
                                                       : "relation of another kind";
        refuse("the target " + name() + " is a " + what + ", which cannot be copied into",
               "postgres.not_a_table", {}, "choose another table with --to");
    }

    /// Of those whose own rows are copied beside this one.
    std::vector<std::string> parents_in_source() const {
        std::vector<std::string> out;
        if (!request_.target.structure.is_object()) return out;
        for (Json const& parent : request_.target.structure.value("parents", Json::array()))
            out.push_back(qualified(request_.target.structure.contains("schema")
                                        ? parent.at("schema").get<std::string>()
                                        : request_.place.schema,
                                    parent.at("target").get<std::string>()));
        return out;
    }

    /// Each row shows once in a parent, as it does in the source.
    void check_inheritance() const {
        bool const is_whole = comes_with_children(request_.target);
        if (is_whole && table_->has_children)
            refuse("tables inherit from " + name() + ", and its source sends the rows of their "
                   "sources with its own, which would show twice",
                   "postgres.inherited", {},
                   "copy all of them in one command, or choose another table with --to");
        bool const has_others = request_.memory && request_.memory->has_children;
        if (!is_whole && has_others && request_.target.write_mode != WEIR_WRITE_REPLACE)
            refuse("the last run wrote the rows of the children of " + name() +
                       " into it too; now they come into tables of their own",
                   "postgres.inherited", {}, "--write replace, once");
        for (std::string const& parent : parents_in_source())
            if (std::ranges::find(table_->parents, parent) == table_->parents.end())
                refuse("table " + name() + " does not inherit from " + parent +
                           ", as it does in the source, so its rows would be missing there",
                       "postgres.inherited", {},
                       "ALTER TABLE " + request_.place.sql() + " INHERIT " + parent +
                           ", or copy them one by one");
    }

    bool is_ours() const { return table_->mark() != foreign_mark; }

    void land(std::size_t at) {
        FieldView const& field = request_.fields[at];
        TargetColumn const* const column = table_->column(field.name);
        if (!column) return add(at);
        if (column->is_generated) {
            fit_.actions.push_back("column " + column->name + " of " + name() +
                                   " is generated there and not written");
            return;
        }
        std::string const why =
            is_text_of_before(field) ? "" : misfit(field, *column, request_.types[at]);
        if (!why.empty())
            refuse("column \"" + column->name + "\" of " + name() + " is " + column->type_text +
                       ", which " + why + ", but the source sends " + request_.types[at],
                   "postgres.column_type", field.name,
                   "ALTER TABLE " + request_.place.sql() + " ALTER " + identifier(column->name) +
                       " TYPE " + request_.types[at]);
        if (column->not_null && field.nullable && is_ours() && !is_key(field.name) &&
            may_be_of_source(field.name)) {
            fit_.statements.push_back("ALTER TABLE " + request_.place.sql() + " ALTER COLUMN " +
                                      identifier(field.name) + " DROP NOT NULL");
            fit_.actions.push_back("let column " + field.name + " of " + name() + " be null");
            fit_.loosened.push_back(field.name);
        }
        bool const leads_key = std::ranges::any_of(
            table_->keys, [&](auto const& key) { return key.front() == column->name; });
        bool const is_whole =
            column->oid == oid_int2 || column->oid == oid_int4 || column->oid == oid_int8;
        if (column->has_default && is_whole && leads_key) fit_.numbered.push_back(column->name);
        fit_.landings.push_back({at, *column});
    }

    /// Whether NOT NULL is there because the source said so: one that a person set stays.
    bool may_be_of_source(std::string const& field) const {
        Memory const* const before = request_.memory;
        if (!before || !before->required || !before->find(field)) return true;
        return std::ranges::find(*before->required, field) != before->required->end();
    }

    /// A value came that the field's type cannot hold: from there on it comes as text, which the
    /// column of that type reads.
    bool is_text_of_before(FieldView const& field) const {
        if (!request_.before || field.source_type.empty()) return false;
        auto const before = std::ranges::find(*request_.before, field.name, &FieldView::name);
        return before != request_.before->end() && before->source_type == field.source_type &&
               field.layout == Layout::text && field.extension.empty();
    }

    /// A column is added only when the source, or the user, asked for more than the table has.
    void add(std::size_t at) {
        FieldView const& field = request_.fields[at];
        bool const was_there = memory_ && memory_->find(field.name);
        bool const is_known = request_.memory && !request_.memory->entries.empty();
        std::string const sql = "ALTER TABLE " + request_.place.sql() + " ADD COLUMN " +
                                identifier(field.name) + " " + request_.types[at];
        if (was_there || (!is_ours() && !is_known) || is_keys())
            refuse("table " + name() + " has no column \"" + field.name + "\"" +
                       (was_there ? ", which the last run wrote" : ""),
                   "postgres.column_missing", field.name, sql);
        fit_.statements.push_back(sql);
        fit_.actions.push_back("add column " + field.name + " to " + name());
    }

    void check_extra() {
        for (TargetColumn const& column : table_->columns) {
            bool const is_written =
                std::ranges::find(request_.fields, column.name, &FieldView::name) !=
                request_.fields.end();
            bool const is_mark = column.name == deletion_column(request_.target);
            if (is_written || column.is_generated || is_mark) continue;
            has_extra_ = true;
            if (!column.not_null || column.has_default) continue;
            refuse("column \"" + column.name + "\" of " + name() +
                       " must not be null and has no default, but the source does not send it",
                   "postgres.column_required", column.name,
                   "give it a default, or copy into another table with --to");
        }
    }

    /// Records that the source tells apart must not be one here.
    void check_equality() const {
        for (Landing const& landing : fit_.landings) {
            TargetColumn const& column = landing.column;
            FieldView const& field = request_.fields[landing.field];
            if (std::ranges::find(fit_.key, column.name) == fit_.key.end()) continue;
            bool const is_same = field.vendor == "postgres" && field.source_type == "citext";
            if (column.type_name != "citext" || is_same) continue;
            refuse("key \"" + column.name + "\" of " + name() +
                       " takes texts for equal (citext) that its source may tell apart",
                   "postgres.no_unique_index", column.name,
                   "ALTER TABLE " + request_.place.sql() + " ALTER " + identifier(column.name) +
                       " TYPE text");
        }
    }

    void check_key() {
        if (fit_.key.empty()) return;
        fit_.has_key = table_->has_key(fit_.key);
        check_equality();
        // A replace can do without: it puts all rows out and the new ones in.
        bool const may_rewrite =
            request_.target.write_mode == WEIR_WRITE_REPLACE && !has_extra_;
        if (fit_.has_key || may_rewrite) return;
        std::string plain;
        for (std::string const& column : fit_.key) plain += (plain.empty() ? "" : ", ") + column;
        refuse("table " + name() + " has no unique index on " + plain + ", which an upsert needs",
               "postgres.no_unique_index", fit_.key[0],
               "CREATE UNIQUE INDEX ON " + request_.place.sql() + " (" + listed(fit_.key) + ")");
    }

    TargetTable const* table_;
    FitRequest const& request_;
    Memory const now_;
    Memory const* memory_ = nullptr;  // only what was asked for in the same way
    Fit fit_;
    bool has_extra_ = false;  // the table has columns that the source has not
};

}  // namespace

std::string Place::sql() const { return qualified(schema, table); }

Place place_in(Settings const& settings, Target const& target) {
    return {target.structure.is_object() ? target.structure.value("schema", settings.schema())
                                         : settings.schema(),
            target.name};
}

std::string deletion_column(Target const& target) {
    return target.deleted_at.empty() ? "_weir_deleted_at" : target.deleted_at;
}

bool comes_with_children(Target const& target) {
    return target.structure.is_object() && !target.structure.value("alone", true);
}

void check_target_name(std::string const& name) {
    constexpr char another[] = "choose another with --to";
    if (name.empty() || name.find('\0') != name.npos)
        refuse_name("the target has no name that PostgreSQL could take", "postgres.bad_name", {},
                    "name one with --to");
    if (name.size() > name_max)
        refuse_name("the table name " + name + " has " + std::to_string(name.size()) +
                        " bytes, and PostgreSQL would cut it at 63",
                    "postgres.bad_name", {}, another);
    if (name.starts_with("_weir_"))
        refuse_name("the table name " + name + " is kept for Weir itself",
                    "postgres.reserved_name", {}, another);
}

std::string fingerprint(std::initializer_list<std::string_view> texts) {
    // FNV-1a; a byte that UTF-8 never has ends each text, so that "ab","c" is not "a","bc".
    std::uint64_t hash = 14695981039346656037u;
    auto take = [&hash](unsigned char byte) { hash = (hash ^ byte) * 1099511628211u; };
    for (std::string_view const text : texts) {
        for (char const c : text) take(static_cast<unsigned char>(c));
        take(0xFF);
    }
    std::string out(16, '0');
    for (std::size_t i = 16; i-- > 0; hash >>= 4) out[i] = "0123456789abcdef"[hash & 15];
    return out;
}

Fit fit(TargetTable const* table, FitRequest const& request) {
    return Fitting{table, request}.run();
}

}  // namespace weir::postgres
