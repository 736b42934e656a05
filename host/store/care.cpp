#include "host/store/care.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "host/store/failure.hpp"
#include "host/store/schema.hpp"

namespace weir::host {

namespace {

Error not_written(std::filesystem::path const& to) {
    if (errno == EEXIST)
        return Error{WEIR_E_CONFLICT, "backup.exists",
                     fmt::format("there is a {} already", to.string())}
            .suggest("another name");
    return Error{WEIR_E_IO, "backup.not_written",
                 fmt::format("{} cannot be written: {}", to.string(), std::strerror(errno))};
}

bool sync(std::filesystem::path const& path) {
    int const fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    bool const done = ::fsync(fd) == 0;
    return ::close(fd) == 0 && done;
}

template <class Work>
Result<void> with_session(std::filesystem::path const& state, Work const& work) {
    try {
        Topics const topics;
        Session session{state, Session::Mode::reads, topics};
        try {
            return work(session);
        } catch (std::exception const& thrown) {
            return store_failure(thrown, session);
        }
    } catch (std::exception const& thrown) {
        return open_failure(thrown, state);
    }
}

}  // namespace

Result<std::uint64_t> back_up(std::filesystem::path const& state,
                              std::filesystem::path const& to) {
    // Made here, so that nobody else may read it from its first byte; SQLite takes an empty one.
    int const fd = ::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return not_written(to);
    ::close(fd);
    Result<void> copied = with_session(state, [&](Session& session) -> Result<void> {
        session.script("PRAGMA query_only=OFF");  // which counts the copy as a change
        session.run("VACUUM INTO ?1", to.string());
        return {};
    });
    if (copied && (!sync(to) || !sync(to.parent_path()))) copied = not_written(to);
    std::error_code failed;
    if (!copied) {
        std::filesystem::remove(to, failed);
        return copied.error();
    }
    return static_cast<std::uint64_t>(std::filesystem::file_size(to, failed));
}

Result<void> examine(std::filesystem::path const& state) {
    return with_session(state, [&](Session& session) -> Result<void> {
        if (Result<void> ours = check_ours(session); !ours) return ours;
        std::string const said =
            session.value<std::string>("PRAGMA quick_check(1)").value_or("nothing");
        if (said == "ok") return {};
        return Error{WEIR_E_IO, "store.damaged",
                     fmt::format("{} is damaged: {}", state.string(), said)}
            .suggest("a copy made by weir backup");
    });
}

}  // namespace weir::host
