#pragma once

namespace weir::host {

/// Which call into which library its thread is in, for who looks when it crashes. Nests; costs two
/// stores. The texts outlive it.
class Breadcrumb {
public:
    struct Place {
        char const* library;  ///< file name; null: in none
        char const* plugin;   ///< its id
        char const* call;     ///< "next"
    };

    Breadcrumb(char const* library, char const* plugin, char const* call) noexcept
        : before_{here_} {
        here_ = {library, plugin, call};
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
