#include "host/abi/library_room.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <vector>

#include "host/abi/child_look.hpp"
#include "host/abi/elf_image.hpp"

namespace weir::host {

namespace {

namespace fs = std::filesystem;

constexpr char const* marker_end = ".loading";

Error not_copied(fs::path const& to, int why) {
    return Error{WEIR_E_IO, "plugin.copy",
                 fmt::format("no copy can be written to {}: {}", to.string(), std::strerror(why))};
}

bool write_all(int fd, std::vector<std::byte> const& bytes) {
    for (std::size_t done = 0; done < bytes.size();) {
        ssize_t const size = ::write(fd, bytes.data() + done, bytes.size() - done);
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) return false;
        done += static_cast<std::size_t>(size);
    }
    return true;
}

// marker := a line "loading" for each loading that never ended, or "quarantined"
bool is_enough(fs::path const& marker) {
    std::ifstream lines{marker};
    std::size_t deaths = 0;
    for (std::string line; std::getline(lines, line); ++deaths)
        if (line == "quarantined") return true;
    return deaths >= LibraryRoom::deaths_max;
}

/// Of the libraries that it needs, those that lie beside it: it finds them at $ORIGIN.
void link_neighbours(TrustedFile const& library, fs::path const& into) {
    std::string why;
    std::optional<ElfImage> const image = ElfImage::read(library.bytes, why);
    if (!image) return;
    for (Elf64_Dyn const& entry : image->dynamic()) {
        if (entry.d_tag != DT_NEEDED) continue;
        std::optional<std::string_view> const name = image->string(entry.d_un.d_val);
        if (!name || name->find('/') != std::string_view::npos) continue;
        std::error_code ignored;
        fs::path const beside = fs::absolute(library.path, ignored).parent_path() / *name;
        if (fs::exists(beside, ignored)) fs::create_symlink(beside, into / *name, ignored);
    }
}

}  // namespace

Result<void> LibraryRoom::prepare(fs::path const& directory) {
    std::error_code failed;
    fs::create_directories(directory, failed);
    if (failed || ::chmod(directory.c_str(), 0700) != 0)
        return not_copied(directory, failed ? failed.value() : errno);
    for (fs::directory_iterator at{directory, failed}, end; !failed && at != end;
         at.increment(failed)) {
        std::error_code ignored;
        if (at->path().extension() != marker_end) fs::remove_all(at->path(), ignored);
    }
    return {};
}

LibraryRoom::LibraryRoom(fs::path directory, fs::path runner)
    : directory_{std::move(directory)}, runner_{std::move(runner)} {
    std::error_code failed;
    for (fs::directory_iterator at{directory_, failed}, end; !failed && at != end;
         at.increment(failed))
        if (at->path().extension() == marker_end && is_enough(at->path()))
            quarantined_.insert(at->path().stem().string());
}

fs::path LibraryRoom::marker_of(fs::path const& library) const {
    return directory_ / (library.filename().string() + marker_end);
}

bool LibraryRoom::is_quarantined(fs::path const& library) const {
    std::lock_guard const lock{mutex_};
    return quarantined_.contains(library.filename().string());
}

void LibraryRoom::quarantine(fs::path const& library) {
    std::lock_guard const lock{mutex_};
    quarantined_.insert(library.filename().string());
    std::ofstream{marker_of(library)} << "quarantined\n";
}

void LibraryRoom::release(fs::path const& library) {
    std::lock_guard const lock{mutex_};
    quarantined_.erase(library.filename().string());
    std::error_code ignored;
    fs::remove(marker_of(library), ignored);
}

Result<fs::path> LibraryRoom::copy(TrustedFile const& file) {
    std::lock_guard const lock{mutex_};
    fs::path const of_library = directory_ / file.path.stem();
    fs::path const folder =
        of_library / fmt::format("{:06}-{}", ++copies_, file.sha256.substr(0, 12));
    fs::path const to = folder / file.path.filename();
    std::error_code failed;
    fs::create_directories(folder, failed);
    if (failed) return not_copied(folder, failed.value());
    ::chmod(folder.c_str(), 0700);
    int const fd = ::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0500);
    if (fd < 0) return not_copied(to, errno);
    bool const is_written = write_all(fd, file.bytes);
    int const why = errno;
    ::close(fd);
    if (!is_written) return not_copied(to, why);
    link_neighbours(file, folder);
    forget_old(of_library);
    return to;
}

// Named by their number, so that order of names is order of age.
void LibraryRoom::forget_old(fs::path const& of_library) {
    std::vector<fs::path> copies;
    std::error_code ignored;
    for (fs::directory_iterator at{of_library, ignored}, end; !ignored && at != end;
         at.increment(ignored))
        copies.push_back(at->path());
    std::sort(copies.begin(), copies.end());
    for (std::size_t i = 0; i + copies_max < copies.size(); ++i) fs::remove_all(copies[i], ignored);
}

Result<std::string> LibraryRoom::look(fs::path const& copy) const {
    Result<std::string> said = look_in_child(runner_, copy, look_ms_max);
    if (said) return said;
    // The child names its copy; who asks knows the file.
    Error error = said.error();
    if (std::string const name = copy.string() + " "; error.message.starts_with(name))
        error.message.erase(0, name.size());
    return error;
}

LibraryRoom::Loading::Loading(LibraryRoom const& room, fs::path const& library)
    : marker_{room.marker_of(library)} {
    std::ofstream{marker_, std::ios::app} << "loading\n";
}

LibraryRoom::Loading::~Loading() {
    std::error_code ignored;
    fs::remove(marker_, ignored);
}

}  // namespace weir::host
