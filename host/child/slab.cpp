#include "host/child/slab.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <new>
#include <system_error>

namespace weir::host {

namespace {

constexpr int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

std::system_error failed(char const* what) {
    return std::system_error{errno, std::generic_category(), what};
}

}  // namespace

Slab::Slab(Fd fd, std::size_t size) : fd_{std::move(fd)}, size_{size} {
    void* const memory =
        ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, fd_.get(), 0);
    if (memory == MAP_FAILED) throw std::bad_alloc{};
    memory_ = static_cast<std::byte*>(memory);
}

Slab::~Slab() { ::munmap(memory_, size_); }

std::shared_ptr<Slab> Slab::make(std::size_t bytes) {
    constexpr std::size_t least = 64u << 10;
    // In powers of two: a little more next time needs no new one.
    std::size_t const size = std::bit_ceil(std::max(bytes + head_bytes, least));
    Fd fd{::memfd_create("weir-batch", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
    if (!fd) throw failed("memfd_create");
    if (::ftruncate(fd.get(), static_cast<off_t>(size)) != 0 ||
        ::fcntl(fd.get(), F_ADD_SEALS, seals) != 0)
        throw failed("memory for a batch");
    return std::shared_ptr<Slab>{new Slab{std::move(fd), size}};
}

std::shared_ptr<Slab> Slab::map(Fd fd) {
    struct stat found {};
    int const sealed = ::fcntl(fd.get(), F_GET_SEALS);
    if (sealed < 0 || (sealed & F_SEAL_SHRINK) == 0 || ::fstat(fd.get(), &found) != 0 ||
        found.st_size < static_cast<off_t>(head_bytes))
        throw BadFrame{"a batch in memory that may shrink"};
    return std::shared_ptr<Slab>{new Slab{std::move(fd), static_cast<std::size_t>(found.st_size)}};
}

std::atomic<std::uint32_t>& Slab::in_use() const {
    static_assert(std::atomic<std::uint32_t>::is_always_lock_free);
    return *reinterpret_cast<std::atomic<std::uint32_t>*>(memory_);
}

SlabRing::Room SlabRing::take(std::size_t bytes) {
    std::size_t free = 0;
    while (free < slabs_.size() && slabs_[free]->in_use().load(std::memory_order_acquire) != 0)
        ++free;
    if (free == slabs_max) throw std::bad_alloc{};
    bool const is_new = free == slabs_.size() || slabs_[free]->size() < bytes;
    if (free == slabs_.size()) slabs_.emplace_back();
    if (is_new) slabs_[free] = Slab::make(bytes);
    slabs_[free]->in_use().store(1, std::memory_order_relaxed);
    return {static_cast<std::uint32_t>(free), slabs_[free], is_new};
}

void SlabView::write(Packer& args, SlabRing::Room const& room) {
    args.number(room.index).number(std::uint32_t{room.is_new});
}

std::shared_ptr<Slab> SlabView::take(Unpacker& args, Line& line) {
    std::uint32_t const index = args.word();
    bool const is_new = args.word() != 0;
    if (index >= SlabRing::slabs_max) throw BadFrame{"a batch in a slab that cannot be"};
    if (index >= slabs_.size()) slabs_.resize(index + 1);
    if (is_new) slabs_[index] = Slab::map(line.take_fd());
    if (!slabs_[index]) throw BadFrame{"a batch in a slab that never came"};
    return slabs_[index];
}

}  // namespace weir::host
