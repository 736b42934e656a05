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

// For who has a build of his own: what the guide says is run as it stands there.
TEST_F(Installed, BuildsWithTheLinesOfItsGuide) {
    std::string const guide = read_file(prefix() + "/share/doc/weir-dev/README.md");
    std::string lines = guide.substr(guide.find("    (echo 'static const char config_schema"));
    lines = "cd '" + project.path().string() + "'\n" + lines.substr(0, lines.find("\n\n"));
    ASSERT_NE(lines.find("pkg-config"), std::string::npos) << guide;
    said({weir(), "connector", "new", "acme", "--dir", project.path().string()});
    ProcessOptions there;
    there.environment = {{"PKG_CONFIG_PATH", prefix() + "/share/pkgconfig"},
                         {"PATH", prefix() + "/bin:/usr/bin:/bin"}};
    std::string const checked = said({"sh", "-e", "-c", lines}, there);
    EXPECT_NE(checked.find("com.example.acme"), std::string::npos) << checked;
    std::string const library = project / "acme.so";
    said({weir(), "plugin", "lint", library});
    std::string const told =
        said({weir(), "connector", "test", library, "--url", "acme:{dir}/lines.txt", "--make",
              "seq {rows} > {dir}/lines.txt", "--broken", R"({"url":"acme:{dir}/none.txt"})"});
    EXPECT_NE(told.find(", 0 failed, 0 not told"), std::string::npos) << told;
}

}  // namespace
}  // namespace weir::test
