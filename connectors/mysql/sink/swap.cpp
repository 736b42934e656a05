#include "swap.hpp"

#include "batch_writer.hpp"
#include "connectors/mysql/names.hpp"
#include "merge.hpp"
#include "refusal.hpp"
#include "staged_row.hpp"

namespace weir::mysql {

Swap::Swap(Connection& connection, Seat const& seat, Fit const& fit,
           std::vector<FieldView> const& fields, std::string const& stage)
    : connection_{connection},
      seat_{seat},
      fit_{fit},
      fields_{fields},
      stage_{stage},
      numbered_{qualified(seat.database, "_weir_numbered")} {}

void Swap::run(bool replaces, Wait const& wait, Refusals refusals) {
    if (replaces) remove_gone(wait);
    if (attempt(stage_, wait)) insert_each(wait, refusals);
    if (refused_ > 0) refusals.keep();
}

void Swap::run_or_fail(std::string const& sql, Wait const& wait) {
    if (std::optional<Said> const said = connection_.execute(sql, wait))
        throw write_failure(connection_.settings(), *said, seat_.table);
}

void Swap::remove_gone(Wait const& wait) {
    std::optional<Said> const said = connection_.execute(remove_sql(seat_, fit_, stage_), wait);
    if (said && is_about_row(*said))
        throw row_refusal(*said, "a row that the source has no more, but that others refer to,",
                          seat_.table);
    if (said) throw write_failure(connection_.settings(), *said, seat_.table);
    deleted_ = connection_.affected();
}

/// Brings in all rows of `from`, or none of them.
std::optional<Said> Swap::attempt(std::string const& from, Wait const& wait) {
    run_or_fail("SAVEPOINT weir_swap", wait);
    for (std::string const& sql : merge_sql(seat_, fit_, from))
        if (std::optional<Said> const said = connection_.execute(sql, wait)) {
            if (!is_about_row(*said))
                throw write_failure(connection_.settings(), *said, seat_.table);
            run_or_fail("ROLLBACK TO SAVEPOINT weir_swap", wait);
            return said;
        }
    return std::nullopt;
}

std::optional<Said> Swap::attempt(Range range, Wait const& wait) {
    return attempt("(SELECT * FROM " + numbered_ + " WHERE " + row_column +
                       " >= " + std::to_string(range.begin) + " AND " + row_column + " < " +
                       std::to_string(range.end) + ")",
                   wait);
}

void Swap::insert_each(Wait const& wait, Refusals& refusals) {
    // A temporary table ends no transaction.
    run_or_fail("DROP TEMPORARY TABLE IF EXISTS " + numbered_, wait);
    run_or_fail("CREATE TEMPORARY TABLE " + numbered_ + " (" + row_column +
                    " BIGINT AUTO_INCREMENT PRIMARY KEY) ENGINE=InnoDB ROW_FORMAT=DYNAMIC SELECT *"
                    " FROM " + stage_,
                wait);
    Answer const end = connection_.run(
        std::string{"SELECT COALESCE(MAX("} + row_column + "), 0) + 1 FROM " + numbered_, wait);
    std::vector<Range> left{{1, end.number(0, 0)}};
    std::vector<std::int64_t> waiting;
    while (!left.empty()) {
        Range const range = left.back();
        left.pop_back();
        std::optional<Said> const said = attempt(range, wait);
        if (!said) continue;
        std::int64_t const middle = range.begin + (range.end - range.begin) / 2;
        if (range.end - range.begin > 1) {
            left.push_back({middle, range.end});
            left.push_back({range.begin, middle});
        } else if (may_wait(*said)) {
            waiting.push_back(range.begin);  // another row may yet give up its value
        } else {
            refuse(range.begin, *said, wait, refusals);
        }
    }
    for (std::size_t before = 0; before != waiting.size();) {
        before = waiting.size();
        std::erase_if(waiting,
                      [&](std::int64_t row) { return !attempt(Range{row, row + 1}, wait); });
    }
    for (std::int64_t const row : waiting)
        if (std::optional<Said> const said = attempt(Range{row, row + 1}, wait))
            refuse(row, *said, wait, refusals);
    run_or_fail("DROP TEMPORARY TABLE " + numbered_, wait);
}

void Swap::refuse(std::int64_t row, Said const& said, Wait const& wait, Refusals& refusals) {
    Answer const found = connection_.run(staged_row_sql(fit_, fields_, numbered_, row), wait);
    Error why = row_refusal(said, "the row with " + words_of(found, fit_), seat_.table);
    if (!refusals) {
        why.message += "; nothing was changed";
        throw Error{why};
    }
    Batch record = records_of(found, fit_, fields_);
    refusals.add(record, why);
    ++refused_;
}

}  // namespace weir::mysql
