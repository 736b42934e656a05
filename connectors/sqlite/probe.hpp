#pragma once

#include <string>
#include <vector>
#include <weir/cpp/schema.hpp>

#include "table.hpp"

namespace weir::sqlite {

/// One column that is read, and where it comes from.
struct ReadColumn {
    TableColumn column;
    Field field;
};

/// The type that a column's declaration promises; with `any_type` when it promises none: numeric
/// where it speaks of numbers, as DECIMAL(10, 2), which may be whole or not, else opaque.
Field declared_field(Table const& table, TableColumn const& column);

/// Makes the types of `columns` true for every row of `rows`, which is SQL behind FROM, columns
/// qualified with `t`. `bind` fills its parameters. Anything may stand in a column of a table that
/// is not STRICT: where the declaration is not kept the type is that of the values, and where they
/// are of several storage classes it is opaque text with `any_type`, unless they are what Weir
/// stores for floats (NaN and the infinities are texts) or for whole numbers (texts beyond 2^63-1):
/// then it is float64 or uint64, of which just those values come again. The source type of a column
/// without a promise that is kept is `any_type` whatever the rows hold, so that it is the same in
/// each read.
template <class Bind>
void probe(Database& db, Table const& table, std::vector<ReadColumn>& columns,
           std::string const& rows, Bind&& bind);

/// The two passes of probe(). The first stops at the first value that breaks a promise, the second
/// looks which storage classes there are; empty SQL: nothing to ask.
std::string promise_sql(Table const& table, std::vector<ReadColumn> const& columns,
                        std::string const& rows);
std::string classes_sql(std::vector<ReadColumn> const& columns, std::string const& rows);
void define_classes(Database& db);

/// A column of numbers of one class, and of texts that may be numbers too.
struct MaybeNumbers {
    ReadColumn* column;
    Type type;  ///< float64 or uint64
};
std::vector<MaybeNumbers> settle_types(std::vector<ReadColumn>& columns, Statement const& classes);
/// Stops at the first value that `type` would not bring back in its class.
std::string no_number_sql(MaybeNumbers const& maybe, std::string const& rows);
/// Whether there is such a value; one that is too large for SQLite is one.
bool has_row(Database& db, Statement& no_number);

template <class Bind>
void probe(Database& db, Table const& table, std::vector<ReadColumn>& columns,
           std::string const& rows, Bind&& bind) {
    std::string const sql = promise_sql(table, columns, rows);
    if (sql.empty()) return;
    Statement promise = db.prepare(sql);
    bind(promise);
    if (!promise.step()) return;
    promise.reset();
    define_classes(db);
    Statement classes = db.prepare(classes_sql(columns, rows));
    bind(classes);
    if (!classes.step()) return;
    for (MaybeNumbers const& maybe : settle_types(columns, classes)) {
        Statement no_number = db.prepare(no_number_sql(maybe, rows));
        bind(no_number);
        if (!has_row(db, no_number)) maybe.column->field.type = maybe.type;
    }
}

}  // namespace weir::sqlite
