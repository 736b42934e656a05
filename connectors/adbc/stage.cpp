#include "stage.hpp"

#include <algorithm>
#include <weir/cpp/utf8.hpp>

namespace weir::adbc {
namespace {

constexpr char number_column[] = "_weir_n";

std::string list_of(std::vector<std::int64_t> const& numbers) {
    std::string out;
    for (std::int64_t const number : numbers)
        out += (out.empty() ? "" : ", ") + std::to_string(number);
    return out;
}

Schema staged_schema(Fit const& fit) {
    Schema out{{number_column, Type::int64, false}};
    for (FitColumn const& column : fit.columns) out.push_back(column.staged);
    return out;
}

/// Drivers take any bytes for text.
bool is_readable(ColumnView const& column, std::int64_t row) {
    FieldView const& field = column.field();
    bool const is_text = field.layout == Layout::text || field.layout == Layout::large_text;
    return !is_text || field.meaning == Meaning::binary || column.is_null(row) ||
           is_utf8(column.bytes(row));
}

std::string value_of(FitColumn const& column) {
    return column.lands.value("n." + identifier(column.staged.name));
}

}  // namespace

Stage::Stage(Connection& db, Call const& call, Dialect const& dialect, Fit const& fit, int number)
    : db_{db},
      dialect_{dialect},
      fit_{fit},
      name_{identifier("_weir_stage_" + std::to_string(number))},
      bare_{"_weir_stage_" + std::to_string(number)} {
    std::string sql = "CREATE TEMPORARY TABLE " + name_ + " (";
    for (Field const& field : staged_schema(fit_))
        sql += (sql.ends_with('(') ? "" : ", ") + identifier(field.name) + " " +
               dialect_.type_of(field);
    db_.run(call, sql + ")");
}

void Stage::check_columns(Fit const& fit, std::vector<ColumnView> const& columns, std::int64_t row,
                          std::optional<Error>& why) const {
    for (std::size_t i = 0; i < columns.size() && !why; ++i) {
        FitColumn const& column = fit.columns[i];
        if (!column.nullable && columns[i].is_null(row))
            why = Error{WEIR_E_DATA, "a record has no " + column.name +
                                         ", which must not be null in " + fit.table,
                        column.name}
                      .coded("adbc.not_null");
        else if (!is_readable(columns[i], row))
            why = Error{WEIR_E_DATA, "a value of " + column.name + " is no UTF-8", column.name}
                      .coded("adbc.data");
        else
            why = objection(column.staged, columns[i], row);
    }
}

void Stage::write(Call const& call, std::vector<FieldView> const& fields, ArrowArray const& batch,
                  Rejects& rejects) {
    std::vector<ColumnView> const columns = columns_of(fields, batch);
    std::vector<std::pair<std::int64_t, Error>> refused;
    std::vector<std::int64_t> taken;
    Batch rows{staged_schema(fit_)};
    for (std::int64_t row = 0; row < batch.length; ++row) {
        std::optional<Error> why;
        check_columns(fit_, columns, row, why);
        if (why) {
            if (!rejects) throw Error{*why};
            refused.emplace_back(row, std::move(*why));
            continue;
        }
        rows.column(0).integer(next_ + static_cast<std::int64_t>(taken.size()));
        for (std::size_t i = 0; i < columns.size(); ++i)
            carry(rows.column(i + 1), columns[i], row);
        taken.push_back(row);
    }
    call.check();
    if (!taken.empty()) db_.ingest(call, bare_, rows);
    for (auto const& [row, why] : refused) rejects.add(row, why);
    first_ = next_;
    next_ += static_cast<std::int64_t>(taken.size());
    rows_ = std::move(taken);
    if (rows_.empty()) return;
    refuse_unreadable(call, rejects);
    if (fit_.version) refuse_older(call, rejects);
}

/// Takes the rows of these numbers out again; without a place for them the whole batch.
void Stage::refuse(Call const& call, std::vector<std::int64_t> const& numbers, Error const& why,
                   Rejects& rejects) {
    if (numbers.empty()) return;
    std::string const sql = "DELETE FROM " + name_ + " WHERE " + number_column;
    if (!rejects) {
        db_.run(call, sql + " >= " + std::to_string(first_));
        throw Error{why};
    }
    db_.run(call, sql + " IN (" + list_of(numbers) + ")");
    for (std::int64_t const number : numbers)
        rejects.add(rows_[static_cast<std::size_t>(number - first_)], why);
}

/// Values that the type of the target cannot be made of, or only with a loss.
void Stage::refuse_unreadable(Call const& call, Rejects& rejects) {
    if (!dialect_.is_duckdb()) return;  // it has TRY_CAST
    for (FitColumn const& column : fit_.columns) {
        if (column.lands.cast.empty()) continue;
        std::string const name = identifier(column.staged.name);
        refuse(call,
               db_.numbers(call, "SELECT " + std::string{number_column} + " FROM " + name_ +
                                     " WHERE " + number_column + " >= " + std::to_string(first_) +
                                     " AND " + name + " IS NOT NULL AND " +
                                     column.lands.is_lost(name) + " ORDER BY 1"),
               Error{WEIR_E_DATA,
                     "a value of " + column.name + " is no " + column.lands.cast +
                         ", or would lose something",
                     column.name}
                   .coded("adbc.data"),
               rejects);
    }
}

std::string Stage::keys_meet(std::string const& one, std::string const& other) const {
    std::string out;
    for (std::size_t const at : fit_.key) {
        FitColumn const& column = fit_.columns[at];
        out += (out.empty() ? "" : " AND ") + one + identifier(column.name) + " = " +
               (other == "n." ? value_of(column) : other + identifier(column.staged.name));
    }
    return out;
}

/// Records whose row has a greater version, there or staged before.
void Stage::refuse_older(Call const& call, Rejects& rejects) {
    FitColumn const& version = fit_.columns[*fit_.version];
    std::string const since = std::string{" WHERE n."} + number_column + " >= " +
                              std::to_string(first_) + " AND ";
    std::string same;
    for (std::size_t const at : fit_.key) {
        std::string const name = identifier(fit_.columns[at].staged.name);
        same += "b." + name + " = n." + name + " AND ";
    }
    std::string const staged = identifier(version.staged.name);
    std::string const sql =
        "SELECT DISTINCT n._weir_n FROM " + name_ + " n JOIN " + fit_.table + " t ON " +
        keys_meet("t.", "n.") + since + "t." + identifier(version.name) + " > " +
        value_of(version) + " UNION SELECT n._weir_n FROM " + name_ + " n JOIN " + name_ +
        " b ON " + same + "b._weir_n < n._weir_n" + since + "b." + staged + " > n." + staged +
        " ORDER BY 1";
    refuse(call, db_.numbers(call, sql),
           Error{WEIR_E_DATA, fit_.table + " has the record in a newer version than this one",
                 version.name}
               .coded("adbc.row_is_newer"),
           rejects);
}

std::string Stage::source(std::int64_t to) const {
    std::string const rows = "SELECT * FROM " + name_ + " WHERE " + number_column + " < " +
                             std::to_string(to);
    if (fit_.key.empty()) return rows;
    std::vector<std::string> names;
    for (std::size_t const at : fit_.key) names.push_back(fit_.columns[at].staged.name);
    return "SELECT * FROM (SELECT s.*, row_number() OVER (PARTITION BY " + identifiers(names) +
           " ORDER BY " + number_column + " DESC) AS _weir_rank FROM (" + rows +
           ") s) r WHERE _weir_rank = 1";
}

void Stage::merge(Call const& call, std::int64_t to) {
    std::string names, values, sets;
    for (std::size_t i = 0; i < fit_.columns.size(); ++i) {
        FitColumn const& column = fit_.columns[i];
        std::string const comma = names.empty() ? "" : ", ";
        names += comma + identifier(column.name);
        values += comma + value_of(column);
        if (std::ranges::find(fit_.key, i) == fit_.key.end())
            sets += (sets.empty() ? "" : ", ") + identifier(column.name) + " = " + value_of(column);
    }
    if (fit_.key.empty())
        return db_.run(call, "INSERT INTO " + fit_.table + " (" + names + ") SELECT " + values +
                                 " FROM (" + source(to) + ") n ORDER BY n." + number_column);
    db_.run(call, "MERGE INTO " + fit_.table + " t USING (" + source(to) + ") n ON (" +
                      keys_meet("t.", "n.") + ")" +
                      (sets.empty() ? "" : " WHEN MATCHED THEN UPDATE SET " + sets) +
                      " WHEN NOT MATCHED THEN INSERT (" + names + ") VALUES (" + values + ")");
}

void Stage::merge(Call const& call) { merge(call, next_); }

std::string Stage::lacks() const {
    return "NOT EXISTS (SELECT 1 FROM " + name_ + " n WHERE " + keys_meet("t.", "n.") + ")";
}

void Stage::drop(Call const& call) { db_.run(call, "DROP TABLE " + name_); }

std::optional<Error> Stage::attempt(Call const& call, std::int64_t to) {
    std::optional<Error> why;
    db_.begin(call);
    try {
        merge(call, to);
    } catch (Error const& error) {
        if (error.status != WEIR_E_DATA) {
            db_.rollback();
            throw;
        }
        why = error;
    }
    db_.rollback();
    return why;
}

/// All rows below `from` are good: finds what is wrong with those from there to `to`.
void Stage::probe(Call const& call, std::int64_t from, std::int64_t to, Rejects& rejects) {
    std::optional<Error> const why = attempt(call, to);
    if (!why) return;
    if (!rejects || to - from == 1) return refuse(call, {from}, *why, rejects);
    std::int64_t const middle = from + (to - from) / 2;
    probe(call, from, middle, rejects);
    probe(call, middle, to, rejects);
}

void Stage::probe(Call const& call, std::uint32_t write_mode, Rejects& rejects) {
    if (rows_.empty() || write_mode == WEIR_WRITE_REPLACE) return;
    probe(call, first_, next_, rejects);
}

}  // namespace weir::adbc
