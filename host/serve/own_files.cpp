#include "host/serve/own_files.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <system_error>

namespace weir::host {

std::vector<std::filesystem::path> own_files(std::filesystem::path const& data_dir,
                                             std::filesystem::path const& token_file) {
    std::vector<std::filesystem::path> files{token_file};
    // A file that is not there yet is known by its whole name alone.
    std::error_code failed;
    std::filesystem::path const whole = std::filesystem::weakly_canonical(data_dir, failed);
    std::filesystem::path const& directory = failed ? data_dir : whole;
    for (char const* const name :
         {"state.db", "state.db-wal", "state.db-shm", "state.db-journal", "master.key", "lock"})
        files.push_back(directory / name);
    if (char const* const key = std::getenv("WEIR_MASTER_KEY_FILE"); key && *key)
        files.emplace_back(key);
    return files;
}

bool is_one_of(std::vector<std::filesystem::path> const& files, std::filesystem::path const& file) {
    struct ::stat found{}, own{};
    auto const is_same = [&](std::filesystem::path const& each) {
        return ::stat(each.c_str(), &own) == 0 && own.st_dev == found.st_dev &&
               own.st_ino == found.st_ino;
    };
    if (::stat(file.c_str(), &found) == 0) return std::any_of(files.begin(), files.end(), is_same);
    // Not there yet: it would become one by its name, or as a link to it. Most texts that are asked
    // about are no file at all, which this finds out with two questions to the system.
    auto const has_its_name = [&](std::filesystem::path const& each) {
        return each.filename() == file.filename();
    };
    bool const is_named_so = std::any_of(files.begin(), files.end(), has_its_name);
    if (!is_named_so && ::lstat(file.c_str(), &found) != 0) return false;
    std::error_code failed;
    std::filesystem::path const whole = std::filesystem::weakly_canonical(file, failed);
    return std::find(files.begin(), files.end(), whole) != files.end();
}

}  // namespace weir::host
