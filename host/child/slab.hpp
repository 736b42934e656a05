#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "host/child/line.hpp"

namespace weir::host {

/// A piece of memory that host and child map. Its size is sealed, so that reading it cannot fail
/// later. It opens with whether somebody still reads it.
class Slab {
public:
    static constexpr std::size_t head_bytes = 64;

    /// New, of at least `bytes` behind its head. Throws std::system_error, std::bad_alloc.
    static std::shared_ptr<Slab> make(std::size_t bytes);
    /// Of the other side. Throws BadFrame when it is not sealed or too small.
    static std::shared_ptr<Slab> map(Fd fd);
    Slab(Slab const&) = delete;
    Slab& operator=(Slab const&) = delete;
    ~Slab();

    int fd() const { return fd_.get(); }
    std::byte* data() const { return memory_ + head_bytes; }
    std::size_t size() const { return size_ - head_bytes; }
    std::atomic<std::uint32_t>& in_use() const;

private:
    Slab(Fd fd, std::size_t size);

    Fd fd_;
    std::size_t size_;
    std::byte* memory_;
};

/// The slabs in which one side sends batches to the other: `slabs_max`, each made when all others
/// are still read, and made anew when a batch needs more.
class SlabRing {
public:
    static constexpr std::size_t slabs_max = 64;

    struct Room {
        std::uint32_t index;
        std::shared_ptr<Slab> slab;
        bool is_new;  ///< the other side has not seen it
    };
    /// Room for `bytes`, in use until the other side gives it back. Throws std::bad_alloc when all
    /// are in use.
    Room take(std::size_t bytes);

private:
    std::vector<std::shared_ptr<Slab>> slabs_;
};

/// The slabs of the other side's ring, as they come.
class SlabView {
public:
    /// Reads what SlabRing's side wrote of a Room; a new one comes with a descriptor.
    std::shared_ptr<Slab> take(Unpacker& args, Line& line);
    static void write(Packer& args, SlabRing::Room const& room);

private:
    std::vector<std::shared_ptr<Slab>> slabs_;
};

}  // namespace weir::host
