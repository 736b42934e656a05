#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "host/abi/boundary.hpp"
#include "host/abi/generation.hpp"

namespace weir::host {

/// As Boundary, for an object that several threads enter at once: a service. Calls go in between
/// open() and close(); a call cannot be interrupted, and looks at its weir_call instead.
/// Thread-safe.
class SharedBoundary {
public:
    /// `services` outlive it.
    SharedBoundary(std::string who, std::shared_ptr<Generation> generation,
                   HostServices const& services)
        : judge_{std::move(who), generation},
          generation_{std::move(generation)},
          services_{services} {}
    SharedBoundary(SharedBoundary const&) = delete;
    SharedBoundary& operator=(SharedBoundary const&) = delete;

    /// Runs `work(weir_error*)`, which returns a weir_status: WEIR_OK, every other answer is an
    /// Error, and so is an exception. Cancelled already: the plugin is not entered. Not open:
    /// E_BUSY "service.not_running", retryable.
    template <class Work>
    Result<void> call(char const* what, CallContext const& context, Work&& work) {
        if (!enter()) return not_running(what);
        Result<void> done = run(what, context, std::forward<Work>(work));
        leave();
        return done;
    }
    /// The same whether it is open or not, for one thread at a time: start and stop.
    template <class Work>
    Result<void> run(char const* what, CallContext const& context, Work&& work) {
        if (context.is_stopped()) return Judge::cancelled();
        weir_error said;
        clear(said);
        weir_status status = WEIR_E_INTERNAL;
        bool has_thrown = false;
        generation_->enter();
        Stay const stay{*this, what};
        Breadcrumb const here{*generation_, what};
        try {
            status = work(&said);
        } catch (...) {
            has_thrown = true;
        }
        generation_->leave();
        if (has_thrown) return judge_.threw(what);
        if (status == WEIR_OK) return {};
        return judge_.failure(what, &context, status, said);
    }

    void open();
    /// Lets no call in any more, and waits until the last one is out, or `context` is over; answers
    /// how many are still inside.
    std::int64_t close(CallContext const& context);
    bool is_open() const;

    Judge const& judge() const { return judge_; }

private:
    /// One call inside, as the watchdog sees it.
    class Stay final : public Watchdog::Watched {
    public:
        Stay(SharedBoundary const& boundary, char const* what);
        Stay(Stay const&) = delete;
        Stay& operator=(Stay const&) = delete;
        ~Stay();

    private:
        void watch(std::int64_t now_ns) override { overdue_.look(1, what_, now_ns); }

        Watchdog& watchdog_;
        char const* what_;
        Overdue overdue_;
    };
    bool enter();
    void leave();
    Error not_running(char const* what) const;

    Judge judge_;
    std::shared_ptr<Generation> generation_;
    HostServices const& services_;
    mutable std::mutex mutex_;
    std::condition_variable left_;
    std::int64_t inside_ = 0;
    bool is_open_ = false;
};

}  // namespace weir::host
