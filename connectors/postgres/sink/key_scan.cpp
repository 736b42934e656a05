#include "key_scan.hpp"

#include <algorithm>
#include <cstring>

#include "batch_writer.hpp"
#include "connectors/postgres/oids.hpp"
#include "encode_binary.hpp"
#include "merge.hpp"
#include "refusal.hpp"

namespace weir::postgres {
namespace {

constexpr int page_rows = 16'384;

/// Bytes of what stands ahead of a value in COPY's binary form: its size; of a row: how many.
constexpr std::size_t size_bytes = 4, count_bytes = 2;

/// From the binary form to one that sorts by its bytes, and back.
void turn_sign(char& first) { first = static_cast<char>(first ^ '\x80'); }

/// False: there are too many already.
bool note(HeldKeys& keys, std::string const& key) {
    if (keys.size() == KeyScan::differences_max) return false;
    keys.add(key);
    return true;
}

}  // namespace

std::optional<KeyScan::Part> KeyScan::part_of(TargetColumn const& column) {
    if (column.element || !column.is_exact) return std::nullopt;
    switch (column.oid) {
        case oid_int2: return Part{2, true};
        case oid_int4: return Part{4, true};
        case oid_int8: return Part{8, true};
        case oid_uuid: return Part{16, false};
        case oid_date: return Part{4, true};
        case oid_timestamp: return Part{8, true};
        case oid_timestamptz: return Part{8, true};
        default: return std::nullopt;
    }
}

bool KeyScan::can(Fit const& fit, std::vector<FieldView> const& fields) {
    if (!fit.has_key || fit.key.empty() || fit.landings.size() != fit.key.size()) return false;
    std::size_t width = 0;
    for (std::size_t i = 0; i < fit.key.size(); ++i) {
        Landing const& landing = fit.landings[i];
        std::optional<Part> const part = part_of(landing.column);
        if (!part || landing.column.name != fit.key[i]) return false;
        if (!binary_put(fields[landing.field], landing.column)) return false;
        width += part->width;
    }
    return width <= HeldKeys::width_max;
}

KeyScan::KeyScan(Connection& connection, Place const& place, Fit const& fit,
                 std::vector<FieldView> fields)
    : connection_{connection},
      place_{place},
      fit_{fit},
      fields_{std::move(fields)},
      encoder_{fields_, fit.landings, false},
      held_{0},
      missing_{0},
      extra_{0} {
    std::size_t width = 0;
    for (Landing const& landing : fit.landings) {
        parts_.push_back(part_of(landing.column).value());
        width += parts_.back().width;
    }
    key_.resize(width);
    there_.resize(width);
    held_ = missing_ = extra_ = HeldKeys{width};
}

/// Begins with the first key, or at the end of a stream that has none.
void KeyScan::open(Wait const& wait, std::string& first) {
    if (is_open_ || is_finished_) return;
    std::string const list = column_list(fit_, "t.");
    is_open_ = true;
    fetch(wait, std::exchange(first, {}) +
                    "SET LOCAL cursor_tuple_fraction = 1;"
                    "SELECT pg_catalog.set_config('work_mem', '64MB', true)"
                    " FROM pg_catalog.pg_settings"
                    " WHERE name = 'work_mem' AND setting::bigint < 65536;"
                    "DECLARE \"_weir_keys\" BINARY NO SCROLL CURSOR FOR SELECT " +
                    list + " FROM " + place_.rows_sql() + " AS t ORDER BY " + list + ";");
}

void KeyScan::fetch(Wait const& wait, std::string const& ahead) {
    Outcome outcome = connection_.execute(
        ahead + "FETCH " + std::to_string(page_rows) + " FROM \"_weir_keys\"", wait);
    if (outcome.failed) throw write_failure(connection_, *outcome.failed, place_);
    page_ = std::move(outcome.rows.back());
    is_all_fetched_ = page_.rows() < page_rows;
    at_ = -1;
    step(wait);
}

/// To the next row of the target.
void KeyScan::step(Wait const& wait) {
    if (++at_ == page_.rows()) {
        if (!is_all_fetched_) fetch(wait, {});
        return;
    }
    ++target_;
    char* to = there_.data();
    for (std::size_t i = 0; i < parts_.size(); ++i) {
        std::memcpy(to, page_.value(at_, static_cast<int>(i)).data(), parts_[i].width);
        if (parts_[i].is_signed) turn_sign(*to);
        to += parts_[i].width;
    }
}

/// False: it has no value, or none that the target can hold.
bool KeyScan::encode(std::int64_t row) {
    for (std::size_t i = 0; i < parts_.size(); ++i)
        if (encoder_.view(i).is_null(row)) return false;
    out_.clear();
    if (encoder_.row(row, 0, out_)) return false;
    char* to = key_.data();
    char const* from = out_.data() + count_bytes;
    for (Part const& part : parts_) {
        std::memcpy(to, from + size_bytes, part.width);
        if (part.is_signed) turn_sign(*to);
        to += part.width;
        from += size_bytes + part.width;
    }
    return true;
}

/// Goes to where the key that came would stand. False: too much differs.
bool KeyScan::meet(Wait const& wait) {
    for (; !is_at_end() && there_ < key_; step(wait))
        if (!note(extra_, there_)) return false;
    if (is_at_end() || there_ != key_) return note(missing_, key_);
    step(wait);
    return true;
}

bool KeyScan::take(Wait const& wait, ArrowArray const& batch, std::string& first) {
    if (is_finished_) return false;
    open(wait, first);
    encoder_.show(fields_, batch);
    std::int64_t const count = held_.size();
    std::size_t const bytes = held_.bytes();
    for (std::int64_t row = 0; row < batch.length; ++row) {
        bool const is_next = encode(row) && (held_.size() == 0 || held_.last() < key_) &&
                             held_.bytes() < held_bytes_max && meet(wait);
        if (!is_next) {
            held_.cut(count, bytes);
            return false;
        }
        held_.add(key_);
    }
    return true;
}

bool KeyScan::finish(Wait const& wait, std::string& first) {
    open(wait, first);
    for (; !is_at_end(); step(wait))
        if (!note(extra_, there_)) return false;
    is_finished_ = true;
    close(wait);
    return true;
}

/// As long as it is open, nobody of this session may change the table.
void KeyScan::close(Wait const& wait) {
    if (std::exchange(is_open_, false)) run("CLOSE \"_weir_keys\"", wait);
}

void KeyScan::put(std::string_view key, Outgoing& out) const {
    std::size_t at = 0;
    for (Part const& part : parts_) {
        char* const to = put_number(out.room(size_bytes + part.width),
                                    static_cast<std::uint32_t>(part.width));
        std::memcpy(to, key.data() + at, part.width);
        if (part.is_signed) turn_sign(*to);
        out.end(to + part.width);
        at += part.width;
    }
}

void KeyScan::run(std::string const& sql, Wait const& wait) {
    Outcome const outcome = connection_.execute(sql, wait);
    if (outcome.failed) throw write_failure(connection_, *outcome.failed, place_);
}

void KeyScan::send(HeldKeys const& keys, std::string const& table, bool is_numbered,
                   Wait const& wait) {
    constexpr std::size_t piece_bytes = 256 * 1024;
    std::string const columns =
        column_list(fit_) + (is_numbered ? std::string{", "} + row_column : std::string{});
    std::optional<Outcome> outcome = connection_.start_copy_in(
        "COPY " + table + " (" + columns + ") FROM STDIN (FORMAT binary)", wait);
    if (!outcome) {
        auto const count = static_cast<std::uint16_t>(parts_.size() + is_numbered);
        std::uint64_t number = 0;
        bool is_taken = true;
        out_.clear();
        encoder_.head(out_);
        keys.each([&](std::string_view key) {
            out_.end(put_number(out_.room(count_bytes), count));
            put(key, out_);
            if (is_numbered) {
                char* const at = put_number(out_.room(12), std::uint32_t{8});
                out_.end(put_number(at, number++));
            }
            if (out_.size() < piece_bytes || !is_taken) return;
            is_taken = connection_.put(out_.data(), out_.size(), wait);
            out_.clear();
        });
        encoder_.tail(out_);
        if (is_taken) connection_.put(out_.data(), out_.size(), wait);
        outcome = connection_.end_copy_in(wait);
    }
    if (!outcome->failed) return;
    if (is_about_row(sqlstate_of(*outcome->failed)))
        throw row_refusal(connection_.settings(), *outcome->failed, "a key", place_.table);
    throw write_failure(connection_, *outcome->failed, place_);
}

std::int64_t KeyScan::stage(Wait const& wait) {
    close(wait);
    if (held_.size() > 0) send(held_, stage_table, true, wait);
    return held_.size();
}

std::string KeyScan::list(HeldKeys const& keys, std::string const& table, Wait const& wait) {
    // A look may be repeated.
    run("DROP TABLE IF EXISTS " + table + "; " + temporary_sql(table, place_, fit_, false), wait);
    send(keys, table, false, wait);
    run("ANALYZE " + table, wait);
    return table;
}

Swept KeyScan::found() const {
    return {.target = target_,
            .extra = static_cast<std::uint64_t>(extra_.size()),
            .missing = static_cast<std::uint64_t>(missing_.size())};
}

}  // namespace weir::postgres
