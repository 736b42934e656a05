#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace weir::postgres {

/// Bytes on their way to the server. Room is asked for before it is written, and kept from one use
/// to the next.
class Outgoing {
public:
    char const* data() const { return data_.get(); }
    std::size_t size() const { return size_; }
    void clear() { size_ = 0; }
    /// Takes back what stands behind `size`.
    void cut(std::size_t size) { size_ = size; }

    /// `most` bytes to be written to; end() says where they really end.
    char* room(std::size_t most) {
        if (capacity_ - size_ < most) [[unlikely]]
            grow(most);
        return data_.get() + size_;
    }
    void end(char const* at) { size_ = static_cast<std::size_t>(at - data_.get()); }

    void add(std::string_view bytes) {
        char* const at = room(bytes.size());
        std::memcpy(at, bytes.data(), bytes.size());
        end(at + bytes.size());
    }

private:
    void grow(std::size_t most) {
        std::size_t const wanted = std::max(capacity_ * 2, size_ + most + 1024);
        auto larger = std::make_unique_for_overwrite<char[]>(wanted);
        if (size_) std::memcpy(larger.get(), data_.get(), size_);
        data_ = std::move(larger);
        capacity_ = wanted;
    }

    std::unique_ptr<char[]> data_;
    std::size_t size_ = 0, capacity_ = 0;
};

/// Writes an unsigned number in network order and answers its end.
template <class T>
char* put_number(char* at, T number) {
    if constexpr (sizeof number == 2) number = static_cast<T>(__builtin_bswap16(number));
    if constexpr (sizeof number == 4) number = static_cast<T>(__builtin_bswap32(number));
    if constexpr (sizeof number == 8) number = static_cast<T>(__builtin_bswap64(number));
    std::memcpy(at, &number, sizeof number);
    return at + sizeof number;
}

}  // namespace weir::postgres
