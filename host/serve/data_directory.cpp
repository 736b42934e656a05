#include "host/serve/data_directory.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace weir::host {

namespace {

Error not_writable(std::filesystem::path const& path) {
    return Error{WEIR_E_IO, "serve.data_dir",
                 fmt::format("the data directory {} cannot be made or written: {}", path.string(),
                             std::strerror(errno))}
        .suggest("--data-dir with a directory of your own");
}

std::string holder_of(int lock) {
    char text[32] = {};
    ssize_t const size = ::pread(lock, text, sizeof text - 1, 0);
    std::string pid{text, size > 0 ? static_cast<std::size_t>(size) : 0};
    while (!pid.empty() && pid.back() == '\n') pid.pop_back();
    return pid.empty() ? "another host" : "the host with process id " + pid;
}

}  // namespace

Result<DataDirectory> DataDirectory::hold(std::filesystem::path const& path) {
    std::error_code failed;
    std::filesystem::path const whole = std::filesystem::absolute(path, failed);
    if (!whole.parent_path().empty())
        std::filesystem::create_directories(whole.parent_path(), failed);
    if (::mkdir(whole.c_str(), 0700) != 0 && errno != EEXIST) return not_writable(whole);
    int const lock = ::open((whole / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0) return not_writable(whole);
    if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
        std::string const holder = holder_of(lock);
        ::close(lock);
        return Error{WEIR_E_IO, "serve.data_dir_held",
                     fmt::format("the data directory {} is held by {}", whole.string(), holder)}
            .suggest("stop that host, or take another --data-dir");
    }
    std::string const pid = std::to_string(::getpid()) + "\n";
    if (::ftruncate(lock, 0) != 0 ||
        ::pwrite(lock, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
        Error const error = not_writable(whole);
        ::close(lock);
        return error;
    }
    return DataDirectory{whole, lock};
}

DataDirectory::DataDirectory(DataDirectory&& other) noexcept
    : path_{std::move(other.path_)}, lock_{std::exchange(other.lock_, -1)} {}

DataDirectory::~DataDirectory() {
    if (lock_ >= 0) ::close(lock_);
}

}  // namespace weir::host
