#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <weir/cpp/schema.hpp>

namespace weir::postgres {

/// How the text of a value is read.
enum class Form : std::uint8_t {
    boolean,
    integer,
    float32,
    float64,
    text,  ///< as it stands
    uuid,
    bytea,
    date,
    time,
    timestamp,
    instant,
    array,
    // Once a value came that the typed form cannot hold (infinity, array bounds):
    timestamp_text,
    instant_text,
    array_text
};

/// A type of the source, domains resolved. A value.
struct SourceType {
    std::uint32_t oid = 0;
    char kind = 'b';      ///< pg_type.typtype: b base, e enum, c composite, r range, m multirange
    std::string name;     ///< pg_type.typname: "citext"
    std::string literal;  ///< as it stands behind `::`, without modifiers
    std::uint32_t element = 0;  ///< of a true array: its element type; 0: no array
    char element_kind = 'b';
    std::string element_name;
    char delimiter = ',';
    bool operator==(SourceType const&) const = default;
};

/// What crosses the boundary for a type.
Type type_of(SourceType const& type);

/// Whether a field of this type may be part of a key: the server sorts it, and its text is the
/// value. Where equal values may be spelled differently, `key_note` says so.
bool fits_key(SourceType const& type);

/// How its text becomes that.
Form form_of(SourceType const& type);

/// How a JSON text stands for one element of an array.
enum class Element : std::uint8_t { number, boolean, text, json, time, timestamp, instant };
Element element_of(SourceType const& array);

/// What a field is once its typed form did not hold a value.
Form text_form(Form form);

}  // namespace weir::postgres
