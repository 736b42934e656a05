#include "batch_insert.hpp"

#include <algorithm>
#include <weir/cpp/utf8.hpp>

#include "exchange.hpp"
#include "insert.hpp"
#include "names.hpp"
#include "newer.hpp"

namespace weir::sqlite {
namespace {

constexpr char unique_code[] = "sqlite.unique";

std::vector<std::string> batch_columns(std::size_t count) {
    std::vector<std::string> columns;
    for (std::size_t i = 0; i < count; ++i) columns.push_back("c" + std::to_string(i));
    return columns;
}

/// Whether a text of `column` may be no UTF-8: quicker than to look at each, since they lie behind
/// one another.
bool may_be_bad(ColumnView const& column, std::int64_t rows) {
    FieldView const& field = column.field();
    bool const is_text = field.layout == Layout::text || field.layout == Layout::large_text;
    if (!is_text || field.meaning == Meaning::binary) return false;
    std::string_view const first = column.bytes(0), last = column.bytes(rows - 1);
    auto const size = static_cast<std::size_t>(last.data() + last.size() - first.data());
    std::string_view const all{first.data(), size};
    if (is_ascii(all)) return false;
    if (!is_utf8(all)) return true;
    for (std::int64_t row = 1; row < rows; ++row) {
        std::string_view const text = column.bytes(row);
        if (!text.empty() && (text.front() & 0xC0) == 0x80) return true;  // cut amid a character
    }
    return false;
}

}  // namespace

// "users.email" out of "UNIQUE constraint failed: users.email"
std::string refused_column(Error const& said, std::string const& table) {
    std::size_t const at = said.message.rfind(table + ".");
    if (at == std::string::npos) return {};
    std::string const column = said.message.substr(at + table.size() + 1);
    return column.substr(0, column.find(','));
}

bool is_about_row(int rc) {
    switch (rc & 0xFF) {
        case SQLITE_CONSTRAINT:
        case SQLITE_MISMATCH:
        case SQLITE_TOOBIG: return true;
        default: return false;
    }
}

char const* constraint_code(int rc) {
    switch (rc) {
        case SQLITE_CONSTRAINT_UNIQUE:
        case SQLITE_CONSTRAINT_ROWID:
        case SQLITE_CONSTRAINT_PRIMARYKEY: return unique_code;
        case SQLITE_CONSTRAINT_NOTNULL: return "sqlite.not_null";
        case SQLITE_CONSTRAINT_CHECK: return "sqlite.check";
        case SQLITE_CONSTRAINT_DATATYPE:
        case SQLITE_MISMATCH: return "sqlite.datatype";
        case SQLITE_CONSTRAINT_TRIGGER: return "sqlite.trigger";
        case SQLITE_TOOBIG: return "sqlite.row_too_big";
        default: return "sqlite.constraint";
    }
}

BatchInsert::BatchInsert(Database& db, Fit fit, std::vector<FieldView> fields, bool is_upsert,
                         int number)
    : db_{db}, fit_{std::move(fit)}, batch_{db, std::move(fields), number} {
    if (!is_upsert) fit_.key.clear();
    InsertSource const source{as_name(batch_.name()), batch_columns(batch_.fields().size())};
    insert_ = db.prepare(insert_sql(fit_, source, is_upsert));
    // Into a new table nothing is there to be changed, and asking costs a sixth of the time.
    if (is_upsert) plain_ = db.prepare(insert_sql(fit_, source, false));
    if (fit_.version) newer_ = db.prepare(newer_sql(fit_, batch_));
}

void BatchInsert::refuse_trigger(char const* deed) const {
    throw Error{WEIR_E_SCHEMA,
                "a trigger of " + fit_.table + " raises " + deed + ": let it raise ABORT"}
        .coded("sqlite.trigger");
}

int BatchInsert::run(Statement& insert) {
    int const rc = insert.try_step();
    sqlite3_reset(insert.raw());
    if (!is_about_row(rc)) return rc;
    // I1: what would be written from here on would be committed without its position.
    if (!db_.in_transaction()) refuse_trigger("ROLLBACK, which undoes all that was written");
    // What such a statement wrote before the refusal stays, and would be written a second time.
    if (db_.changes() != 0) refuse_trigger("FAIL, which leaves half of what was written");
    return rc;
}

void BatchInsert::write(ArrowArray const& batch, Rejects& rejects) {
    batch_.show(batch);
    if (batch.length == 0) return;
    refuse_null_keys(rejects);
    refuse_bad_text(rejects);
    refuse_older(rejects);
    int rc = run(plain_ ? plain_ : insert_);
    if (plain_ && is_about_row(rc)) {
        plain_ = Statement{};
        rc = run(insert_);
    }
    if (rc == SQLITE_DONE) return;
    if (!is_about_row(rc)) throw db_.error(rc);
    db_.exec("SAVEPOINT weir_batch");
    std::optional<Error> const refused = write_around(rejects);
    if (refused) db_.exec("ROLLBACK TO weir_batch");
    db_.exec("RELEASE weir_batch");
    if (refused) throw Error{*refused};
}

void BatchInsert::refuse_null_keys(Rejects& rejects) {
    for (std::int64_t row = 0; row < batch_.rows(); ++row) {
        for (std::size_t const at : fit_.key) {
            if (!batch_.is_null(at, row)) continue;
            std::string const& field = batch_.fields()[at].name;
            Error const why = Error{WEIR_E_DATA,
                                    "row " + std::to_string(row + 1) + " of a batch for " +
                                        fit_.table + " has no value in its key \"" + field + "\"",
                                    field}
                                  .coded("sqlite.null_key");
            refuse(row, why, rejects);
            break;
        }
    }
}

// SQLite would keep them, and most who read the table could not.
void BatchInsert::refuse_bad_text(Rejects& rejects) {
    constexpr std::size_t shown_max = 30;
    for (std::size_t at = 0; at < fields().size(); ++at) {
        ColumnView const& column = batch_.view(at);
        if (!may_be_bad(column, batch_.rows())) continue;
        for (std::int64_t row = 0; row < batch_.rows(); ++row) {
            if (column.is_null(row) || batch_.is_left_out(row)) continue;
            std::string_view const text = column.bytes(row);
            std::size_t const good = utf8_size(text);
            if (good == text.size()) continue;
            std::string const& field = fields()[at].name;
            std::string const there{text.substr(good, shown_max)};
            Error const why = Error{WEIR_E_DATA,
                                    row_words(row) + " has text in \"" + field +
                                        "\" that is no UTF-8: after " + std::to_string(good) +
                                        " bytes stands, in hex, " + hex(there),
                                    field}
                                  .coded("sqlite.bad_text");
            refuse(row, why, rejects);
        }
    }
}

void BatchInsert::refuse_older(Rejects& rejects) {
    if (!newer_) return;
    std::vector<std::pair<std::int64_t, std::string>> older;  // row, the version there
    while (newer_.step()) older.emplace_back(newer_.integer(0), newer_.text(1));
    newer_.reset();
    for (auto const& [row, there] : older) {
        std::size_t const at = fit_.version->at;
        std::string const& field = batch_.fields()[at].name;
        Error const why = Error{WEIR_E_DATA,
                                row_words(row) + " is older than what " + fit_.table +
                                    " has by now: " + field + " is " + batch_.shown(at, row) +
                                    " in it, and " + there + " there",
                                field}
                              .coded("sqlite.row_is_newer");
        refuse(row, why, rejects);
    }
}

void BatchInsert::refuse(std::int64_t row, Error const& why, Rejects& rejects) {
    if (!rejects) throw Error{why};
    rejects.add(row, why);
    batch_.leave_out(row);
}

// A statement that fails leaves nothing of itself, and the row read last is most likely the one
// that was refused: the rows before it are written again, it alone is tried, and the work goes on
// behind it. With triggers SQLite reads all rows ahead; halving the range finds the row then.
std::optional<Error> BatchInsert::write_around(Rejects& rejects) {
    struct Range {
        std::int64_t begin, end;
    };
    std::vector<Range> left{{0, batch_.rows()}};
    std::vector<Waiting> waiting;
    while (!left.empty()) {
        Range const range = left.back();
        left.pop_back();
        if (range.begin >= range.end) continue;
        batch_.narrow(range.begin, range.end);
        int const rc = run(insert_);
        if (rc == SQLITE_DONE) continue;
        if (!is_about_row(rc)) throw db_.error(rc);
        if (range.end - range.begin == 1) {
            Error why = refusal(range.begin, rc);
            if (!fit_.key.empty() && why.code == unique_code) {
                waiting.push_back({range.begin, std::move(why)});
                continue;
            }
            if (!rejects) return why;
            refuse(range.begin, why, rejects);
            continue;
        }
        std::int64_t at = batch_.at();
        if (at < range.begin || at >= range.end) at = range.begin + (range.end - range.begin) / 2;
        if (at > range.begin) {
            // Alone it is tried only once those before it are in: it may clash with one of them.
            left.push_back({at, range.end});
            left.push_back({range.begin, at});
        } else {
            left.push_back({at + 1, range.end});
            left.push_back({at, at + 1});
        }
    }
    if (waiting.empty()) return std::nullopt;
    batch_.narrow(0, batch_.rows());
    drop_superseded(waiting);
    try_again(waiting);
    if (waiting.size() > 1) exchange(waiting);
    if (!rejects && !waiting.empty()) return std::move(waiting.front().why);
    for (Waiting const& each : waiting) refuse(each.row, each.why, rejects);
    return std::nullopt;
}

/// Of one key the last row of the batch stands, or that of the greatest version, and it is written,
/// or refused, by itself.
void BatchInsert::drop_superseded(std::vector<Waiting>& waiting) {
    Statement superseded = db_.prepare(superseded_sql(fit_, batch_));
    std::vector<std::int64_t> rows;
    while (superseded.step()) rows.push_back(superseded.integer(0));
    std::erase_if(waiting, [&](Waiting const& each) {
        return std::ranges::binary_search(rows, each.row);
    });
}

/// As long as one of them finds its place free now, the next one may.
void BatchInsert::try_again(std::vector<Waiting>& waiting) {
    for (std::size_t before = 0; before != waiting.size();) {
        before = waiting.size();
        std::erase_if(waiting, [&](Waiting const& each) {
            batch_.narrow(each.row, each.row + 1);
            int const rc = run(insert_);
            if (rc != SQLITE_DONE && !is_about_row(rc)) throw db_.error(rc);
            return rc == SQLITE_DONE;
        });
    }
}

void BatchInsert::exchange(std::vector<Waiting>& waiting) {
    std::vector<std::int64_t> rows;
    for (Waiting const& each : waiting) rows.push_back(each.row);
    Exchange{db_, fit_, batch_, [this](Statement& each) { return run(each); }}.among(rows);
    std::erase_if(waiting, [&](Waiting const& each) {
        return !std::ranges::binary_search(rows, each.row);
    });
}

std::string BatchInsert::row_words(std::int64_t row) const {
    std::string words = "row " + std::to_string(row + 1) + " of a batch";
    for (std::size_t const at : fit_.key)
        words += (at == fit_.key.front() ? ", " : " and ") + batch_.fields()[at].name + " " +
                 batch_.shown(at, row) + ",";
    return words;
}

Error BatchInsert::refusal(std::int64_t row, int rc) const {
    Error const said = db_.error(rc);  // before any other statement changes what was said
    std::string const column = refused_column(said, fit_.table);
    Error out =
        Error{WEIR_E_DATA, row_words(row) + " was refused by " + fit_.table + ": " + said.message,
              column}
            .coded(constraint_code(said.native_code));
    out.native_code = said.native_code;
    return out;
}

}  // namespace weir::sqlite
