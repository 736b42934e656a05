#pragma once

#include <cstddef>
#include <filesystem>
#include <mutex>
#include <set>
#include <string>

#include "host/abi/trust.hpp"
#include "host/core/error.hpp"

namespace weir::host {

/// Where a server keeps the copies of the libraries that it maps: DIR/NAME/SHA-N/NAME.so, a new one
/// for each generation. A file that is replaced or written over while it runs harms nobody, and a
/// new build under an old name is new code, which the dynamic loader otherwise would not notice.
///
/// Each copy is first looked at in a child process, since neither a damaged library nor one whose
/// first line of code crashes leaves its process alive. While one is loaded a marker lies beside,
/// which a host that died meanwhile finds at its next start. Somebody else may have killed it: so
/// only after `deaths_max` in a row it takes that library no more until it is asked to
/// (quarantine). Thread-safe.
class LibraryRoom {
public:
    /// Copies kept for each library, for debuggers; older ones are unlinked, mapped or not.
    static constexpr std::size_t copies_max = 3;
    static constexpr std::size_t deaths_max = 3;
    /// How long the child may look.
    static constexpr std::int64_t look_ms_max = 10'000;

    /// Makes `directory` (0700) and empties it of what an earlier host left. `runner`: weir-runner.
    static Result<void> prepare(std::filesystem::path const& directory);
    LibraryRoom(std::filesystem::path directory, std::filesystem::path runner);

    /// Whether the library of this file name is left alone.
    bool is_quarantined(std::filesystem::path const& library) const;
    /// It crashed the host too often: it is left alone as well.
    void quarantine(std::filesystem::path const& library);
    /// Somebody asked for it: try again.
    void release(std::filesystem::path const& library);

    /// A copy of `file` that nobody else maps, with links to the files beside it.
    /// E_IO "plugin.copy".
    Result<std::filesystem::path> copy(TrustedFile const& file);
    /// Asks a child what the library at `copy` is: its manifest as text. E_CONFIG:
    /// "plugin.crashed", "plugin.hung", or what the child refused it for; E_IO "plugin.runner": no
    /// child.
    Result<std::string> look(std::filesystem::path const& copy) const;

    /// The marker of a library that is being loaded; taken away by the destructor.
    class Loading {
    public:
        Loading(LibraryRoom const& room, std::filesystem::path const& library);
        Loading(Loading const&) = delete;
        Loading& operator=(Loading const&) = delete;
        ~Loading();

    private:
        std::filesystem::path marker_;
    };

private:
    std::filesystem::path marker_of(std::filesystem::path const& library) const;
    void forget_old(std::filesystem::path const& of_library);

    std::filesystem::path directory_, runner_;
    mutable std::mutex mutex_;
    std::set<std::string> quarantined_;
    std::size_t copies_ = 0;
};

}  // namespace weir::host
