#include "host/run/record_batch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <variant>

#include "host/run/record_json.hpp"
#include "host/run/record_text.hpp"

namespace weir::host {

namespace {

using Record = nlohmann::ordered_json;
/// null, then a value as a Column takes it; text is also the bytes of uuid and decimal.
using Cell = std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string>;

Type type_of(FieldView const& field) {
    switch (field.meaning) {
        case Meaning::date: return Type::date;
        case Meaning::time: return Type::time;
        case Meaning::timestamp: return Type::timestamp;
        case Meaning::instant: return Type::instant;
        default: break;
    }
    switch (field.layout) {
        case Layout::boolean: return Type::boolean;
        case Layout::uint64: return Type::uint64;
        case Layout::float32: return Type::float32;
        case Layout::float64: return Type::float64;
        case Layout::decimal: return Type::decimal;
        case Layout::fixed:
            return field.extension == "arrow.uuid" ? Type::uuid : Type::binary;
        case Layout::text:
        case Layout::large_text: break;
        default: return Type::int64;
    }
    if (field.meaning == Meaning::binary) return Type::binary;
    if (field.extension == "arrow.json") return Type::json;
    if (field.extension == "weir.numeric") return Type::numeric;
    return field.extension == "arrow.opaque" ? Type::opaque : Type::utf8;
}

Schema schema_of(std::vector<FieldView> const& fields) {
    Schema schema;
    for (FieldView const& field : fields)
        schema.push_back({field.name, type_of(field), field.nullable, field.source_type,
                          field.precision, field.scale, field.vendor});
    return schema;
}

template <class Number>
std::optional<Number> whole(Record const& json) {
    if (json.is_number_unsigned()) {
        auto const value = json.get<std::uint64_t>();
        if (value > static_cast<std::uint64_t>(std::numeric_limits<Number>::max()))
            return std::nullopt;
        return static_cast<Number>(value);
    }
    if (json.is_number_integer() && std::is_signed_v<Number>)
        return static_cast<Number>(json.get<std::int64_t>());
    if (!json.is_string()) return std::nullopt;
    std::string const& text = json.get_ref<std::string const&>();
    Number value = 0;
    auto const [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<double> floating(Record const& json) {
    if (json.is_number()) return json.get<double>();
    if (json == "NaN") return std::numeric_limits<double>::quiet_NaN();
    if (json == "Infinity") return std::numeric_limits<double>::infinity();
    if (json == "-Infinity") return -std::numeric_limits<double>::infinity();
    return std::nullopt;
}

template <class Value>
std::optional<Cell> cell(std::optional<Value> value) {
    if (!value) return std::nullopt;
    return Cell{std::move(*value)};
}

std::optional<Cell> cell_of_text(Type type, int scale, std::string const& text) {
    switch (type) {
        case Type::binary: return cell(parse_hex(text));
        case Type::uuid: return cell(parse_uuid(text));
        case Type::decimal: return cell(parse_decimal(text, scale));
        case Type::date: return cell(parse_date(text));
        case Type::time: return cell(parse_time(text));
        case Type::timestamp: return cell(parse_timestamp(text, false));
        case Type::instant: return cell(parse_timestamp(text, true));
        default: return Cell{text};
    }
}

/// Nothing: `json` is no value of the type.
std::optional<Cell> cell_of(Field const& field, Record const& json) {
    switch (field.type) {
        case Type::boolean:
            return json.is_boolean() ? std::optional<Cell>{json.get<bool>()} : std::nullopt;
        case Type::int64: return cell(whole<std::int64_t>(json));
        case Type::uint64: return cell(whole<std::uint64_t>(json));
        case Type::float32:
        case Type::float64: return cell(floating(json));
        case Type::json:
            // A document that a letter could not embed without a change is there as text.
            return Cell{json.is_string() ? json.get<std::string>() : json.dump()};
        default: break;
    }
    if (!json.is_string()) return std::nullopt;
    return cell_of_text(field.type, field.scale, json.get_ref<std::string const&>());
}

struct Push {
    Column& column;

    void operator()(std::monostate) const { column.null(); }
    void operator()(bool value) const { column.boolean(value); }
    void operator()(std::int64_t value) const { column.integer(value); }
    void operator()(std::uint64_t value) const { column.unsigned_integer(value); }
    void operator()(double value) const {
        if (column.type() == Type::float32)
            column.float32(static_cast<float>(value));
        else
            column.float64(value);
    }
    void operator()(std::string const& value) const {
        if (column.type() == Type::uuid || column.type() == Type::decimal)
            column.bytes16(value.data());
        else
            column.text(value);
    }
};

Error misfit(std::string const& field, std::string why) {
    return {WEIR_E_DATA, "replay.does_not_fit", std::move(why), field};
}

}  // namespace

RecordBatch::RecordBatch(ArrowSchema const& schema, bool drops_others)
    : fields_{weir::fields_of(schema)}, batch_{schema_of(fields_)}, drops_others_{drops_others} {
    export_schema(batch_.schema(), exported_.fill());
}

std::vector<std::string> RecordBatch::names() const {
    std::vector<std::string> names;
    for (FieldView const& field : fields_) names.push_back(field.name);
    return names;
}

Result<void> RecordBatch::add(std::string const& record_json) {
    Record const record = Record::parse(record_json, nullptr, false);
    if (!record.is_object()) return misfit("", "the letter's record is no JSON object");
    std::vector<Cell> cells;
    std::size_t found = 0;
    for (Field const& field : batch_.schema()) {
        auto const at = record.find(field.name);
        found += at != record.end();
        if (at != record.end() && is_no_text(*at))
            return misfit(field.name,
                          fmt::format("the record's {} is bytes that are no UTF-8, and no text: "
                                      "correct it at the source and read it again, or discard it",
                                      field.name));
        bool const is_null = at == record.end() || at->is_null();
        std::optional<Cell> value = is_null ? Cell{} : cell_of(field, *at);
        if (!value)
            return misfit(field.name,
                          fmt::format("the record's {} is no value of the type that the source "
                                      "has for it now, {}",
                                      field.name,
                                      field.source_type.empty() ? "another one"
                                                                : field.source_type));
        cells.push_back(std::move(*value));
    }
    if (found < record.size() && !drops_others_)
        for (auto const& [name, value] : record.items())
            if (std::ranges::find(batch_.schema(), name, &Field::name) == batch_.schema().end())
                return misfit(name, fmt::format("the record has a field {} that the job no longer "
                                                "reads",
                                                name));
    for (std::size_t i = 0; i < cells.size(); ++i) std::visit(Push{batch_.column(i)}, cells[i]);
    return {};
}

}  // namespace weir::host
