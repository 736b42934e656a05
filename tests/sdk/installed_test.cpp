// What an installation gives the author of a connector.
#include "sdk/installed.hpp"

#include <filesystem>

namespace weir::test {
namespace {

TEST_F(Installed, BuildsAConnectorInCFromAProjectElsewhere) {
    write_file(project / "acme.c", read_file(WEIR_PLAIN_C));
    write_file(project / "CMakeLists.txt",
               "cmake_minimum_required(VERSION 3.25)\n"
               "project(acme LANGUAGES C)\n"
               "find_package(weir 0.1 REQUIRED)\n"
               "if(NOT TARGET weir::testkit)\n"
               "  message(FATAL_ERROR \"no testkit\")\n"
               "endif()\n"
               "weir_add_plugin(acme SOURCES acme.c)\n");
    build(project.path().string());
    std::string const library = project / "build/lib/weir/connectors/acme.so";
    EXPECT_NE(said({weir(), "plugin", "check", library}).find("dev.weir.test.plain"),
              std::string::npos);
    EXPECT_NE(read_file(project / "build/lib/weir/connectors/acme.json").find("\"plain\""),
              std::string::npos);
    EXPECT_EQ(said({weir(), "discover", "plain:", "--connector-dir",
                    project / "build/lib/weir/connectors"}),
              "the source has no streams\n");
}

// For who has a build of his own: the flags of pkg-config and one line.
TEST_F(Installed, TellsItsHeadersToPkgConfig) {
    ProcessOptions there;
    there.environment = {{"PKG_CONFIG_PATH", prefix() + "/share/pkgconfig"}};
    std::string flags = said({"pkg-config", "--cflags", "weir"}, there);
    ASSERT_TRUE(flags.starts_with("-I")) << flags;
    flags = flags.substr(2, flags.find_first_of(" \n") - 2);
    std::string const library = project / "acme.so";
    said({"gcc", "-std=c11", "-shared", "-fPIC", "-fvisibility=hidden", "-Wl,-z,now,-z,relro",
          "-I", flags, WEIR_PLAIN_C, "-o", library});
    EXPECT_NE(said({weir(), "plugin", "check", library}).find("dev.weir.test.plain"),
              std::string::npos);
}

}  // namespace
}  // namespace weir::test
