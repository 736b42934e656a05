#include "reader.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

#include "freshness.hpp"
#include "literal.hpp"
#include "names.hpp"
#include "storage.hpp"

namespace weir::sqlite {
namespace {

constexpr std::int64_t wait_step_us = 5'000;

void wait_us(Call const& call, std::int64_t left) {
    for (; left > 0; left -= wait_step_us) {
        call.check();
        std::this_thread::sleep_for(std::chrono::microseconds{std::min(left, wait_step_us)});
    }
}

}  // namespace

TableReader::TableReader(Host host, Location const& location, Call const& call, Read const& read)
    : host_{host},
      db_{location, Access::read, call},
      rows_max_{read.rows_max},
      limit_{read.limit},
      bytes_max_{read.bytes_max},
      row_bytes_max_{read.row_bytes_max},
      append_{read.append} {
    Database::Watch const watch{db_, call};
    scan_ = Scan::of(db_, read);
    // SQLite's own at most; at least what its catalog may need.
    constexpr std::size_t least = 1 << 20, most = 1'000'000'000;
    sqlite3_limit(db_.raw(), SQLITE_LIMIT_LENGTH,
                  static_cast<int>(std::clamp(row_bytes_max_, least, most)));
    // Another file of the same tables holds other rows.
    scan_.fingerprint = fingerprint({location.file, scan_.fingerprint});
    if (read.mode == WEIR_READ_DELTA && !scan_.has_tracking())
        throw Error{WEIR_E_CONFIG, "a delta read of " + scan_.table.name +
                                       " needs a tracking field: name it with --cursor"}
            .coded("sqlite.no_tracking");
    resume(read);
    // A part of rows in no order would leave no position, and come again in the next run.
    if (read.mode == WEIR_READ_DELTA && order_ == Order::none && limit_ != INT64_MAX)
        throw Error{WEIR_E_CONFIG,
                    scan_.table.name + " has no key, so the first run with a cursor reads it in "
                                       "one pass: --limit would leave no position behind it",
                    "limit"}
            .coded("sqlite.limit_without_key")
            .suggest("leave --limit away, or name a --key");
    take_snapshot(call);
    // A scan in two parts may come to every row.
    Rows const looked_at = is_bounded_ ? Rows{} : rows();
    probe(db_, scan_.table, scan_.columns, looked_at.sql(scan_, false),
          [&](Statement& statement) { looked_at.bind(statement); });
    start();
}

/// Where a cursor leads. One of another read would leave rows out without a word.
void TableReader::resume(Read const& read) {
    cursor_.fingerprint = scan_.fingerprint;
    order_ = scan_.has_key() ? Order::key : Order::none;
    if (read.cursor.empty()) return;
    std::optional<Cursor> found =
        Cursor::parse(read.cursor, scan_.tracking.size(), scan_.key.size());
    bool const is_full = read.mode == WEIR_READ_FULL;
    if (!found || found->fingerprint != scan_.fingerprint || (is_full && !found->scan) ||
        (found->scan && !scan_.has_key()))
        throw Error{WEIR_E_CONFLICT,
                    "the stored position of " + scan_.table.name +
                        " is of another read: another table, cursor, key or choice of fields"}
            .coded("source.cursor_mismatch");
    cursor_ = std::move(*found);
    if (!cursor_.scan) order_ = Order::tracking;
}

void TableReader::take_snapshot(Call const& call) {
    db_.exec("BEGIN");
    if (!scan_.has_tracking()) return;
    if (cursor_.scan) cursor_.settled = cursor_.scan->mark;
    if (!find_mark() && wait_for_clock(call)) find_mark();
    // A scan that goes on keeps the mark of its beginning: what changed behind it since is above.
    is_bounded_ = order_ == Order::key && (cursor_.scan || has_above_);
    if (cursor_.scan) mark_ = cursor_.scan->mark;
    if (order_ == Order::key) cursor_.settled.reset();
}

/// Rows of this very moment may still get a neighbour that sorts before them. Answers whether the
/// snapshot is a new one.
bool TableReader::wait_for_clock(Call const& call) {
    Rows const last = newest();
    Freshness freshness;
    {
        Statement statement =
            db_.prepare("SELECT " + scan_.position_list(true) + " FROM " + last.sql(scan_, true));
        last.bind(statement);
        if (statement.step()) freshness = freshness_of(Value::of(statement, 0), host_.unix_us());
    }
    if (freshness.age != Age::fresh) return false;
    db_.exec("COMMIT");
    wait_us(call, freshness.wait_us);
    db_.exec("BEGIN");
    return true;
}

Rows TableReader::newest() const {
    Rows last;
    last.add("t." + as_name(scan_.tracking[0].name) + " IS NOT NULL");
    if (cursor_.settled) last.add(scan_, ">", true, *cursor_.settled);
    last.order = scan_.order_list(true, " DESC");
    last.limit = 1;
    return last;
}

/// The last position that is settled; false when there are newer rows that are not.
bool TableReader::find_mark() {
    mark_ = cursor_.settled;
    has_above_ = false;
    Rows candidates = newest();
    // One row is found without sorting; only when it is too new are the others looked at.
    for (std::int64_t const limit : {std::int64_t{1}, INT64_MAX}) {
        candidates.limit = limit;
        Statement statement = db_.prepare("SELECT " + scan_.position_list(true) + " FROM " +
                                          candidates.sql(scan_, true));
        candidates.bind(statement);
        std::int64_t const now_us = host_.unix_us();
        while (statement.step()) {
            if (freshness_of(Value::of(statement, 0), now_us).age != Age::settled) {
                has_above_ = true;
                continue;
            }
            mark_.emplace();
            for (std::size_t i = 0; i < scan_.position_size(); ++i)
                mark_->push_back(Value::of(statement, static_cast<int>(i)));
            return !has_above_;
        }
        if (!has_above_) return true;
    }
    return false;
}

Rows TableReader::rows() const {
    Rows rows;
    rows.limit = limit_ == INT64_MAX ? limit_ : limit_ - done_;
    // Those of one place in the order come in that of their numbers, however often they are read.
    std::string const rowid = scan_.has_key() ? "" : rowid_name(scan_.table);
    if (!rowid.empty()) rows.order = "t." + rowid;
    if (order_ == Order::key) {
        if (cursor_.scan) rows.add(scan_, ">", false, cursor_.scan->at);
        if (is_bounded_) bound(rows);
        if (!scan_.keys.empty()) rows.add(scan_.among_sql());
        rows.order = scan_.order_list(false, "");
        return rows;
    }
    if (!scan_.has_tracking()) return rows;
    std::string const tracking = "t." + as_name(scan_.tracking[0].name);
    if (order_ == Order::tracking) {
        rows.order = scan_.order_list(true, "") + (rowid.empty() ? "" : ", " + rows.order);
        rows.add(tracking + " IS NOT NULL");
        if (cursor_.settled) rows.add(scan_, ">", true, *cursor_.settled);
        if (!scan_.has_key() && mark_) rows.add(scan_, "<=", true, *mark_);
        return rows;
    }
    // Without a key nobody would notice a row that comes twice: only what is settled is read.
    bound(rows);
    return rows;
}

/// Only what is not above the mark.
void TableReader::bound(Rows& rows) const {
    std::string const is_null = "t." + as_name(scan_.tracking[0].name) + " IS NULL";
    if (!mark_) return rows.add(is_null);
    Rows below;
    below.values = rows.values;
    below.add(scan_, "<=", true, *mark_);
    rows.values = below.values;
    rows.add("(" + is_null + " OR " + below.where + ")");
}

/// Begins a part of the scan.
void TableReader::start() {
    part_ = rows();
    stepped_ = 0;
    select();
    last_.assign(position_columns_.size(), Value{});
}

/// Its rows, or their identities only.
void TableReader::select() {
    slots_.clear();
    position_columns_.clear();
    above_column_ = -1;
    std::string list;
    for (ReadColumn const& column : scan_.columns) {
        Field const& field = column.field;
        bool const is_any = (field.type == Type::opaque || field.type == Type::numeric) &&
                            field.source_type == any_type;
        slots_.push_back({field.type, is_any, static_cast<int>(slots_.size())});
        if (!fetch_) list += ", t." + as_name(column.column.name);
    }
    int at = fetch_ ? 0 : static_cast<int>(slots_.size());
    std::vector<TableColumn> parts = scan_.tracking;
    parts.insert(parts.end(), scan_.key.begin(), scan_.key.end());
    for (TableColumn const& part : parts) {
        list += ", t." + as_name(part.name);
        position_columns_.push_back(at++);
    }
    Rows all = part_;
    if (order_ == Order::tracking && has_above_ && scan_.has_key()) {
        std::string above = "t." + as_name(scan_.tracking[0].name) + " IS NOT NULL";
        if (mark_) {
            Rows beyond;
            beyond.values = all.values;
            beyond.add(scan_, ">", true, *mark_);
            above += " AND " + beyond.where;
            all.values = beyond.values;
        }
        list += ", " + above;
        above_column_ = at++;
    }
    identity_column_ = at;
    if (fetch_) list += ", " + fetch_->identity_list();
    statement_ = db_.prepare("SELECT " + list.substr(2) + " FROM " + all.sql(scan_, true));
    all.bind(statement_);
}

Schema TableReader::schema() const {
    Schema schema;
    for (ReadColumn const& column : scan_.columns) schema.push_back(column.field);
    if (!refuses_) return schema;
    for (Field& field : schema) field.nullable = true;
    schema.push_back({.name = refused_field, .type = Type::utf8, .nullable = false});
    return schema;
}

bool TableReader::step() {
    do {
        while (step_in_part())
            if (!is_held_back()) {
                row_bytes_ = measure();
                return true;
            }
    } while (go_on_by_tracking());
    at_end_ = true;
    fetch_.reset();
    statement_.reset();
    db_.exec("COMMIT");
    return false;
}

bool TableReader::step_in_part() {
    if (fetch_) return step_one_by_one();
    int const rc = statement_.try_step();
    if (rc == SQLITE_DONE) return false;
    if (rc == SQLITE_ROW) return ++stepped_ > 0;
    if ((rc & 0xFF) != SQLITE_TOOBIG || !RowFetch::can(scan_.table)) throw db_.error(rc);
    // The same rows of the same snapshot in the same order, from where the statement ended.
    fetch_ = std::make_unique<RowFetch>(db_, scan_, row_bytes_max_);
    select();
    for (std::int64_t left = stepped_; left > 0; --left) statement_.step();
    return step_one_by_one();
}

bool TableReader::step_one_by_one() {
    if (!statement_.step()) return false;
    fetch_->fetch(statement_, identity_column_);
    return true;
}

/// The second part of a scan that left out what was above its mark.
bool TableReader::go_on_by_tracking() {
    if (order_ != Order::key || !is_bounded_ || done_ >= limit_) return false;
    cursor_.settled = mark_;
    cursor_.scan.reset();
    order_ = Order::tracking;
    find_mark();
    start();
    return true;
}

/// Rows above the mark came after the read began, or lie ahead of all clocks. The first are left to
/// the next read, which would bring them a second time otherwise; the others come each time, but
/// for an append, where each time would be a row more.
bool TableReader::is_held_back() {
    is_above_ = above_column_ >= 0 && statement_.integer(above_column_) != 0;
    if (!is_above_ || append_) return is_above_;
    Value const tracking = Value::of(statement_, position_columns_[0]);
    return freshness_of(tracking, host_.unix_us()).age == Age::fresh;
}

bool TableReader::next(Call const& call, Batch& batch) {
    call.check();
    Database::Watch const watch{db_, call};
    if (!has_row_ && !at_end_) has_row_ = step();
    std::size_t bytes = 0;
    while (has_row_ && batch.rows() < rows_max_) {
        bytes += row_bytes_;
        // A row that is refused has a batch of its own.
        if (batch.rows() > 0 && (bytes > bytes_max_ || refuses_ || too_large_)) break;
        if (batch.rows() == 0 && refuses_ != too_large_.has_value()) {
            refuses_ = too_large_.has_value();
            batch.reset(schema());
        }
        refuses_ ? append_refused(batch) : append(batch);
        ++done_;
        note_position();
        has_row_ = step();
    }
    if (batch.rows() > 0) {
        put_cursor(batch, false);
        return true;
    }
    put_cursor(batch, true);
    return false;
}

std::size_t TableReader::measure() {
    std::size_t bytes = 0, most = 0;
    too_large_ = fetch_ ? fetch_->too_large() : std::nullopt;
    Slot const* largest = nullptr;
    for (Slot const& slot : slots_) {
        int const type = row().type(slot.column);
        bool const is_long = type == SQLITE_TEXT || type == SQLITE_BLOB;
        std::size_t const size = is_long ? row().bytes(slot.column).size() : sizeof(std::int64_t);
        bytes += size;
        if (size > most) most = size, largest = &slot;
    }
    if (!too_large_ && largest && bytes > row_bytes_max_)
        too_large_ = {scan_.columns[static_cast<std::size_t>(largest->column)].column.name, most};
    return bytes;
}

/// What is small of it, and why.
void TableReader::append_refused(Batch& batch) {
    constexpr std::size_t kept_bytes_max = 4096;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        int const type = row().type(slots_[i].column);
        bool const is_long = type == SQLITE_TEXT || type == SQLITE_BLOB;
        if (is_long && row().bytes(slots_[i].column).size() > kept_bytes_max)
            batch.column(i).null();
        else
            append_value(batch.column(i), slots_[i]);
    }
    batch.column(slots_.size()).text(too_large_->reason());
}

void TableReader::append(Batch& batch) {
    for (std::size_t i = 0; i < slots_.size(); ++i) append_value(batch.column(i), slots_[i]);
}

void TableReader::append_value(Column& into, Slot const& slot) {
    int const type = row().type(slot.column);
    if (type == SQLITE_NULL) return into.null();
    if (slot.is_any)
        return into.text(slot.type == Type::numeric ? number_of(row(), slot.column)
                                                    : literal_of(row(), slot.column));
    std::optional<double> const real =
        slot.type == Type::float64 ? float_of(row(), slot.column) : std::nullopt;
    std::optional<std::uint64_t> const whole =
        slot.type == Type::uint64 ? whole_of(row(), slot.column) : std::nullopt;
    if (slot.type == Type::int64 && type == SQLITE_INTEGER)
        into.integer(row().integer(slot.column));
    else if (real)
        into.float64(*real);
    else if (whole)
        into.unsigned_integer(*whole);
    else if ((slot.type == Type::utf8 && type == SQLITE_TEXT) ||
             (slot.type == Type::binary && type == SQLITE_BLOB))
        into.text(row().bytes(slot.column));
    else
        throw Error{WEIR_E_IO,
                    "column \"" + scan_.columns[static_cast<std::size_t>(slot.column)].column.name +
                        "\" of " + scan_.table.name +
                        " holds a value that its STRICT type forbids: the file is damaged"}
            .coded("sqlite.damaged")
            .for_good();
}

void TableReader::note_position() {
    // A position above the mark would leave out what may still come before it.
    if (is_above_ && order_ == Order::tracking) return;
    for (std::size_t i = 0; i < last_.size(); ++i) last_[i].take(statement_, position_columns_[i]);
}

void TableReader::put_cursor(Batch& batch, bool at_end) {
    if (at_end && done_ < limit_) {
        if (!scan_.has_tracking()) return;
        cursor_.settled = mark_;
        cursor_.scan.reset();
        batch.cursor(cursor_.dump());
        return;
    }
    switch (order_) {
        case Order::none: return;
        case Order::key:
            if (at_end && !scan_.has_tracking()) return;
            if (done_ > 0) {
                auto const key_at = static_cast<std::ptrdiff_t>(scan_.tracking.size());
                cursor_.scan = Cursor::Scan{{last_.begin() + key_at, last_.end()}, mark_};
            }
            break;
        case Order::tracking:
            // Without a key a position is one only where the tracking value changes.
            if (!scan_.has_key() && has_row_ &&
                last_[0] == Value::of(statement_, position_columns_[0]))
                return;
            if (done_ > 0 && !last_.empty() && last_[0].type != SQLITE_NULL)
                cursor_.settled = last_;
            break;
    }
    batch.cursor(cursor_.dump());
}

}  // namespace weir::sqlite
