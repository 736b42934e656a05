#include "staged_row.hpp"

#include <algorithm>
#include <charconv>

#include "batch_writer.hpp"
#include "connectors/postgres/names.hpp"
#include "connectors/postgres/times.hpp"
#include "merge.hpp"

namespace weir::postgres {
namespace {

Type type_of(FieldView const& field, TargetColumn const& column) {
    if (column.element || field.extension == "arrow.json") return Type::json;
    if (field.meaning == Meaning::binary && field.extension != "arrow.uuid") return Type::binary;
    if (field.meaning != Meaning::plain) return Type::utf8;
    switch (field.layout) {
        case Layout::boolean: return Type::boolean;
        case Layout::float32:
        case Layout::float64: return Type::float64;
        case Layout::uint64:
        case Layout::fixed:
        case Layout::decimal:
        case Layout::text:
        case Layout::large_text: return Type::utf8;
        default: return Type::int64;
    }
}

template <class Number>
Number number_of(std::string_view text) {
    Number number{};
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

std::string bytes_of(std::string_view hex) {
    std::string bytes;
    for (std::size_t at = 2; at + 1 < hex.size(); at += 2) {
        int byte = 0;
        std::from_chars(hex.data() + at, hex.data() + at + 2, byte, 16);
        bytes += static_cast<char>(byte);
    }
    return bytes;
}

std::string text_of(FieldView const& field, std::string_view text) {
    std::string out;
    switch (field.meaning) {
        case Meaning::timestamp: append_timestamp(out, text, false); break;
        case Meaning::instant: append_timestamp(out, text, true); break;
        case Meaning::time: append_time(out, text); break;
        default: out = text;
    }
    return out;
}

void put(Column& into, FieldView const& field, std::string_view text) {
    switch (into.type()) {
        case Type::boolean: return into.boolean(text == "t" || text == "true");
        case Type::int64: return into.integer(number_of<std::int64_t>(text));
        case Type::float64: return into.float64(number_of<double>(text));
        case Type::binary: return into.text(bytes_of(text));
        default: return into.text(text_of(field, text));
    }
}

}  // namespace

std::string staged_rows_sql(Fit const& fit, std::string const& from) {
    std::string columns;
    for (Landing const& landing : fit.landings) {
        std::string const column = "s." + identifier(landing.column.name);
        columns += (columns.empty() ? "" : ", ") +
                   (landing.column.element ? "pg_catalog.to_json(" + column + ")::text"
                                           : column + "::text");
    }
    return "SELECT " + columns + " FROM " + from;
}

std::string staged_row_sql(Fit const& fit, std::int64_t number) {
    return staged_rows_sql(fit, std::string{stage_table} + " AS s WHERE s." + row_column + " = " +
                                    std::to_string(number));
}

Batch records_of(Result const& rows, Fit const& fit, std::vector<FieldView> const& fields) {
    Schema schema;
    for (Landing const& landing : fit.landings) {
        FieldView const& field = fields[landing.field];
        schema.push_back({field.name, type_of(field, landing.column)});
    }
    Batch records{schema};
    for (int row = 0; row < rows.rows(); ++row)
        for (std::size_t i = 0; i < schema.size(); ++i) {
            auto const at = static_cast<int>(i);
            if (rows.null(row, at))
                records.column(i).null();
            else
                put(records.column(i), fields[fit.landings[i].field], rows.value(row, at));
        }
    return records;
}

std::string words_of(Result const& row, Fit const& fit) {
    constexpr std::size_t shown_fields_max = 3, shown_bytes_max = 60;
    std::string words;
    std::size_t shown = 0;
    for (std::size_t i = 0; i < fit.landings.size(); ++i) {
        std::string const& name = fit.landings[i].column.name;
        bool const is_key = std::ranges::find(fit.key, name) != fit.key.end();
        if (fit.key.empty() ? shown == shown_fields_max : !is_key) continue;
        ++shown;
        auto const at = static_cast<int>(i);
        std::string text = row.null(0, at) ? "NULL" : row.text(0, at);
        std::size_t size = std::min(text.size(), shown_bytes_max);
        while (size < text.size() && size > 0 && (text[size] & '\xC0') == '\x80') --size;
        if (size < text.size()) text = text.substr(0, size) + "…";
        words += (words.empty() ? "" : ", ") + name + " " + text;
    }
    return words;
}

}  // namespace weir::postgres
