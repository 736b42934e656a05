#pragma once

#include <string>
#include <weir/cpp/config.hpp>

namespace weir::sqlite {

/// Where a database file lies. A value.
///
/// `url` is `sqlite:relative.db`, `sqlite:/absolute.db` or `sqlite:///absolute.db`, its path
/// percent-decoded; `path` is taken as it stands. Both, neither, an empty path and `:memory:` are
/// refused with E_CONFIG.
struct Location {
    std::string shown;  ///< as the user wrote it, for messages
    std::string file;   ///< absolute, symlinks and `..` resolved as far as the file exists

    static Location of(Config const& config);
};

}  // namespace weir::sqlite
