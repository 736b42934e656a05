#include "staged_row.hpp"

#include <algorithm>
#include <charconv>

#include "connectors/mysql/names.hpp"
#include "intake.hpp"

namespace weir::mysql {
namespace {

Type record_type(FieldView const& field, std::string const& text) {
    if (field.extension == "arrow.json") return Type::json;
    if (field.meaning == Meaning::binary && field.extension != "arrow.uuid") return Type::binary;
    if (field.meaning != Meaning::plain) return Type::utf8;
    switch (field.layout) {
        case Layout::boolean: return Type::boolean;
        case Layout::float32:
        case Layout::float64: return Type::float64;
        case Layout::uint64: {
            std::int64_t number = 0;
            bool const fits =
                std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc{};
            return fits ? Type::int64 : Type::utf8;
        }
        case Layout::fixed:
        case Layout::decimal:
        case Layout::text:
        case Layout::large_text: return Type::utf8;
        default: return Type::int64;
    }
}

bool is_float(FieldView const& field) {
    return field.layout == Layout::float32 || field.layout == Layout::float64;
}

/// "2024-01-02 03:04:05.000000", as it stands in a record.
std::string moment_text(std::string text, bool is_instant) {
    if (std::size_t const blank = text.find(' '); blank != text.npos) text[blank] = 'T';
    return is_instant ? text + "Z" : text;
}

void put(Column& into, TargetColumn const& column, std::string const& text) {
    switch (into.type()) {
        case Type::boolean: return into.boolean(text != "0");
        case Type::int64: {
            std::int64_t number = 0;
            std::from_chars(text.data(), text.data() + text.size(), number);
            return into.integer(number);
        }
        case Type::float64: {
            double number = 0;
            std::from_chars(text.data(), text.data() + text.size(), number);
            return into.float64(number);
        }
        default: break;
    }
    bool const is_instant = column.type == "timestamp";
    into.text(is_instant || column.type == "datetime" ? moment_text(text, is_instant) : text);
}

}  // namespace

std::string staged_rows_sql(Fit const& fit, std::vector<FieldView> const& fields,
                            std::string const& from) {
    std::string columns;
    for (Landing const& landing : fit.landings) {
        std::string const column = "s." + identifier(landing.column.name);
        // As text a float has six digits, and bits are bytes.
        std::string const sent = is_float(fields[landing.field]) ? "CAST(" + column + " AS DOUBLE)"
                                 : landing.column.type == "bit"  ? column + " + 0"
                                                                 : column;
        columns += (columns.empty() ? "" : ", ") + sent;
    }
    return "SELECT " + columns + " FROM " + from;
}

std::string staged_row_sql(Fit const& fit, std::vector<FieldView> const& fields,
                           std::string const& from, std::int64_t number) {
    return staged_rows_sql(
        fit, fields, from + " AS s WHERE s." + row_column + " = " + std::to_string(number));
}

Batch records_of(Answer const& rows, Fit const& fit, std::vector<FieldView> const& fields) {
    Schema schema;
    for (Landing const& landing : fit.landings) {
        FieldView const& field = fields[landing.field];
        std::size_t const at = schema.size();
        Type type = record_type(field, rows.rows() > 0 ? rows.text(0, at) : std::string{});
        for (std::size_t row = 1; row < rows.rows() && field.layout == Layout::uint64; ++row)
            if (record_type(field, rows.text(row, at)) != type) type = Type::utf8;
        schema.push_back({field.name, type});
    }
    Batch records{std::move(schema)};
    for (std::size_t row = 0; row < rows.rows(); ++row)
        for (std::size_t i = 0; i < fit.landings.size(); ++i) {
            if (rows.null(row, i))
                records.column(i).null();
            else
                put(records.column(i), fit.landings[i].column, rows.text(row, i));
        }
    return records;
}

std::string words_of(Answer const& row, Fit const& fit) {
    constexpr std::size_t shown_fields_max = 3;
    std::string words;
    std::size_t shown = 0;
    for (std::size_t i = 0; i < fit.landings.size(); ++i) {
        std::string const& name = fit.landings[i].column.name;
        bool const is_key = std::ranges::find(fit.key, name) != fit.key.end();
        if (fit.key.empty() ? shown == shown_fields_max : !is_key) continue;
        ++shown;
        words += (words.empty() ? "" : ", ") + name + " " +
                 (row.null(0, i) ? "NULL" : shortened(row.text(0, i)));
    }
    return words;
}

}  // namespace weir::mysql
