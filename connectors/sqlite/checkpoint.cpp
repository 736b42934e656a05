#include "checkpoint.hpp"

#include "names.hpp"
#include "table.hpp"

namespace weir::sqlite {
namespace {

[[noreturn]] void refuse(Database const& db, std::string const& why) {
    throw Error{WEIR_E_SCHEMA, "_weir_checkpoint in " + db.location().shown +
                                   " is not the table that Weir keeps positions in: it " + why}
        .coded("sqlite.foreign_checkpoint")
        .suggest("rename it, or copy into another file");
}

constexpr char definition[] = R"(CREATE TABLE "_weir_checkpoint" (
        job TEXT NOT NULL, stream TEXT NOT NULL, epoch INTEGER NOT NULL,
        batch INTEGER NOT NULL DEFAULT 0, "cursor" TEXT, spec TEXT, target TEXT, target_id TEXT,
        fields TEXT, run_id TEXT, "rows" INTEGER NOT NULL DEFAULT 0, updated_at TEXT,
        PRIMARY KEY (job, stream)) STRICT, WITHOUT ROWID)";

/// As it was made here: SQLite keeps the text, which is quicker to compare than the columns.
bool is_as_made(Database& db) {
    Statement statement = db.prepare(
        "SELECT 1 FROM main.sqlite_schema WHERE name = '_weir_checkpoint' AND type = 'table' AND "
        "sql = ?1");
    statement.bind(1, std::string_view{definition});
    return statement.step();
}

/// Whether there is a table of positions; throws when it is somebody else's.
bool is_there(Database& db) {
    if (is_as_made(db)) return true;
    std::optional<Table> const table = Table::find(db, "_weir_checkpoint");
    if (!table) return false;
    if (table->kind != "table") refuse(db, "is a " + table->kind);
    for (char const* column : {"job", "stream", "epoch", "batch", "cursor", "spec", "target",
                               "target_id", "fields", "run_id", "rows", "updated_at"})
        if (!table->column(column)) refuse(db, std::string{"has no column "} + column);
    if (!table->has_key({"job", "stream"})) refuse(db, "has no key of job and stream");
    return true;
}

}  // namespace

void Checkpoint::create_table(Database& db) {
    if (is_there(db)) return;
    db.exec(definition);
}

std::optional<Checkpoint> Checkpoint::find(Database& db, std::string const& job,
                                           std::string const& stream) {
    if (!is_there(db)) return std::nullopt;
    return read(db, job, stream);
}

std::optional<Checkpoint> Checkpoint::read(Database& db, std::string const& job,
                                           std::string const& stream) {
    Statement statement = db.prepare(
        "SELECT epoch, batch, \"rows\", \"cursor\", spec, target, target_id, fields, run_id, "
        "updated_at FROM \"_weir_checkpoint\" WHERE job = ?1 AND stream = ?2");
    statement.bind(1, std::string_view{job}).bind(2, std::string_view{stream});
    if (!statement.step()) return std::nullopt;
    Checkpoint found;
    found.epoch = statement.integer(0);
    found.batch = statement.integer(1);
    found.rows = statement.integer(2);
    found.cursor = statement.text(3);
    found.spec = statement.text(4);
    found.target = statement.text(5);
    found.target_id = statement.text(6);
    found.fields = statement.text(7);
    found.run_id = statement.text(8);
    found.updated_at = statement.text(9);
    return found;
}

std::string Checkpoint::objection(Database& db, std::string const& wanted) const {
    if (target_id.empty()) return {};  // nothing was written yet, so there is nothing to doubt
    if (!same_name(target, wanted)) return "it was written for " + target;
    std::optional<std::string> const mark = mark_of(db, wanted);
    if (!mark) return "the table is gone";
    if (*mark != target_id) return "the table is not the one that was written";
    if (*mark == foreign_mark && rows > 0 && !has_rows(db, wanted))
        return "the table is empty, although " + std::to_string(rows) + " rows were written";
    return {};
}

}  // namespace weir::sqlite
