#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "abi/fixture.hpp"
#include "host/abi/trust.hpp"

namespace weir::host {
namespace {

struct Ran {
    int code = -1;
    std::string output;  // both streams
};

Ran run(std::string const& command) {
    Ran ran;
    FILE* pipe = ::popen(("{ " + command + "; } 2>&1").c_str(), "r");
    std::array<char, 4096> part;
    while (std::size_t const size = std::fread(part.data(), 1, part.size(), pipe))
        ran.output.append(part.data(), size);
    int const status = ::pclose(pipe);
    if (WIFEXITED(status)) ran.code = WEXITSTATUS(status);
    return ran;
}

Ran runner(std::string const& arguments) {
    return run(std::string{ABI_RUNNER} + " " + arguments);
}

TEST(Runner, LintsAGoodLibrarySilently) {
    Folder const folder;
    Ran const ran = runner("--lint " + folder.take("abi_odd").string());
    EXPECT_EQ(ran.code, 0);
    EXPECT_EQ(ran.output, "");
}

TEST(Runner, NamesWhatKeepsALibraryFromBeingLoaded) {
    Folder const folder;
    Ran const ran = runner("--lint " + folder.take("extra_export").string());
    EXPECT_EQ(ran.code, 1);
    EXPECT_NE(ran.output.find("exports also_exported"), std::string::npos) << ran.output;
    EXPECT_NE(ran.output.find("(plugin.exports)"), std::string::npos) << ran.output;
}

TEST(Runner, WritesTheManifest) {
    Folder const folder;
    std::string const library = folder.take("abi_odd").string();
    Ran const ran = runner("--describe " + library + " --output " + (folder / "odd.json").string());
    EXPECT_EQ(ran.code, 0) << ran.output;
    auto const manifest = nlohmann::json::parse(Folder::read(folder / "odd.json"));
    EXPECT_EQ(manifest["id"], "dev.weir.test.odd");
    EXPECT_EQ(manifest["version"], "1.0.0");
    EXPECT_EQ(manifest["abi"]["minor"], WEIR_ABI_MINOR);
    EXPECT_EQ(manifest["file"], "abi_odd.so");
    EXPECT_EQ(manifest["sha256"], read_trusted(library)->sha256);
    EXPECT_EQ(manifest["components"][0]["roles"], nlohmann::json({"source", "sink"}));
    EXPECT_EQ(manifest["components"][0]["config_schema"]["type"], "object");
    std::size_t files = 0;
    for (auto const& entry : std::filesystem::directory_iterator{folder.path()})
        files += entry.exists() ? 1 : 0;
    EXPECT_EQ(files, 2u) << "nothing unfinished stays";
    EXPECT_EQ(runner("--describe " + library).output, Folder::read(folder / "odd.json"));
}

TEST(Runner, RefusesAConfigurationSchemaOutsideTheProfile) {
    Folder const folder;
    Ran const ran = runner("--describe " + folder.take("bad_schema").string());
    EXPECT_EQ(ran.code, 1);
    EXPECT_NE(ran.output.find("config_schema of faulty: /oneOf is a keyword outside the profile"),
              std::string::npos)
        << ran.output;
}

TEST(Runner, SaysWhereItCannotWrite) {
    Folder const folder;
    Ran const ran =
        runner("--describe " + folder.take("abi_odd").string() + " --output /nowhere/odd.json");
    EXPECT_EQ(ran.code, 3);
    EXPECT_NE(ran.output.find("cannot write /nowhere/odd.json: No such file"), std::string::npos);
}

TEST(Runner, SaysWhyItCannotSeal) {
    Folder const folder;
    std::string const library = folder.take("major").string();
    std::string const small = "trap '' XFSZ; ulimit -f 1; exec ";
    Ran const ran = run(small + ABI_RUNNER + " --seal " + library);
    EXPECT_EQ(ran.code, 3);
    EXPECT_NE(ran.output.find("major.so cannot be written: File too large (plugin.unwritable)"),
              std::string::npos)
        << ran.output;
    EXPECT_EQ(run(std::string{ABI_RUNNER} + " --seal " + library).code, 0);
}

TEST(Runner, ExplainsItsArguments) {
    for (char const* arguments : {"", "--lint", "--describe", "--run x", "--lint a --output b"})
        EXPECT_EQ(runner(arguments).code, 2) << arguments;
}

}  // namespace
}  // namespace weir::host
