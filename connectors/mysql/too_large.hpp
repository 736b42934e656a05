#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "catalog.hpp"
#include "connection.hpp"

namespace weir::mysql {

/// A record that is larger than a read takes: its largest field and the size of that.
struct TooLarge {
    std::string field;
    std::uint64_t bytes = 0;
    /// As `refused_field` of the SDK wants it.
    std::string reason() const;
};

/// Lets the server weigh each row, so that it does not send what is refused. A value.
class Weighing {
public:
    /// `whole`: fields that are sent whatever happens, since a position is made of them.
    Weighing(std::vector<SourceField const*> const& fields,
             std::vector<SourceField const*> const& whole, std::size_t row_bytes_max);

    /// Whether a row may be too large, as its types go.
    bool is_needed() const { return may_be_; }
    /// A field as it is to be sent: null where it is large and its row is refused.
    std::string sent_as(SourceField const& field) const;
    /// What tells that: null, or the sizes of the fields that may be large, with commas between.
    std::string sizes_sql() const;
    /// What the server found; nothing: the row is small enough. Throws E_SCHEMA for other texts.
    std::optional<TooLarge> found(RawValue const& sizes) const;
    /// Whether a value of so many bytes is no part of a refused row.
    bool drops(SourceField const& field, std::size_t bytes) const;

private:
    bool is_wide(SourceField const& field) const;
    std::size_t kept_bytes_max() const;

    std::vector<SourceField const*> wide_, whole_;
    std::size_t row_bytes_max_;
    std::string sum_;
    bool may_be_ = false;
};

}  // namespace weir::mysql
