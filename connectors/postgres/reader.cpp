#include "reader.hpp"

#include <algorithm>

#include "native.hpp"

namespace weir::postgres {
namespace {

SourceField const& field_of(Table const& table, std::string const& name) {
    if (SourceField const* const field = table.find(name)) return *field;
    std::string names;
    for (SourceField const& each : table.fields) names += (names.empty() ? "" : ", ") + each.name;
    throw Error{WEIR_E_NOT_FOUND, table.stream() + " has no field \"" + name + "\"", name}
        .coded("source.field_not_found")
        .suggest("its fields are " + names);
}

/// 1.0 and 1.00 are one value.
std::string_view without_zeros(std::string_view digits) {
    if (digits.find('.') == digits.npos) return digits;
    while (digits.back() == '0') digits.remove_suffix(1);
    if (digits.back() == '.') digits.remove_suffix(1);
    return digits;
}

std::size_t fixed_size(Type type) {
    switch (type) {
        case Type::boolean: return 1;
        case Type::uuid: return 16;
        default: return 8;
    }
}

}  // namespace

TableReader::TableReader(Host host, Metrics metrics, std::shared_ptr<Spare> spare,
                         std::unique_ptr<Connection> connection, Snapshot snapshot,
                         Read const& read)
    : host_{host},
      metrics_{metrics},
      spare_{std::move(spare)},
      connection_{std::move(connection)},
      snapshot_{std::move(snapshot)},
      subject_{snapshot_.table.subject()},
      rows_max_{std::max<std::int64_t>(read.rows_max, 1)},
      bytes_max_{read.bytes_max} {
    choose_fields(read);
    choose_start(read);
    native_ = query_.wants_native();
    for (SourceField const* field : query_.fields) {
        decoders_.emplace_back(field->field(), field->type, native_);
        fixed_bytes_ += fixed_size(decoders_.back().field().type);
        if (decoders_.back().is_narrow()) narrow_.push_back(decoders_.size() - 1);
    }
    find_places();
}

/// Where in a row the values of the order stand.
void TableReader::find_places() {
    place_columns_.clear();
    place_forms_.clear();
    std::vector<SourceField const*> const sent = query_.sent();
    values_.resize(sent.size());
    for (SourceField const* field : query_.ordered_by()) {
        auto const at = std::find(sent.begin(), sent.end(), field);
        place_columns_.push_back(static_cast<std::size_t>(at - sent.begin()));
        place_forms_.push_back(form_of(field->type));
    }
    last_.resize(place_columns_.size());
}

TableReader::~TableReader() { spare_->keep(std::move(connection_)); }

void TableReader::choose_fields(Read const& read) {
    Table const& table = snapshot_.table;
    query_.table = &table;
    query_.limit = read.limit;
    if (read.fields) {
        for (std::string const& name : *read.fields)
            query_.fields.push_back(&field_of(table, name));
    } else {
        for (SourceField const& field : table.fields) query_.fields.push_back(&field);
    }
    if (query_.fields.empty())
        throw Error{WEIR_E_CONFIG, "no field of " + table.stream() + " is selected", "fields"};
    if (!read.tracking.empty()) {
        query_.tracking = &field_of(table, read.tracking);
        check_tracking(table, *query_.tracking);
        horizon_ = Horizon{*query_.tracking, snapshot_.server_us};
    }
    keyed_ = !read.key.empty();
    for (std::string const& name : read.key) query_.key.push_back(&field_of(table, name));
}

void TableReader::choose_start(Read const& read) {
    Table const& table = snapshot_.table;
    bool const delta = read.mode == WEIR_READ_DELTA;
    if (delta && !query_.tracking)
        throw Error{WEIR_E_CONFIG, "a delta of " + table.stream() +
                                       " needs a tracking field: name it with --cursor"}
            .coded("source.cursor_missing");
    cursor_.fingerprint = fingerprint(table, query_.tracking, read.key, read.fields);
    cursor_.origin = snapshot_.origin;
    cursor_.tracked = query_.tracking != nullptr;
    cursor_.xmin = snapshot_.xmin;
    std::optional<Cursor> stored;
    if (!read.cursor.empty()) {
        stored = Cursor::parse(read.cursor);
        check_cursor(*stored, cursor_.fingerprint, snapshot_.origin, table.stream());
    }
    append_ = read.append;
    bool const goes_on = delta && stored && stored->settled && !stored->scan;
    resumable_ = keyed_ || delta;
    ties_ = delta && !keyed_;
    if (goes_on) {
        query_.order = Order::tracking;
        query_.after = cursor_.settled = stored->settled;
        cursor_.xmin = stored->xmin;
    } else if (keyed_) {
        first_run_ = true;
        query_.order = Order::key;
        if (stored && stored->scan) resume_scan(*stored);
    } else {
        first_run_ = true;
        query_.order = delta ? Order::tracking_and_null : Order::none;
    }
    if (ties_ || (append_ && goes_on)) hold_back();
}

void TableReader::resume_scan(Cursor const& stored) {
    query_.after = stored.scan->at;
    // The mark of the first snapshot: what changed since behind `at` lies above it.
    mark_ = stored.scan->mark;
    probed_ = saw_rows_ = true;
    resumed_ = query_.tracking != nullptr;
    cursor_.xmin = stored.xmin;
    cursor_.scan = stored.scan;
}

/// A row that is appended and can never be passed would be so in each run.
void TableReader::hold_back() {
    std::string const column = "t." + identifier(query_.tracking->name);
    std::string const within = horizon_.condition(column);
    if (within.empty()) return;
    query_.also = query_.order == Order::tracking_and_null
                      ? "(" + column + " IS NULL OR " + within + ")"
                      : within;
}

Schema TableReader::schema() const {
    Schema schema;
    for (Decoder const& decoder : decoders_) schema.push_back(decoder.field());
    return schema;
}

void TableReader::start(Wait const& wait) {
    std::vector<SourceField const*> sorted = query_.ordered_by();
    if (query_.tracking) sorted.push_back(query_.tracking);
    widen_search_path(*connection_, sorted, wait);
    bool const by_place = query_.order >= Order::tracking;
    if (query_.tracking && !by_place && !probed_) probe(wait);
    // A scan that goes on after a kill sees a newer snapshot: what came meanwhile is the delta's.
    if (append_ && query_.order <= Order::key && query_.tracking)
        query_.also = query_.settled_by(mark_);
    // In one round trip with the end of the transaction, where nothing is asked behind it.
    committed_ = !resumed_ && held_back_sql().empty();
    connection_->start_copy(query_.copy_sql() + (committed_ ? ";COMMIT" : ""), wait, subject_);
    started_ = true;
}

/// In the snapshot of the scan, so that no row lies between the two.
void TableReader::probe(Wait const& wait) {
    std::vector<Result> const found = connection_->run(query_.probe_sql(horizon_), wait, subject_);
    if (found.at(0).rows() == 0) return;
    mark_.emplace();
    for (int i = 0; i < found[0].columns(); ++i) mark_->push_back(found[0].text(0, i));
}

bool TableReader::next(Call const& call, Batch& batch) {
    interrupt_.clear();
    Wait const wait{call, interrupt_};
    wait.check();
    if (!started_) start(wait);
    batch_bytes_ = 0;
    while (!ended_) {
        if (!waiting_ && !fetch(wait)) {
            bool const is_filled = batch.rows() > 0 && hand_over(batch, true);
            ended_ = !go_on_by_tracking();
            if (is_filled) return true;
            if (ended_) break;
            start(wait);
            continue;
        }
        if (batch.rows() > 0 && breaks_here(batch)) return hand_over(batch, !ties_ || at_change());
        take_form(batch);
        append(batch);
        // Who waits for the next row first would keep a full batch back.
        if (!ties_ && batch.rows() >= rows_max_) return hand_over(batch, true);
    }
    finish(wait, batch);
    return false;
}

/// A scan that went on after a kill has passed rows that changed since behind its place: they lie
/// above its mark, and are read now, in the same snapshot. False: there is no such second part.
bool TableReader::go_on_by_tracking() {
    if (!resumed_ || rows_ >= query_.limit) return false;
    Query next = query_;
    next.order = Order::tracking;
    if (next.wants_native() != native_) return false;  // the next run brings them
    cursor_.scan.reset();
    cursor_.settled = mark_.value_or(Position{});
    query_ = std::move(next);
    query_.after = cursor_.settled;
    query_.also.clear();
    query_.limit -= query_.limit == INT64_MAX ? 0 : rows_;
    rows_ = 0;
    if (append_) hold_back();
    find_places();
    has_place_ = last_is_null_ = resumed_ = started_ = head_read_ = false;
    return true;
}

bool TableReader::fetch(Wait const& wait) {
    do {
        line_ = connection_->copy_line(wait, subject_);
        if (!line_.data) return false;
        if (!native_) split_line(line_.data, line_.size, values_);
    } while (native_ &&
             !split_tuple(line_.data, line_.size, !std::exchange(head_read_, true), values_));
    waiting_ = true;
    return true;
}

/// Whether the waiting row belongs to the next batch.
bool TableReader::breaks_here(Batch const& batch) {
    if (batch.rows() >= rows_max_ || batch_bytes_ + row_bytes() > bytes_max_) return true;
    for (std::size_t const i : narrow_)
        if (!decoders_[i].holds(values_[i])) return true;
    // Where only a change of the tracking value may be committed, cut at one before the limit.
    return ties_ && batch.rows() >= rows_max_ - rows_max_ / 8 && at_change();
}

/// Gives the fields that cannot hold the waiting row, the first of its batch, the form of text.
void TableReader::take_form(Batch& batch) {
    if (batch.rows() > 0) return;
    bool changed = false;
    for (std::size_t const i : narrow_)
        if (!decoders_[i].holds(values_[i])) {
            decoders_[i].become_text();
            changed = true;
        }
    if (changed) batch.reset(schema());
}

void TableReader::append(Batch& batch) {
    batch_bytes_ += row_bytes();
    for (std::size_t i = 0; i < decoders_.size(); ++i)
        decoders_[i].append(batch.column(i), values_[i]);
    waiting_ = false;
    saw_rows_ = true;
    ++rows_;
    if (resumable_) remember_place();
}

/// The value of the waiting row that stands there in its place, as the server prints it; valid
/// until the next call.
std::string_view TableReader::place_text(std::size_t index) {
    RawValue& value = values_[place_columns_[index]];
    if (!native_) return plain_text(value);
    native_text(place_forms_[index], value, place_text_);
    return place_text_;
}

void TableReader::remember_place() {
    if (query_.order >= Order::tracking) {
        last_is_null_ = values_[place_columns_[0]].null;
        if (last_is_null_) return;
        // From the first row beyond the horizon on, all are: the position stays before it.
        if (!horizon_.covers(place_text(0))) {
            ++future_rows_;
            return;
        }
    }
    has_place_ = true;
    for (std::size_t i = 0; i < place_columns_.size(); ++i) last_[i].assign(place_text(i));
}

/// Whether the waiting row has another tracking value than the one before it.
bool TableReader::at_change() {
    bool const null = values_[place_columns_[0]].null;
    if (null || last_is_null_) return null != last_is_null_;
    std::string_view const text = place_text(0);
    if (type_of(query_.tracking->type) == Type::numeric)
        return without_zeros(text) != without_zeros(last_[0]);
    return text != last_[0];
}

/// Ends the batch; with `place`, the read can go on behind its last row.
bool TableReader::hand_over(Batch& batch, bool place) {
    host_.record(metrics_.bytes, static_cast<double>(batch_bytes_));
    if (resumable_ && place) {
        move_cursor();
        batch.cursor(cursor_.text());
    }
    return true;
}

void TableReader::move_cursor() {
    if (query_.order == Order::key)
        cursor_.scan = KeyScan{last_, mark_};
    else if (last_is_null_)
        cursor_.settled = Position{};
    else if (has_place_)
        cursor_.settled = last_;
}

void TableReader::finish(Wait const& wait, Batch& batch) {
    if (future_rows_ > 0) host_.record(metrics_.future_rows, static_cast<double>(future_rows_));
    if (!committed_) commit(wait);
    if (!query_.tracking) return;
    bool const whole = rows_ < query_.limit;
    if (!whole && !resumable_) return;
    if (whole && query_.order <= Order::key) {
        cursor_.scan.reset();
        cursor_.settled = mark_;
        // Rows were read, and none of them can be a mark: all others are to come.
        if (!mark_ && saw_rows_) cursor_.settled = Position{};
    }
    if (whole && !first_run_) cursor_.xmin = snapshot_.xmin;
    batch.cursor(cursor_.text());
}

/// Whether rows were left out; empty: none can have been.
std::string TableReader::held_back_sql() const {
    if (!query_.tracking || !(ties_ || append_)) return {};
    std::string const within = horizon_.condition("t." + identifier(query_.tracking->name));
    if (within.empty()) return {};
    return "SELECT 1 FROM " + query_.table->sql() + " AS t WHERE NOT (" + within + ") LIMIT 1;";
}

void TableReader::commit(Wait const& wait) {
    std::vector<Result> const found = connection_->run(held_back_sql() + "COMMIT", wait, subject_);
    if (found.empty() || found[0].rows() == 0) return;
    host_.record(metrics_.future_rows, 1);
    host_.warn(query_.table->stream() + " holds rows whose \"" + query_.tracking->name +
               "\" lies in the future or at infinity: what is appended leaves them out, because it "
               "would bring them again in each run");
}

}  // namespace weir::postgres
