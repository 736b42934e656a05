#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>
#include <weir/cpp/batch.hpp>

#include "types.hpp"

// One line of COPY … TO STDOUT in text form.
//
//   line  := value ("\t" value)* "\n"     value := "\N" | (char | "\" char)*
//   A backslash stands before b f n r t v and before backslash itself.
namespace weir::postgres {

/// One value of a line. Borrowed from the line.
struct RawValue {
    char* data = nullptr;
    std::size_t size = 0;
    bool null = false;
    bool escaped = false;  ///< holds backslashes
};

/// Cuts `line` into `values`; throws E_DATA when it does not hold as many.
void split_line(char* line, std::size_t size, std::vector<RawValue>& values);

/// Takes the backslashes out, in place. Answers the text, valid as long as the line.
std::string_view plain_text(RawValue& value);

/// Decodes the values of one column. Keeps what has become of its form. One thread.
class Decoder {
public:
    /// `native`: values come in their binary form.
    Decoder(Field field, SourceType const& type, bool native);

    /// The field as it is handed on now.
    Field const& field() const { return field_; }
    /// Whether there are values that the form of now does not hold.
    bool is_narrow() const;
    /// Whether the form of now holds `value`.
    bool holds(RawValue const& value) const;
    /// From now on the field is text, because a value was met that its type cannot hold.
    void become_text();
    /// Appends one value that the form holds.
    void append(Column& column, RawValue& value);

private:
    bool is_plain_array(std::string_view text) const;
    void append_present(Column& column, RawValue& value);
    void append_native(Column& column, RawValue& value);
    void append_text(Column& column, RawValue& value);
    void append_bytea(Column& column, RawValue& value);
    void append_uuid(Column& column, RawValue& value);
    void append_rewritten(Column& column, RawValue& value);
    [[noreturn]] void refuse(std::string_view text) const;

    Field field_;
    Form form_, native_form_;
    Element element_;
    char delimiter_;
    bool native_, unsigned_;
    std::string scratch_;
};

}  // namespace weir::postgres
