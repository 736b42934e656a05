#include "exchange.hpp"

#include <algorithm>

#include "connectors/mysql/names.hpp"
#include "intake.hpp"
#include "merge.hpp"
#include "refusal.hpp"

namespace weir::mysql {
namespace {

constexpr int tries_max = 32;  // each leaves out those that clashed in the one before

std::string in_sql(std::vector<std::int64_t> const& rows) {
    std::string out;
    for (std::int64_t const row : rows) out += (out.empty() ? "" : ", ") + std::to_string(row);
    return std::string{"s."} + row_column + " IN (" + out + ")";
}

}  // namespace

Exchange::Exchange(Connection& connection, Seat const& seat, Fit const& fit, std::string from)
    : connection_{connection},
      seat_{seat},
      fit_{fit},
      from_{std::move(from)},
      away_{qualified(seat.database, "_weir_away")} {}

void Exchange::run(std::string const& sql, Wait const& wait) {
    if (std::optional<Said> const said = connection_.execute(sql, wait))
        throw write_failure(connection_.settings(), *said, seat_.table);
}

/// What it says is about a row.
std::optional<Said> Exchange::attempt(std::string const& sql, Wait const& wait) {
    std::optional<Said> said = connection_.execute(sql, wait);
    if (said && !is_about_row(*said))
        throw write_failure(connection_.settings(), *said, seat_.table);
    return said;
}

bool Exchange::may(Wait const& wait) {
    if (!may_ && fit_.key.empty()) may_ = false;
    if (!may_) look(wait);
    return *may_;
}

void Exchange::look(Wait const& wait) {
    std::string const database = literal(seat_.database), table = literal(seat_.table);
    std::string keys;
    for (std::string const& name : fit_.key) keys += (keys.empty() ? "" : ", ") + literal(name);
    auto const may_see = [](char const* level, std::string const& where) {
        return std::string{"EXISTS (SELECT 1 FROM information_schema."} + level +
               "_PRIVILEGES WHERE PRIVILEGE_TYPE = 'TRIGGER' AND GRANTEE = CONCAT('''',"
               " REPLACE(CURRENT_USER(), '@', '''@'''), '''')" +
               where + ")";
    };
    Answer const found = connection_.run(
        "SELECT (" + may_see("USER", "") + " OR " +
            may_see("SCHEMA", " AND " + database + " LIKE TABLE_SCHEMA") + " OR " +
            may_see("TABLE", " AND TABLE_SCHEMA = " + database + " AND TABLE_NAME = " + table) +
            ") AND NOT EXISTS (SELECT 1 FROM information_schema.TRIGGERS WHERE"
            " EVENT_OBJECT_SCHEMA = " + database + " AND EVENT_OBJECT_TABLE = " + table +
            ") AND NOT EXISTS (SELECT 1 FROM information_schema.KEY_COLUMN_USAGE WHERE"
            " REFERENCED_TABLE_SCHEMA = " + database + " AND REFERENCED_TABLE_NAME = " + table +
            " AND REFERENCED_COLUMN_NAME NOT IN (" + keys + ")), @@SESSION.foreign_key_checks",
        wait);
    may_ = found.text(0, 0) == "1";
    checks_ = found.text(0, 1);
    if (*may_) look_at_columns(wait);
}

void Exchange::look_at_columns(Wait const& wait) {
    std::optional<TargetTable> const table = look_at(connection_, seat_, wait);
    if (!table) {
        may_ = false;
        return;
    }
    int number = 0;
    for (TargetColumn const& column : table->columns) {
        bool const is_written = std::ranges::any_of(fit_.landings, [&](Landing const& landing) {
            return landing.column.name == column.name;
        });
        if (is_written || column.is_generated) continue;
        others_ += ", " + identifier(column.name);
        if (column.name == fit_.deleted_at) {  // what is written again is not gone
            kept_ += ", NULL";
            continue;
        }
        std::string const name = "k" + std::to_string(number++);
        keep_ += ", t." + identifier(column.name) + " AS " + name;
        // A row that changes would have it, too.
        kept_ += column.is_touched
                     ? ", CURRENT_TIMESTAMP(" + std::to_string(column.second_digits) + ")"
                     : ", k." + name;
    }
}

/// False: they cannot, or the user may not.
bool Exchange::leave(std::string const& which, Wait const& wait) {
    // A temporary table ends no transaction.
    run("DROP TEMPORARY TABLE IF EXISTS " + away_, wait);
    if (attempt("CREATE TEMPORARY TABLE " + away_ + " (PRIMARY KEY (" + row_column +
                    ")) ENGINE=InnoDB ROW_FORMAT=DYNAMIC SELECT s." + row_column + keep_ +
                    " FROM " + from_ + " AS s JOIN " + seat_.sql() + " AS t ON " +
                    same_key_sql(fit_) + " WHERE " + which,
                wait))
        return false;  // they have no room there
    run("SET SESSION foreign_key_checks = 0", wait);
    std::optional<Said> const said = connection_.execute(
        "DELETE t FROM " + away_ + " AS k JOIN " + from_ + " AS s ON s." + row_column + " = k." +
            row_column + " JOIN " + seat_.sql() + " AS t ON " + same_key_sql(fit_),
        wait);
    run("SET SESSION foreign_key_checks = " + checks_, wait);
    if (said && !is_denied(*said))
        throw write_failure(connection_.settings(), *said, seat_.table);
    return !said;
}

/// Those that left, and then those that were not there.
std::optional<Said> Exchange::come(std::string const& which, Wait const& wait) {
    std::string const insert = "INSERT INTO " + seat_.sql() + " (" + column_list(fit_);
    std::string const condition = which.empty() ? std::string{} : " WHERE " + which;
    std::optional<Said> said = attempt(
        insert + others_ + ") SELECT " + column_list(fit_, "s.") + kept_ + " FROM " + away_ +
            " AS k JOIN " + from_ + " AS s ON s." + row_column + " = k." + row_column + condition,
        wait);
    if (said || which.empty()) return said;
    return attempt(insert + ") SELECT " + column_list(fit_, "s.") + " FROM " + from_ + " AS s" +
                       condition + " AND s." + row_column + " NOT IN (SELECT " + row_column +
                       " FROM " + away_ + ")",
                   wait);
}

bool Exchange::all(Wait const& wait) {
    if (!may(wait)) return false;
    run("SAVEPOINT weir_exchange", wait);
    std::string which = "(" + differs_sql(fit_) + ")";
    if (fit_.version) which += " AND (" + is_newer_sql(fit_) + ") IS NOT TRUE";
    bool is_done = leave(which, wait);
    may_ = is_done;
    if (is_done) is_done = !come({}, wait);
    for (std::string const& sql : merge_sql(seat_, fit_, from_))
        if (is_done) is_done = !attempt(sql, wait);
    if (!is_done) run("ROLLBACK TO SAVEPOINT weir_exchange", wait);
    return is_done;
}

void Exchange::among(std::vector<std::int64_t>& rows, Wait const& wait) {
    std::vector<std::int64_t> left = rows;
    for (int tries = 0; left.size() > 1 && tries < tries_max && may(wait); ++tries) {
        run("SAVEPOINT weir_exchange", wait);
        may_ = leave(in_sql(left), wait);
        std::vector<std::int64_t> const clashing = *may_ ? come_each(left, wait) : rows;
        if (!clashing.empty()) run("ROLLBACK TO SAVEPOINT weir_exchange", wait);
        auto const is_in = [](std::vector<std::int64_t> const& in) {
            return [&in](std::int64_t row) { return std::ranges::binary_search(in, row); };
        };
        if (clashing.empty()) {
            std::erase_if(rows, is_in(left));
            return;
        }
        std::erase_if(left, is_in(clashing));
    }
}

/// Answers those that do not, ascending.
std::vector<std::int64_t> Exchange::come_each(std::vector<std::int64_t> rows, Wait const& wait) {
    bool may_more = true;
    while (may_more && !rows.empty()) {
        std::size_t const before = rows.size();
        bool refers = false;
        std::erase_if(rows, [&](std::int64_t row) {
            std::optional<Said> const said = come(in_sql({row}), wait);
            refers = refers || (said && !is_repeat(*said));
            return !said;
        });
        // One that refers to another of them may come once that one is there.
        may_more = refers && rows.size() < before;
    }
    return rows;
}

}  // namespace weir::mysql
