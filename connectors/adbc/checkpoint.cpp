#include "checkpoint.hpp"

namespace weir::adbc {
namespace {

Value text_or_null(std::string const& text) {
    return text.empty() ? Value::null() : Value::of(std::string_view{text});
}

}  // namespace

Checkpoints::Checkpoints(Dialect const& dialect, std::string const& schema)
    : schema_{schema.empty() ? dialect.default_schema() : schema},
      table_{Table{schema_, checkpoint_table, false, {}, {}}.qualified()} {}

void Checkpoints::create(Connection& db, Call const& call) const {
    if (has_table(db, call, schema_, checkpoint_table)) return;
    db.run(call,
           "CREATE TABLE " + table_ +
               " (job VARCHAR(255) NOT NULL, stream VARCHAR(255) NOT NULL, epoch BIGINT NOT NULL, "
               "batch BIGINT NOT NULL, \"cursor\" VARCHAR, spec VARCHAR, target VARCHAR, "
               "target_id VARCHAR, run_id VARCHAR, \"rows\" BIGINT NOT NULL, updated_at VARCHAR, "
               "PRIMARY KEY (job, stream))");
}

std::optional<Checkpoint> Checkpoints::find(Connection& db, Call const& call,
                                            std::string const& job,
                                            std::string const& stream) const {
    if (!has_table(db, call, schema_, checkpoint_table)) return std::nullopt;
    return read(db, call, job, stream);
}

std::optional<Checkpoint> Checkpoints::read(Connection& db, Call const& call,
                                            std::string const& job,
                                            std::string const& stream) const {
    std::vector<Value> row = db.row(
        call,
        "SELECT epoch, batch, \"rows\", \"cursor\", spec, target, target_id, run_id, updated_at "
        "FROM " +
            table_ + " WHERE job = ? AND stream = ?",
        {Value::of(std::string_view{job}), Value::of(std::string_view{stream})});
    if (row.empty()) return std::nullopt;
    return Checkpoint{row[0].integer, row[1].integer, row[2].integer, row[3].text, row[4].text,
                      row[5].text,    row[6].text,    row[7].text,    row[8].text};
}

void Checkpoints::put(Connection& db, Call const& call, std::string const& job,
                      std::string const& stream, Checkpoint const& row, bool is_there) const {
    std::vector<Value> const values{Value::of(row.epoch),         Value::of(row.batch),
                                    Value::of(row.rows),          text_or_null(row.cursor),
                                    text_or_null(row.spec),       text_or_null(row.target),
                                    text_or_null(row.target_id),  text_or_null(row.run_id),
                                    text_or_null(row.updated_at), Value::of(std::string_view{job}),
                                    Value::of(std::string_view{stream})};
    if (is_there)
        db.run(call,
               "UPDATE " + table_ +
                   " SET epoch = ?, batch = ?, \"rows\" = ?, \"cursor\" = ?, spec = ?, target = ?, "
                   "target_id = ?, run_id = ?, updated_at = ? WHERE job = ? AND stream = ?",
               values);
    else
        db.run(call,
               "INSERT INTO " + table_ +
                   " (epoch, batch, \"rows\", \"cursor\", spec, target, target_id, run_id, "
                   "updated_at, job, stream) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
               values);
}

std::optional<std::string> mark_of(Connection& db, Call const& call, Dialect const& dialect,
                                   std::string const& schema, std::string const& table) {
    std::string const query = dialect.mark_query();
    if (query.empty()) {
        if (!has_table(db, call, schema, table)) return std::nullopt;
        return foreign_mark;
    }
    std::vector<Value> const row = db.row(
        call, query, {Value::of(std::string_view{schema}), Value::of(std::string_view{table})});
    if (row.empty()) return std::nullopt;
    return is_ours(row[0].text) ? row[0].text : foreign_mark;
}

bool is_ours(std::string const& mark) { return mark.starts_with("weir "); }

bool has_rows(Connection& db, Call const& call, std::string const& qualified) {
    return !db.numbers(call, "SELECT 1 FROM " + qualified + " LIMIT 1").empty();
}

std::string objection(Checkpoint const& found, Connection& db, Call const& call,
                      Dialect const& dialect, std::string const& schema,
                      std::string const& wanted) {
    if (found.target_id.empty()) return {};  // nothing was written yet
    if (!same_name(found.target, wanted)) return "it was written for " + found.target;
    std::optional<std::string> const mark = mark_of(db, call, dialect, schema, wanted);
    if (!mark) return "the table is gone";
    if (*mark != found.target_id) return "the table is not the one that was written";
    std::string const qualified = Table{schema, wanted, false, {}, {}}.qualified();
    if (*mark == foreign_mark && found.rows > 0 && !has_rows(db, call, qualified))
        return "the table is empty, although " + std::to_string(found.rows) + " rows were written";
    return {};
}

}  // namespace weir::adbc
