#include "tidy/tree.hpp"

#include <filesystem>
#include <sstream>

#include "support/temp_dir.hpp"

namespace weir::tidy {
namespace {

namespace fs = std::filesystem;

bool is_text(fs::path const& path) {
    static std::vector<std::string> const kinds{".h",     ".hpp", ".c",    ".cpp", ".md", ".txt",
                                                ".cmake", ".sh",  ".json", ".map", ""};
    for (std::string const& kind : kinds)
        if (path.extension() == kind) return true;
    return false;
}

}  // namespace

bool File::is_code() const {
    fs::path const name{path};
    std::string const kind = name.extension();
    return kind == ".h" || kind == ".hpp" || kind == ".c" || kind == ".cpp" || kind == ".cmake" ||
           kind == ".sh" || kind.empty() || name.filename() == "CMakeLists.txt";
}

std::string File::folder() const { return fs::path{path}.parent_path().string(); }

File made_up(std::string path, std::string const& content) {
    File file{std::move(path), {}};
    std::istringstream in{content};
    for (std::string line; std::getline(in, line);) file.lines.push_back(line);
    return file;
}

std::vector<File> project() {
    std::vector<File> files;
    fs::path const top = WEIR_SOURCE_DIRECTORY;
    auto add = [&](fs::directory_entry const& entry) {
        if (!entry.is_regular_file() || !is_text(entry.path())) return;
        // Bytes for parsers, whatever their names say.
        if (entry.path().string().find("/tests/fuzz/seeds/") != std::string::npos) return;
        files.push_back(made_up(fs::relative(entry.path(), top).string(),
                                weir::test::read_file(entry.path().string())));
    };
    for (char const* folder : {"sdk", "host", "connectors", "plugins", "tests"})
        if (fs::exists(top / folder))
            for (auto const& entry : fs::recursive_directory_iterator{top / folder}) add(entry);
    for (auto const& entry : fs::directory_iterator{top}) add(entry);
    return files;
}

}  // namespace weir::tidy
