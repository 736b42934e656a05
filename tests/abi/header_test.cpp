// The SDK's C headers, compiled alone in every language they are for, and the golden layout.
#include <cstdlib>
#include <map>
#include <sstream>

#include "abi/fixture.hpp"

namespace weir::host {
namespace {

constexpr char const* headers[] = {"abi.h",     "arrow.h", "host.h",  "module.h",
                                   "service.h", "sink.h",  "source.h"};

std::vector<std::string> words(char const* text) {
    std::istringstream in{text};
    return {std::istream_iterator<std::string>{in}, {}};
}

bool compiles(std::string const& compiler, std::string const& options, std::string const& source,
              std::string const& includes = ABI_HEADERS, std::string const& complaints = "2>&1") {
    std::string const command = compiler + " " + options +
                                " -pedantic -Wall -Wextra -Werror -fsyntax-only -I" + includes +
                                " " + source + " " + complaints;
    return std::system(command.c_str()) == 0;
}

/// Every header alone, twice, as `language` of each standard.
void expect_headers_compile(char const* compilers, char const* suffix,
                            std::vector<std::string> const& standards) {
    Folder const folder;
    for (char const* header : headers) {
        std::filesystem::path const source = folder / (std::string{header} + suffix);
        std::string const line = std::string{"#include <weir/"} + header + ">\n";
        Folder::write(source, line + line + "int nothing;\n");
        for (std::string const& compiler : words(compilers))
            for (std::string const& standard : standards)
                EXPECT_TRUE(compiles(compiler, "-std=" + standard, source.string()))
                    << header << " with " << compiler << " as " << standard;
    }
}

TEST(Headers, CompileAloneAsC) { expect_headers_compile(ABI_C_COMPILERS, ".c", {"c11", "c17"}); }

TEST(Headers, CompileAloneAsCxx) {
    expect_headers_compile(ABI_CXX_COMPILERS, ".cpp", {"c++11", "c++20"});
}

TEST(Layout, IsTheOneOfTheRevisionForEveryCompiler) {
    for (std::string const& compiler : words(ABI_C_COMPILERS))
        for (char const* standard : {"c11", "c17"})
            EXPECT_TRUE(compiles(compiler, std::string{"-std="} + standard, ABI_LAYOUT))
                << compiler << " " << standard;
}

/// Whether the golden layout accepts the headers after one replacement in one of them.
bool layout_accepts(std::string const& header, std::string const& from, std::string const& to) {
    Folder const folder;
    std::filesystem::copy(std::filesystem::path{ABI_HEADERS} / "weir", folder / "weir",
                          std::filesystem::copy_options::recursive);
    std::string text = Folder::read(folder / ("weir/" + header));
    std::size_t const at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    Folder::write(folder / ("weir/" + header), text);
    return compiles(words(ABI_C_COMPILERS).front(), "-std=c11", ABI_LAYOUT, folder.path().string(),
                    "2>/dev/null");
}

TEST(Layout, SeesWhatWouldBreakAPlugin) {
    EXPECT_FALSE(layout_accepts("source.h", "const char *stream;",
                                "const char *later;\n    const char *stream;"))
        << "a member inserted";
    EXPECT_FALSE(layout_accepts("abi.h", "char code[48];", "char code[64];")) << "a size";
    EXPECT_FALSE(layout_accepts("abi.h", "WEIR_E_IO = -8", "WEIR_E_IO = -18")) << "a constant";
    EXPECT_FALSE(layout_accepts("abi.h", "int64_t retry_after_ms;", "uint64_t retry_after_ms;"))
        << "a type of the same size";
    EXPECT_FALSE(layout_accepts("sink.h", "uint32_t flags, const weir_out *actions",
                                "int32_t flags, const weir_out *actions"))
        << "a parameter";
    EXPECT_FALSE(layout_accepts("service.h", "weir_status (*stop)(",
                                "weir_status (*drain)(weir_instance *);\n    weir_status (*stop)("))
        << "a member of a service inserted";
    EXPECT_FALSE(layout_accepts("host.h", "uint64_t if_revision, uint64_t *revision",
                                "int64_t if_revision, uint64_t *revision"))
        << "a parameter of the store";
}

/// What lies below a directory, by path.
std::map<std::string, std::string> files_of(std::filesystem::path const& directory) {
    std::map<std::string, std::string> files;
    for (auto const& each : std::filesystem::recursive_directory_iterator{directory})
        if (each.is_regular_file())
            files[std::filesystem::relative(each.path(), directory)] = Folder::read(each.path());
    return files;
}

// Of the revision that the headers have now; those that were released stay as they are.
TEST(Layout, IsKeptAsTheHeadersHaveIt) {
    Folder const folder;
    std::string const command = ABI_GOLDEN "/keep --to " + folder.path().string();
    ASSERT_EQ(std::system(command.c_str()), 0);
    std::map<std::string, std::string> const now = files_of(folder.path());
    std::map<std::string, std::string> const kept = files_of(ABI_GOLDEN);
    EXPECT_EQ(now.size(), 1 + std::size(headers));
    for (auto const& [name, text] : now) {
        auto const found = kept.find(name);
        EXPECT_TRUE(found != kept.end() && found->second == text)
            << name << " is not what the headers say; run: tests/abi/golden/keep";
    }
}

TEST(Layout, LetsAStructGrowAtItsEnd) {
    EXPECT_TRUE(layout_accepts("host.h", "} weir_log;", "    void *later;\n} weir_log;"));
}

}  // namespace
}  // namespace weir::host
