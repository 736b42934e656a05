#include "batch_writer.hpp"

#include <algorithm>

#include "connectors/postgres/names.hpp"
#include "encode_binary.hpp"
#include "merge.hpp"
#include "printing.hpp"
#include "refusal.hpp"
#include "repeats.hpp"

namespace weir::postgres {
namespace {

constexpr std::size_t piece_bytes = 256 * 1024;

bool is_numbered(Route route, bool by_server) {
    return route == Route::stage || (route == Route::merge && by_server);
}

}  // namespace

BatchWriter::BatchWriter(Connection& connection, Place place, Fit fit,
                         std::vector<FieldView> fields, Route route, bool is_upsert)
    : connection_{connection},
      place_{std::move(place)},
      fit_{std::move(fit)},
      fields_{std::move(fields)},
      route_{route},
      is_upsert_{is_upsert},
      by_server_{fit_.version.has_value()} {
    for (std::string const& column : fit_.key)
        for (std::size_t i = 0; i < fit_.landings.size(); ++i)
            if (fit_.landings[i].column.name == column) {
                key_.push_back(i);
                Landing const& landing = fit_.landings[i];
                // Text that the server reads may be one value in several spellings.
                bool const is_exact =
                    landing.column.is_exact && binary_put(fields_[landing.field], landing.column);
                by_server_ = by_server_ || !is_exact;
            }
    turn_to(route);
}

void BatchWriter::turn_to(Route route) {
    route_ = route;
    encoder_.emplace(fields_, fit_.landings, is_numbered(route_, by_server_));
}

void BatchWriter::write(Wait const& wait, ArrowArray const& batch, Rejects& rejects,
                        std::string& first) {
    if (batch.length == 0) return;
    first_ = &first;
    rows_ = batch.length;
    way_ = {};
    left_out_.assign(static_cast<std::size_t>(rows_), false);
    encoder_->show(fields_, batch);
    refuse_null_keys(rejects);
    leave_out_earlier();
    Failure failed = attempt(wait, {0, rows_}, rejects);
    if (failed && route_ == Route::direct && is_upsert_ && sqlstate_of(*failed) == unique_state) {
        turn_to(Route::merge);
        encoder_->show(fields_, batch);
        leave_out_earlier();
        failed = attempt(wait, {0, rows_}, rejects);
    }
    if (failed && route_ == Route::merge && sqlstate_of(*failed) == unique_state) {
        way_ = give_way(connection_, place_, fit_, wait);
        if (way_.how != GiveWay::How::not_at_all) failed = attempt(wait, {0, rows_}, rejects);
        way_ = {};
    }
    if (failed) {
        connection_.run("SAVEPOINT weir_batch", wait);
        std::optional<Error> const refused = write_around(wait, *failed, rejects);
        if (refused) {
            undo(wait, "weir_batch");
            throw Error{*refused};
        }
        connection_.run("RELEASE SAVEPOINT weir_batch", wait);
    }
    staged_ += rows_;
}

void BatchWriter::refuse_null_keys(Rejects& rejects) {
    for (std::size_t const at : key_) {
        ColumnView const& column = encoder_->view(at);
        for (std::int64_t row = 0; row < rows_; ++row) {
            if (!column.is_null(row) || left_out_[static_cast<std::size_t>(row)]) continue;
            std::string const& field = column.field().name;
            refuse(row,
                   Error{WEIR_E_DATA,
                         "row " + std::to_string(row + 1) + " of a batch for " + place_.table +
                             " has no value in its key \"" + field + "\"",
                         field}
                       .coded("postgres.null_key"),
                   rejects);
        }
    }
}

/// Of the rows of one key only the last can be merged.
void BatchWriter::leave_out_earlier() {
    if (route_ == Route::merge && !by_server_)
        leave_out_repeats(*encoder_, key_, rows_, left_out_);
}

void BatchWriter::refuse(std::int64_t row, Error const& why, Rejects& rejects) {
    if (!rejects) throw Error{why};
    rejects.add(row, why);
    left_out_[static_cast<std::size_t>(row)] = true;
}

void BatchWriter::ensure_table(Wait const& wait, std::string& first) {
    if (has_table_) return;
    std::string const made = temporary_sql(stage_table, place_, fit_, true);
    Outcome const outcome = connection_.execute(std::exchange(first, {}) + made, wait);
    if (outcome.failed) throw write_failure(connection_, *outcome.failed, place_);
    has_table_ = true;
}

/// What has to run before the COPY of an attempt.
std::string BatchWriter::opening() {
    std::string sql = std::exchange(*first_, {});
    char const* const table = route_ == Route::merge ? batch_table : stage_table;
    if (route_ != Route::direct && !has_table_) {
        sql += temporary_sql(table, place_, fit_, is_numbered(route_, by_server_)) + "; ";
        has_table_ = true;
    }
    std::string const columns =
        column_list(fit_) +
        (is_numbered(route_, by_server_) ? std::string{", "} + row_column : std::string{});
    return sql + "SAVEPOINT weir; COPY " + (route_ == Route::direct ? place_.sql() : table) + " (" +
           columns + ") FROM STDIN" + (encoder_->is_binary() ? " (FORMAT binary)" : "");
}

/// What brings the rows of the batch into the target.
std::string BatchWriter::merging() const {
    std::string const from = by_server_ ? last_of_key_sql(fit_, batch_table) : batch_table;
    return give_way_sql(way_, place_, fit_, from) + merge_sql(place_, fit_, from);
}

/// Writes the rows of `range` that are not left out, all or none. A row that cannot even be sent is
/// refused on the way.
BatchWriter::Failure BatchWriter::attempt(Wait const& wait, Range range, Rejects& rejects) {
    std::string sql = opening();
    bool const looks = route_ == Route::merge && fit_.version;
    if (route_ == Route::merge && !looks) sql += "; " + merging();
    if (looks)
        sql += "; " + newer_sql(place_, fit_, batch_table);
    else
        sql += "; RELEASE SAVEPOINT weir";
    // Behind the savepoint, where the pages are given back at once.
    if (route_ == Route::merge && !looks) sql += std::string{"; TRUNCATE "} + batch_table;

    std::optional<Outcome> outcome = connection_.start_copy_in(sql, wait);
    if (!outcome) {
        try {
            send_rows(wait, range, rejects);
        } catch (Error const& error) {
            if (error.status != WEIR_E_DATA) throw;
            connection_.end_copy_in(wait, "a row cannot be sent");
            undo(wait, "weir");
            throw;
        }
        outcome = connection_.end_copy_in(wait);
    }
    if (!outcome->failed && looks) {
        try {
            refuse_newer(outcome->rows.at(0), rejects);
        } catch (Error const&) {
            undo(wait, "weir");
            throw;
        }
        outcome->failed = merge(wait);
    }
    if (!outcome->failed) return std::nullopt;
    if (!is_about_row(sqlstate_of(*outcome->failed)))
        throw write_failure(connection_, *outcome->failed, place_);
    undo(wait, "weir");
    return std::move(outcome->failed);
}

/// False: the server has refused before the end.
bool BatchWriter::send_rows(Wait const& wait, Range range, Rejects& rejects) {
    out_.clear();
    encoder_->head(out_);
    for (std::int64_t row = range.begin; row < range.end; ++row) {
        if (left_out_[static_cast<std::size_t>(row)]) continue;
        if (auto const landing = encoder_->row(row, staged_ + row, out_))
            refuse(row, refusal(row, *landing), rejects);
        if (out_.size() < piece_bytes) continue;
        if (!connection_.put(out_.data(), out_.size(), wait)) return false;
        out_.clear();
    }
    encoder_->tail(out_);
    return connection_.put(out_.data(), out_.size(), wait);
}

/// The second half of an attempt that looks for newer rows first.
BatchWriter::Failure BatchWriter::merge(Wait const& wait) {
    Outcome outcome = connection_.execute(
        merging() + "; RELEASE SAVEPOINT weir; TRUNCATE " + batch_table,
        wait);
    return std::move(outcome.failed);
}

void BatchWriter::refuse_newer(Result const& newer, Rejects& rejects) {
    std::string const& field = fields_[fit_.landings[*fit_.version].field].name;
    for (int at = 0; at < newer.rows(); ++at) {
        std::int64_t const row = newer.number(at, 0) - staged_;
        if (left_out_[static_cast<std::size_t>(row)]) continue;
        refuse(row,
               Error{WEIR_E_DATA,
                     row_words(row) + " is older than what " + place_.table + " has by now: " +
                         field + " is " + newer.text(at, 1) + " in it, and " + newer.text(at, 2) +
                         " there",
                     field}
                   .coded("postgres.row_is_newer"),
               rejects);
    }
}

void BatchWriter::undo(Wait const& wait, char const* savepoint) {
    std::string const name{savepoint};
    connection_.run("ROLLBACK TO SAVEPOINT " + name + "; RELEASE SAVEPOINT " + name, wait);
}

/// The row that the server was at, of those that were sent.
std::int64_t BatchWriter::suspect(Range range, Result const& failed) const {
    std::int64_t const middle = range.begin + range.rows() / 2;
    std::optional<std::int64_t> line = line_of(failed);
    if (!line) return middle;
    for (std::int64_t row = range.begin; row < range.end; ++row)
        if (!left_out_[static_cast<std::size_t>(row)] && --*line == 0) return row;
    return middle;
}

std::optional<Error> BatchWriter::write_around(Wait const& wait, Result const& first,
                                               Rejects& rejects) {
    std::vector<Waiting> waiting;
    std::vector<Range> left;
    auto const split = [&](Range range, std::int64_t at) {
        // Alone it is tried only once those before it are in: it may clash with one of them.
        left.push_back({at + 1, range.end});
        left.push_back({at, at + 1});
        left.push_back({range.begin, at});
    };
    split({0, rows_}, suspect({0, rows_}, first));
    while (!left.empty()) {
        Range const range = left.back();
        left.pop_back();
        if (range.rows() <= 0) continue;
        if (range.rows() == 1 && left_out_[static_cast<std::size_t>(range.begin)]) continue;
        Failure const failed = attempt(wait, range, rejects);
        if (!failed) continue;
        if (range.rows() > 1) {
            split(range, suspect(range, *failed));
            continue;
        }
        Error why =
            row_refusal(connection_.settings(), *failed, row_words(range.begin), place_.table);
        if (may_wait(why.sqlstate)) {
            waiting.push_back({range.begin, std::move(why)});
            continue;
        }
        if (!rejects) return why;
        refuse(range.begin, why, rejects);
    }
    try_waiting(wait, waiting, rejects);
    if (waiting.empty()) return std::nullopt;
    if (!rejects) return std::move(waiting.front().why);
    for (Waiting const& each : waiting) refuse(each.row, each.why, rejects);
    return std::nullopt;
}

/// As long as one of them finds its place free now, the next one may.
void BatchWriter::try_waiting(Wait const& wait, std::vector<Waiting>& waiting, Rejects& rejects) {
    for (std::size_t before = 0; before != waiting.size() && !waiting.empty();) {
        before = waiting.size();
        std::erase_if(waiting, [&](Waiting const& each) {
            return !attempt(wait, {each.row, each.row + 1}, rejects).has_value();
        });
    }
}

std::string BatchWriter::row_words(std::int64_t row) const {
    std::string words = "row " + std::to_string(row + 1) + " of a batch";
    for (std::size_t const at : key_)
        words += (at == key_.front() ? ", " : " and ") + encoder_->view(at).field().name + " " +
                 shown_value(encoder_->view(at), row) + ",";
    return words;
}

Error BatchWriter::refusal(std::int64_t row, std::size_t landing) const {
    TargetColumn const& column = fit_.landings[landing].column;
    ColumnView const& view = encoder_->view(landing);
    return Error{WEIR_E_DATA,
                 row_words(row) + " was refused: its " + view.field().name + ", " +
                     shown_value(view, row) + ", does not fit into column \"" + column.name +
                     "\" (" + column.type_text + ") of " + place_.table,
                 view.field().name}
        .coded("postgres.value");
}

}  // namespace weir::postgres
