#pragma once

#include <functional>
#include <string_view>
#include <weir/cpp/call.hpp>
#include <weir/cpp/view.hpp>

#include "abi.hpp"
#include "settings.hpp"

namespace weir::adbc {

/// One value of a nested column: a struct with its members, a list with its items, a text, a
/// number. What is null, or missing, is an empty one. Borrows its batch.
class Nested {
public:
    Nested() = default;
    Nested(ArrowSchema const& schema, ArrowArray const& array, std::int64_t row);

    bool is_null() const { return !array_; }
    Nested child(std::string_view name) const;
    void each(std::function<void(Nested const&)> const& visit) const;
    /// Of a union: the value that it holds.
    Nested alternative() const;
    std::string text() const;
    std::int64_t number(std::int64_t otherwise) const;

    /// Visits each row of the stream, which is released.
    static void read(Call const& call, Settings const& settings, abi::Stream& stream,
                     std::function<void(Nested const&)> const& visit);

private:
    ArrowSchema const* schema_ = nullptr;
    ArrowArray const* array_ = nullptr;
    std::int64_t row_ = 0;  // the array's offset is in it
};

}  // namespace weir::adbc
