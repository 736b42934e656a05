#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "host/store/vault.hpp"

namespace weir::host {

namespace {

Error refuse(std::filesystem::path const& file, std::string const& why) {
    return {WEIR_E_CONFIG, "secret.key_file",
            fmt::format("the master key in {} {}", file.string(), why)};
}

/// Makes the file with a new key, complete from the moment it has its name.
Result<void> make(std::filesystem::path const& file, std::array<unsigned char, 32>& bytes) {
    std::string const draft = file.string() + ".new";
    ::unlink(draft.c_str());
    int const fd = ::open(draft.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0) return refuse(file, fmt::format("cannot be made: {}", std::strerror(errno)));
    randombytes_buf(bytes.data(), bytes.size());
    bool const is_written =
        ::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) &&
        ::fsync(fd) == 0;
    ::close(fd);
    // link(), not rename(): a key that appeared meanwhile is not overwritten.
    bool const is_named = is_written && ::link(draft.c_str(), file.c_str()) == 0;
    int const why = errno;
    ::unlink(draft.c_str());
    if (!is_named) return refuse(file, fmt::format("cannot be made: {}", std::strerror(why)));
    int const directory = ::open(file.parent_path().c_str(), O_DIRECTORY | O_CLOEXEC);
    if (directory >= 0) {
        ::fsync(directory);
        ::close(directory);
    }
    return {};
}

Result<void> read(int fd, std::filesystem::path const& file, std::array<unsigned char, 32>& bytes) {
    struct stat found {};
    if (::fstat(fd, &found) != 0 || !S_ISREG(found.st_mode)) return refuse(file, "is no file");
    if (found.st_mode & (S_IRWXG | S_IRWXO))
        return refuse(file, fmt::format("can be read by others: chmod 600 {}", file.string()));
    bool const fits = found.st_size == static_cast<off_t>(bytes.size()) &&
                      ::read(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
    if (!fits)
        return refuse(file, fmt::format("has {} bytes, not {}: put the right file there",
                                        found.st_size, bytes.size()));
    return {};
}

}  // namespace

MasterKey::MasterKey() { sodium_mlock(bytes_.data(), bytes_.size()); }

// sodium_munlock wipes.
MasterKey::~MasterKey() { sodium_munlock(bytes_.data(), bytes_.size()); }

Result<std::unique_ptr<MasterKey>> MasterKey::load(std::filesystem::path const& directory,
                                                   bool is_known) {
    if (sodium_init() < 0) return Error{WEIR_E_INTERNAL, "secret.sodium", "libsodium cannot start"};
    char const* named = std::getenv("WEIR_MASTER_KEY_FILE");
    bool const is_named = named && *named;
    std::filesystem::path const file = is_named ? named : directory / "master.key";
    std::unique_ptr<MasterKey> key{new MasterKey};
    int const fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        if (errno != ENOENT || is_named)
            return refuse(file, fmt::format("cannot be read: {}", std::strerror(errno)));
        // A new one would open nothing, and stand where the right one belongs.
        if (is_known)
            return refuse(file, "is missing, and the secrets of this state were written with it: "
                                "put it back from where it is kept");
        if (Result<void> made = make(file, key->bytes_); !made) return made.error();
        return key;
    }
    Result<void> done = read(fd, file, key->bytes_);
    ::close(fd);
    if (!done) return done.error();
    return key;
}

std::string MasterKey::id() const {
    constexpr std::string_view what = "weir key id";
    unsigned char digest[crypto_generichash_BYTES_MIN];
    crypto_generichash(digest, sizeof digest, reinterpret_cast<unsigned char const*>(what.data()),
                       what.size(), bytes_.data(), bytes_.size());
    std::string hex(2 * sizeof digest + 1, '\0');
    sodium_bin2hex(hex.data(), hex.size(), digest, sizeof digest);
    hex.resize(16);
    return hex;
}

}  // namespace weir::host
