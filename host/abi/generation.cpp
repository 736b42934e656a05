#include "host/abi/generation.hpp"

#include <bit>
#include <utility>

#include "host/abi/misdeeds.hpp"

namespace weir::host {

Generation::Generation(std::string id, std::string version, std::string sha256,
                       std::filesystem::path path, std::shared_ptr<Library const> library,
                       weir_module const* module, std::shared_ptr<Contained> contained,
                       Remedies remedies)
    : id_{std::move(id)},
      version_{std::move(version)},
      sha256_{std::move(sha256)},
      path_{std::move(path)},
      file_{path_.filename().string()},
      library_{std::move(library)},
      module_{module},
      contained_{std::move(contained)},
      remedies_{std::move(remedies)} {}

std::string Generation::remedy(std::string const& code) const {
    auto const found = remedies_.find(code);
    return found == remedies_.end() ? std::string{} : found->second;
}

void Generation::instance_ended() {
    left_threads(Misdeeds::of_instances, threads_->instance_ended());
}

void Generation::reader_ended() {
    left_threads(Misdeeds::of_readers, threads_->reader_ended());
}

void Generation::left_threads(char const* of, std::size_t count) {
    if (count > 0 && !is_told_of_threads_.exchange(true))
        Misdeeds::here().note_threads(id_, file_, of, count);
}

std::int64_t Generation::pins() const {
    auto const taken = std::popcount(~free_.load(std::memory_order_relaxed));
    return taken + heap_pins_.load(std::memory_order_relaxed);
}

Pin* Generation::take_pin() {
    std::uint64_t free = free_.load(std::memory_order_relaxed);
    while (free != 0) {
        std::uint64_t const lowest = free & (~free + 1);
        if (free_.compare_exchange_weak(free, free & ~lowest, std::memory_order_acquire,
                                        std::memory_order_relaxed))
            return &pin_slots_[static_cast<std::size_t>(std::countr_zero(lowest))];
    }
    auto* pin = new Pin;
    pin->is_heap = true;
    heap_pins_.fetch_add(1, std::memory_order_relaxed);
    return pin;
}

std::uint64_t Generation::releasing() const {
    for (std::size_t i = 0; i < slots; ++i)
        if (std::uint64_t const number = pin_slots_[i].releasing.load(std::memory_order_relaxed))
            return (number << 8) | i;
    return 0;
}

bool Generation::take_releases(void const* watcher) {
    void const* now = nullptr;
    return watcher_.compare_exchange_strong(now, watcher) || now == watcher;
}

void Generation::leave_releases(void const* watcher) {
    watcher_.compare_exchange_strong(watcher, nullptr);
}

void Generation::return_pin(Pin* pin) {
    if (pin->is_heap) {
        heap_pins_.fetch_sub(1, std::memory_order_relaxed);
        delete pin;
        return;
    }
    auto const slot = static_cast<unsigned>(pin - pin_slots_.data());
    free_.fetch_or(std::uint64_t{1} << slot, std::memory_order_release);
}

}  // namespace weir::host
