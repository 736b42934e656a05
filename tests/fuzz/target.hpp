#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

/// One input, of anybody. Returns 0; a rule that does not hold ends the process. The name is the
/// one that libFuzzer calls too.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* bytes, std::size_t size);

namespace weir::test {

inline std::string_view text_of(std::uint8_t const* bytes, std::size_t size) {
    return {reinterpret_cast<char const*>(bytes), size};
}

/// Ends the process with `rule` when it does not hold.
inline void must(bool holds, char const* rule) {
    if (holds) return;
    std::fprintf(stderr, "this does not hold: %s\n", rule);
    std::abort();
}

}  // namespace weir::test
