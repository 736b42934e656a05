#include "intake.hpp"

#include <algorithm>
#include <vector>

#include "exchange.hpp"
#include "merge.hpp"
#include "refusal.hpp"

namespace weir::mysql {

Intake::Intake(Connection& connection, Seat const& seat, Fit const& fit)
    : connection_{connection}, seat_{seat}, fit_{fit} {}

void Intake::run(std::string const& sql, Wait const& wait) {
    if (std::optional<Said> const said = connection_.execute(sql, wait))
        throw write_failure(connection_.settings(), *said, seat_.table);
}

std::optional<Said> Intake::attempt(std::string const& from, Wait const& wait) {
    run("SAVEPOINT weir_intake", wait);
    for (std::string const& sql : merge_sql(seat_, fit_, from))
        if (std::optional<Said> const said = connection_.execute(sql, wait)) {
            if (!is_about_row(*said))
                throw write_failure(connection_.settings(), *said, seat_.table);
            run("ROLLBACK TO SAVEPOINT weir_intake", wait);
            return said;
        }
    return std::nullopt;
}

std::optional<Said> Intake::attempt(std::string const& numbered, Range range, Wait const& wait) {
    return attempt("(SELECT * FROM " + numbered + " WHERE " + row_column +
                       " >= " + std::to_string(range.begin) + " AND " + row_column + " < " +
                       std::to_string(range.end) + ")",
                   wait);
}

void Intake::each(std::string const& numbered, Said const& first, Wait const& wait,
                  Refuse const& refuse) {
    Exchange exchange{connection_, seat_, fit_, numbered};
    if (is_repeat(first) && exchange.all(wait)) return;
    std::vector<std::int64_t> waiting = search(numbered, wait, refuse);
    for (std::size_t before = 0; before != waiting.size();) {
        before = waiting.size();
        std::erase_if(waiting, [&](std::int64_t row) {
            return !attempt(numbered, {row, row + 1}, wait);
        });
    }
    exchange.among(waiting, wait);
    for (std::int64_t const row : waiting)
        if (std::optional<Said> const said = attempt(numbered, {row, row + 1}, wait))
            refuse(row, *said);
}

/// Answers those that may yet come in.
std::vector<std::int64_t> Intake::search(std::string const& numbered, Wait const& wait,
                                         Refuse const& refuse) {
    std::string const row{row_column};
    Answer const ends = connection_.run("SELECT COALESCE(MIN(" + row + "), 0), COALESCE(MAX(" +
                                            row + "), 0) + 1 FROM " + numbered,
                                        wait);
    std::vector<Range> left{{ends.number(0, 0), ends.number(0, 1)}};
    std::vector<std::int64_t> waiting;
    while (!left.empty()) {
        Range const range = left.back();
        left.pop_back();
        std::optional<Said> const said = attempt(numbered, range, wait);
        if (!said) continue;
        std::int64_t const middle = range.begin + (range.end - range.begin) / 2;
        if (range.end - range.begin > 1) {
            left.push_back({middle, range.end});
            left.push_back({range.begin, middle});
        } else if (may_wait(*said)) {
            waiting.push_back(range.begin);
        } else {
            refuse(range.begin, *said);
        }
    }
    return waiting;
}

}  // namespace weir::mysql
