// The suite as `weir connector test` runs it on any library.
#include <gtest/gtest.h>

#include "support/connectors.hpp"
#include "support/postgres_server.hpp"
#include "support/temp_dir.hpp"
#include "support/weir.hpp"

namespace weir::test {
namespace {

/// A library of tests/abi/plugins, most of which break a rule.
std::string bad(std::string const& name) { return WEIR_ABI_PLUGINS "/" + name + ".so"; }

/// What one case says of a library that does `deed`.
std::string judged(std::string const& deed, std::string const& only,
                   std::string const& timeout = "20", ProcessOptions const& options = {}) {
    Ran const ran = weir({"connector", "test", bad("abi_odd"), "--config",
                          R"({"do":")" + deed + R"(","rows":"{rows}"})", "--key", "id", "--cursor",
                          "id", "--only", only, "--timeout", timeout, "--json"},
                         options);
    EXPECT_EQ(ran.code, 1) << ran;
    for (Json const& each : ran.json.value("cases", Json::array()))
        if (each.at("outcome") == "failed") return each.at("why").get<std::string>();
    ADD_FAILURE() << ran;
    return "";
}

bool says(std::string const& why, std::string const& text) {
    return why.find(text) != std::string::npos;
}

/// What did not pass, and why.
std::vector<std::string> faults(Ran const& ran) {
    std::vector<std::string> out;
    for (Json const& each : ran.json.at("cases"))
        if (each.at("outcome") != "passed")
            out.push_back(each.value("name", "") + ": " + each.value("why", ""));
    return out;
}

TEST(Conformance, IsPassedByASource) {
    TempDir directory;
    Ran const ran = weir({"connector", "test", connector_path("generator"), "--url",
                          "generator:rows={rows}", "--broken", R"({"url":"generator:rows=some"})",
                          "--junit", directory / "out.xml"});
    EXPECT_EQ(ran.code, 0) << ran;
    EXPECT_TRUE(says(ran.out, "✓ resumes a full read after each batch")) << ran;
    EXPECT_TRUE(says(ran.out, ", 0 failed, 0 not told")) << ran;
    std::string const xml = read_file(directory / "out.xml");
    EXPECT_TRUE(says(xml, "failures=\"0\"")) << xml;
    EXPECT_TRUE(says(xml, "classname=\"source\" name=\"discovers\"")) << xml;
}

TEST(Conformance, IsPassedByASinkThatIsReadBack) {
    Ran const ran =
        weir({"connector", "test", connector_path("sqlite"), "--url", "sqlite:{dir}/a.db",
              "--drop", "sqlite3 {dir}/a.db 'DROP TABLE {target}'", "--json"});
    EXPECT_EQ(ran.code, 0) << ran;
    EXPECT_EQ(ran.json.value("failed", -1), 0) << ran;
    EXPECT_EQ(ran.json.value("not_told", -1), 0) << ran;
    EXPECT_GT(ran.json.value("passed", 0), 40) << ran;
}

TEST(Conformance, IsPassedByAConnectorOnAServer) {
    PostgresServer& server = PostgresServer::shared();
    std::string const url = server.url(server.fresh());
    std::string const make =
        "psql -qX -v ON_ERROR_STOP=1 '" + url +
        "' -c 'DROP TABLE IF EXISTS crowd' -c 'CREATE TABLE crowd (id bigint PRIMARY KEY, "
        "name text, updated_at timestamptz NOT NULL)' -c \"INSERT INTO crowd SELECT i, "
        "CASE WHEN i % 5 = 0 THEN NULL ELSE 'n' || i END, timestamptz '2024-01-01 00:00Z' + "
        "(i / {ties}) * interval '1 second' FROM generate_series(0, {rows} - 1) i\"";
    std::string const drop = "psql -qX -v ON_ERROR_STOP=1 '" + url +
                             "' -c 'DROP TABLE IF EXISTS {target}, _weir_checkpoint'";
    std::string const wrong = server.url_as("weir", "wr0ng-Pa55", "postgres");
    Ran const ran =
        weir({"connector", "test", connector_path("postgres"), "--url", url, "--make", make,
              "--stream", "public.crowd", "--drop", drop, "--cursor", "updated_at", "--broken",
              Json{{"url", wrong}}.dump(), "--secret", PostgresServer::password, "--secret",
              "wr0ng-Pa55", "--json"});
    EXPECT_EQ(faults(ran), std::vector<std::string>{});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_GT(ran.json.value("passed", 0), 50);
}

TEST(Conformance, SaysWhatItWasNotTold) {
    Ran const ran = weir({"connector", "test", connector_path("generator"), "--url",
                          "generator:rows=5", "--only", "reads each record once"});
    EXPECT_EQ(ran.code, 0) << ran;
    EXPECT_TRUE(says(ran.out, "· reads each record once: tell --make")) << ran;
    EXPECT_TRUE(says(ran.out, "0 passed, 0 failed, 1 not told")) << ran;
}

// Each misdeed costs its case, for the reason that is its own.
TEST(Conformance, FailsEachMisdeedForItsOwnReason) {
    std::string const once = "reads each record once";
    EXPECT_TRUE(says(judged("throws", once), "out of the plugin"));
    EXPECT_TRUE(says(judged("exits", once), "ended the process that ran it"));
    EXPECT_TRUE(says(judged("aborts", once), "killed the process that ran it (Aborted)"));
    EXPECT_TRUE(says(judged("never_returns", once, "1"), "did not end within 1 s"));
    EXPECT_TRUE(says(judged("no_batch", once), "no batch"));
    EXPECT_TRUE(says(judged("too_many_nulls", once), "says another number of nulls"));
    EXPECT_TRUE(says(judged("short_column", once), "has another length"));
    EXPECT_TRUE(says(judged("misaligned", once), "is not aligned"));
    EXPECT_TRUE(says(judged("lies", "cancelling ends a read"), "went on to its end"));
    EXPECT_TRUE(says(judged("lies", "cancelling in the middle"), "went on to its end"));
    EXPECT_TRUE(says(judged("lies", "a deadline in the middle"), "went on to its end"));
    EXPECT_TRUE(says(judged("keeps_thread", "leaves no thread"), "joins what create() began"));
    EXPECT_TRUE(says(judged("none", "older epoch"), "went well"));
}

#ifndef __SANITIZE_ADDRESS__  // whose allocator counts otherwise, and is there already
TEST(Conformance, FailsWhatForgetsMemory) {
    EXPECT_TRUE(says(judged("forgets", "keeps no memory"), "memory grows with every read"));
}

// Nothing was built for it: the allocator of AddressSanitizer is enough to see what is lost.
TEST(Conformance, FailsALeakUnderAddressSanitizer) {
    Process where{{"gcc", "-print-file-name=libasan.so"}};
    ASSERT_EQ(where.wait(), 0);
    std::string library = where.out();
    library.pop_back();
    ProcessOptions options;
    options.environment = {{"LD_PRELOAD", library}};
    std::string const why = judged("leaks", "keeps no memory", "60", options);
    EXPECT_TRUE(says(why, "left memory behind that nothing points to")) << why;
    EXPECT_TRUE(says(why, "fail_oddly")) << why;
}
#endif

// What weir would not load is not tried.
TEST(Conformance, RefusesWhatTheHostWouldRefuse) {
    for (auto const& [name, word] :
         {std::pair{"extra_export", "also_exported"}, {"major", "ABI"}, {"null_next", "next"}}) {
        Ran const ran = weir({"connector", "test", bad(name)});
        EXPECT_EQ(ran.code, 2) << name << ran;
        EXPECT_TRUE(says(ran.err, word)) << name << ran;
    }
    EXPECT_EQ(weir({"connector", "test", "no-such.so", "--json"}).error_code(),
              "plugin.file_not_found");
}

TEST(Conformance, ListsTheConnectorsThatAreHere) {
    Ran const ran = weir({"connector", "list", "--json"});
    EXPECT_EQ(ran.code, 0) << ran;
    bool has_sqlite = false;
    for (Json const& each : ran.json.at("items"))
        has_sqlite |= each.at("type") == "sqlite" && each.at("roles") == Json({"source", "sink"});
    EXPECT_TRUE(has_sqlite) << ran;
}

}  // namespace
}  // namespace weir::test
