#include "reader.hpp"

#include <algorithm>

namespace weir::mysql {
namespace {

SourceField const& field_of(Table const& table, std::string const& name) {
    if (SourceField const* const field = table.find(name)) return *field;
    std::string names;
    for (SourceField const& each : table.fields) names += (names.empty() ? "" : ", ") + each.name;
    throw Error{WEIR_E_NOT_FOUND, table.stream() + " has no field \"" + name + "\"", name}
        .coded("source.field_not_found")
        .suggest("its fields are " + names);
}

std::size_t fixed_size(Type type) {
    return type == Type::uuid || type == Type::decimal ? 16 : 8;
}

/// Most collations call texts equal that differ in blanks at their end.
std::string_view without_blanks(std::string_view text) {
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

}  // namespace

TableReader::TableReader(Host host, Metrics metrics, std::shared_ptr<Spare> spare,
                         std::unique_ptr<Connection> connection, Snapshot snapshot,
                         Read const& read)
    : TableReader{host, metrics, std::move(snapshot), read} {
    spare_ = std::move(spare);
    connection_ = std::move(connection);
}

TableReader::TableReader(Host host, Metrics metrics, std::shared_ptr<SharedSession> shared,
                         Snapshot snapshot, Read const& read)
    : TableReader{host, metrics, std::move(snapshot), read} {
    shared_ = std::move(shared);
}

TableReader::TableReader(Host host, Metrics metrics, Snapshot snapshot, Read const& read)
    : host_{host},
      metrics_{metrics},
      snapshot_{std::move(snapshot)},
      subject_{snapshot_.table.subject()},
      rows_max_{std::max<std::int64_t>(read.rows_max, 1)},
      bytes_max_{read.bytes_max} {
    choose_fields(read);
    choose_start(read);
    for (SourceField const* field : query_.fields) {
        decoders_.emplace_back(*field);
        fixed_bytes_ += fixed_size(decoders_.back().field().type);
        if (decoders_.back().is_narrow()) narrow_.push_back(decoders_.size() - 1);
        if (decoders_.back().is_text()) texts_.push_back(decoders_.size() - 1);
    }
    weigh(read.row_bytes_max);
    find_places();
}

TableReader::~TableReader() {
    if (spare_) spare_->keep(std::move(connection_));
    if (shared_ && connection_) shared_->give(std::move(connection_));
}

void TableReader::find_places() {
    places_ = query_.places();
    values_.resize(query_.sent());
    last_.resize(places_.size());
}

void TableReader::weigh(std::size_t row_bytes_max) {
    if (row_bytes_max == SIZE_MAX) return;
    std::vector<SourceField const*> whole = query_.key;
    if (query_.tracking) whole.push_back(query_.tracking);
    Weighing weighing{query_.fields, whole, row_bytes_max};
    if (weighing.is_needed()) query_.weighing = std::move(weighing);
}

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
    }
    keyed_ = !read.key.empty();
    for (std::string const& name : read.key) {
        SourceField const& field = field_of(table, name);
        if (!fits_key(field.type))
            throw Error{WEIR_E_CONFIG, "field \"" + name + "\" of " + table.stream() + " is " +
                                           field.type.text + ", which cannot be part of a key",
                        name}
                .coded("source.key_unsuitable");
        query_.key.push_back(&field);
    }
    query_.keys = read.keys;
}

void TableReader::choose_start(Read const& read) {
    Table const& table = snapshot_.table;
    if (read.mode == WEIR_READ_DELTA && !query_.tracking)
        throw Error{WEIR_E_CONFIG, "a delta of " + table.stream() +
                                       " needs a tracking field: name it with --cursor"}
            .coded("source.cursor_missing");
    cursor_.fingerprint = fingerprint(table, query_.tracking, read.key, read.fields);
    cursor_.origin = snapshot_.origin;
    std::optional<Cursor> stored;
    if (!read.cursor.empty()) {
        stored = Cursor::parse(read.cursor);
        check_cursor(*stored, cursor_.fingerprint, snapshot_.origin, table.stream());
    }
    resumable_ = keyed_;
    if (query_.tracking) return choose_delta(read, std::move(stored));
    query_.order = keyed_ ? Order::key : Order::none;
    if (keyed_ && stored && stored->scan) query_.after = stored->scan->at;
}

void TableReader::choose_delta(Read const& read, std::optional<Cursor> stored) {
    Table const& table = snapshot_.table;
    bool const is_full = read.mode == WEIR_READ_FULL;
    horizon_ = Horizon{*query_.tracking, snapshot_.server_us};
    Delta::Terms terms{.rule = rule_of(table, *query_.tracking, read.lookback_ms),
                       .keyed = keyed_,
                       .append = read.append,
                       .is_full = is_full,
                       .horizon = horizon_};
    check_rule(terms.rule, table, *query_.tracking);
    ties_ = !is_full && !keyed_;
    resumable_ = keyed_ || ties_;
    delta_.emplace(host_, metrics_, std::move(terms), cursor_, std::move(stored));
    query_.order = delta_->order();
}

Schema TableReader::schema() const {
    Schema schema;
    for (Decoder const& decoder : decoders_) schema.push_back(decoder.field());
    if (!refuses_) return schema;
    for (Field& field : schema) field.nullable = true;
    schema.push_back({.name = refused_field, .type = Type::utf8, .nullable = false});
    return schema;
}

/// Begins the next scan; false: there is nothing to read.
bool TableReader::start(Wait const& wait) {
    if (shared_ && !connection_) connection_ = shared_->take(wait);
    auto const again = [&] { begin_again(*connection_, snapshot_, wait); };
    if (delta_ && !delta_->begin(query_, {*connection_, wait, subject_, again})) return false;
    connection_->start_rows(query_.sql(), wait, subject_);
    return started_ = true;
}

bool TableReader::next(Call const& call, Batch& batch) {
    interrupt_.clear();
    Wait const wait{call, interrupt_};
    wait.check();
    batch_bytes_ = 0;
    while (!ended_) {
        if (!started_ && !start(wait)) break;
        if (!waiting_ && !fetch(wait)) {
            bool const is_filled = batch.rows() > 0 && hand_over(batch, true);
            ended_ = !go_on();
            if (is_filled) return true;
            continue;
        }
        if (query_.limits_ties() && rows_ >= query_.limit && at_change()) {
            cut_ = ended_ = true;
            if (batch.rows() > 0) return hand_over(batch, true);
            break;
        }
        if (batch.rows() > 0 && breaks_here(batch)) return hand_over(batch, !ties_ || at_change());
        take_form(batch);
        append(batch);
        // Who waits for the next row first would keep a full batch back.
        if (!ties_ && batch.rows() >= rows_max_) return hand_over(batch, true);
    }
    ended_ = true;
    finish(wait, batch);
    return false;
}

/// The scan has come to its end. One that went on after a kill has passed rows that changed since
/// behind its place: a second one reads them now. False: there is none.
bool TableReader::go_on() {
    bool const is_whole = rows_ < query_.limit;
    if (!delta_ || !is_whole) return false;
    bool const was_cut_off = delta_->was_resumed();
    delta_->complete(scan_rows_ > 0);
    if (!was_cut_off) return false;
    query_.order = delta_->order();
    query_.limit -= query_.limit == INT64_MAX ? 0 : rows_;
    rows_ = scan_rows_ = 0;
    find_places();
    has_place_ = last_is_null_ = started_ = false;
    return true;
}

bool TableReader::fetch(Wait const& wait) {
    if (!connection_->next_row(values_, wait, subject_)) return false;
    waiting_bytes_ = 0;
    for (RawValue const& value : values_) waiting_bytes_ += value.null ? 0 : value.size;
    reason_ = why_refused();
    return waiting_ = true;
}

std::optional<std::string> TableReader::why_refused() const {
    if (query_.weighing)
        if (auto const too_large = query_.weighing->found(values_.back()))
            return too_large->reason();
    for (std::size_t const i : texts_)
        if (is_bad_text(i)) return decoders_[i].refusal(values_[i]);
    return std::nullopt;
}

bool TableReader::is_bad_text(std::size_t decoder) const {
    RawValue const& value = values_[decoder];
    return decoders_[decoder].is_text() && !value.null && !is_utf8(value);
}

/// The server takes surrogates for text; in a position, which is JSON, they cannot stand.
bool TableReader::has_bad_place() const {
    return std::ranges::any_of(places_, [this](Place const& place) {
        return place.form == Form::text && !is_utf8(values_[place.column]);
    });
}

/// Whether the waiting row belongs to the next batch.
bool TableReader::breaks_here(Batch const& batch) {
    if (refuses_ || reason_) return true;
    if (batch.rows() >= rows_max_ || batch_bytes_ + row_bytes() > bytes_max_) return true;
    for (std::size_t const i : narrow_)
        if (!decoders_[i].holds(values_[i])) return true;
    // Where only a change of the tracking value may be committed, cut at one before the limit.
    return ties_ && batch.rows() >= rows_max_ - rows_max_ / 8 && at_change();
}

/// Gives the fields that cannot hold the waiting row, the first of its batch, the form of text.
void TableReader::take_form(Batch& batch) {
    if (batch.rows() > 0) return;
    bool changed = refuses_ != reason_.has_value();
    refuses_ = reason_.has_value();
    for (std::size_t const i : narrow_)
        if (!decoders_[i].holds(values_[i])) {
            decoders_[i].become_text();
            changed = true;
        }
    if (changed) batch.reset(schema());
}

void TableReader::append(Batch& batch) {
    batch_bytes_ += row_bytes();
    if (refuses_)
        append_refused(batch);
    else
        for (std::size_t i = 0; i < decoders_.size(); ++i)
            decoders_[i].append(batch.column(i), values_[i]);
    waiting_ = false;
    ++rows_;
    ++scan_rows_;
    if (resumable_) remember_place();
}

/// The waiting row without what is large or no text, and why.
void TableReader::append_refused(Batch& batch) {
    auto const is_large = [this](std::size_t i) {
        return query_.weighing && query_.weighing->drops(*query_.fields[i], values_[i].size);
    };
    for (std::size_t i = 0; i < decoders_.size(); ++i)
        if (is_large(i) || is_bad_text(i))
            batch.column(i).null();
        else
            decoders_[i].append(batch.column(i), values_[i]);
    batch.column(decoders_.size()).text(*reason_);
}

/// The value of the waiting row that stands in that place; valid until the next call.
std::string_view TableReader::text_at(std::size_t place) {
    Place const& it = places_[place];
    return mysql::place_text(it.form, it.is_unsigned(), values_[it.column], place_text_);
}

void TableReader::remember_place() {
    if (query_.order >= Order::tracking) {
        last_is_null_ = values_[places_[0].column].null;
        if (last_is_null_) return;
        if (ties_) last_tracking_ = text_at(0);
        // From the first row beyond the horizon on, all are: the position stays before it.
        if (!horizon_.covers(text_at(0))) return;
    }
    if (has_bad_place()) return;
    has_place_ = true;
    for (std::size_t i = 0; i < places_.size(); ++i) last_[i].assign(text_at(i));
}

/// Whether the waiting row has another tracking value than the one before it.
bool TableReader::at_change() {
    bool const null = values_[places_[0].column].null;
    if (null || last_is_null_) return null != last_is_null_;
    if (places_[0].form != Form::text) return text_at(0) != last_tracking_;
    return without_blanks(text_at(0)) != without_blanks(last_tracking_);
}

/// Ends the batch; with `place`, the read can go on behind its last row.
bool TableReader::hand_over(Batch& batch, bool place) {
    host_.record(metrics_.bytes, static_cast<double>(batch_bytes_));
    if (resumable_ && place && (delta_ || has_place_)) {
        move_cursor();
        batch.cursor(cursor_text());
    }
    return true;
}

void TableReader::move_cursor() {
    if (!delta_)
        cursor_.scan = Scan{.at = last_};
    else if (last_is_null_ && query_.order == Order::tracking_and_null)
        delta_->reach({});
    else if (has_place_)
        delta_->reach(last_);
}

std::string TableReader::cursor_text() const {
    return delta_ ? delta_->cursor() : cursor_.text();
}

void TableReader::finish(Wait const& wait, Batch& batch) {
    // What is left of the statement cannot be passed but by hanging up.
    if (!cut_ && !shared_) connection_->run("COMMIT", wait, subject_);
    tell_nulls();
    bool const is_whole = !cut_ && rows_ < query_.limit;
    if (!delta_ || (!is_whole && !resumable_)) return;
    batch.cursor(cursor_text());
}

void TableReader::tell_nulls() const {
    for (Decoder const& decoder : decoders_)
        if (decoder.nulls() > 0)
            host_.info(snapshot_.table.stream() + ": " + std::to_string(decoder.nulls()) +
                       " values of field \"" + decoder.field().name +
                       "\" are no dates of the calendar and became null, as zero_date says");
}

}  // namespace weir::mysql
