#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "host/abi/breadcrumb.hpp"
#include "host/abi/call_context.hpp"
#include "host/abi/lane.hpp"
#include "host/core/error.hpp"

namespace weir::host {

/// A weir_error for a plugin to fill: empty, of our size. Cheaper than zeroing all of it.
void clear(weir_error& error);

/// What a plugin said in `error`, made safe: ended strings, valid UTF-8, a status that is known,
/// a code and a sentence in any case. `who` is the instance and `what` the call: "postgres",
/// "next".
Error error_of(weir_status status, weir_error const& error, std::string_view who,
               std::string_view what);

/// What the answers of one plugin object mean.
class Judge {
public:
    Judge(std::string who, std::shared_ptr<Generation const> generation)
        : who_{std::move(who)}, generation_{std::move(generation)} {}

    std::string const& who() const { return who_; }
    std::string const& plugin() const { return generation_->id(); }

    /// What `what` failed with: cancelled or late, whatever the plugin said in `said`. Where it did
    /// not say what to do, the remedy that its library declares for the code.
    Error failure(char const* what, CallContext const* context, weir_status status,
                  weir_error const& said) const;
    /// E_INTERNAL "plugin.broken_promise": `postgres: next() answered a batch that …`.
    Error broken(std::string_view what, std::string_view sentence) const;
    Error threw(char const* what) const;
    static Error cancelled();

private:
    std::string who_;
    std::shared_ptr<Generation const> generation_;
};

/// One plugin object: its lane, and what its answers mean. Every call through a plugin's pointer
/// goes through call(), or through SharedBoundary.
class Boundary {
public:
    Boundary(std::string who, std::shared_ptr<Generation> generation,
             HostServices const& services, void (*unblock)(void* object), void* object)
        : judge_{std::move(who), generation},
          lane_{judge_.who(), std::move(generation), services, unblock, object} {}

    /// Runs `work(weir_error*)`, which returns a weir_status: WEIR_OK, or WEIR_END where
    /// `may_end`; every other answer is an Error. Cancelled or late: E_CANCELLED, E_TIMEOUT,
    /// whatever the plugin said; cancelled already: the plugin is not entered.
    template <class Work>
    Result<weir_status> call(char const* what, CallContext const* context, Work&& work,
                             bool may_end = false) {
        if (context && context->is_stopped()) return Judge::cancelled();
        weir_error said;
        clear(said);
        weir_status status = WEIR_E_INTERNAL;
        bool has_thrown = false;
        bool const has_run = lane_.enter(what, context, [&]() noexcept {
            Breadcrumb const here{*lane_.generation(), what};
            try {
                status = work(&said);
            } catch (...) {
                has_thrown = true;
            }
        });
        if (status == WEIR_OK && has_run) return status;
        if (status == WEIR_END && may_end && has_run) return status;
        if (!has_run) return overlap(what);
        if (has_thrown) return judge_.threw(what);
        return judge_.failure(what, context, status, said);
    }

    /// Runs `work()` for a call that cannot fail: close, destroy. That it threw is noted.
    template <class Work>
    void finish(char const* what, Work&& work) noexcept {
        bool has_thrown = false;
        lane_.enter(what, nullptr, [&]() noexcept {
            Breadcrumb const here{*lane_.generation(), what};
            try {
                work();
            } catch (...) {
                has_thrown = true;
            }
        });
        if (has_thrown) (void)judge_.threw(what);
    }

    void interrupt() { lane_.interrupt(); }
    std::string const& who() const { return judge_.who(); }
    std::shared_ptr<Generation> const& generation() const { return lane_.generation(); }

    /// See Judge.
    Error broken(std::string_view what, std::string_view sentence) const {
        return judge_.broken(what, sentence);
    }

private:
    Error overlap(char const* what) const;

    Judge judge_;
    Lane lane_;
};

/// A weir_out that collects bytes up to a limit.
class CollectedText {
public:
    explicit CollectedText(std::size_t bytes_max);
    CollectedText(CollectedText const&) = delete;
    CollectedText& operator=(CollectedText const&) = delete;

    weir_out const* abi() const { return &abi_; }
    /// More than the limit was written; the plugin was told so.
    bool is_over() const { return is_over_; }
    std::size_t bytes_max() const { return bytes_max_; }
    std::string const& text() const { return text_; }
    std::string take() { return std::move(text_); }

private:
    weir_status write(void const* data, std::size_t size);

    weir_out abi_;
    std::size_t bytes_max_;
    std::string text_;
    bool is_over_ = false;
};

/// The most that a plugin may answer in one piece of text, and as cursor.
inline constexpr std::size_t answer_bytes_max = 16u << 20;
inline constexpr std::size_t cursor_bytes_max = 1u << 20;

}  // namespace weir::host
