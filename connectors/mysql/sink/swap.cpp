#include "swap.hpp"

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
    Intake intake{connection_, seat_, fit_};
    if (std::optional<Said> const said = intake.attempt(stage_, wait))
        insert_each(intake, *said, wait, refusals);
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

void Swap::insert_each(Intake& intake, Said const& first, Wait const& wait,
                       Refusals& refusals) {
    // A temporary table ends no transaction.
    run_or_fail("DROP TEMPORARY TABLE IF EXISTS " + numbered_, wait);
    run_or_fail("CREATE TEMPORARY TABLE " + numbered_ + " (" + row_column +
                    " BIGINT AUTO_INCREMENT PRIMARY KEY) ENGINE=InnoDB ROW_FORMAT=DYNAMIC SELECT *"
                    " FROM " + stage_,
                wait);
    intake.each(numbered_, first, wait, [&](std::int64_t row, Said const& said) {
        refuse(row, said, wait, refusals);
    });
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
