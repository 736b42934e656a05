#include "host/abi/trust.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sodium/crypto_hash_sha256.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "host/core/fd.hpp"

namespace weir::host {

namespace {

Error refuse(char const* check, std::string sentence) {
    return Error{WEIR_E_CONFIG, fmt::format("plugin.{}", check), std::move(sentence)};
}

char const* kind_of(mode_t mode) {
    if (S_ISDIR(mode)) return "a directory";
    if (S_ISFIFO(mode)) return "a FIFO";
    if (S_ISSOCK(mode)) return "a socket";
    return "a device";
}

/// Whether the group is the owner's alone: the primary group of the owner, of the owner's name or
/// number, with no other member.
bool is_private_group(gid_t group, uid_t owner) {
    std::array<char, 16384> text;
    passwd user_memory, *user = nullptr;
    if (::getpwuid_r(owner, &user_memory, text.data(), text.size(), &user) != 0 || !user)
        return false;
    if (user->pw_gid != group) return false;
    std::string const name = user->pw_name;
    ::group group_memory, *found = nullptr;
    if (::getgrgid_r(group, &group_memory, text.data(), text.size(), &found) != 0 || !found)
        return false;
    if (found->gr_name != name && group != owner) return false;
    for (char** member = found->gr_mem; *member; ++member)
        if (*member != name) return false;
    return true;
}

/// Who but the owner may write; nothing: nobody.
std::optional<char const*> other_writer(struct stat const& of) {
    if (of.st_mode & S_IWOTH) return "others";
    if ((of.st_mode & S_IWGRP) && !is_private_group(of.st_gid, of.st_uid)) return "its group";
    return std::nullopt;
}

bool is_ours(struct stat const& of) { return of.st_uid == 0 || of.st_uid == ::geteuid(); }

std::optional<Error> check_directory(std::filesystem::path const& path) {
    std::filesystem::path const directory =
        path.has_parent_path() ? path.parent_path() : std::filesystem::path{"."};
    struct stat status {};
    if (::stat(directory.c_str(), &status) != 0) return std::nullopt;  // opening it says why
    if (!is_ours(status))
        return refuse("owner", fmt::format("{} lies in {}, which belongs to user {}; it must "
                                           "belong to root or to the user who runs Weir",
                                           path.string(), directory.string(), status.st_uid));
    bool const is_sticky = (status.st_mode & S_ISVTX) != 0;
    if (std::optional<char const*> who = other_writer(status); who && !is_sticky)
        return refuse("writable",
                      fmt::format("{} lies in {}, which is writable by {}; "
                                  "run: chmod go-w {}",
                                  path.string(), directory.string(), *who, directory.string()));
    return std::nullopt;
}

std::optional<Error> check_file(std::filesystem::path const& path, struct stat const& status) {
    if (!S_ISREG(status.st_mode))
        return refuse("not_regular", fmt::format("{} is {}, not a regular file", path.string(),
                                                 kind_of(status.st_mode)));
    if (!is_ours(status))
        return refuse("owner", fmt::format("{} belongs to user {}; a plugin must belong to root or "
                                           "to the user who runs Weir",
                                           path.string(), status.st_uid));
    if (std::optional<char const*> who = other_writer(status))
        return refuse("writable", fmt::format("{} is writable by {}; run: chmod go-w {}",
                                              path.string(), *who, path.string()));
    if (static_cast<std::size_t>(status.st_size) > library_bytes_max)
        return refuse("too_large", fmt::format("{} has {} bytes; a plugin may have {}",
                                               path.string(), status.st_size, library_bytes_max));
    return check_directory(path);
}

Error unreadable(std::filesystem::path const& path, int reason) {
    if (reason == ELOOP)
        return refuse("not_regular",
                      fmt::format("{} is a symbolic link, not a regular file", path.string()));
    if (reason == ENXIO)
        return refuse("not_regular", fmt::format("{} is no regular file", path.string()));
    return refuse("unreadable",
                  fmt::format("cannot read {}: {}", path.string(), std::strerror(reason)));
}

}  // namespace

Result<TrustedFile> read_trusted(std::filesystem::path const& path) {
    // O_NONBLOCK: opening a FIFO for reading would wait for a writer.
    Fd const file{
        ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)};
    if (file.get() < 0) return unreadable(path, errno);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return unreadable(path, errno);
    if (std::optional<Error> error = check_file(path, status)) return *error;

    TrustedFile out{path, std::vector<std::byte>(static_cast<std::size_t>(status.st_size)), {}};
    std::size_t done = 0;
    while (done < out.bytes.size()) {
        ssize_t const got = ::read(file.get(), out.bytes.data() + done, out.bytes.size() - done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return unreadable(path, errno);
        if (got == 0) break;  // it was cut while being read
        done += static_cast<std::size_t>(got);
    }
    out.bytes.resize(done);
    out.sha256 = sha256_of(out.bytes);
    return out;
}

std::string sha256_of(std::vector<std::byte> const& bytes) {
    std::array<unsigned char, crypto_hash_sha256_BYTES> digest;
    crypto_hash_sha256(digest.data(), reinterpret_cast<unsigned char const*>(bytes.data()),
                       bytes.size());
    std::string hex;
    for (unsigned char byte : digest) hex += fmt::format("{:02x}", byte);
    return hex;
}

}  // namespace weir::host
