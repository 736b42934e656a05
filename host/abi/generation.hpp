#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "host/abi/own_threads.hpp"
#include "weir/arrow.h"
#include "weir/module.h"

namespace weir::host {

class Contained;
class Library;
class Generation;

/// What an array of a plugin held before the host put itself in between; see OwnedArray::pin().
struct Pin {
    void (*release)(ArrowArray*) = nullptr;
    void* private_data = nullptr;
    std::shared_ptr<Generation> generation;
    bool is_heap = false;
    std::uint32_t releases = 0;
    std::atomic<std::uint32_t> releasing{0};  ///< the number of the one under way; 0: none
};

/// One loaded copy of a plugin: everything that can still run its code holds a shared_ptr to it,
/// arrays included (`pins`). The code itself is never unmapped, so that a mistake in counting
/// costs memory, not a crash. The counters are for people and for swapping. Thread-safe.
class Generation {
public:
    using Remedies = std::map<std::string, std::string>;  ///< by the codes of its errors

    /// In this process: `library` and its `module`; in another: `contained`.
    Generation(std::string id, std::string version, std::string sha256, std::filesystem::path path,
               std::shared_ptr<Library const> library, weir_module const* module,
               std::shared_ptr<Contained> contained = nullptr, Remedies remedies = {});

    std::string const& id() const { return id_; }
    std::string const& version() const { return version_; }
    std::string const& sha256() const { return sha256_; }
    std::filesystem::path const& path() const { return path_; }
    std::string const& file() const { return file_; }  ///< its name
    /// Static, checked by check_module(). Of one in this process only.
    weir_module const& module() const { return *module_; }
    /// Null: it runs in this process.
    Contained* contained() const { return contained_.get(); }
    /// What the library says is to be done about its error `code`; empty: nothing.
    std::string remedy(std::string const& code) const;

    /// Of one in this process: which threads began inside it.
    OwnThreads::Held const& threads() const { return threads_; }
    void instance_began() { threads_->instance_began(); }
    void reader_began() { threads_->reader_began(); }  ///< or a writer
    /// Each tells of a plugin that leaves threads behind with each of them, once.
    void instance_ended();
    void reader_ended();

    /// Calls that are inside the plugin now.
    std::int64_t in_flight() const { return in_flight_.load(std::memory_order_relaxed); }
    /// Arrays of the plugin that are still held.
    std::int64_t pins() const;

    void enter() { in_flight_.fetch_add(1, std::memory_order_relaxed); }
    void leave() { in_flight_.fetch_sub(1, std::memory_order_relaxed); }

    /// A free pin; of the first 64 none is allocated.
    Pin* take_pin();
    /// Gives it back. Whoever calls holds a reference to this generation.
    void return_pin(Pin* pin);
    /// A number of the release of an array that is under way; 0: none. Of the pins that are not
    /// allocated.
    std::uint64_t releasing() const;
    /// One watches them at a time; false: it is another.
    bool take_releases(void const* watcher);
    void leave_releases(void const* watcher);

private:
    static constexpr std::size_t slots = 64;
    void left_threads(char const* of, std::size_t count);

    std::string id_, version_, sha256_;
    std::filesystem::path path_;
    std::string file_;
    std::shared_ptr<Library const> library_;
    weir_module const* module_;
    std::shared_ptr<Contained> contained_;
    Remedies remedies_;
    OwnThreads::Held const threads_ = std::make_shared<OwnThreads>();
    std::atomic<bool> is_told_of_threads_{false};
    alignas(64) std::atomic<std::int64_t> in_flight_{0};
    alignas(64) std::atomic<std::uint64_t> free_{~std::uint64_t{0}};  ///< a bit per slot
    std::atomic<std::int64_t> heap_pins_{0};
    std::array<Pin, slots> pin_slots_;
    std::atomic<void const*> watcher_{nullptr};
};

}  // namespace weir::host
