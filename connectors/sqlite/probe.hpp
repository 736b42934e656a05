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

/// The type that a column's declaration promises; opaque with `any_type` when it promises none.
Field declared_field(Table const& table, TableColumn const& column);

/// Makes the types of `columns` true for every row of `rows`, which is SQL behind FROM, columns
/// qualified with `t`. `bind` fills its parameters. Anything may stand in a column of a table that
/// is not STRICT: where the declaration is not kept the type is that of the values, and where they
/// are of several storage classes it is opaque text with `any_type`. The source type of a column
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
void settle_types(std::vector<ReadColumn>& columns, Statement const& classes);

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
    if (classes.step()) settle_types(columns, classes);
}

}  // namespace weir::sqlite
