// The examples of the SDK, built outside of this tree, judged by the suite, and put to work.
#include <filesystem>
#include <nlohmann/json.hpp>

#include "e2e/weir_server.hpp"
#include "sdk/installed.hpp"
#include "support/sqlite.hpp"

namespace weir::test {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

class Examples : public Installed {
protected:
    /// The folder of an example, copied to a place of its own.
    std::string copy_of(std::string const& name) const {
        fs::copy(fs::path{WEIR_EXAMPLES} / name, project.path() / name,
                 fs::copy_options::recursive);
        return project / name;
    }
    /// With Debian's compilers, whatever else lies on the path.
    void make(std::string const& directory) const {
        ProcessOptions there;
        there.environment = {{"PKG_CONFIG_PATH", prefix() + "/share/pkgconfig"},
                             {"PATH", "/usr/bin:/bin"},
                             {"HOME", project.path().string()},
                             {"GOPATH", project / "go-path"},
                             {"GOCACHE", WEIR_BUILD_TREE "/tests/go-cache"},
                             {"GOPROXY", "off"}};
        there.without = {"GOROOT", "GOFLAGS", "RUSTFLAGS", "CFLAGS"};
        said({"make", "-C", directory}, there);
    }
    /// The suite on a library, beside which stands what it has to know.
    static void judge(std::string const& library) {
        std::string const told = said({weir(), "connector", "test", library});
        EXPECT_NE(told.find(", 0 failed, 0 not told"), std::string::npos) << told;
    }
    /// `weir copy` with the connectors of `directory`; the report.
    static Json copy(std::string const& from, std::string const& to, std::string const& directory,
                     std::vector<std::string> const& more = {}) {
        std::vector<std::string> command{weir(), "copy",   from,          to,
                                         "-q",   "--json", "--connector-dir", directory};
        command.insert(command.end(), more.begin(), more.end());
        return Json::parse(said(command));
    }
};

TEST_F(Examples, ASourceInC) {
    std::string const directory = copy_of("c"), out = project / "out.db";
    make(directory);
    judge(directory + "/squares.so");
    copy("squares:1000", "sqlite:" + out, directory);
    EXPECT_EQ(Sqlite{out}.rows("SELECT count(*), sum(square), max(n) FROM squares").front(),
              (Record{"1000", "333833500", "1000"}));
}

TEST_F(Examples, ASourceInRust) {
    std::string const directory = copy_of("rust"), out = project / "out.db";
    make(directory);
    judge(directory + "/lines.so");
    write_file(project / "a.txt", "one\n\ntwo \"2\"\nhalf");
    copy("lines:" + project / "a.txt", "sqlite:" + out, directory, {"--cursor", "at"});
    EXPECT_EQ(Sqlite{out}.rows("SELECT at, text FROM lines ORDER BY at"),
              (std::vector<Record>{{"4", "one"}, {"5", ""}, {"13", "two \"2\""}}));
    write_file(project / "a.txt", "one\n\ntwo \"2\"\nhalf a line\n");
    copy("lines:" + project / "a.txt", "sqlite:" + out, directory, {"--cursor", "at"});
    EXPECT_EQ(Sqlite{out}.one("SELECT text FROM lines WHERE at > 13"), "half a line");
    write_file(project / "bad.txt", "fine\n\xff\n");
    Process bad{{weir(), "copy", "lines:" + project / "bad.txt", "sqlite:" + out, "--to", "bad",
                 "--json", "--connector-dir", directory}};
    EXPECT_EQ(bad.wait(), 1) << bad.output();
    EXPECT_NE(bad.out().find("lines.not_utf8"), std::string::npos) << bad.output();
}

TEST_F(Examples, ASourceInGo) {
    std::string const directory = copy_of("go"), out = project / "out.db";
    make(directory);
    judge(directory + "/csv.so");
    write_file(project / "a.csv", "name,quote\nann,\"a, \"\"b\"\"\"\nbob,\n");
    copy("csv:" + project / "a.csv", "sqlite:" + out, directory);
    EXPECT_EQ(Sqlite{out}.rows("SELECT name, quote FROM records ORDER BY _at"),
              (std::vector<Record>{{"ann", "a, \"b\""}, {"bob", ""}}));
}

TEST_F(Examples, ASourceAndASinkInCpp) {
    std::string const directory = copy_of("cpp"), out = project / "out.db";
    build(directory);
    std::string const told = said({WEIR_CTEST, "--test-dir", directory + "/build", "--verbose"});
    EXPECT_NE(told.find("0 failed, 0 not told"), std::string::npos) << told;
    std::string const built = directory + "/build/lib/weir/connectors";
    std::string const book = "notebook:" + project / "a.json";
    copy("generator:rows=500", book, built);
    copy(book, "sqlite:" + out, built);
    copy("generator:rows=500", "sqlite:" + project / "same.db", built);
    Sqlite written{out}, same{project / "same.db"};
    std::string const values = "SELECT id, name, CAST(balance AS REAL) FROM users ORDER BY id";
    EXPECT_EQ(written.rows(values), same.rows(values));
    EXPECT_EQ(written.one("SELECT count(*) FROM users"), "500");
}

TEST_F(Examples, AServiceInCpp) {
    std::string const directory = copy_of("service"), data = project / "data";
    build(directory);
    std::vector<std::string> const with{"--plugin-dir", directory + "/build/lib/weir/plugins"};
    {
        WeirServer host{data, with};
        Answer const wrong =
            host.call("PUT", "/reminders/tea", {{"text", "tea"}, {"schedule", "now and then"}});
        EXPECT_EQ(wrong.status, 422u) << wrong;
        EXPECT_EQ(wrong.body.value("/errors/0/pointer"_json_pointer, ""), "/schedule") << wrong;
        EXPECT_EQ(host.get("/reminders/tea").code(), "reminders.none");
        Answer const made =
            host.call("PUT", "/reminders/tea", {{"text", "tea"}, {"schedule", "1s"}});
        EXPECT_EQ(made.status, 201u) << made;
        EXPECT_EQ(made.body.at("rung"), 0);
        EXPECT_TRUE(eventually([&] { return host.get("/reminders/tea").body.at("rung") >= 2; }));
    }
    WeirServer host{data, with};
    Answer const kept = host.get("/reminders/tea");
    ASSERT_GE(kept.body.value("rung", 0), 2) << "the document is there after a kill: " << kept;
    EXPECT_TRUE(eventually([&] {
        return host.get("/reminders/tea").body.at("rung") > kept.body.at("rung");
    })) << "and so is the event";
    EXPECT_EQ(host.call("DELETE", "/reminders/tea").status, 204u);
    EXPECT_EQ(host.get("/reminders").body.at("items"), Json::array());
    Answer const events = host.get("/cron/events?owner=com.example.reminders");
    EXPECT_EQ(events.body.at("items"), Json::array()) << events;
}

}  // namespace
}  // namespace weir::test
