#pragma once

#include <filesystem>
#include <string>

namespace weir::test {

/// A new directory that everybody may enter, gone with all in it at the end of scope.
class TempDir {
public:
    TempDir();
    TempDir(TempDir const&) = delete;
    TempDir& operator=(TempDir const&) = delete;
    ~TempDir();

    std::filesystem::path const& path() const { return path_; }
    /// The path of `name` inside, as text.
    std::string operator/(std::string const& name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

std::string read_file(std::string const& path);
void write_file(std::string const& path, std::string const& content);

}  // namespace weir::test
