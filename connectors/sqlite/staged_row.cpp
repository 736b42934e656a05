#include "staged_row.hpp"

#include <algorithm>
#include <optional>

#include "literal.hpp"
#include "storage.hpp"

namespace weir::sqlite {
namespace {

constexpr std::size_t shown_fields_max = 3;
constexpr std::size_t shown_bytes_max = 60;

Type type_of(Statement const& row, int column, FieldView const& field) {
    if (storage_of(field) == Storage::any) return Type::opaque;
    switch (row.type(column)) {
        case SQLITE_INTEGER: return field.layout == Layout::boolean ? Type::boolean : Type::int64;
        case SQLITE_FLOAT: return Type::float64;
        case SQLITE_BLOB: return Type::binary;
        default: return field.extension == "arrow.json" ? Type::json : Type::utf8;
    }
}

void put(Column& into, Statement const& row, int column) {
    if (row.is_null(column)) return into.null();
    switch (into.type()) {
        case Type::boolean: return into.boolean(row.integer(column) != 0);
        case Type::int64: return into.integer(row.integer(column));
        case Type::float64: return into.float64(row.real(column));
        case Type::opaque: return into.text(literal_of(row, column));
        default: return into.text(row.bytes(column));
    }
}

Schema schema_of(Statement const& row, std::vector<FieldView> const& fields) {
    Schema schema;
    for (std::size_t i = 0; i < fields.size(); ++i)
        schema.push_back({fields[i].name, type_of(row, static_cast<int>(i), fields[i])});
    return schema;
}

void append(Batch& batch, Statement const& row) {
    for (std::size_t i = 0; i < batch.schema().size(); ++i)
        put(batch.column(i), row, static_cast<int>(i));
}

/// Shortened, and never in the middle of a character.
std::string shown(Statement const& row, int column) {
    int const type = row.type(column);
    std::string text = type == SQLITE_TEXT ? row.text(column) : literal_of(row, column);
    if (text.size() <= shown_bytes_max) return text;
    std::size_t size = shown_bytes_max;
    while (size > 0 && (text[size] & '\xC0') == '\x80') --size;
    return text.substr(0, size) + "…";
}

}  // namespace

Batch record_of(Statement const& row, std::vector<FieldView> const& fields) {
    Batch record{schema_of(row, fields)};
    append(record, row);
    return record;
}

void tell_keys(Statement& rows, std::vector<FieldView> const& fields, MissingKeys keys) {
    std::optional<Batch> batch;
    while (rows.step()) {
        Schema schema = schema_of(rows, fields);
        bool const is_other =
            batch && !std::ranges::equal(schema, batch->schema(), {}, &Field::type, &Field::type);
        if (is_other) keys.add(*batch);
        if (!batch || is_other) batch.emplace(std::move(schema));
        append(*batch, rows);
    }
    if (batch) keys.add(*batch);
}

std::string words_of(Statement const& row, std::vector<FieldView> const& fields,
                     std::vector<std::size_t> key) {
    if (key.empty())
        for (std::size_t i = 0; i < std::min(shown_fields_max, fields.size()); ++i)
            key.push_back(i);
    std::string words;
    for (std::size_t const at : key)
        words +=
            (words.empty() ? "" : ", ") + fields[at].name + " " + shown(row, static_cast<int>(at));
    return words;
}

}  // namespace weir::sqlite
