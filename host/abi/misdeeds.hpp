#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "host/core/error.hpp"

namespace weir::host {

/// The last promise that each plugin of this process broke, wherever it runs: it threw, or answered
/// nonsense. For people who look at /plugins and the log. Thread-safe.
class Misdeeds {
public:
    /// Hears of each; must be quick.
    using OnNote = std::function<void(std::string const& plugin, Error const& error)>;

    /// As the crumbs of calls, one for the process.
    static Misdeeds& here();

    void note(std::string const& plugin, Error const& error);
    /// "plugin.leaves_threads": `count` threads that such objects of `library` left are there.
    void note_threads(std::string const& plugin, std::string const& library, char const* of,
                      std::size_t count);
    static constexpr char const *of_instances = "instances", *of_readers = "readers and writers";
    /// The same for what is told already.
    void keep(std::string const& plugin, Error const& error);
    std::optional<Error> last(std::string const& plugin) const;
    /// What `code` said of it is so no more.
    void withdraw(std::string const& plugin, std::string_view code);
    /// Another build serves in its place.
    void forget(std::string const& plugin);
    /// Hears of them while it lives; one at a time.
    class Heard;

private:
    void tell(OnNote on_note);

    mutable std::mutex mutex_;
    std::map<std::string, Error, std::less<>> last_;  // one for each loaded plugin
    std::mutex tell_mutex_;
    OnNote on_note_;
};

class Misdeeds::Heard {
public:
    explicit Heard(OnNote on_note) { here().tell(std::move(on_note)); }
    Heard(Heard const&) = delete;
    Heard& operator=(Heard const&) = delete;
    ~Heard() { here().tell({}); }
};

}  // namespace weir::host
