#include "probe.hpp"

#include "names.hpp"
#include "storage.hpp"

namespace weir::sqlite {
namespace {

std::string column_sql(ReadColumn const& column) { return "t." + as_name(column.column.name); }

/// DECIMAL(10, 2) and its kind; what else has NUMERIC affinity may hold dates.
bool says_number(std::string_view declared) {
    std::string const type = folded(declared);
    return type.find("decimal") != type.npos || type.find("numeric") != type.npos ||
           type.find("number") != type.npos;
}

/// By the first letter of what typeof() says.
int class_of(unsigned char letter) {
    switch (letter) {
        case 'i': return SQLITE_INTEGER;
        case 'r': return SQLITE_FLOAT;
        case 't': return SQLITE_TEXT;
        case 'b': return SQLITE_BLOB;
        default: return SQLITE_NULL;
    }
}

/// What breaks the promise of a declaration; empty: nothing can.
std::string broken_sql(Table const& table, ReadColumn const& column) {
    std::string const name = column_sql(column);
    if (column.column.is_rowid) return {};
    if (column.field.type == Type::opaque) return name + " IS NOT NULL";
    if (table.is_strict) return {};
    switch (column.field.type) {
        case Type::numeric:
            return "typeof(" + name + ") NOT IN ('integer', 'real', 'null')";
        case Type::int64: return "typeof(" + name + ") NOT IN ('integer', 'null')";
        case Type::float64: return "typeof(" + name + ") NOT IN ('real', 'null')";
        case Type::utf8: return "typeof(" + name + ") NOT IN ('text', 'null')";
        default: return "typeof(" + name + ") NOT IN ('blob', 'null')";
    }
}

}  // namespace

Field declared_field(Table const& table, TableColumn const& column) {
    Field field{column.name, Type::opaque, !column.not_null && !column.is_rowid, column.declared};
    bool const is_strict_any = table.is_strict && same_name(column.declared, "ANY");
    switch (affinity_of(column.declared, table.is_strict)) {
        case Affinity::integer: field.type = Type::int64; break;
        case Affinity::text: field.type = Type::utf8; break;
        case Affinity::real: field.type = Type::float64; break;
        case Affinity::blob:
            if (!column.declared.empty()) field.type = Type::binary;
            break;
        default: break;
    }
    if (field.type == Type::opaque || is_strict_any) {
        bool const is_number = !table.is_strict && says_number(column.declared);
        field.type = is_number ? Type::numeric : Type::opaque;
        field.source_type = any_type;
    }
    return field;
}

std::string promise_sql(Table const& table, std::vector<ReadColumn> const& columns,
                        std::string const& rows) {
    std::vector<std::string> broken;
    for (ReadColumn const& column : columns)
        if (std::string sql = broken_sql(table, column); !sql.empty())
            broken.push_back(std::move(sql));
    if (broken.empty()) return {};
    return "SELECT 1 FROM (SELECT " + joined_by_or(broken) + " AS broken FROM " + rows +
           ") WHERE broken LIMIT 1";
}

std::string classes_sql(std::vector<ReadColumn> const& columns, std::string const& rows) {
    std::string seen, kinds;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        std::string const kind = "kind" + std::to_string(i), comma = i ? ", " : "";
        seen += comma + "_weir_classes(t." + kind + ")";
        // typeof() looks at no value, however large.
        kinds += comma + "typeof(" + column_sql(columns[i]) + ") AS " + kind;
    }
    // A LIMIT counts rows, and an aggregate without the inner select would be the one row.
    return "SELECT " + seen + " FROM (SELECT " + kinds + " FROM " + rows + ") AS t";
}

void define_classes(Database& db) {
    auto see = [](sqlite3_context* out, int, sqlite3_value** values) {
        auto* const bits = static_cast<int*>(sqlite3_aggregate_context(out, sizeof(int)));
        if (bits) *bits |= 1 << class_of(*sqlite3_value_text(values[0]));
    };
    auto answer = [](sqlite3_context* out) {
        auto const* const bits = static_cast<int*>(sqlite3_aggregate_context(out, 0));
        sqlite3_result_int(out, bits ? *bits : 0);
    };
    int const rc = sqlite3_create_function_v2(db.raw(), "_weir_classes", 1, SQLITE_UTF8, nullptr,
                                              nullptr, see, answer, nullptr);
    if (rc != SQLITE_OK) throw db.error(rc);
}

std::vector<MaybeNumbers> settle_types(std::vector<ReadColumn>& columns,
                                       Statement const& classes) {
    std::vector<MaybeNumbers> out;
    int at = 0;
    for (ReadColumn& column : columns) {
        std::int64_t const bits = classes.integer(at++);
        bool const whole = bits & (1 << SQLITE_INTEGER), real = bits & (1 << SQLITE_FLOAT);
        bool const text = bits & (1 << SQLITE_TEXT), blob = bits & (1 << SQLITE_BLOB);
        int const kinds = whole + real + text + blob;
        if (kinds == 0 || (column.field.type == Type::numeric && !text && !blob)) continue;
        Type const found = kinds > 1 ? Type::opaque
                           : whole   ? Type::int64
                           : real    ? Type::float64
                           : text    ? Type::utf8
                                     : Type::binary;
        // A promise that is broken is none: the next read may find yet another class.
        if (found != column.field.type) column.field.source_type = any_type;
        column.field.type = found;
        if (kinds == 2 && text && !blob)
            out.push_back({&column, real ? Type::float64 : Type::uint64});
    }
    return out;
}

std::string no_number_sql(MaybeNumbers const& maybe, std::string const& rows) {
    std::string const name = column_sql(*maybe.column), text = "(" + name + " || '')";
    std::string number, digits;
    if (maybe.type == Type::float64) {
        number = "WHEN 'real' THEN abs(" + name + ") > 1.7976931348623157e308";
        digits = text + " IN ('NaN', 'Infinity', '-Infinity')";
    } else {
        number = "WHEN 'integer' THEN " + name + " < 0";
        digits = name + " GLOB '[1-9]*' AND " + name + " NOT GLOB '*[^0-9]*' AND length(CAST(" +
                 name + " AS BLOB)) = length(" + name + ") AND (length(" + name + ") = 19 AND " +
                 text + " > '9223372036854775807' OR length(" + name + ") = 20 AND " + text +
                 " <= '18446744073709551615')";
    }
    return "SELECT 1 FROM (SELECT CASE typeof(" + name + ") " + number + " WHEN 'text' THEN NOT (" +
           digits + ") ELSE 0 END AS broken FROM " + rows + ") WHERE broken LIMIT 1";
}

bool has_row(Database& db, Statement& no_number) {
    int const rc = no_number.try_step();
    if (rc == SQLITE_DONE) return false;
    if (rc == SQLITE_ROW || (rc & 0xFF) == SQLITE_TOOBIG) return true;
    throw db.error(rc);
}

}  // namespace weir::sqlite
