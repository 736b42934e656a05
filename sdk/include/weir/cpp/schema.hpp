#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../arrow.h"
#include "error.hpp"

namespace weir {

/// What a column means. The Arrow format and extension name of each stand in `format_of`.
enum class Type : std::uint8_t {
    boolean,
    int64,
    uint64,
    float32,
    float64,
    utf8,
    binary,
    uuid,
    date,       ///< days since 1970-01-01, int32
    time,       ///< microseconds since midnight, int64
    timestamp,  ///< local time, microseconds since 1970-01-01 00:00, int64
    instant,    ///< the same in UTC
    decimal,    ///< decimal128 of Field::precision and Field::scale
    numeric,    ///< exact digits as text
    json,       ///< JSON text
    opaque      ///< text as the source prints it
};

/// As the enumerator is written.
constexpr char const* name_of(Type type) {
    constexpr char const* names[] = {
        "boolean", "int64", "uint64", "float32",   "float64", "utf8",    "binary",  "uuid",
        "date",    "time",  "timestamp", "instant", "decimal", "numeric", "json",    "opaque"};
    return names[static_cast<std::size_t>(type)];
}

/// One column of a schema. A value.
struct Field {
    std::string name;
    Type type = Type::utf8;
    bool nullable = true;
    std::string source_type = {};  ///< with modifiers, as the source spells it
    std::int32_t precision = 0;    ///< of Type::decimal
    std::int32_t scale = 0;
    std::string vendor = {};  ///< whose type `source_type` is: "postgres"; empty: nobody is told
    bool operator==(Field const&) const = default;
};

using Schema = std::vector<Field>;

namespace detail {

inline std::string format_of(Field const& field) {
    switch (field.type) {
        case Type::boolean: return "b";
        case Type::int64: return "l";
        case Type::uint64: return "L";
        case Type::float32: return "f";
        case Type::float64: return "g";
        case Type::binary: return "z";
        case Type::uuid: return "w:16";
        case Type::date: return "tdD";
        case Type::time: return "ttu";
        case Type::timestamp: return "tsu:";
        case Type::instant: return "tsu:UTC";
        case Type::decimal:
            return "d:" + std::to_string(field.precision) + "," + std::to_string(field.scale);
        case Type::utf8:
        case Type::numeric:
        case Type::json:
        case Type::opaque: return "u";
    }
    return "u";
}

inline std::string_view extension_of(Type type) {
    switch (type) {
        case Type::uuid: return "arrow.uuid";
        case Type::numeric: return "weir.numeric";
        case Type::json: return "arrow.json";
        case Type::opaque: return "arrow.opaque";
        default: return {};
    }
}

using Metadata = std::vector<std::pair<std::string, std::string>>;

/// Arrow's metadata format: int32 count, then for each key and value an int32 length and bytes.
inline std::string encode_metadata(Metadata const& pairs) {
    std::string out;
    auto number = [&out](std::size_t value) {
        auto const small = static_cast<std::int32_t>(value);
        out.append(reinterpret_cast<char const*>(&small), sizeof small);
    };
    number(pairs.size());
    for (auto const& [key, value] : pairs) {
        number(key.size());
        out += key;
        number(value.size());
        out += value;
    }
    return out;
}

inline std::string metadata_value(char const* at, std::string_view wanted) {
    if (!at) return {};
    auto number = [&at] {
        std::int32_t value;
        std::memcpy(&value, at, sizeof value);
        at += sizeof value;
        return value;
    };
    auto text = [&] {
        std::int32_t const size = number();
        std::string_view const found{at, static_cast<std::size_t>(size)};
        at += size;
        return found;
    };
    for (std::int32_t left = number(); left > 0; --left) {
        std::string_view const key = text(), value = text();
        if (key == wanted) return std::string{value};
    }
    return {};
}

/// Owns what an exported ArrowSchema points at; freed by its release.
struct SchemaData {
    std::string format, name, metadata;
    std::vector<ArrowSchema> children;
    std::vector<ArrowSchema*> pointers;
};

inline void release_schema(ArrowSchema* schema) noexcept {
    auto* data = static_cast<SchemaData*>(schema->private_data);
    for (ArrowSchema& child : data->children)
        if (child.release) child.release(&child);
    schema->release = nullptr;
    delete data;
}

inline void fill_schema(ArrowSchema* out, std::unique_ptr<SchemaData> data, std::int64_t flags) {
    for (ArrowSchema& child : data->children) data->pointers.push_back(&child);
    *out = ArrowSchema{};
    out->format = data->format.c_str();
    out->name = data->name.c_str();
    out->metadata = data->metadata.empty() ? nullptr : data->metadata.data();
    out->flags = flags;
    out->n_children = static_cast<std::int64_t>(data->pointers.size());
    out->children = data->pointers.empty() ? nullptr : data->pointers.data();
    out->release = release_schema;
    out->private_data = data.release();
}

inline void export_field(Field const& field, ArrowSchema* out) {
    auto data = std::make_unique<SchemaData>();
    data->format = format_of(field);
    data->name = field.name;
    Metadata metadata;
    if (std::string_view extension = extension_of(field.type); !extension.empty())
        metadata.emplace_back("ARROW:extension:name", extension);
    if (field.type == Type::opaque) metadata.emplace_back("ARROW:extension:metadata", "{}");
    if (!field.source_type.empty()) metadata.emplace_back("weir.type", field.source_type);
    if (!field.vendor.empty()) metadata.emplace_back("weir.vendor", field.vendor);
    if (!metadata.empty()) data->metadata = encode_metadata(metadata);
    fill_schema(out, std::move(data), field.nullable ? ARROW_FLAG_NULLABLE : 0);
}

}  // namespace detail

/// Writes `schema` as a struct of fields into `out`, which then owns its memory.
inline void export_schema(Schema const& schema, ArrowSchema* out) {
    auto data = std::make_unique<detail::SchemaData>();
    data->format = "+s";
    data->children.resize(schema.size());
    for (std::size_t i = 0; i < schema.size(); ++i)
        detail::export_field(schema[i], &data->children[i]);
    detail::fill_schema(out, std::move(data), 0);
}

}  // namespace weir
