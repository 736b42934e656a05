#include "chaos/seed.hpp"

#include <cstdlib>
#include <iostream>
#include <string>

namespace weir::test {

Chance::Chance() {
    char const* const given = std::getenv("WEIR_TEST_SEED");
    seed_ = given ? std::stoull(given) : std::random_device{}();
    engine_.seed(seed_);
    std::cerr << "WEIR_TEST_SEED=" << seed_ << "\n";
}

int Chance::between(int low, int high) {
    return std::uniform_int_distribution<int>{low, high}(engine_);
}

int rounds(int few, int many) { return std::getenv("WEIR_TEST_LONG") ? many : few; }

}  // namespace weir::test
