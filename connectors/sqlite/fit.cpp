#include "fit.hpp"

#include <algorithm>

#include "names.hpp"

namespace weir::sqlite {
namespace {

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

void check_columns(std::string const& table, std::vector<FieldView> const& fields) {
    if (fields.empty())
        refuse("the source sends no fields for " + table + ": choose another stream",
               "sqlite.no_fields");
    constexpr std::size_t columns_max = 2000;  // SQLite's own limit, as Debian builds it
    if (fields.size() > columns_max)
        refuse("the source sends " + std::to_string(fields.size()) + " fields for " + table +
                   "; SQLite takes " + std::to_string(columns_max),
               "sqlite.too_many_columns", {}, "choose some with --fields");
    for (std::size_t i = 0; i < fields.size(); ++i) {
        std::string const& name = fields[i].name;
        if (is_weirs_own(name))
            refuse_name("field \"" + name + "\" has a name that Weir keeps for itself (_weir_…)",
                        "sqlite.reserved_name", name, "leave it out with --fields");
        for (std::size_t j = 0; j < i; ++j)
            if (same_name(name, fields[j].name))
                refuse_name("fields \"" + fields[j].name + "\" and \"" + name +
                                "\" have the same name in SQLite, which ignores case",
                            "sqlite.name_clash", name, "leave one out with --fields");
    }
}

bool is_rowid_key(std::vector<FieldView> const& fields, std::vector<std::size_t> const& key) {
    return key.size() == 1 && fields[key[0]].layout == Layout::int64 &&
           fields[key[0]].meaning == Meaning::plain && fields[key[0]].source_type != any_type;
}

/// The work of fit(), one step per member.
class Fitting {
public:
    Fitting(Database* db, FitRequest const& request)
        : request_{request}, now_{Memory::of(request.spec, request.fields, {})} {
        fit_.table = request.target.name;
        if (db) table_ = Table::find(*db, request.target.name);
        bool const same_selection = request.memory && request.memory->selection == now_.selection;
        if (same_selection && table_) memory_ = request.memory;
    }

    Fit run() {
        check_target_name(name());
        check_columns(name(), request_.fields);
        find_key();
        find_version();
        if (!is_keys()) check_source();
        if (!table_ && is_keys()) refuse_gone();
        if (!table_) return create();
        check_kind();
        for (FieldView const& field : request_.fields) land(field);
        if (!is_keys()) check_extra();
        check_key();
        if (TableColumn const* column = table_->column(deletion_column(request_.target)))
            fit_.deleted_at = column->name;
        fit_.mark = table_->mark();
        fit_.actions.insert(fit_.actions.end(), fit_.retyped.begin(), fit_.retyped.end());
        return std::move(fit_);
    }

private:
    bool is_append() const { return request_.target.write_mode == WEIR_WRITE_APPEND; }
    /// What is appended does not come instead of what is there.
    bool writes_all() const { return request_.reads_all && !is_append(); }
    bool is_keys() const { return request_.target.write_mode == WEIR_WRITE_KEYS; }
    std::string const& name() const { return fit_.table; }

    [[noreturn]] void refuse_gone() const {
        throw Error{WEIR_E_CONFLICT, "table " + name() + " is gone, so there is nothing to compare"}
            .coded("sqlite.target_replaced");
    }

    void find_key() {
        if (is_append()) return;
        for (std::string const& key : request_.target.key) {
            auto const found = std::ranges::find(request_.fields, key, &FieldView::name);
            if (found == request_.fields.end())
                refuse("the key field \"" + key + "\" is not among the fields of " + name(),
                       "sqlite.key_missing", key);
            fit_.key.push_back(static_cast<std::size_t>(found - request_.fields.begin()));
        }
        if (fit_.key.empty() && request_.target.write_mode == WEIR_WRITE_UPSERT)
            refuse("an upsert into " + name() + " needs a key: name its fields with --key",
                   "sqlite.key_missing");
    }

    void find_version() {
        std::string const& version = request_.target.version;
        if (version.empty() || request_.target.write_mode != WEIR_WRITE_UPSERT) return;
        auto const found = std::ranges::find(request_.fields, version, &FieldView::name);
        if (found == request_.fields.end())
            refuse("the version \"" + version + "\" is not among the fields of " + name(),
                   "sqlite.no_field", version);
        bool const is_decimal =
            found->layout == Layout::decimal || found->extension == "weir.numeric";
        fit_.version = {static_cast<std::size_t>(found - request_.fields.begin()), is_decimal};
    }

    /// Whoever changed the column here as it was changed in the source has mended it. One that is
    /// missing here is told of by add().
    bool is_mended(Memory::Entry const& before, Memory::Entry const* after) const {
        TableColumn const* const column = table_->column(before.name);
        if (!after || !column) return !column;
        std::string const was = memory_->declared(column->name);
        return !was.empty() && !same_name(was, column->declared);
    }

    /// Whether the column takes what the source sends now, so that nobody can change it to say that
    /// it was seen.
    bool takes(FieldView const& field) const {
        TableColumn const* const column = table_->column(field.name);
        Storage const storage = storage_of(field);
        Affinity const affinity = affinity_of(column->declared, table_->is_strict);
        return (!column->is_rowid || storage == Storage::integer) &&
               misfit(storage, affinity, table_->is_strict).empty();
    }

    /// Whether no value that was written before is another one by now: a number stays what it is
    /// in a wider type, and who reads everything writes every value anew.
    bool is_taken_over(Memory::Entry const& before, Memory::Entry const& after) {
        FieldView const& field = field_of(before.name);
        bool const is_number = storage_of(field) == Storage::integer;
        bool const stays = before.keeps_texts(after) || (is_number && before.is_wider(after));
        if (!takes(field) || !(stays || writes_all())) return false;
        fit_.retyped.push_back(before.goes_on(after, name(), stays));
        return true;
    }

    FieldView const& field_of(std::string const& name) const {
        return *std::ranges::find_if(request_.fields, [&](FieldView const& each) {
            return same_name(each.name, name);
        });
    }

    /// Drift of the source since the last run.
    void check_source() {
        if (!memory_) return;
        for (Memory::Entry const& before : memory_->entries) {
            Memory::Entry const* const after = now_.find(before.name);
            bool const is_same = after && (!before.is_retyped(*after) || before.type == any_type);
            if (is_same || is_mended(before, after)) continue;
            if (after && is_taken_over(before, *after)) continue;
            if (!after)
                refuse(
                    "column \"" + before.name + "\" of " + name() +
                        " is no longer in the source: it was dropped or renamed there; the "
                        "position is kept",
                    "sqlite.column_gone", before.name,
                    "do the same to column \"" + before.name + "\" of " + name() +
                        ", name the columns to copy with --fields, or copy into a new table with "
                        "--to");
            refuse("column \"" + before.name + "\" was " + before.shown() +
                       " in the source and is now " + after->shown() + "; the position is kept",
                   "sqlite.column_retyped", before.name, remedy_of_retyped(before.name));
        }
    }

    std::string remedy_of_retyped(std::string const& field_name) const {
        FieldView const& field = field_of(field_name);
        TableColumn const* const column = table_->column(field_name);
        std::string const wanted = declared_type(field);
        std::string here;
        if (!same_name(wanted, column->declared))
            here = "make column \"" + column->name + "\" of " + name() + " " + wanted + ", ";
        else if (!is_append() && takes(field))
            here = "read everything anew (--mode full or --write replace), ";
        return here + "copy into a new table with --to, or drop table " + name() +
               " to have it made anew";
    }

    Fit create() {
        for (FieldView const& field : request_.fields)
            fit_.landings.push_back(
                {field.name, declared_type(field), storage_of(field), "BINARY",
                 has_one_class(field)});
        std::uint64_t nonce = 0;
        sqlite3_randomness(sizeof nonce, &nonce);
        fit_.mark = request_.owner + "-" +
                    fingerprint({std::string_view{reinterpret_cast<char*>(&nonce), sizeof nonce}});
        fit_.has_key = !fit_.key.empty();
        bool const has_rowid = fit_.key.empty() || is_rowid_key(request_.fields, fit_.key);
        fit_.statements.push_back(Table::opening(name()) + fit_.mark + " */ " +
                                  column_definitions(request_.fields, fit_.key) + ") STRICT" +
                                  (has_rowid ? "" : ", WITHOUT ROWID"));
        fit_.actions.push_back("create table " + name() + " with " +
                               std::to_string(request_.fields.size()) + " columns");
        return std::move(fit_);
    }

    void check_kind() const {
        if (table_->kind != "table")
            refuse("the target " + name() + " is a " + table_->kind +
                       (table_->kind == "view" ? "" : " table") + ", which cannot be copied into",
                   "sqlite.not_a_table", {}, "choose another table with --to");
    }

    void land(FieldView const& field) {
        TableColumn const* const column = table_->column(field.name);
        if (!column) return add(field);
        Storage const storage = storage_of(field);
        if (column->is_generated)
            refuse("column \"" + column->name + "\" of " + name() +
                       " is generated and cannot be written",
                   "sqlite.generated_column", field.name, "leave it out with --fields");
        Affinity const affinity = affinity_of(column->declared, table_->is_strict);
        std::string const why = column->is_rowid && storage != Storage::integer
                                    ? "takes whole numbers only"
                                    : misfit(storage, affinity, table_->is_strict);
        if (!why.empty()) refuse_type(field, *column, storage, why);
        if (storage == Storage::real && affinity == Affinity::real)
            fit_.actions.push_back("column " + column->name + " of " + name() +
                                   " is REAL: -0.0 becomes 0.0");
        bool const holds_one_class = table_->is_strict ? affinity != Affinity::strict_any : false;
        fit_.landings.push_back({column->name, column->declared, storage, column->collation,
                                 holds_one_class && storage <= Storage::blob});
    }

    [[noreturn]] void refuse_type(FieldView const& field, TableColumn const& column,
                                  Storage storage, std::string const& why) const {
        std::string const declared = column.declared.empty() ? "no type" : column.declared;
        std::string const source = field.source_type.empty() ? "" : " (" + field.source_type + ")";
        refuse("column \"" + column.name + "\" of " + name() + " is " + declared + ", which " +
                   why + ", but the source sends " + declared_type(storage) + source,
               "sqlite.column_type", field.name,
               std::string{"make it "} + declared_type(storage) +
                   (table_->is_strict ? "" : " or give it no type") +
                   ", or copy into a new table with --to");
    }

    /// A column is added only when the source, or the user, asked for more than the table has.
    void add(FieldView const& field) {
        bool const is_ours = table_->mark() != foreign_mark;
        bool const was_there = memory_ && memory_->find(field.name);
        bool const is_known = request_.memory && !request_.memory->entries.empty();
        std::string declared = declared_type(field);
        if (!table_->is_strict && declared == "ANY") declared.clear();
        std::string const sql = "ALTER TABLE " + as_name(table_->name) + " ADD COLUMN " +
                                as_name(field.name) + " " + declared;
        if (was_there || (!is_ours && !is_known) || is_keys())
            refuse("table " + name() + " has no column \"" + field.name + "\"" +
                       (was_there ? ", which the last run wrote" : ""),
                   "sqlite.column_missing", field.name, sql);
        fit_.statements.push_back(sql);
        fit_.actions.push_back("add column " + field.name + " to " + name());
        fit_.landings.push_back({field.name, declared, storage_of(field), "BINARY",
                                 table_->is_strict && has_one_class(field)});
    }

    void check_extra() {
        for (TableColumn const& column : table_->columns) {
            bool const is_written = std::ranges::any_of(
                request_.fields,
                [&](FieldView const& field) { return same_name(field.name, column.name); });
            bool const is_weirs = same_name(column.name, deletion_column(request_.target));
            if (is_written || column.is_generated || is_weirs) continue;
            fit_.has_extra = true;
            if (column.not_null && !column.has_default && !column.is_rowid)
                refuse("column \"" + column.name + "\" of " + name() +
                           " must not be null and has no default, but the source does not send it",
                       "sqlite.column_required", column.name,
                       "give it a default, or copy into another table with --to");
        }
    }

    void check_key() {
        if (fit_.key.empty()) return;
        std::vector<std::string> columns;
        for (std::size_t const at : fit_.key) columns.push_back(fit_.landings[at].column);
        fit_.has_key = table_->has_key(columns);
        bool const may_rewrite =
            request_.target.write_mode == WEIR_WRITE_REPLACE && !fit_.has_extra;
        if (fit_.has_key || may_rewrite) return;
        std::string list, plain;
        for (std::string const& column : columns) {
            list += (list.empty() ? "" : ", ") + as_name(column);
            plain += (plain.empty() ? "" : ", ") + column;
        }
        refuse("table " + name() + " has no unique index on " + plain + ", which an upsert needs",
               "sqlite.no_unique_index", columns[0],
               "CREATE UNIQUE INDEX " + as_name(name() + "_key") + " ON " + as_name(table_->name) +
                   " (" + list + ");");
    }

    FitRequest const& request_;
    Memory const now_;
    Memory const* memory_ = nullptr;  // only what was asked for in the same way
    std::optional<Table> table_;
    Fit fit_;
};

}  // namespace

std::string deletion_column(Target const& target) {
    return target.deleted_at.empty() ? "_weir_deleted_at" : target.deleted_at;
}

void check_target_name(std::string const& name) {
    if (name.empty())
        refuse_name("the target has no name", "sqlite.reserved_name", {}, "name one with --to");
    if (is_weirs_own(name) || is_sqlites_own(name))
        refuse_name("the table name " + name + " is kept for " +
                        (is_weirs_own(name) ? "Weir" : "SQLite") + " itself",
                    "sqlite.reserved_name", {}, "choose another with --to");
}

std::string column_definitions(std::vector<FieldView> const& fields,
                               std::vector<std::size_t> const& key) {
    bool const has_rowid_key = is_rowid_key(fields, key);
    std::string sql, keys;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        bool const is_key = std::ranges::find(key, i) != key.end();
        sql +=
            (i ? ", " : "") + as_name(fields[i].name) + " " + declared_type(fields[i]);
        if (is_key) sql += has_rowid_key ? " PRIMARY KEY" : " NOT NULL";
    }
    for (std::size_t const at : key) keys += (keys.empty() ? "" : ", ") + as_name(fields[at].name);
    if (!key.empty() && !has_rowid_key) sql += ", PRIMARY KEY (" + keys + ")";
    return sql;
}

Fit fit(Database* db, FitRequest const& request) { return Fitting{db, request}.run(); }

}  // namespace weir::sqlite
