#include "batch_writer.hpp"

#include <algorithm>

#include "connectors/mysql/names.hpp"
#include "intake.hpp"
#include "merge.hpp"
#include "refusal.hpp"

namespace weir::mysql {
namespace {

// Longer statements are not faster.
constexpr std::size_t statement_bytes_max = 1 << 20;
/// What a packet has beside its statement, and some more.
constexpr std::size_t packet_head_bytes = 64;
constexpr std::int64_t statement_rows_max = 2'000;

/// What the server has not taken yet waits in the socket, and this much beside it.
constexpr std::size_t load_piece_bytes = 64 << 10;
// Fewer are as fast by a statement, which needs no second try where rows are there already.
constexpr std::int64_t load_rows_min = 500;
/// Rows that are there already make each of them fail, and so do many that are refused.
constexpr int failed_loads_max = 2;

/// A max_allowed_packet that takes a statement of that size: whole MiB, 1 GiB at most.
std::size_t packet_for(std::size_t size) {
    constexpr std::size_t mib = 1 << 20, most = 1 << 30;
    return std::min(most, (size + packet_head_bytes + mib) / mib * mib);
}

std::string load_sql(std::string const& table, Fit const& fit,
                     std::vector<FieldView> const& fields) {
    std::string columns, sets;
    for (std::size_t i = 0; i < fit.landings.size(); ++i) {
        Landing const& landing = fit.landings[i];
        std::string const name = identifier(landing.column.name);
        std::string const value = "@weir_" + std::to_string(i);
        std::string decoded;
        if (is_bytes(fields[landing.field]))
            decoded = "UNHEX(" + value + ")";
        else if (landing.column.type == "bit")
            decoded = "CAST(" + value + " AS UNSIGNED)";
        columns += (columns.empty() ? "" : ", ") + (decoded.empty() ? name : value);
        if (!decoded.empty()) sets += (sets.empty() ? " SET " : ", ") + name + " = " + decoded;
    }
    return "LOAD DATA LOCAL INFILE 'weir' INTO TABLE " + table + " CHARACTER SET utf8mb4 (" +
           columns + ")" + sets;
}

/// Of the rows of one key the last stays, or the one of the greatest version.
std::string repeat_sql(Fit const& fit, bool numbered) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < fit.landings.size(); ++i)
        if (i != fit.version) names.push_back(identifier(fit.landings[i].column.name));
    if (numbered) names.push_back(row_column);
    std::string condition;
    if (fit.version) {
        // Assigned last, since what is assigned is what the others would compare with.
        std::string const name = identifier(fit.landings[*fit.version].column.name);
        names.push_back(name);
        condition = "IF((" + version_sql(fit, "") + " > VALUES(" + name + ")) IS TRUE, ";
    }
    std::string out;
    for (std::string const& name : names)
        out += (out.empty() ? " ON DUPLICATE KEY UPDATE " : ", ") + name + " = " +
               (condition.empty() ? "VALUES(" + name + ")"
                                  : condition + name + ", VALUES(" + name + "))");
    return out;
}

}  // namespace

BatchWriter::BatchWriter(Connection& connection, Seat seat, Fit fit, std::vector<FieldView> fields,
                         Route route)
    : connection_{connection},
      seat_{std::move(seat)},
      fit_{std::move(fit)},
      fields_{std::move(fields)},
      route_{route} {
    bool const is_direct = route_ == Route::append || route_ == Route::upsert;
    table_ = qualified(seat_.database, route_ == Route::stage ? "_weir_stage" : "_weir_batch");
    bool const numbered = route_ == Route::merge;
    head_ = "INSERT INTO " + (is_direct ? seat_.sql() : table_) + " (" + column_list(fit_) +
            (numbered ? std::string{", "} + row_column : "") + ") VALUES ";
    load_ = load_sql(is_direct ? seat_.sql() : table_, fit_, fields_);
    loads_ = route_ != Route::merge;
    // The key too: equal is what the collation calls so, and the last spelling stands.
    if (route_ != Route::append && !fit_.key.empty()) tail_ = repeat_sql(fit_, numbered);
    if (route_ == Route::upsert) tail_ += revive_sql(fit_, "");
    for (std::string const& name : fit_.key)
        key_.push_back(static_cast<std::size_t>(
            std::ranges::find(fields_, name, &FieldView::name) - fields_.begin()));
    std::size_t const taken = tail_.size() + packet_head_bytes;
    room_ = connection_.packet_bytes_max() - std::min(taken, connection_.packet_bytes_max());
    sql_.reserve(statement_bytes_max + statement_bytes_max / 8);
}

void BatchWriter::run(Wait const& wait, std::string const& sql) {
    if (std::optional<Said> const said = connection_.execute(sql, wait))
        throw write_failure(connection_.settings(), *said, seat_.table);
}

void BatchWriter::make_table(Wait const& wait) {
    if (route_ != Route::stage && route_ != Route::merge) return;
    std::string own, taken;
    for (Landing const& landing : fit_.landings) {
        std::string const name = identifier(landing.column.name);
        if (landing.column.is_wanted)
            own += (own.empty() ? "" : ", ") + name + " " + landing.column.type_text + " NULL";
        else
            taken += (taken.empty() ? "" : ", ") + name;
    }
    // MariaDB takes a text or blob whole in a unique index, and in no primary key.
    bool const has_long_key = std::ranges::any_of(fit_.landings, [this](Landing const& each) {
        return std::ranges::find(fit_.key, fields_[each.field].name) != fit_.key.end() &&
               (each.column.type.ends_with("text") || each.column.type.ends_with("blob"));
    });
    if (!fit_.key.empty())
        own += (own.empty() ? "" : ", ") + std::string{has_long_key ? "UNIQUE" : "PRIMARY KEY"} +
               " (" + identifiers(fit_.key) + ")";
    if (route_ == Route::merge) {
        taken += std::string{", 0 AS "} + row_column;
        own += std::string{own.empty() ? "KEY (" : ", KEY ("} + row_column + ")";
    }
    run(wait, "DROP TEMPORARY TABLE IF EXISTS " + table_);
    run(wait, "CREATE TEMPORARY TABLE " + table_ + (own.empty() ? own : " (" + own + ")") +
                  " ENGINE=InnoDB ROW_FORMAT=DYNAMIC SELECT " + taken + " FROM " + seat_.sql() +
                  " LIMIT 0");
}

void BatchWriter::write(Wait const& wait, ArrowArray const& batch, Rejects& rejects) {
    columns_ = columns_of(fields_, batch);
    left_out_.assign(static_cast<std::size_t>(batch.length), false);
    first_refused_.reset();
    run(wait, "SAVEPOINT weir_batch");
    if (route_ != Route::append) refuse_null_keys(rejects);
    bool const is_loaded = load(wait, {0, batch.length}, rejects);
    for (std::int64_t from = 0; !is_loaded && from < batch.length && !first_refused_;) {
        std::int64_t const end = fill({from, batch.length}, rejects);
        write_range(wait, {from, end}, rejects);
        from = end;
    }
    if (route_ == Route::merge && !first_refused_) merge(wait, rejects);
    if (!first_refused_) return;
    run(wait, "ROLLBACK TO SAVEPOINT weir_batch");
    throw Error{*first_refused_};
}

void BatchWriter::refuse_null_keys(Rejects& rejects) {
    for (std::size_t const place : key_)
        for (std::int64_t row = 0; row < static_cast<std::int64_t>(left_out_.size()); ++row)
            if (!left_out_[static_cast<std::size_t>(row)] && columns_[place].is_null(row))
                refuse(row,
                       Error{WEIR_E_DATA,
                             row_words(row) + " has no value in its key \"" +
                                 fields_[place].name + "\"",
                             fields_[place].name}
                           .coded("mysql.null_key"),
                       rejects);
}

void BatchWriter::refuse(std::int64_t row, Error const& why, Rejects& rejects) {
    left_out_[static_cast<std::size_t>(row)] = true;
    if (rejects)
        rejects.add(row, why);
    else if (!first_refused_)
        first_refused_ = why;
}

/// Loads the rows of `range`, each made while the server is at work on those before; false:
/// nothing of it was done.
bool BatchWriter::load(Wait const& wait, Range range, Rejects& rejects) {
    if (!loads_ || range.end - range.begin < load_rows_min) return false;
    std::uint64_t count = 0;
    std::int64_t row = range.begin;
    auto const feed = [&]() -> std::string_view {
        sql_.clear();
        for (; row < range.end && sql_.size() < load_piece_bytes && !first_refused_; ++row)
            if (!left_out_[static_cast<std::size_t>(row)])
                count += append_row(row, Style::line, rejects);
        return sql_;
    };
    std::optional<Said> const said = connection_.load(load_, feed, wait);
    if (first_refused_) return true;
    if (!said && connection_.warnings() == 0 && connection_.affected() == count) {
        failed_loads_ = 0;
        return true;
    }
    bool const may_not = said && is_no_load(*said);
    if (said && !may_not && !is_about_row(*said))
        throw write_failure(connection_.settings(), *said, seat_.table);
    run(wait, "ROLLBACK TO SAVEPOINT weir_batch");
    loads_ = !may_not && ++failed_loads_ < failed_loads_max;
    return false;
}

/// Appends a row to the statement, or to what is loaded; false: it was refused.
bool BatchWriter::append_row(std::int64_t row, Style style, Rejects& rejects) {
    std::size_t const before = sql_.size();
    bool const is_literal = style == Style::literal;
    char sign = '(';
    if (is_literal && before > head_.size()) sql_ += ',';
    for (Landing const& landing : fit_.landings) {
        char const next = std::exchange(sign, is_literal ? ',' : '\t');
        if (is_literal || next != '(') sql_ += next;
        ColumnView const& column = columns_[landing.field];
        if (landing.column.fills_null && column.is_null(row)) {
            refuse(row, no_value(row, landing), rejects);
        } else if (char const* const why =
                       append_value(sql_, style, column, row, landing.column)) {
            refuse(row, value_refusal(row, landing, why).coded("mysql.value"), rejects);
        } else {
            continue;
        }
        sql_.resize(before);
        return false;
    }
    if (route_ == Route::merge) sql_ += "," + std::to_string(row);
    sql_ += is_literal ? ')' : '\n';
    return true;
}

/// Makes one statement of rows from the start of `range`, and answers where it ends.
std::int64_t BatchWriter::fill(Range range, Rejects& rejects) {
    sql_ = head_;
    std::int64_t row = range.begin;
    for (std::int64_t count = 0; row < range.end && count < statement_rows_max; ++row) {
        if (left_out_[static_cast<std::size_t>(row)]) continue;
        if (sql_.size() > statement_bytes_max) break;
        std::size_t const before = sql_.size();
        bool const is_in = append_row(row, Style::literal, rejects);
        if (sql_.size() <= room_) {
            count += is_in;
            continue;
        }
        std::size_t const size = sql_.size() - before;
        sql_.resize(before);
        if (count > 0) break;  // it has room in the next one
        refuse(row, too_large(row, size), rejects);
    }
    return row;
}

/// Runs the statement that fill() made of `range`, and where a row of it is refused, parts of it.
void BatchWriter::write_range(Wait const& wait, Range range, Rejects& rejects) {
    if (sql_.size() == head_.size()) return;
    std::optional<Said> const said = connection_.execute(sql_ + tail_, wait);
    if (!said) return;
    if (!is_about_row(*said)) throw write_failure(connection_.settings(), *said, seat_.table);
    if (range.end - range.begin == 1) {
        Error const why = row_refusal(*said, row_words(range.begin), seat_.table);
        return refuse(range.begin, remedied(why), rejects);
    }
    std::int64_t const middle = range.begin + (range.end - range.begin) / 2;
    for (Range const half : {Range{range.begin, middle}, Range{middle, range.end}}) {
        if (first_refused_) return;
        fill(half, rejects);
        write_range(wait, half, rejects);
    }
}

/// The rows of the temporary table into the target.
void BatchWriter::merge(Wait const& wait, Rejects& rejects) {
    if (fit_.version) refuse_newer(wait, rejects);
    if (first_refused_) return;
    Intake intake{connection_, seat_, fit_};
    if (std::optional<Said> const first = intake.attempt(table_, wait)) {
        auto const refused = [&](std::int64_t row, Said const& said) {
            refuse(row, remedied(row_refusal(said, row_words(row), seat_.table)), rejects);
            if (first_refused_) throw Error{*first_refused_};
        };
        try {
            intake.each(table_, *first, wait, refused);
        } catch (Error const&) {
            if (!first_refused_) throw;
        }
    }
    run(wait, "DELETE FROM " + table_);
}

Error BatchWriter::remedied(Error why) const {
    auto const is_named = [&why](Landing const& each) { return each.column.name == why.where; };
    auto const landing = std::ranges::find_if(fit_.landings, is_named);
    if (landing == fit_.landings.end() || landing->column.type != "timestamp") return why;
    // Of 10.11 and MySQL; newer ones reach further.
    return std::move(why).suggest("a timestamp goes from 1970 to 2038 only: ALTER TABLE " +
                                  seat_.sql() + " MODIFY " + identifier(why.where) +
                                  " datetime(6)");
}

void BatchWriter::refuse_newer(Wait const& wait, Rejects& rejects) {
    std::string const version = identifier(fit_.landings[*fit_.version].column.name);
    Answer const newer = connection_.run(
        std::string{"SELECT s."} + row_column + ", s." + version + ", t." + version + " FROM " +
            table_ + " AS s JOIN " + seat_.sql() + " AS t ON " + same_key_sql(fit_) + " WHERE " +
            is_newer_sql(fit_),
        wait);
    std::string const& field = fields_[fit_.landings[*fit_.version].field].name;
    for (std::size_t at = 0; at < newer.rows(); ++at) {
        std::int64_t const row = newer.number(at, 0);
        if (left_out_[static_cast<std::size_t>(row)]) continue;
        refuse(row,
               Error{WEIR_E_DATA,
                     row_words(row) + " is older than what " + seat_.table + " has by now: " +
                         field + " is " + newer.text(at, 1) + " in it, and " + newer.text(at, 2) +
                         " there",
                     field}
                   .coded("mysql.row_is_newer"),
               rejects);
    }
}

Error BatchWriter::value_refusal(std::int64_t row, Landing const& landing, char const* why) const {
    std::string const& name = fields_[landing.field].name;
    return {WEIR_E_DATA,
            row_words(row) + " was refused by " + seat_.table + ": column \"" + name + "\" " + why,
            name};
}

/// It would not come back from a server that hangs up on what is too large for it.
Error BatchWriter::too_large(std::int64_t row, std::size_t size) const {
    std::string const* name = nullptr;
    std::size_t most = 0;
    for (Landing const& landing : fit_.landings) {
        ColumnView const& column = columns_[landing.field];
        Layout const layout = column.field().layout;
        bool const is_long = layout == Layout::text || layout == Layout::large_text ||
                             column.field().meaning == Meaning::binary;
        if (!is_long || column.is_null(row) || column.bytes(row).size() < most) continue;
        most = column.bytes(row).size();
        name = &column.field().name;
    }
    std::string sentence = row_words(row) + " was refused by " + seat_.table + ": it takes " +
                           std::to_string(size) + " bytes of a statement";
    if (name) sentence += ", \"" + *name + "\" alone has " + std::to_string(most);
    return Error{WEIR_E_DATA,
                 sentence + ", and the server takes " +
                     std::to_string(connection_.packet_bytes_max()) + " at once",
                 name ? *name : std::string{}}
        .coded("mysql.too_large")
        .suggest("raise max_allowed_packet of the server: SET GLOBAL max_allowed_packet = " +
                 std::to_string(packet_for(size + head_.size() + tail_.size())));
}

/// The server would put the time of now, or the next number.
Error BatchWriter::no_value(std::int64_t row, Landing const& landing) const {
    Error error = value_refusal(row, landing, "must not be null").coded("mysql.not_null");
    if (landing.column.type != "timestamp") return error;
    return std::move(error).suggest("ALTER TABLE " + seat_.sql() + " MODIFY " +
                                    identifier(landing.column.name) + " " +
                                    landing.column.type_text + " NULL");
}

std::string BatchWriter::row_words(std::int64_t row) const {
    std::string words = "row " + std::to_string(row + 1) + " of a batch";
    for (std::size_t const at : key_)
        words += (at == key_.front() ? ", " : " and ") + fields_[at].name + " " +
                 shown_value(columns_[at], row) + ",";
    return words;
}

}  // namespace weir::mysql
