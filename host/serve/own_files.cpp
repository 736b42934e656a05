#include "host/serve/own_files.hpp"

#include <algorithm>
#include <cstdlib>
#include <system_error>

namespace weir::host {

std::vector<std::filesystem::path> own_files(std::filesystem::path const& data_dir,
                                             std::filesystem::path const& token_file) {
    std::vector<std::filesystem::path> files{token_file};
    for (char const* const name :
         {"state.db", "state.db-wal", "state.db-shm", "state.db-journal", "master.key", "lock"})
        files.push_back(data_dir / name);
    if (char const* const key = std::getenv("WEIR_MASTER_KEY_FILE"); key && *key)
        files.emplace_back(key);
    return files;
}

bool is_one_of(std::vector<std::filesystem::path> const& files, std::filesystem::path const& file) {
    std::error_code failed;
    std::filesystem::path const whole = std::filesystem::weakly_canonical(file, failed);
    return std::any_of(files.begin(), files.end(), [&](std::filesystem::path const& own) {
        std::error_code missing;
        return whole == own || std::filesystem::equivalent(own, file, missing);
    });
}

}  // namespace weir::host
