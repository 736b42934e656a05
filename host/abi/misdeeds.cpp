#include "host/abi/misdeeds.hpp"

#include <fmt/format.h>

#include <utility>

namespace weir::host {

Misdeeds& Misdeeds::here() {
    static Misdeeds all;
    return all;
}

void Misdeeds::keep(std::string const& plugin, Error const& error) {
    std::lock_guard const lock{mutex_};
    last_.insert_or_assign(plugin, error);
}

void Misdeeds::note(std::string const& plugin, Error const& error) {
    keep(plugin, error);
    std::lock_guard const lock{tell_mutex_};
    if (on_note_) on_note_(plugin, error);
}

void Misdeeds::note_threads(std::string const& plugin, std::string const& library,
                            char const* of, std::size_t count) {
    note(plugin, Error{WEIR_E_INTERNAL, "plugin.leaves_threads",
                       fmt::format("{} leaves threads behind with each of its {}, {} are there by "
                                   "now; this is a bug in the plugin {}",
                                   library, of, count, plugin)});
}

std::optional<Error> Misdeeds::last(std::string const& plugin) const {
    std::lock_guard const lock{mutex_};
    auto const found = last_.find(plugin);
    return found == last_.end() ? std::nullopt : std::optional<Error>{found->second};
}

void Misdeeds::withdraw(std::string const& plugin, std::string_view code) {
    std::lock_guard const lock{mutex_};
    auto const found = last_.find(plugin);
    if (found != last_.end() && found->second.code == code) last_.erase(found);
}

void Misdeeds::forget(std::string const& plugin) {
    std::lock_guard const lock{mutex_};
    last_.erase(plugin);
}

void Misdeeds::tell(OnNote on_note) {
    std::lock_guard const lock{tell_mutex_};
    on_note_ = std::move(on_note);
}

}  // namespace weir::host
