#include "book.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace notebook {

namespace {

[[noreturn]] void give_up(std::string const& what, std::string const& path) {
    throw weir::Error{WEIR_E_IO, "notebook: cannot " + what + " " + path + ": " +
                                     std::strerror(errno)}
        .coded("notebook.io");
}

Json empty_book() { return {{"tables", Json::object()}, {"checkpoints", Json::object()}}; }

void write_all(int file, std::string const& text, std::string const& path) {
    for (std::size_t done = 0; done < text.size();) {
        ssize_t const size = ::write(file, text.data() + done, text.size() - done);
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) give_up("write", path);
        done += static_cast<std::size_t>(size);
    }
}

}  // namespace

bool Book::is_there() const {
    std::error_code failed;
    return std::filesystem::exists(path_, failed);
}

Json Book::read() const {
    if (!is_there()) return empty_book();
    std::ifstream in{path_, std::ios::binary};
    std::string const text{std::istreambuf_iterator<char>{in}, {}};
    if (in.bad() || (!in && text.empty())) give_up("read", path_);
    Json book = Json::parse(text, nullptr, false);
    if (!book.is_object() || !book.contains("tables") || !book.contains("checkpoints"))
        throw weir::Error{WEIR_E_CONFIG, "notebook: " + path_ + " is no notebook", "/url"}.coded(
            "notebook.damaged");
    return book;
}

Book::Held::Held(Book const& book) : book_{book} {
    std::string const path = book.path_ + ".lock";
    lock_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock_ < 0) give_up("open", path);
    while (::flock(lock_, LOCK_EX) != 0)
        if (errno != EINTR) give_up("lock", path);
    try {
        json = book.read();
    } catch (...) {
        ::close(lock_);
        throw;
    }
}

Book::Held::~Held() { ::close(lock_); }

// Under another name, onto the disk, and only then in the place of the old one.
void Book::Held::save() const {
    std::string const unfinished = book_.path_ + ".new";
    int const file = ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) give_up("make", unfinished);
    try {
        write_all(file, json.dump(1), unfinished);
        if (::fsync(file) != 0) give_up("write", unfinished);
    } catch (...) {
        ::close(file);
        throw;
    }
    ::close(file);
    if (::rename(unfinished.c_str(), book_.path_.c_str()) != 0) give_up("replace", book_.path_);
    std::string const directory = std::filesystem::path{book_.path_}.parent_path();
    int const entry = ::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_CLOEXEC);
    if (entry < 0 || ::fsync(entry) != 0) give_up("sync the directory of", book_.path_);
    ::close(entry);
}

}  // namespace notebook
