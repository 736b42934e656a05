// The suite as `weir connector test` runs it on any library.
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <thread>

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

/// What the suite says of a source that is read in parts and does `deed`.
Ran judged_parts(std::string const& deed, std::string const& only = "") {
    std::vector<std::string> words{"connector", "test", bad("abi_parted"), "--config",
                                   R"({"do":")" + deed + R"(","rows":"{rows}"})", "--key", "id",
                                   "--cursor", "id", "--make", "true", "--json"};
    if (!only.empty()) words.insert(words.end(), {"--only", only});
    return weir(words);
}

TEST(Conformance, JudgesThePartsOfASource) {
    Ran const right = judged_parts("");
    EXPECT_EQ(faults(right), std::vector<std::string>{});
    for (char const* each : {"parts hold each record once", "a part goes on at its cursor"})
        EXPECT_TRUE(says(right.out, each)) << right;
    EXPECT_EQ(judged_parts("silent", "part").code, 0) << "of which it says nothing";
    std::string const hold = "parts hold", goes_on = "a part goes on";
    for (auto const& [deed, only, sentence] :
         {std::tuple{"overlap", hold, "hold the record"},
          {"gap", hold, "hold the record"},
          {"many", hold, "more places than 4 parts have"},
          {"shy", hold, "a place with null"},
          {"forgets", goes_on, "rows of a part of"},
          {"runs_over", goes_on, "rows of a part of"}}) {
        Ran const ran = judged_parts(deed, only);
        EXPECT_EQ(ran.code, 1) << deed << ran;
        for (std::string const& fault : faults(ran))
            EXPECT_TRUE(says(fault, sentence)) << deed << fault;
    }
}

TEST(Conformance, SaysWhatItWasNotTold) {
    Ran const ran = weir({"connector", "test", connector_path("generator"), "--url",
                          "generator:rows=5", "--only", "reads each record once"});
    EXPECT_EQ(ran.code, 0) << ran;
    EXPECT_TRUE(says(ran.out, "· reads each record once\n")) << ran;
    EXPECT_TRUE(says(ran.out, "→ 1 not told: tell --make")) << ran;
    EXPECT_TRUE(says(ran.out, "0 passed, 0 failed, 1 not told")) << ran;
}

TEST(Conformance, ReadsWhatStandsBesideTheLibrary) {
    TempDir const here;
    std::string const library = here / "generator.so", beside = here / "generator.test.json";
    std::filesystem::copy_file(connector_path("generator"), library);
    std::vector<std::string> const words{"connector", "test", library, "--only", "READS each"};
    write_file(beside, R"({"url":"generator:rows={rows}"})");
    Ran const read = weir(words);
    EXPECT_TRUE(says(read.out, "1 passed, 0 failed, 0 not told")) << read;
    std::vector<std::string> over = words;
    over.insert(over.end(), {"--url", "generator:rows=5"});
    Ran const typed = weir(over);
    EXPECT_TRUE(says(typed.out, "0 passed, 0 failed, 1 not told")) << typed;
    for (char const* wrong : {R"({"uri":"generator:"})", R"({"url":5})", R"({"key":[5]})", "[]"}) {
        write_file(beside, wrong);
        Ran const refused = weir(words);
        EXPECT_EQ(refused.code, 2) << wrong << refused;
        EXPECT_TRUE(says(refused.err, "generator.test.json")) << refused;
    }
}

// What a person got wrong is not laid at the library's door.
TEST(Conformance, NamesTheCommandThatFailed) {
    Ran const ran = weir({"connector", "test", connector_path("generator"), "--make", "exit 7",
                          "--only", "reads each record once"});
    EXPECT_EQ(ran.code, 1) << ran;
    EXPECT_TRUE(says(ran.out, "      --make ended with 7: exit 7\n")) << ran;
    Ran const none = weir({"connector", "test", connector_path("generator"), "--component", "nix",
                           "--json"});
    EXPECT_EQ(none.code, 2) << none;
    EXPECT_EQ(none.error_code(), "plugin.refused") << none;
    EXPECT_TRUE(says(none.err, "there is no component nix; it has generator")) << none;
}

/// Processes that `parent` has started and that are there.
std::vector<pid_t> children_of(pid_t parent) {
    std::string const id = std::to_string(parent);
    std::ifstream in{"/proc/" + id + "/task/" + id + "/children"};
    std::vector<pid_t> all;
    for (pid_t child = 0; in >> child;) all.push_back(child);
    return all;
}

// A library that never answers would go on for ever without the one who asked.
TEST(Conformance, LeavesNoCaseBehindWhenItIsInterrupted) {
    Process asked{weir_command({"connector", "test", bad("abi_odd"), "--config",
                                R"({"do":"never_returns","rows":"{rows}"})", "--key", "id",
                                "--cursor", "id", "--only", "reads each record once"})};
    std::vector<pid_t> at_work;
    auto const command_of = [](pid_t pid) {  // of one that has ended: nothing
        std::ifstream in{"/proc/" + std::to_string(pid) + "/cmdline"};
        std::string words;
        std::getline(in, words);  // one that ends meanwhile fails the read, which is no exception
        return words;
    };
    while (!asked.ended()) {
        at_work = children_of(asked.pid());
        if (at_work.size() == 1 && says(command_of(at_work[0]), "--case")) break;
        std::this_thread::yield();
    }
    ASSERT_EQ(at_work.size(), 1u) << asked.output();
    asked.kill(SIGINT);
    asked.wait();
    while (!command_of(at_work[0]).empty()) std::this_thread::yield();  // ctest's time ends it
}

// Each misdeed costs its case, for the reason that is its own.
TEST(Conformance, FailsEachMisdeedForItsOwnReason) {
    std::string const once = "reads each record once";
    EXPECT_TRUE(says(judged("throws", once), "out of the plugin"));
    EXPECT_TRUE(says(judged("exits", once), "ended the process that ran it"));
    EXPECT_TRUE(says(judged("aborts", once), "killed the process that ran it (Aborted)"));
    EXPECT_TRUE(says(judged("never_returns", once, "1"), "did not end within 1 s"));
    EXPECT_TRUE(says(judged("no_batch", once), "no batch"));
    EXPECT_TRUE(says(judged("lies", "cancelling ends a read"), "went on to its end"));
    EXPECT_TRUE(says(judged("lies", "cancelling in the middle"), "went on to its end"));
    EXPECT_TRUE(says(judged("lies", "a deadline in the middle"), "went on to its end"));
    EXPECT_TRUE(says(judged("keeps_thread", "leaves no thread"), "what create() began"));
    EXPECT_TRUE(says(judged("open_thread", "leaves no thread"), "joins what open() began"));
    EXPECT_TRUE(says(judged("begin_thread", "leaves no thread"), "what begin() and write() began"));
    EXPECT_TRUE(says(judged("write_thread", "leaves no thread"), "what begin() and write() began"));
    std::string const utf8 = "text that is no utf8 is refused";
    EXPECT_TRUE(says(judged("takes_all", utf8), "row 1 has text that is no UTF-8, in hex 6eff"));
    EXPECT_TRUE(says(judged("rejects_beyond", utf8), "row 1 has text that is no UTF-8"));
    EXPECT_TRUE(says(judged("bad_bytes", once), "name has text that is no UTF-8, in hex 6eff"));
    EXPECT_TRUE(says(judged("schema_twins", once), "two fields are named id"));
    EXPECT_TRUE(says(judged("write_releases", utf8), "released a batch that it had borrowed"));
    EXPECT_TRUE(says(judged("cursor_text", once), "answered a cursor that is no JSON"));
    EXPECT_TRUE(says(judged("discover_keys", "discovers"), "\"keys\" is no list of lists"));
    EXPECT_TRUE(says(judged("discover_twins", "discovers"), "two fields are named id"));
    EXPECT_TRUE(says(judged("none", "older epoch"), "went well"));
}

// Its values are not read before.
TEST(Conformance, FailsABatchOfAnotherShapeForItsOwnReason) {
    for (auto const& [deed, sentence] :
         {std::pair{"negative_length", "next() answered a batch that has the length -1"},
          {"top_offset", "has the offset 1 at the top"},
          {"top_nulls", "has nulls at the top"},
          {"fewer_columns", "has 1 columns where the schema has 2"},
          {"null_column", "has a column \"name\" that is a null pointer"},
          {"negative_offset", "has a column \"id\" that has the offset -1"},
          {"endless_offset", "that has the offset 9223372036854775807"},
          {"far_offset", "that has the offset 1099511627776"},
          {"beyond_offset", "has a buffer that is shorter than its values"},
          {"short_column", "has 1 values where the batch has 3 rows"},
          {"buffers", "has 3 buffers instead of 2"},
          {"no_buffers", "has no list of buffers"},
          {"too_many_nulls", "has 4 nulls in 3 values"},
          {"nulls_without_bits", "has nulls and no validity buffer"},
          {"no_values", "has values and a null pointer as buffer"},
          {"null_offsets", "has values and a null pointer as buffer"},
          {"misaligned", "has a buffer that is not aligned to 8 bytes"},
          {"falling_text", "has text offsets that fall"},
          {"negative_text", "begins at the text offset -4"},
          {"far_text", "has text offsets to 2147483647, beyond its text"},
          {"no_text", "has text and a null pointer as buffer"},
          {"cursor_null", "next() answered a null pointer as cursor"},
          {"cursor_big", "answered a cursor of 1048577 bytes; at most 1048576 are possible"},
          {"schema_nothing", "schema() answered a schema that is not there"},
          {"schema_null_field", "has a null pointer as field 1"},
          {"schema_nameless", "has no name for field 0"},
          {"schema_list", "schema() answered a schema that is no struct"}})
        EXPECT_TRUE(says(judged(deed, "reads each record once"), sentence)) << deed;
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
