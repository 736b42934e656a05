#include "checkpoint.hpp"

#include "names.hpp"
#include "table.hpp"

namespace weir::sqlite {

void Checkpoint::create_table(Database& db) {
    db.exec(R"(CREATE TABLE IF NOT EXISTS "_weir_checkpoint" (
        job TEXT NOT NULL, stream TEXT NOT NULL, epoch INTEGER NOT NULL,
        batch INTEGER NOT NULL DEFAULT 0, "cursor" TEXT, spec TEXT, target TEXT, target_id TEXT,
        fields TEXT, run_id TEXT, "rows" INTEGER NOT NULL DEFAULT 0, updated_at TEXT,
        PRIMARY KEY (job, stream)) STRICT, WITHOUT ROWID)");
}

std::optional<Checkpoint> Checkpoint::find(Database& db, std::string const& job,
                                           std::string const& stream) {
    if (!db.number("SELECT 1 FROM sqlite_schema WHERE name = '_weir_checkpoint'"))
        return std::nullopt;
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
    if (*mark == foreign_mark && rows > 0 &&
        !db.number("SELECT 1 FROM main." + as_name(wanted) + " LIMIT 1"))
        return "the table is empty, although " + std::to_string(rows) + " rows were written";
    return {};
}

}  // namespace weir::sqlite
