#include "fit.hpp"

#include <algorithm>
#include <random>
#include <set>

#include "column_type.hpp"
#include "connectors/mysql/names.hpp"

namespace weir::mysql {
namespace {

constexpr std::size_t name_max = 64;  // characters, the server's own

[[noreturn]] void refuse_name(std::string sentence, std::string field, std::string suggestion) {
    throw Error{WEIR_E_CONFIG, std::move(sentence), std::move(field)}
        .coded("mysql.bad_name")
        .suggest(std::move(suggestion));
}

[[noreturn]] void refuse(std::string sentence, char const* code, std::string field = {},
                         std::string suggestion = {}) {
    throw Error{WEIR_E_SCHEMA, std::move(sentence), std::move(field)}.coded(code).suggest(
        std::move(suggestion));
}

std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

void check_column_name(std::string const& name) {
    constexpr char leave_out[] = "leave it out with --fields, or name it anew with a transform";
    if (name.empty() || !can_be_name(name) || name.ends_with(' '))
        refuse_name("field \"" + name + "\" has no name that MariaDB could take", name, leave_out);
    if (characters(name) > name_max)
        refuse_name("the name of field \"" + name + "\" has more than 64 characters", name,
                    leave_out);
    if (name.starts_with("_weir_"))
        refuse_name("field \"" + name + "\" has a name that Weir keeps for itself (_weir_…)", name,
                    leave_out);
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
        for (std::size_t i = 0; i < request_.fields.size(); ++i) land(i);
        if (!is_keys()) check_extra();
        check_key();
        find_version();
        find_mark();
        fit_.mark = table_->mark();
        for (FieldView const& field : request_.fields)
            fit_.needed.push_back(type_of_new(field));
        fit_.actions.insert(fit_.actions.end(), fit_.retyped.begin(), fit_.retyped.end());
        return std::move(fit_);
    }

private:
    std::string const& name() const { return request_.target.name; }
    bool is_keys() const { return request_.target.write_mode == WEIR_WRITE_KEYS; }
    bool is_append() const { return request_.target.write_mode == WEIR_WRITE_APPEND; }
    bool is_ours() const { return table_->mark() != foreign_mark; }
    bool is_key(std::string const& field) const {
        return std::ranges::find(fit_.key, field) != fit_.key.end();
    }
    std::string type_of_new(FieldView const& field) const {
        return column_type(field, is_key(field.name), request_.dialect);
    }

    [[noreturn]] void refuse_gone() const {
        throw Error{WEIR_E_CONFLICT, "table " + name() + " is gone, so there is nothing to compare"}
            .coded("mysql.target_replaced");
    }

    void check_fields() const {
        if (request_.fields.empty())
            refuse("the source sends no fields for " + name(), "mysql.no_fields");
        std::set<std::string> seen;
        for (FieldView const& field : request_.fields) {
            check_column_name(field.name);
            if (!seen.insert(folded(field.name)).second)
                refuse_name("two fields have the name \"" + field.name +
                                "\" for MariaDB, which does not tell their case apart",
                            field.name, "leave one out with --fields");
        }
    }

    void find_key() {
        if (is_append()) return;
        for (std::string const& key : request_.target.key) {
            if (std::ranges::find(request_.fields, key, &FieldView::name) == request_.fields.end())
                refuse("the key field \"" + key + "\" is not among the fields of " + name(),
                       "mysql.key_missing", key);
            fit_.key.push_back(key);
        }
        if (fit_.key.empty() && request_.target.write_mode == WEIR_WRITE_UPSERT)
            refuse("an upsert into " + name() + " needs a key: name its fields with --key",
                   "mysql.key_missing");
    }

    std::string type_of_new(std::string const& name) const {
        return type_of_new(*std::ranges::find(request_.fields, name, &FieldView::name));
    }

    /// Whether the type before needs the same column, so that nobody can change it to say that it
    /// was seen.
    bool is_one_here(Memory::Entry const& before) const {
        // MariaDB's JSON is a longtext with a CHECK.
        auto const made = [&](std::string const& type) {
            return request_.dialect.is_mariadb && type == "json" ? "longtext" : type;
        };
        return table_->column(before.name) && !before.needed.empty() &&
               made(before.needed) == made(type_of_new(before.name));
    }

    /// Whoever changed the column here as it was changed in the source has mended it.
    bool is_mended(Memory::Entry const& before, Memory::Entry const* after) const {
        TargetColumn const* const column = table_->column(before.name);
        if (!after) return !column;
        if (is_one_here(before)) return false;
        std::string const own = type_of_new(before.name);
        // Only a modifier that is the same here, or gone as it is from this very type of the
        // source, tells that somebody changed it.
        std::string const bare = own.substr(0, own.find(" COLLATE "));
        if (before.is_respelled(*after))
            return column && bare == column->type_text &&
                   (bare.find('(') != bare.npos || bare == after->spelled);
        return column && is_same_type(own, column->type_text);
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
                refuse("column \"" + before.name + "\" of " + name() +
                           " is no longer in the source: it was dropped or renamed there; the "
                           "position is kept",
                       "mysql.column_gone", before.name,
                       "do the same to column \"" + before.name + "\" of " + name() +
                           ", name the columns to copy with --fields, or copy into a new table "
                           "with --to");
            refuse("column \"" + before.name + "\" was " + before.shown() +
                       " in the source and is now " + after->shown() + "; the position is kept",
                   "mysql.column_retyped", before.name,
                   before.remedy(name(), is_one_here(before), !is_append()));
        }
    }

    std::string definition(FieldView const& field) const {
        bool const is_required = !field.nullable || is_key(field.name);
        std::string const type = type_of_new(field);
        std::string out =
            identifier(field.name) + " " + type + (is_required ? " NOT NULL" : " NULL");
        // Else an older server would set the first of them to now with each update.
        if (type.starts_with("timestamp"))
            out += is_required ? " DEFAULT '1970-01-01 00:00:01'" : " DEFAULT NULL";
        return out;
    }

    Fit create() {
        std::string columns;
        for (FieldView const& field : request_.fields)
            columns += (columns.empty() ? "" : ", ") + definition(field);
        if (!fit_.key.empty()) columns += ", PRIMARY KEY (" + identifiers(fit_.key) + ")";
        fit_.statements.push_back("CREATE TABLE " + request_.seat.sql() + " (" + columns +
                                  ") ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4"
                                  " COMMENT=" +
                                  literal("weir " + request_.owner + "-" + nonce()));
        fit_.actions.push_back("create table " + name() + " with " +
                               std::to_string(request_.fields.size()) + " columns");
        return std::move(fit_);
    }

    void find_version() {
        std::string const& version = request_.target.version;
        if (version.empty() || request_.target.write_mode != WEIR_WRITE_UPSERT) return;
        for (std::size_t i = 0; i < fit_.landings.size(); ++i)
            if (request_.fields[fit_.landings[i].field].name == version) fit_.version = i;
        if (!fit_.version && fit_.statements.empty())
            refuse("the version \"" + version + "\" is not among the fields of " + name(),
                   "mysql.no_field", version);
    }

    void find_mark() {
        TargetColumn const* const mark = table_->column(deletion_column(request_.target));
        bool const is_written =
            mark && std::ranges::any_of(fit_.landings, [&](Landing const& landing) {
                return landing.column.name == mark->name;
            });
        if (mark && !is_written && !mark->not_null && !mark->is_generated)
            fit_.deleted_at = mark->name;
    }

    void check_kind() const {
        if (!table_->is_view && table_->engine == "InnoDB") return;
        refuse(table_->is_view
                   ? "the target " + name() + " is a view, which cannot be copied into"
                   : "the target " + name() + " has the engine " + table_->engine +
                         ", which has no transactions: rows and position could part",
               "mysql.not_a_table", {}, "choose another table with --to");
    }

    void land(std::size_t at) {
        FieldView const& field = request_.fields[at];
        TargetColumn const* const column = table_->column(field.name);
        if (!column) return add(at);
        if (column->is_generated) {
            fit_.actions.push_back("column " + column->name + " of " + name() +
                                   " is generated there and not written");
            return;
        }
        std::string const own = type_of_new(field);
        std::string const why = is_text_of_before(field) ? "" : misfit(field, *column, own);
        if (!why.empty())
            refuse("column \"" + column->name + "\" of " + name() + " is " + column->type_text +
                       ", which " + why + ", but the source sends " + own,
                   "mysql.column_type", field.name,
                   "ALTER TABLE " + request_.seat.sql() + " MODIFY " + identifier(column->name) +
                       " " + own);
        fit_.landings.push_back({at, *column});
        fit_.landings.back().column.is_blind_to_blanks =
            is_key(field.name) && loses_blanks(*column, field);
    }

    /// Whether the column takes for equal what the source tells apart by blanks at its end.
    static bool loses_blanks(TargetColumn const& column, FieldView const& field) {
        bool const is_text = field.layout == Layout::text || field.layout == Layout::large_text;
        std::size_t const at = field.source_type.find(" COLLATE ");
        bool const is_lost_there =
            field.vendor == "mysql" && at != field.source_type.npos &&
            pads(std::string_view{field.source_type}.substr(at + sizeof " COLLATE " - 1));
        // Blanks of a char(n) are filling.
        bool const is_filled =
            field.vendor == "postgres" && (field.source_type.starts_with("character(") ||
                                           field.source_type.starts_with("bpchar"));
        return is_text && pads(column.collation) && !is_lost_there && !is_filled;
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
        std::string const sql = "ALTER TABLE " + request_.seat.sql() + " ADD COLUMN " +
                                identifier(field.name) + " " + type_of_new(field) + " NULL";
        if (was_there || (!is_ours() && !is_known) || is_keys())
            refuse("table " + name() + " has no column \"" + field.name + "\"" +
                       (was_there ? ", which the last run wrote" : ""),
                   "mysql.column_missing", field.name, sql);
        fit_.actions.push_back("add column " + field.name + " to " + name());
        if (!request_.is_look) return fit_.statements.push_back(sql);
        TargetColumn wanted;
        wanted.name = field.name;
        wanted.type_text = type_of_new(field);
        wanted.type = wanted.type_text.substr(0, wanted.type_text.find_first_of("( "));
        wanted.is_wanted = true;
        fit_.landings.push_back({at, std::move(wanted)});
    }

    void check_extra() const {
        for (TargetColumn const& column : table_->columns) {
            bool const is_written = std::ranges::any_of(
                request_.fields,
                [&](FieldView const& field) { return folded(field.name) == folded(column.name); });
            if (is_written || column.is_generated || !column.not_null || column.has_default)
                continue;
            refuse("column \"" + column.name + "\" of " + name() +
                       " must not be null and has no default, but the source does not send it",
                   "mysql.column_required", column.name,
                   "give it a default, or copy into another table with --to");
        }
    }

    void check_key() {
        if (fit_.key.empty()) return;
        fit_.has_other_keys = table_->keys.size() > 1;
        if (table_->has_key(fit_.key)) return check_equality();
        std::string plain;
        for (std::string const& column : fit_.key) plain += (plain.empty() ? "" : ", ") + column;
        refuse("table " + name() + " has no unique index on " + plain + ", which an upsert needs",
               "mysql.no_unique_index", fit_.key[0],
               "ALTER TABLE " + request_.seat.sql() + " ADD UNIQUE (" + identifiers(fit_.key) +
                   ")");
    }

    /// Records that the source tells apart must not be one here.
    void check_equality() const {
        for (FieldView const& field : request_.fields) {
            bool const is_text = field.layout == Layout::text || field.layout == Layout::large_text;
            if (!is_text || std::ranges::find(fit_.key, field.name) == fit_.key.end()) continue;
            TargetColumn const* const column = table_->column(field.name);
            if (!column || column->collation.empty() || column->collation.ends_with("_bin"))
                continue;
            if (field.vendor == "mysql" &&
                field.source_type.ends_with(" COLLATE " + column->collation))
                continue;
            refuse("key \"" + field.name + "\" of " + name() + " takes texts for equal (" +
                       column->collation + ") that its source may tell apart",
                   "mysql.no_unique_index", field.name,
                   "ALTER TABLE " + request_.seat.sql() + " MODIFY " + identifier(field.name) +
                       " " + column->type_text + " COLLATE " +
                       request_.dialect.key_collation() + " NOT NULL");
        }
    }

    TargetTable const* table_;
    FitRequest const& request_;
    Memory const now_;
    Memory const* memory_ = nullptr;  // only what was asked for in the same way
    Fit fit_;
};

}  // namespace

std::string deletion_column(Target const& target) {
    return target.deleted_at.empty() ? "_weir_deleted_at" : target.deleted_at;
}

void check_target_name(std::string const& name) {
    if (name.empty() || !can_be_name(name) || name.ends_with(' '))
        refuse_name("the target \"" + name + "\" has no name that MariaDB could take", {},
                    "name another with --to");
    if (characters(name) > name_max)
        refuse_name("the table name " + name + " has more than 64 characters", {},
                    "choose another with --to");
    if (name.starts_with("_weir_"))
        refuse_name("the table name " + name + " is kept for Weir itself", {},
                    "choose another with --to");
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

}  // namespace weir::mysql
