#pragma once

#include <string_view>

#include "outgoing.hpp"

namespace weir::postgres {

// numeric := groups:int16 weight:int16 sign:int16 scale:int16 group:int16*
//   Four digits in a group; the first one stands for group * 10000 ^ weight. The sign says NaN and
//   the infinities too.

/// Appends the binary form of a decimal number, with its length; false: `text` is none.
bool put_numeric(Outgoing& out, std::string_view text);

}  // namespace weir::postgres
