#include "swap.hpp"

#include <utility>

#include "batch_writer.hpp"
#include "connectors/postgres/names.hpp"
#include "merge.hpp"
#include "refusal.hpp"
#include "staged_row.hpp"

namespace weir::postgres {

Swap::Swap(Connection& connection, Place const& place, Fit const& fit,
           std::vector<FieldView> const& fields)
    : connection_{connection},
      place_{place},
      fit_{fit},
      fields_{fields},
      by_key_{!fit.key.empty() && fit.has_key} {}

void Swap::prepare(Wait const& wait, bool makes_unique) {
    if (std::exchange(is_prepared_, true)) return;
    // Here whole tables meet, which is what these are for; for batches they are switched off.
    run_or_fail(
        "SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on;"
        "SELECT pg_catalog.set_config('work_mem', '64MB', true) FROM pg_catalog.pg_settings"
        " WHERE name = 'work_mem' AND setting::bigint < 65536",
        wait);
    if (by_key_ && makes_unique) make_unique(wait);
    // Of a temporary table nobody else counts the rows, and a join of a million would be taken for
    // one of 200: four times as slow, measured.
    run_or_fail(std::string{"ANALYZE "} + stage_table, wait);
}

void Swap::run(Wait const& wait, Refusals refusals) {
    prepare(wait);
    if (removes_) remove_gone(wait);
    if (attempt_all(wait)) insert_each(wait, refusals);
    if (refused_ > 0) refusals.keep();
}

void Swap::run_or_fail(std::string const& sql, Wait const& wait) {
    Outcome const outcome = connection_.execute(sql, wait);
    if (outcome.failed) throw write_failure(connection_, *outcome.failed, place_);
}

/// Of the records of one key the last stays.
void Swap::make_unique(Wait const& wait) {
    std::string key;
    for (std::string const& column : fit_.key)
        key += (key.empty() ? "" : ", ") + identifier(column);
    std::string const index =
        std::string{"CREATE UNIQUE INDEX ON "} + stage_table + " (" + key + ")";
    Outcome outcome = run_savepoint(index, wait);
    if (!outcome.failed) return;
    run_or_fail(std::string{"DELETE FROM "} + stage_table + " AS s USING (SELECT ctid AS at,"
                " pg_catalog.row_number() OVER (PARTITION BY " + key + " ORDER BY " + row_column +
                    " DESC) AS place FROM " + stage_table +
                    ") AS n WHERE n.place > 1 AND s.ctid = n.at; " + index,
                wait);
}

/// Undoes what failed for the sake of a row; throws what failed otherwise.
Outcome Swap::run_savepoint(std::string const& sql, Wait const& wait) {
    Outcome outcome =
        connection_.execute("SAVEPOINT weir; " + sql + "; RELEASE SAVEPOINT weir", wait);
    if (!outcome.failed) return outcome;
    if (!is_about_row(sqlstate_of(*outcome.failed)))
        throw write_failure(connection_, *outcome.failed, place_);
    run_or_fail("ROLLBACK TO SAVEPOINT weir; RELEASE SAVEPOINT weir", wait);
    return outcome;
}

void Swap::remove_gone(Wait const& wait) {
    std::string const where = " WHERE NOT EXISTS (SELECT FROM " + std::string{stage_table} +
                              " AS s WHERE " + same_key_sql(fit_) + ")";
    Outcome const outcome = run_savepoint(
        "DELETE FROM " + place_.rows_sql() + " AS t" + (by_key_ ? where : std::string{}), wait);
    if (outcome.failed)
        throw row_refusal(connection_.settings(), *outcome.failed,
                          "a row that the source has no more, but that others refer to,",
                          place_.table);
    deleted_ = outcome.counts.at(1);
}

/// Brings in the rows of `range`, or all, or none of them.
Swap::Failure Swap::attempt(Wait const& wait, std::optional<Range> range, GiveWay const& way,
                            bool inserts_first) {
    std::string from = stage_table;
    if (range)
        from = "(SELECT * FROM " + from + " WHERE " + row_column +
               " >= " + std::to_string(range->begin) + " AND " + row_column + " < " +
               std::to_string(range->end) + ")";
    return run_savepoint(by_key_ ? give_way_sql(way, place_, fit_, from) +
                                       merge_sql(place_, fit_, from, inserts_first)
                                 : insert_sql(place_, fit_, from),
                         wait)
        .failed;
}

/// Rows may have to give up what is unique in them before others can have it.
Swap::Failure Swap::attempt_all(Wait const& wait) {
    Failure failed = attempt(wait, std::nullopt);
    if (!failed || !by_key_ || sqlstate_of(*failed) != unique_state) return failed;
    GiveWay const way = give_way(connection_, place_, fit_, wait);
    if (way.how == GiveWay::How::not_at_all) return failed;
    failed = attempt(wait, std::nullopt, way);
    // A row that changes may refer to one that is new.
    return failed ? attempt(wait, std::nullopt, way, true) : std::move(failed);
}

void Swap::insert_each(Wait const& wait, Refusals& refusals) {
    run_or_fail(std::string{"CREATE INDEX ON "} + stage_table + " (" + row_column + ")", wait);
    std::vector<Result> const ends = connection_.run(
        std::string{"SELECT min("} + row_column + "), max(" + row_column + ") + 1 FROM " +
            stage_table,
        wait);
    std::vector<Range> left{{ends.at(0).number(0, 0), ends[0].number(0, 1)}};
    std::vector<std::int64_t> waiting;
    while (!left.empty()) {
        Range const range = left.back();
        left.pop_back();
        Failure const failed = attempt(wait, range);
        if (!failed) continue;
        std::int64_t const middle = range.begin + (range.end - range.begin) / 2;
        if (range.end - range.begin > 1) {
            left.push_back({middle, range.end});
            left.push_back({range.begin, middle});
        } else if (may_wait(sqlstate_of(*failed))) {
            waiting.push_back(range.begin);  // another row may yet give up its value
        } else {
            refuse(wait, range.begin, *failed, refusals);
        }
    }
    for (std::size_t before = 0; before != waiting.size() && !waiting.empty();) {
        before = waiting.size();
        std::erase_if(waiting,
                      [&](std::int64_t row) { return !attempt(wait, Range{row, row + 1}); });
    }
    for (std::int64_t const row : waiting)
        if (Failure const failed = attempt(wait, Range{row, row + 1}))
            refuse(wait, row, *failed, refusals);
}

void Swap::refuse(Wait const& wait, std::int64_t row, Result const& failed, Refusals& refusals) {
    std::vector<Result> const found = connection_.run(staged_row_sql(fit_, row), wait);
    std::string words = "the row with " + words_of(found.at(0), fit_);
    Error why = row_refusal(connection_.settings(), failed, words, place_.table);
    if (!refusals) {
        why.message += "; nothing was changed";
        throw Error{why};
    }
    Batch record = records_of(found[0], fit_, fields_);
    refusals.add(record, why);
    ++refused_;
}

}  // namespace weir::postgres
