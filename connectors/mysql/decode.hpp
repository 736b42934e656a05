#pragma once

#include <optional>
#include <string>
#include <weir/cpp/batch.hpp>

#include "catalog.hpp"
#include "connection.hpp"

namespace weir::mysql {

/// Decodes the values of one column. Keeps what has become of its form. One thread.
class Decoder {
public:
    explicit Decoder(SourceField const& field);

    /// The field as it is handed on now.
    Field const& field() const { return field_; }
    /// Whether there are values that the form of now does not hold.
    bool is_narrow() const;
    /// Whether the form of now holds `value`.
    bool holds(RawValue const& value) const;
    /// From now on the field is text, because a value was met that its type cannot hold.
    void become_text();
    /// Whether the bytes of values are handed on as text, and so have to be UTF-8.
    bool is_text() const { return form_ == Form::text; }
    /// Why a text that is no UTF-8 is refused, as `refused_field` of the SDK wants it.
    std::string refusal(RawValue const& value) const;
    /// How many values were none of the calendar, and became null.
    std::int64_t nulls() const { return nulls_; }
    /// Appends one value that the form holds; of a text, one that is UTF-8.
    void append(Column& column, RawValue const& value);

private:
    void append_dated(Column& column, std::optional<std::int64_t> count);
    void append_printed(Column& column, RawValue const& value);
    [[noreturn]] void refuse(RawValue const& value) const;

    Field field_;
    Form form_;
    bool is_unsigned_, zero_is_null_;
    std::int64_t nulls_ = 0;
    std::string scratch_;
};

/// Whether a value that is there is UTF-8.
bool is_utf8(RawValue const& value);

/// A value as it stands in positions; valid until `scratch` changes.
std::string_view place_text(Form form, bool is_unsigned, RawValue const& value,
                            std::string& scratch);

}  // namespace weir::mysql
