#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::postgres {

/// Keys of one width, ascending, each as what it does not share with the one before it: numbers
/// that count on take two bytes.
///
///   key := shared:u8 rest      `rest`: the last `width - shared` bytes
class HeldKeys {
public:
    static constexpr std::size_t width_max = 255;

    explicit HeldKeys(std::size_t width) : width_{width} {}

    /// `key` sorts behind all that are held.
    void add(std::string_view key);
    /// Takes back all but the first `count`, which bytes() said to take `bytes` then.
    void cut(std::int64_t count, std::size_t bytes);

    std::int64_t size() const { return count_; }
    std::size_t bytes() const { return bytes_.size(); }
    /// The greatest; empty: there is none.
    std::string const& last() const { return last_; }

    /// Calls `take(key)` with each, in their order.
    template <class Take>
    void each(Take&& take) const {
        std::string key(width_, '\0');
        for (std::size_t at = 0; at < bytes_.size();) {
            auto const shared = static_cast<unsigned char>(bytes_[at]);
            bytes_.copy(key.data() + shared, width_ - shared, at + 1);
            at += 1 + width_ - shared;
            take(std::string_view{key});
        }
    }

private:
    std::size_t width_;
    std::string bytes_, last_;
    std::int64_t count_ = 0;
};

}  // namespace weir::postgres
