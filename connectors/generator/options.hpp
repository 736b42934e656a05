#pragma once

#include <cstdint>
#include <string>
#include <vector>
#include <weir/cpp/config.hpp>
#include <weir/cpp/schema.hpp>

namespace weir::generator {

constexpr std::int64_t rows_limit = 1'000'000'000'000;
constexpr std::int64_t text_chars_limit = 1'000'000;

/// What to make up. A value.
struct Options {
    std::int64_t rows = 1000;
    std::uint64_t seed = 42;
    double rate = 0;                 ///< rows per second; 0: as fast as it goes
    std::int64_t text_chars = 32;    ///< length of a made-up text of `types`
    std::vector<std::string> types;  ///< one column each behind `id`; empty: the sample users

    std::string stream() const { return types.empty() ? "users" : "records"; }
    Schema schema() const;
};

/// Reads {"url":"generator:rows=1000,seed=7"} or the same names as members. Throws E_CONFIG with
/// the nearest name for what it does not know.
// url   := "generator:" [item {("," | "&") item}]      item := name "=" value
// types := type {"+" type}
Options options_of(Config const& config);

/// The type of a field in the words of `types`.
std::string name_of(Field const& field);

}  // namespace weir::generator
