#include "reader.hpp"

#include <algorithm>

#include "native.hpp"

namespace weir::postgres {
namespace {

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

TableReader::TableReader(Host host, Metrics metrics, Shared const& shared,
                         std::unique_ptr<Connection> connection, Snapshot snapshot,
                         std::shared_ptr<std::string const> exported, Read const& read)
    : host_{host},
      metrics_{metrics},
      spare_{shared.spare},
      own_{shared.own},
      connection_{std::move(connection)},
      snapshot_{std::move(snapshot)},
      exported_{std::move(exported)},
      subject_{snapshot_.table.subject()},
      rows_max_{std::max<std::int64_t>(read.rows_max, 1)},
      bytes_max_{read.bytes_max} {
    own_.name(snapshot_.transaction);
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
    values_.resize(sent.size() + query_.is_measured);
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
    query_.row_bytes_max = read.row_bytes_max;
    if (read.fields) {
        for (std::string const& name : *read.fields)
            query_.fields.push_back(&table.at(name));
    } else {
        for (SourceField const& field : table.fields) query_.fields.push_back(&field);
    }
    if (query_.fields.empty())
        throw Error{WEIR_E_CONFIG, "no field of " + table.stream() + " is selected", "fields"};
    bool const is_any_wide = std::ranges::any_of(
        query_.fields, [](SourceField const* field) { return is_wide(field->type); });
    query_.is_measured =
        is_any_wide && may_be_too_large(snapshot_.toast_bytes, read.row_bytes_max);
    keyed_ = !read.key.empty();
    for (std::string const& name : read.key) query_.key.push_back(&table.at(name));
    query_.keys.assign(read.keys.begin(), read.keys.end());
}

void TableReader::choose_start(Read const& read) {
    Table const& table = snapshot_.table;
    if (read.mode == WEIR_READ_DELTA && read.tracking.empty())
        throw Error{WEIR_E_CONFIG, "a delta of " + table.stream() +
                                       " needs a tracking field: name it with --cursor"}
            .coded("source.cursor_missing");
    bool const by_xmin = read.tracking == xmin_name && !table.find(xmin_name);
    if (by_xmin)
        tracking_ = &xmin_field();
    else if (!read.tracking.empty())
        query_.tracking = tracking_ = &table.at(read.tracking);
    cursor_.fingerprint = fingerprint(table, tracking_, read.key, read.fields);
    cursor_.origin = snapshot_.origin;
    if (query_.tracking) check_tracking(table, *query_.tracking);
    std::optional<Cursor> stored;
    if (!read.cursor.empty()) {
        stored = Cursor::parse(read.cursor);
        if (is_made_anew(*stored, cursor_.fingerprint))
            host_.warn(table.stream() +
                       ": cursor regressed: the table was made anew since it was read. Deleted "
                       "records stay in the target until --mode reconcile finds them");
        check_cursor(*stored, cursor_.fingerprint, snapshot_.origin, table.stream());
    }
    resumable_ = keyed_;
    if (tracking_) return choose_delta(read, std::move(stored));
    query_.order = keyed_ ? Order::key : Order::none;
    if (keyed_ && !read.above.empty()) query_.after = read.above;
    if (keyed_ && stored && stored->scan) query_.after = stored->scan->at;
    query_.is_bounded = keyed_ && !read.upto.empty();
    if (query_.is_bounded) query_.upto = read.upto;
}

void TableReader::choose_delta(Read const& read, std::optional<Cursor> stored) {
    Table const& table = snapshot_.table;
    bool const is_full = read.mode == WEIR_READ_FULL;
    Wishes const wishes{read.lookback_ms, read.append};
    Delta::Terms terms{.rule = rule_of(table, *tracking_, wishes),
                       .keyed = keyed_,
                       .append = read.append,
                       .is_full = is_full};
    check_rule(terms.rule, table, *tracking_);
    if (terms.rule.method == Method::xmin) terms.append = false;
    if (query_.tracking) terms.horizon = horizon_ = Horizon{*query_.tracking, snapshot_.server_us};
    bool const by_value = terms.rule.method != Method::xmin;
    ties_ = !is_full && !keyed_ && by_value;
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

/// Whether there is something to read in the next scan.
bool TableReader::begin(Wait const& wait) {
    std::vector<SourceField const*> sorted = query_.ordered_by();
    if (query_.tracking) sorted.push_back(query_.tracking);
    widen_search_path(*connection_, sorted, wait);
    auto const again = [&] {
        own_.name(begin_again(*connection_, snapshot_, wait));
        widen_search_path(*connection_, sorted, wait);
    };
    return !delta_ || delta_->begin(query_, {*connection_, wait, subject_, own_.all(), again});
}

std::string TableReader::pass_all(Wait const& wait) {
    bool const passes = delta_ && begin(wait);
    connection_->run("COMMIT", wait, subject_);
    if (!passes) return {};
    delta_->complete(true);
    return delta_->cursor();
}

/// Begins the next scan; false: there is nothing to read.
bool TableReader::start(Wait const& wait) {
    bool const is_last = !delta_ || !delta_->resumes();
    if (!begin(wait)) return false;
    // In one round trip with the end of the transaction, where nothing comes behind it.
    committed_ = is_last;
    try {
        connection_->start_copy(query_.copy_sql() + (committed_ ? ";COMMIT" : ""), wait, subject_);
    } catch (Error const& error) {
        if (error.sqlstate != "22P02" || !query_.after) throw;
        throw Error{WEIR_E_CONFLICT, "the stored position of " + subject_.stream +
                                         " is no value of its key any more: " + error.message}
            .coded("source.cursor_mismatch")
            .suggest("--write replace reads it anew");
    }
    started_ = true;
    return true;
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
    delta_->complete(scan_rows_ > 0);
    if (committed_) return false;
    Query next = query_;
    next.order = delta_->order();
    if (next.wants_native() != native_) return false;  // the next run brings them
    query_ = std::move(next);
    query_.limit -= query_.limit == INT64_MAX ? 0 : rows_;
    rows_ = scan_rows_ = 0;
    find_places();
    has_place_ = last_is_null_ = started_ = head_read_ = false;
    return true;
}

bool TableReader::fetch(Wait const& wait) {
    do {
        line_ = connection_->copy_line(wait, subject_);
        if (!line_.data) return false;
        if (!native_) split_line(line_.data, line_.size, values_);
    } while (native_ &&
             !split_tuple(line_.data, line_.size, !std::exchange(head_read_, true), values_));
    too_large_ = measure();
    waiting_ = true;
    return true;
}

/// Whether the waiting row is too large.
std::optional<TooLarge> TableReader::measure() {
    std::optional<TooLarge> found;
    if (query_.is_measured) found = measured_by_server(values_.back());
    if (found || line_.size <= query_.row_bytes_max) return found;
    return measured_here(values_, query_.sent(), native_, query_.row_bytes_max);
}

/// Whether the waiting row belongs to the next batch.
bool TableReader::breaks_here(Batch const& batch) {
    if (refuses_ || too_large_) return true;
    if (batch.rows() >= rows_max_ || batch_bytes_ + row_bytes() > bytes_max_) return true;
    for (std::size_t const i : narrow_)
        if (!decoders_[i].holds(values_[i])) return true;
    // Where only a change of the tracking value may be committed, cut at one before the limit.
    return ties_ && batch.rows() >= rows_max_ - rows_max_ / 8 && at_change();
}

/// Gives the fields that cannot hold the waiting row, the first of its batch, the form of text.
void TableReader::take_form(Batch& batch) {
    if (batch.rows() > 0) return;
    bool changed = refuses_ != too_large_.has_value();
    refuses_ = too_large_.has_value();
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

/// The waiting row without its large values, and why.
void TableReader::append_refused(Batch& batch) {
    std::size_t const kept = kept_bytes_max(query_.row_bytes_max);
    for (std::size_t i = 0; i < decoders_.size(); ++i)
        if (is_wide(query_.fields[i]->type) && values_[i].size > kept)
            batch.column(i).null();
        else
            decoders_[i].append(batch.column(i), values_[i]);
    batch.column(decoders_.size()).text(too_large_->reason(query_.sent()));
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
        if (!horizon_.covers(place_text(0))) return;
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
    if (!committed_) connection_->run("COMMIT", wait, subject_);
    bool const is_whole = rows_ < query_.limit;
    if (!delta_ || (!is_whole && !resumable_)) return;
    batch.cursor(cursor_text());
}

}  // namespace weir::postgres
