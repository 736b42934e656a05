#include "support/temp_dir.hpp"

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace weir::test {

TempDir::TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "weir-test-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error{"cannot make " + name};
    path_ = name;
    // A server that runs as another user must pass through.
    std::filesystem::permissions(path_, std::filesystem::perms{0755});
}

TempDir::~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::string read_file(std::string const& path) {
    std::ifstream in{path, std::ios::binary};
    if (!in) throw std::runtime_error{"cannot read " + path};
    std::ostringstream content;
    content << in.rdbuf();
    return content.str();
}

void write_file(std::string const& path, std::string const& content) {
    std::ofstream out{path, std::ios::binary};
    out << content;
    if (!out.flush()) throw std::runtime_error{"cannot write " + path};
}

}  // namespace weir::test
