#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "decode.hpp"
#include "query.hpp"

namespace weir::postgres {

/// A record that is larger than a read takes: its largest field, by place, and the size of that.
struct TooLarge {
    std::size_t field = 0;
    std::uint64_t bytes = 0;
    /// As `refused_field` of the SDK wants it.
    std::string reason(std::vector<SourceField const*> const& sent) const;
};

/// Whether a value of the type may be of any size.
bool is_wide(SourceType const& type);

/// Whether one row of a table may be larger than `row_bytes_max`, whose large values all lie in
/// `toast_bytes` outside of it (nothing: not known). Then the server measures each row.
bool may_be_too_large(std::optional<std::int64_t> toast_bytes, std::size_t row_bytes_max);

/// A value of a refused row is kept up to so many bytes.
std::size_t kept_bytes_max(std::size_t row_bytes_max);

/// SQL of a subselect behind FROM that answers one column `sizes`: null, or the sizes of the fields
/// as bigint[], where they are more than `row_bytes_max` together. Looks at no value that is not
/// itself a suspect.
std::string sizes_sql(std::vector<SourceField const*> const& sent, std::size_t row_bytes_max);

/// What the server found; nothing: the row is small enough. Throws E_SCHEMA when it is no array.
std::optional<TooLarge> measured_by_server(RawValue& sizes);

/// The same by the values themselves.
std::optional<TooLarge> measured_here(std::vector<RawValue>& values,
                                      std::vector<SourceField const*> const& sent, bool native,
                                      std::size_t row_bytes_max);

}  // namespace weir::postgres
