#pragma once

#include <string_view>

namespace weir::mysql {

/// Whether MySQL's own JSON, which keeps numbers in 64 bits, integers or doubles, has each number
/// of the document: 1.50 is 1.5, and up to 17 digits are those of a double, but
/// 0.1234567890123456789 is another number. `json` is JSON, as RFC 8259 has it; of what is none
/// anything may be answered, the server refuses it.
bool keeps_numbers(std::string_view json);

}  // namespace weir::mysql
