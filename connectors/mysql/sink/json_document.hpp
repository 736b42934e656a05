#pragma once

#include <string_view>

namespace weir::mysql {

/// Why MySQL's own JSON would hold another document, "would round its numbers"; null: it holds this
/// one, whatever the order of its keys. It keeps numbers in 64 bits, integers or doubles: 1.50 is
/// 1.5, and up to 17 digits are those of a double, but 0.1234567890123456789 is another number. Of
/// a key that comes twice it keeps the last value. What is no JSON the server refuses.
///
/// The server reads each double as it was written; tried on 9.7.
char const* json_change(std::string_view json);

}  // namespace weir::mysql
