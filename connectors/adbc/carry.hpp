#pragma once

#include <optional>
#include <string>
#include <vector>
#include <weir/cpp/batch.hpp>
#include <weir/cpp/view.hpp>

namespace weir::adbc {

/// A field as a driver hands it out; "d:18,4,128" says the width that "d:18,4" has anyway.
FieldView view_of(ArrowSchema const& schema);

/// The field that carries a column of `view` without changing a value; nothing: only as text.
std::optional<Field> carried(FieldView const& view);

/// Why the value cannot be carried into a column of `field`; nothing: it can.
std::optional<Error> objection(Field const& field, ColumnView const& from, std::int64_t row);

/// Appends the value, to which there is no objection.
void carry(Column& into, ColumnView const& from, std::int64_t row);

/// One value of its own, to be bound to a statement or kept in a cursor.
struct Value {
    Type type = Type::utf8;  ///< boolean, int64, uint64, floats, utf8, binary, date and times
    bool is_null = false;
    std::int64_t integer = 0;  ///< whatever is counted; uint64 by its bits
    double real = 0;
    std::string text = {};  ///< utf8, binary

    static Value of(std::string_view text) { return {Type::utf8, false, 0, 0, std::string{text}}; }
    static Value of(std::int64_t number) { return {Type::int64, false, number, 0, {}}; }
    static Value null() { return {Type::utf8, true, 0, 0, {}}; }
    static Value of(Type type, ColumnView const& from, std::int64_t row);

    std::string to_json() const;
    /// Nothing when `json` is no value of `type`.
    static std::optional<Value> from_json(Type type, std::string const& json);
    bool operator==(Value const&) const = default;
};

/// One row of them, for a statement's parameters.
Batch row_of(std::vector<Value> const& values);

}  // namespace weir::adbc
