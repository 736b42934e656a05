#pragma once

#include "host/abi/generation.hpp"

namespace weir::host {

/// Which call into which library its thread is in, for who looks when it crashes, and for the
/// threads that it starts. Nests; costs a few stores. Generation and name of the call outlive it.
class Breadcrumb {
public:
    struct Place {
        char const* library;              ///< file name; null: in none
        char const* plugin;               ///< its id
        char const* call;                 ///< "next"
        OwnThreads::Held const* threads;  ///< null: none of them begin in this process
    };

    Breadcrumb(Generation const& generation, char const* call) noexcept : before_{here_} {
        here_ = {generation.file().c_str(), generation.id().c_str(), call,
                 generation.contained() ? nullptr : &generation.threads()};
    }
    Breadcrumb(Breadcrumb const&) = delete;
    Breadcrumb& operator=(Breadcrumb const&) = delete;
    ~Breadcrumb() { here_ = before_; }

    /// Of this thread; safe in a signal handler.
    static Place here() noexcept { return here_; }

private:
    static inline thread_local Place here_{};
    Place const before_;
};

}  // namespace weir::host
