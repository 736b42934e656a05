#include "probe.hpp"

#include "names.hpp"
#include "storage.hpp"

namespace weir::sqlite {
namespace {

std::string column_sql(ReadColumn const& column) { return "t." + as_name(column.column.name); }

bool is_any(Field const& field) {
    return field.type == Type::opaque && field.source_type == any_type;
}

/// What breaks the promise of a declaration; empty: nothing can.
std::string broken_sql(Table const& table, ReadColumn const& column) {
    std::string const name = column_sql(column);
    if (column.column.is_rowid) return {};
    if (is_any(column.field)) return name + " IS NOT NULL";
    if (table.is_strict) return {};
    switch (column.field.type) {
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
        field.type = Type::opaque;
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
    std::string seen, names;
    for (ReadColumn const& column : columns) {
        std::string const name = column_sql(column);
        seen += (seen.empty() ? "_weir_classes(" : ", _weir_classes(") + name + ")";
        names += (names.empty() ? "" : ", ") + name;
    }
    // A LIMIT counts rows, and an aggregate without the inner select would be the one row.
    return "SELECT " + seen + " FROM (SELECT " + names + " FROM " + rows + ") AS t";
}

void define_classes(Database& db) {
    auto see = [](sqlite3_context* out, int, sqlite3_value** values) {
        auto* const bits = static_cast<int*>(sqlite3_aggregate_context(out, sizeof(int)));
        if (bits) *bits |= 1 << sqlite3_value_type(values[0]);
    };
    auto answer = [](sqlite3_context* out) {
        auto const* const bits = static_cast<int*>(sqlite3_aggregate_context(out, 0));
        sqlite3_result_int(out, bits ? *bits : 0);
    };
    int const rc = sqlite3_create_function_v2(db.raw(), "_weir_classes", 1, SQLITE_UTF8, nullptr,
                                              nullptr, see, answer, nullptr);
    if (rc != SQLITE_OK) throw db.error(rc);
}

void settle_types(std::vector<ReadColumn>& columns, Statement const& classes) {
    int at = 0;
    for (ReadColumn& column : columns) {
        std::int64_t const bits = classes.integer(at++);
        bool const whole = bits & (1 << SQLITE_INTEGER), real = bits & (1 << SQLITE_FLOAT);
        bool const text = bits & (1 << SQLITE_TEXT), blob = bits & (1 << SQLITE_BLOB);
        int const kinds = whole + real + text + blob;
        if (kinds == 0) continue;
        Type const found = kinds > 1 ? Type::opaque
                           : whole   ? Type::int64
                           : real    ? Type::float64
                           : text    ? Type::utf8
                                     : Type::binary;
        // A promise that is broken is none: the next read may find yet another class.
        if (found != column.field.type) column.field.source_type = any_type;
        column.field.type = found;
    }
}

}  // namespace weir::sqlite
