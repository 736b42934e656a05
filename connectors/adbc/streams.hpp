#pragma once

#include <string>
#include <string_view>
#include <weir/cpp/source.hpp>

#include "catalog.hpp"

namespace weir::adbc {

/// Whether the stream `name`, as a user writes it, is meant by the pattern; empty: each is.
bool is_wanted(std::string_view pattern, std::string const& name);

/// The table as discover() tells of it.
Stream stream_of(Dialect const& dialect, Table const& table, std::string const& name);

}  // namespace weir::adbc
