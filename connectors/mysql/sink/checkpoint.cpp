#include "checkpoint.hpp"

#include <mysqld_error.h>

#include "connectors/mysql/names.hpp"
#include "refusal.hpp"

namespace weir::mysql {
namespace {

std::string or_null(std::string const& text) { return text.empty() ? "NULL" : literal(text); }

bool is_number(Error const& error, unsigned number) {
    return error.native_code == static_cast<std::int32_t>(number);
}

[[noreturn]] void refuse_foreign(Post const& post, std::string const& said) {
    throw Error{WEIR_E_SCHEMA, "_weir_checkpoint in the database \"" + post.database +
                                   "\" is not the table that Weir keeps positions in: " + said}
        .coded("mysql.foreign_checkpoint")
        .suggest("rename it, or copy into another database");
}

}  // namespace

std::string Checkpoint::objection(std::string const& wanted, TargetTable const* table,
                                  bool has_rows) const {
    if (target_id.empty()) return {};  // nothing was written yet, so there is nothing to doubt
    if (target != wanted) return "it was written for " + target;
    if (!table) return "the table is gone";
    if (table->mark() != target_id) return "the table is not the one that was written";
    if (table->mark() == foreign_mark && rows > 0 && !has_rows)
        return "the table is empty, although " + std::to_string(rows) + " rows were written";
    return {};
}

std::string Post::table() const { return qualified(database, "_weir_checkpoint"); }

std::optional<Checkpoint> Post::find(Connection& connection, bool lock, Wait const& wait) const {
    Answer found;
    try {
        found = connection.run(
            "SELECT epoch, batch, `rows`, `cursor`, spec, target, target_id, fields, run_id,"
            " DATE_FORMAT(updated_at, '%Y-%m-%dT%H:%i:%s.%fZ') FROM " +
                table() + " WHERE job = " + literal(job) + " AND stream = " + literal(stream) +
                (lock ? " FOR UPDATE" : ""),
            wait);
    } catch (Error const& error) {
        if (is_number(error, ER_NO_SUCH_TABLE)) return std::nullopt;
        if (is_number(error, ER_BAD_FIELD_ERROR)) refuse_foreign(*this, error.message);
        throw;
    }
    if (found.rows() == 0) return std::nullopt;
    Checkpoint row;
    row.epoch = found.number(0, 0);
    row.batch = found.number(0, 1);
    row.rows = found.number(0, 2);
    row.cursor = found.text(0, 3);
    row.spec = found.text(0, 4);
    row.target = found.text(0, 5);
    row.target_id = found.text(0, 6);
    row.fields = found.text(0, 7);
    row.run_id = found.text(0, 8);
    row.updated_at = found.text(0, 9);
    return row;
}

void Post::create_table(Connection& connection, Wait const& wait) const {
    std::optional<Said> const said = connection.execute(
        "CREATE TABLE IF NOT EXISTS " + table() +
            " (job varchar(255) NOT NULL, stream varchar(400) NOT NULL, epoch bigint NOT NULL,"
            " batch bigint NOT NULL DEFAULT 0, `cursor` longtext, spec longtext, target text,"
            " target_id text, fields longtext, run_id text, `rows` bigint NOT NULL DEFAULT 0,"
            " updated_at datetime(6), PRIMARY KEY (job, stream))"
            " ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin",
        wait);
    if (said) throw write_failure(connection.settings(), *said, "_weir_checkpoint");
}

std::string Post::put_sql(Checkpoint const& row) const {
    std::string const values =
        std::to_string(row.epoch) + ", " + std::to_string(row.batch) + ", " + or_null(row.cursor) +
        ", " + or_null(row.spec) + ", " + or_null(row.target) + ", " + or_null(row.target_id) +
        ", " + or_null(row.fields) + ", " + or_null(row.run_id) + ", " + std::to_string(row.rows);
    return "REPLACE INTO " + table() +
           " (job, stream, epoch, batch, `cursor`, spec, target, target_id, fields, run_id, `rows`,"
           " updated_at) VALUES (" +
           literal(job) + ", " + literal(stream) + ", " + values + ", NOW(6))";
}

std::string Post::move_sql(Checkpoint const& next, std::uint64_t rows) const {
    return "UPDATE " + table() + " SET `cursor` = " + or_null(next.cursor) +
           ", spec = " + or_null(next.spec) + ", target_id = COALESCE(" + or_null(next.target_id) +
           ", target_id), fields = COALESCE(" + or_null(next.fields) +
           ", fields), run_id = " + or_null(next.run_id) + ", `rows` = `rows` + " +
           std::to_string(rows) + ", batch = batch + 1, updated_at = NOW(6) WHERE job = " +
           literal(job) + " AND stream = " + literal(stream) +
           " AND epoch = " + std::to_string(next.epoch) +
           " AND batch = " + std::to_string(next.batch);
}

}  // namespace weir::mysql
