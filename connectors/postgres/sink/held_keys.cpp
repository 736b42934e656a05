#include "held_keys.hpp"

#include <algorithm>

namespace weir::postgres {

void HeldKeys::add(std::string_view key) {
    auto const differs = std::ranges::mismatch(last_, key).in2;
    auto const shared = static_cast<std::size_t>(differs - key.begin());
    bytes_ += static_cast<char>(shared);
    bytes_ += key.substr(shared);
    last_ = key;
    ++count_;
}

void HeldKeys::cut(std::int64_t count, std::size_t bytes) {
    bytes_.resize(bytes);
    count_ = count;
    last_.clear();
    if (count > 0) each([this](std::string_view key) { last_ = key; });
}

}  // namespace weir::postgres
