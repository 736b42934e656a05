#pragma once

#include <weir/cpp/source.hpp>

#include "catalog.hpp"

namespace weir::mysql {

/// What discover() says of `table`.
Stream stream_of(Table const& table, Settings const& settings);

}  // namespace weir::mysql
