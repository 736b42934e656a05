#pragma once

#include <cstddef>
#include <memory>
#include <mutex>

namespace weir::host {

/// Whether ever more threads stay behind. A life begins with a first object of a kind, and ends
/// when none is left: of the instances, which may be kept for long, and of the readers and writers.
/// Not thread-safe.
class Lives {
public:
    /// A language's own runtime starts threads in some lives; what objects leave shows in all.
    static constexpr int rises_max = 10;

    void began() { ++objects_; }
    /// True: a life ended; note() what it left.
    bool ended() { return --objects_ == 0; }
    /// `threads` are there now. As many again, when they were more at the end of each of the last
    /// `rises_max` lives than at the end of the one before; else 0.
    std::size_t note(std::size_t threads);

private:
    std::size_t objects_ = 0, threads_ = 0;
    int rises_ = 0;
};

/// The threads of this process that began inside calls of one plugin, or inside such threads, and
/// have not ended. Outlives the plugin, as they may. Thread-safe.
///
/// Known by a pthread_create() of the host's own, which whatever is loaded finds before that of the
/// C library. Not known: threads that begin while a library is loaded.
class OwnThreads {
public:
    using Held = std::shared_ptr<OwnThreads>;

    std::size_t count() const;
    void instance_began();
    /// See Lives::note.
    std::size_t instance_ended();
    /// The same of a reader or writer.
    void reader_began();
    std::size_t reader_ended();

private:
    friend class OwnedThread;
    std::size_t ended(Lives& lives);

    mutable std::mutex mutex_;
    std::size_t count_ = 0;
    Lives instances_, readers_;
};

}  // namespace weir::host
