#include "host/abi/own_threads.hpp"

#include <dlfcn.h>
#include <pthread.h>

#include <cerrno>
#include <new>
#include <utility>

#include "host/abi/breadcrumb.hpp"

namespace weir::host {

std::size_t Lives::note(std::size_t threads) {
    rises_ = threads > threads_ ? rises_ + 1 : 0;
    threads_ = threads;
    return rises_ >= rises_max ? threads : 0;
}

std::size_t OwnThreads::count() const {
    std::lock_guard const lock{mutex_};
    return count_;
}

void OwnThreads::instance_began() {
    std::lock_guard const lock{mutex_};
    instances_.began();
}

void OwnThreads::reader_began() {
    std::lock_guard const lock{mutex_};
    readers_.began();
}

std::size_t OwnThreads::instance_ended() { return ended(instances_); }
std::size_t OwnThreads::reader_ended() { return ended(readers_); }

std::size_t OwnThreads::ended(Lives& lives) {
    std::lock_guard const lock{mutex_};
    return lives.ended() ? lives.note(count_) : 0;
}

/// One of them, from before it begins until it ended, however that happens.
class OwnedThread {
public:
    using Work = void* (*)(void*);

    OwnedThread(OwnThreads::Held owner, Work work, void* argument)
        : owner_{std::move(owner)}, work_{work}, argument_{argument} {
        std::lock_guard const lock{owner_->mutex_};
        ++owner_->count_;
    }
    OwnedThread(OwnedThread const&) = delete;
    OwnedThread& operator=(OwnedThread const&) = delete;
    ~OwnedThread() {
        std::lock_guard const lock{owner_->mutex_};
        --owner_->count_;
    }

    /// Whose threads those are that this thread starts now; null: the host's.
    static OwnThreads::Held owner() {
        if (OwnThreads::Held const* const inside = Breadcrumb::here().threads) return *inside;
        return here_ ? here_->owner_ : nullptr;
    }

    static void* run(void* self) {
        here_.reset(static_cast<OwnedThread*>(self));
        return here_->work_(here_->argument_);
    }

private:
    static inline thread_local std::unique_ptr<OwnedThread> here_;

    OwnThreads::Held owner_;
    Work work_;
    void* argument_;
};

}  // namespace weir::host

// As POSIX has it.
extern "C" __attribute__((visibility("default"))) int pthread_create(pthread_t* thread,
                                                                     pthread_attr_t const* how,
                                                                     void* (*work)(void*),
                                                                     void* argument) {
    using weir::host::OwnedThread;
    static auto const next =
        reinterpret_cast<decltype(&pthread_create)>(::dlsym(RTLD_NEXT, "pthread_create"));
    weir::host::OwnThreads::Held owner = OwnedThread::owner();
    if (!owner) return next(thread, how, work, argument);
    auto* const owned = new (std::nothrow) OwnedThread{std::move(owner), work, argument};
    if (!owned) return EAGAIN;
    int const failed = next(thread, how, OwnedThread::run, owned);
    if (failed) delete owned;
    return failed;
}
