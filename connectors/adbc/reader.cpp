#include "reader.hpp"

#include <algorithm>

namespace weir::adbc {
namespace {

constexpr std::int64_t second_us = 1'000'000, day_us = 86'400 * second_us;

TableColumn const& field_of(Table const& table, std::string const& name) {
    for (TableColumn const& column : table.columns)
        if (column.name == name) return column;
    throw Error{WEIR_E_NOT_FOUND, table.name + " has no field \"" + name + "\"", name}.coded(
        "source.field_not_found");
}

Table find_stream(Connection& connection, Dialect const& dialect, Call const& call,
                  std::string_view stream) {
    Settings const& settings = connection.settings();
    std::string const home =
        settings.schema.empty() ? dialect.default_schema() : settings.schema;
    for (Table& table : tables(connection, call, settings.schema))
        if (table.stream(home) == stream) {
            read_types(connection, call, table);
            return table;
        }
    throw Error{WEIR_E_NOT_FOUND, "there is no table " + std::string{stream} + " in " +
                                      settings.identity() + "; weir discover lists them"}
        .coded("source.stream_not_found");
}

std::string as_text(std::string const& column) { return "CAST(" + column + " AS VARCHAR)"; }

}  // namespace

TableReader::TableReader(Host host, Settings const& settings, Call const& call, Read const& read)
    : host_{host},
      connection_{std::make_unique<Connection>(settings, call)},
      rows_max_{std::max<std::int64_t>(read.rows_max, 1)},
      bytes_max_{read.bytes_max},
      left_{read.limit} {
    Dialect const dialect{connection_->vendor(call)};
    Table const table = find_stream(*connection_, dialect, call, read.stream);
    choose(dialect, table, read);
    make_sql(table, read);
}

void TableReader::choose(Dialect const& dialect, Table const& table, Read const& read) {
    std::vector<TableColumn const*> chosen;
    if (read.fields)
        for (std::string const& name : *read.fields) chosen.push_back(&field_of(table, name));
    else
        for (TableColumn const& column : table.columns) chosen.push_back(&column);
    if (chosen.empty())
        throw Error{WEIR_E_CONFIG, "no field of " + table.name + " is selected", "fields"};
    for (TableColumn const* column : chosen) {
        ReadColumn const made = read_column(dialect, *column);
        std::string const name = identifier(column->name);
        selected_.push_back(made.as_text ? as_text(name) : name);
        schema_.push_back(made.field);
    }
    is_tracked_ = !read.tracking.empty();
    is_keyed_ = !read.key.empty();
    if (read.mode == WEIR_READ_DELTA && !is_tracked_)
        throw Error{WEIR_E_CONFIG, "a delta of " + table.name +
                                       " needs a tracking field: name it with --cursor"}
            .coded("source.cursor_missing");
    if (is_tracked_) {
        order_by(dialect, field_of(table, read.tracking));
        tracking_type_ = types_.front();
        if (std::int64_t const now = host_.unix_us(); now > 0) horizon_us_ = now - second_us;
    }
    for (std::string const& name : read.key)
        if (name != read.tracking) order_by(dialect, field_of(table, name));
    of_ = table.qualified() + " by " + read.tracking + "/";
    for (std::string const& name : read.key) of_ += name + ",";
}

void TableReader::order_by(Dialect const& dialect, TableColumn const& column) {
    ReadColumn const made = read_column(dialect, column);
    Type type = made.field.type;
    bool const is_text = made.as_text || type == Type::decimal || type == Type::uuid ||
                         type == Type::json || type == Type::numeric || type == Type::opaque;
    if (is_text) type = Type::utf8;
    ordered_.push_back(identifier(column.name));
    casts_.push_back(made.field.type == Type::utf8 ? "?" : "CAST(? AS " + column.type + ")");
    types_.push_back(type);
}

void TableReader::make_sql(Table const& table, Read const& read) {
    sql_ = "SELECT ";
    for (std::string const& each : selected_) sql_ += each + ", ";
    for (std::size_t i = 0; i < ordered_.size(); ++i)
        sql_ += (types_[i] == Type::utf8 ? as_text(ordered_[i]) : ordered_[i]) + ", ";
    sql_.erase(sql_.size() - 2);
    sql_ += " FROM " + table.qualified();
    std::string where;
    if (!read.cursor.empty()) {
        last_ = position_of(read.cursor, of_, types_);
        if (!last_->empty()) where = behind(ordered_, casts_, *last_, parameters_);
    }
    bool const is_time = tracking_type_ == Type::timestamp || tracking_type_ == Type::instant;
    if (read.append && is_tracked_ && is_time && horizon_us_ != INT64_MAX) {
        where += (where.empty() ? "" : " AND ") + ("(" + ordered_.front()) + " IS NULL OR " +
                 ordered_.front() + " <= " + casts_.front() + ")";
        parameters_.push_back({tracking_type_, false, horizon_us_, 0, {}});
    }
    if (!where.empty()) sql_ += " WHERE " + where;
    std::string order;
    for (std::size_t i = 0; i < ordered_.size(); ++i)
        order += (i ? ", " : " ORDER BY ") + ordered_[i] + (i == 0 ? " NULLS FIRST" : "");
    sql_ += order;
    if (read.limit != INT64_MAX) sql_ += " LIMIT " + std::to_string(read.limit);
}

bool TableReader::more(Call const& call) {
    if (row_ < rows_) return true;
    if (!is_started_) result_ = std::make_unique<Result>(*connection_, call, sql_, parameters_);
    is_started_ = true;
    if (!result_) return false;
    ArrowArray const* const array = result_->next(call);
    if (!array) {
        result_.reset();
        return false;
    }
    if (result_->fields().size() != selected_.size() + ordered_.size())
        throw Error{WEIR_E_SCHEMA, "the driver answers another number of columns than asked for"}
            .coded("adbc.column_type");
    columns_ = columns_of(result_->fields(), *array);
    row_ = 0;
    rows_ = array->length;
    return true;
}

bool TableReader::next(Call const& call, Batch& batch) {
    call.check();
    while (!batch.full(rows_max_, bytes_max_) && more(call)) append(batch);
    bool const is_at_end = batch.rows() == 0;
    // A limit may have cut a group of one tracking value.
    if (is_at_end && current_ && !is_unsettled_ && left_ > 0) last_ = current_;
    // At the end of a full read without tracking the position is cleared.
    if (last_ && (!is_at_end || is_tracked_)) batch.cursor(cursor_of(of_, *last_));
    return !is_at_end;
}

void TableReader::append(Batch& batch) {
    for (std::size_t i = 0; i < schema_.size(); ++i)
        if (std::optional<Error> const why = objection(schema_[i], columns_[i], row_))
            throw Error{*why};
    for (std::size_t i = 0; i < schema_.size(); ++i) carry(batch.column(i), columns_[i], row_);
    note_position();
    ++row_;
    --left_;
}

void TableReader::note_position() {
    if (!is_tracked_ && !is_keyed_) return;
    Position at;
    for (std::size_t i = 0; i < types_.size(); ++i)
        at.push_back(Value::of(types_[i], columns_[selected_.size() + i], row_));
    if (is_tracked_ && !is_settled(at.front())) is_unsettled_ = true;
    if (is_unsettled_) return;
    if (is_keyed_) {
        last_ = std::move(at);
    } else {
        if (current_ && *current_ != at) last_ = current_;
        current_ = std::move(at);
    }
}

bool TableReader::is_settled(Value const& tracking) const {
    if (tracking.is_null || horizon_us_ == INT64_MAX) return true;
    if (tracking_type_ == Type::timestamp || tracking_type_ == Type::instant)
        return tracking.integer <= horizon_us_;
    if (tracking_type_ == Type::date) return tracking.integer < horizon_us_ / day_us;
    return true;
}

}  // namespace weir::adbc
