#pragma once

#include <cstdint>
#include <string>
#include <weir/cpp/schema.hpp>

namespace weir::mysql {

/// How a value of the binary protocol is read.
enum class Form : std::uint8_t {
    integer,   ///< of 1, 2, 4 or 8 bytes
    number,    ///< 8 bytes without a sign
    bits,      ///< big endian
    decimal,   ///< digits, into 128 bits
    digits,    ///< digits as they are
    float32,
    float64,
    text,
    binary,
    uuid,
    date,
    time,
    timestamp,
    instant,
    // Once a value came that the typed form cannot hold (zero dates, hours beyond a day):
    date_text,
    time_text,
    timestamp_text,
    instant_text
};

/// A type of the source. A value.
struct SourceType {
    std::string name;  ///< information_schema's DATA_TYPE: "bigint", "json" where it is known to be
    std::string text;  ///< with modifiers, as the source spells it: "bigint(20) unsigned"
    bool is_unsigned = false;
    std::int32_t precision = 0, scale = 0;  ///< of decimals
    bool operator==(SourceType const&) const = default;
};

/// How its values become that.
Form form_of(SourceType const& type);

/// What crosses the boundary in a form.
Type type_of(SourceType const& type);

/// Whether a field of this type may be part of a key. Where equal values may be spelled
/// differently, `key_note` says so.
bool fits_key(SourceType const& type);

/// Values are ordered by their number, not by their text.
bool is_listed(SourceType const& type);

/// What a field is once its typed form did not hold a value.
Form text_form(Form form);

}  // namespace weir::mysql
