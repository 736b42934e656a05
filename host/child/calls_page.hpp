#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "host/child/slab.hpp"

namespace weir::host {

/// For each line between host and child whether the call on it is still wanted, in memory that both
/// map: the child asks as often as it likes.
class CallsPage {
public:
    static constexpr std::uint32_t lines_max = 256;

    struct alignas(64) Wanted {
        std::atomic<std::uint32_t> is_cancelled;
    };
    static_assert(sizeof(Wanted) == 64);

    explicit CallsPage(std::shared_ptr<Slab> slab) : slab_{std::move(slab)} {
        if (slab_->size() < lines_max * sizeof(Wanted)) throw BadFrame{"too small a page"};
    }
    static CallsPage make() { return CallsPage{Slab::make(lines_max * sizeof(Wanted))}; }

    Wanted& of(std::uint32_t line) const {
        if (line >= lines_max) throw BadFrame{"a line that cannot be"};
        return *reinterpret_cast<Wanted*>(slab_->data() + line * sizeof(Wanted));
    }
    int fd() const { return slab_->fd(); }

private:
    std::shared_ptr<Slab> slab_;
};

}  // namespace weir::host
