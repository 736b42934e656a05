// key file := key[32]{1..16}    the newest first
#include "host/store/key_ring.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "host/core/secret.hpp"
#include "host/store/session.hpp"

namespace weir::host {

namespace {

namespace fs = std::filesystem;
using Keys = std::vector<std::shared_ptr<MasterKey const>>;

constexpr std::size_t key_bytes = sizeof(MasterKey::Bytes);

Error refuse(fs::path const& file, std::string const& why) {
    return {WEIR_E_CONFIG, "secret.key_file",
            fmt::format("the master key in {} {}", file.string(), why)};
}

std::shared_ptr<MasterKey const> new_key() {
    MasterKey::Bytes bytes;
    randombytes_buf(bytes.data(), bytes.size());
    return std::make_shared<MasterKey const>(bytes);
}

void sync_directory(fs::path const& file) {
    int const directory = ::open(file.parent_path().c_str(), O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return;
    ::fsync(directory);
    ::close(directory);
}

/// Gives `file` these keys, complete from the moment it has its name. `replaces`: one is there.
Result<void> write(fs::path const& file, Keys const& keys, bool replaces) {
    std::string const draft = file.string() + ".new";
    ::unlink(draft.c_str());
    int const fd = ::open(draft.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0) return refuse(file, fmt::format("cannot be made: {}", std::strerror(errno)));
    bool is_written = true;
    for (auto const& key : keys)
        is_written = is_written && ::write(fd, key->bytes().data(), key_bytes) ==
                                       static_cast<ssize_t>(key_bytes);
    is_written = is_written && ::fsync(fd) == 0;
    ::close(fd);
    // link() where none is there: a key that appeared meanwhile is not overwritten.
    bool const is_named = is_written && (replaces ? ::rename(draft.c_str(), file.c_str())
                                                  : ::link(draft.c_str(), file.c_str())) == 0;
    int const why = errno;
    ::unlink(draft.c_str());
    if (!is_named) return refuse(file, fmt::format("cannot be made: {}", std::strerror(why)));
    sync_directory(file);
    return {};
}

Result<Keys> read(int fd, fs::path const& file) {
    struct stat found {};
    if (::fstat(fd, &found) != 0 || !S_ISREG(found.st_mode)) return refuse(file, "is no file");
    if (found.st_mode & (S_IRWXG | S_IRWXO))
        return refuse(file, fmt::format("can be read by others: chmod 600 {}", file.string()));
    std::size_t const size = static_cast<std::size_t>(found.st_size);
    if (size == 0 || size % key_bytes != 0 || size / key_bytes > KeyRing::keys_max)
        return refuse(file, fmt::format("has {} bytes, not {} for each of at most {} keys: put the "
                                        "right file there",
                                        size, key_bytes, KeyRing::keys_max));
    Keys keys;
    while (keys.size() < size / key_bytes) {
        MasterKey::Bytes bytes;
        if (::read(fd, bytes.data(), key_bytes) != static_cast<ssize_t>(key_bytes))
            return refuse(file, "cannot be read to its end");
        keys.push_back(std::make_shared<MasterKey const>(bytes));
    }
    return keys;
}

Result<Keys> read(fs::path const& file) {
    int const fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return refuse(file, fmt::format("cannot be read: {}", std::strerror(errno)));
    Result<Keys> keys = read(fd, file);
    ::close(fd);
    return keys;
}

std::shared_ptr<MasterKey const> find_in(Keys const& keys, std::string const& id) {
    auto const found =
        std::find_if(keys.begin(), keys.end(), [&](auto const& key) { return key->id() == id; });
    return found == keys.end() ? nullptr : *found;
}

}  // namespace

MasterKey::MasterKey(Bytes& bytes) {
    sodium_mlock(bytes_.data(), bytes_.size());
    bytes_ = bytes;
    sodium_memzero(bytes.data(), bytes.size());
}

// sodium_munlock wipes.
MasterKey::~MasterKey() { sodium_munlock(bytes_.data(), bytes_.size()); }

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

Result<std::unique_ptr<KeyRing>> KeyRing::load(fs::path const& directory, bool is_known) {
    if (sodium_init() < 0) std::abort();  // its own mutex failed
    char const* named = std::getenv("WEIR_MASTER_KEY_FILE");
    bool const is_named = named && *named;
    fs::path const file = is_named ? named : directory / "master.key";
    Keys keys;
    if (!is_named && ::access(file.c_str(), F_OK) != 0 && errno == ENOENT) {
        // A new one would open nothing, and stand where the right one belongs.
        if (is_known)
            return refuse(file, "is missing, and the secrets of this state were written with it: "
                                "put it back from where it is kept");
        keys.push_back(new_key());
        if (Result<void> made = write(file, keys, false); !made) return made.error();
    } else {
        Result<Keys> found = read(file);
        if (!found) return found.error();
        keys = std::move(*found);
    }
    return std::unique_ptr<KeyRing>{new KeyRing{file, std::move(keys)}};
}

std::shared_ptr<MasterKey const> KeyRing::newest() const {
    std::lock_guard const lock{mutex_};
    return keys_.front();
}

std::shared_ptr<MasterKey const> KeyRing::find(std::string const& id) const {
    std::lock_guard const lock{mutex_};
    return find_in(keys_, id);
}

std::shared_ptr<MasterKey const> KeyRing::of(Session& session) const {
    auto const id =
        session.value<std::string>("SELECT value FROM weir_fact WHERE name = 'key_id'");
    std::shared_ptr<MasterKey const> const named = id ? find(*id) : nullptr;
    return named ? named : newest();
}

Result<void> KeyRing::renew() {
    std::lock_guard const lock{mutex_};
    Result<Keys> there = read(file_);
    if (!there) return there.error();
    std::string const id = keys_.front()->id();
    if (!find_in(*there, id))
        return refuse(file_, fmt::format("does not hold the key {}, which the secrets are sealed "
                                         "with: put that back behind the new one",
                                         id));
    if (there->front()->id() == id) {
        there->insert(there->begin(), new_key());
        if (there->size() > keys_max) there->pop_back();
        // What a link points to is replaced, not the link.
        std::error_code ignored;
        fs::path const real = fs::canonical(file_, ignored);
        if (Result<void> written = write(real.empty() ? file_ : real, *there, true); !written) {
            Error why = written.error();
            return why.suggest("put 32 new random bytes before those in it, and rotate again");
        }
    }
    keys_ = std::move(*there);
    return {};
}

}  // namespace weir::host
