#pragma once

#include <cstdint>
#include <random>

namespace weir::test {

/// Random numbers of one test. The seed is printed, and taken from WEIR_TEST_SEED.
class Chance {
public:
    Chance();
    std::uint64_t seed() const { return seed_; }
    /// From `low` to `high`, both included.
    int between(int low, int high);

private:
    std::uint64_t seed_;
    std::mt19937_64 engine_;
};

/// How often a random test repeats: `few` in the short form, `many` with the label `long`
/// (WEIR_TEST_LONG in the environment).
int rounds(int few, int many);

}  // namespace weir::test
