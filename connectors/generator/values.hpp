#pragma once

#include <cstdint>
#include <weir/cpp/batch.hpp>

namespace weir::generator {

/// Appends the value of row `id` to `column`, which is the one at `index`. The same seed, id and
/// index give the same value.
class Values {
public:
    Values(std::uint64_t seed, std::int64_t text_chars) : seed_{seed}, text_chars_{text_chars} {}

    /// A sample user's field by its place in the schema.
    void user(Column& column, std::size_t index, std::int64_t id) const;
    /// Any value of the column's type; about one in sixteen is null where `nullable`.
    void any(Column& column, std::size_t index, std::int64_t id, bool nullable) const;

private:
    std::uint64_t draw(std::size_t index, std::int64_t id) const;

    std::uint64_t seed_;
    std::int64_t text_chars_;
};

}  // namespace weir::generator
