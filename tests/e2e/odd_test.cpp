// Names and texts that are no UTF-8, or that steer a terminal: the library is blamed for them by
// name, or nobody is; no process of Weir ends of it.
#include "e2e/plugins_fixture.hpp"

namespace weir::test {
namespace {

namespace fs = std::filesystem;

class Odd : public Plugins {
protected:
    std::string path(std::string const& name) const { return (libraries() / name).string(); }
    static void expect_said(Ran const& ran, std::string const& words) {
        EXPECT_NE((ran.out + ran.err).find(words), std::string::npos) << ran;
    }
};

TEST_F(Odd, AFileWhoseNameIsNoUtf8) {
    install("acme_1", "bad\xff.so");
    Ran const checked = weir({"plugin", "check", path("bad\xff.so"), "--json"});
    EXPECT_EQ(checked.code, 0) << checked;
    EXPECT_EQ(checked.json.at("id"), "com.example.acme") << checked;
    EXPECT_EQ(checked.json.at("file"), "bad\xEF\xBF\xBD.so") << checked;
    Ran const shown = weir({"plugin", "check", path("bad\xff.so")});
    EXPECT_EQ(shown.code, 0) << shown;
    EXPECT_EQ(shown.out.find('\xff'), std::string::npos) << shown;
    Ran const tested = weir({"connector", "test", path("bad\xff.so")});
    EXPECT_EQ(tested.code, 2) << tested;
    expect_said(tested, "is no UTF-8: give the file a name that is");
    Ran const locked = weir({"plugin", "lock", "--output", directory / "plugins.lock",
                             "--connector-dir", libraries().string(), "--json"});
    EXPECT_EQ(locked.code, 0) << locked;
    // One that is refused is told in events, /plugins and log.
    put("no library", "worse\xff.so");
    write_file(directory / "weir.yaml", "connections: {}\n");
    Ran const valid = weir({"validate", directory / "weir.yaml", "--connector-dir",
                            libraries().string()});
    EXPECT_EQ(valid.code, 0) << valid;
    WeirServer host{data(), with_libraries()};
    std::string const all = host.get("/plugins").body.dump();
    EXPECT_NE(all.find("worse"), std::string::npos) << all;
    EXPECT_NE(all.find("plugin.not_elf"), std::string::npos) << all;
    Ran const told = host.cli({"events", "--types", "plugin.failed"});
    EXPECT_NE(told.out.find("worse"), std::string::npos) << told;
}

TEST_F(Odd, ATitleThatIsNoUtf8IsNamed) {
    install("acme_title");
    for (char const* verb : {"plugin", "connector"}) {
        Ran const ran = weir({verb, *verb == 'p' ? "check" : "test", path("acme.so"), "--json"});
        EXPECT_EQ(ran.code, 2) << ran;
        EXPECT_EQ(ran.error_code(), "plugin.incomplete") << ran;
        expect_said(ran, "has the component acme whose title");
        expect_said(ran, "is not one line of UTF-8");
    }
}

TEST_F(Odd, WhatSteersATerminalIsShownAsItIsWritten) {
    put("no library", "\x1b[31m.so");
    Ran const list = weir({"connector", "list", "--connector-dir", libraries().string()});
    EXPECT_EQ((list.out + list.err).find('\x1b'), std::string::npos) << list;
    expect_said(list, "\\x1b[31m.so");
    Ran const asked = weir({"discover", "\x1b]0;title\x07: \xC2\x9B" "31m\x7f"});
    EXPECT_EQ(asked.code, 2);
    EXPECT_EQ(asked.err.find_first_of("\x1b\x07\x7f"), std::string::npos) << asked;
    EXPECT_EQ(asked.err.find("\xC2\x9B"), std::string::npos) << asked;
    expect_said(asked, "\\x1b]0;title\\x07");
    WeirServer host{data(), with_libraries()};
    EXPECT_EQ(host.process().output().find('\x1b'), std::string::npos);
    EXPECT_NE(host.process().output().find("\\x1b[31m.so"), std::string::npos)
        << "else the line above shows nothing: " << host.process().output();
}

TEST_F(Odd, AFileThatIsNotThereIsNoMatterOfAHost) {
    Ran const ran = weir({"plugin", "check", path("none.so")});
    EXPECT_EQ(ran.code, 2) << ran;
    expect_said(ran, "→ check the path");
    EXPECT_EQ(ran.err.find("POST"), std::string::npos) << ran;
}

TEST_F(Odd, AConfigurationIsValidatedWithConnectorsFromElsewhere) {
    install("acme_1");
    std::string const file = directory / "weir.yaml";
    write_file(file, "connections:\n  parts: {connector: acme, config: {rows: 3}}\n");
    Ran const without = weir({"validate", file});
    EXPECT_EQ(without.code, 2) << without;
    expect_said(without, "there is no connector \"acme\"");
    for (char const* option : {"--connector-dir", "--plugin-dir"}) {
        Ran const with = weir({"validate", file, option, libraries().string()});
        EXPECT_EQ(with.code, 0) << with;
    }
    write_file(file, "connections:\n  parts: {connector: acme, config: {rows: x}}\n");
    expect_said(weir({"validate", file, "--connector-dir", libraries().string()}),
                "/connections/parts/config/rows");
}

}  // namespace
}  // namespace weir::test
