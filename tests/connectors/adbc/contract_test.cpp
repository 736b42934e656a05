// The contract suite on the connector with DuckDB behind it.
#include "support/connectors.hpp"
#include "support/duckdb.hpp"
#include "support/temp_dir.hpp"
#include "weir/testkit/suite.hpp"

namespace weir::test {

using testkit::Json;
using testkit::Sample;

class AdbcQuirks : public testkit::Quirks {
public:
    /// What is asked for by a bare name lies in here too.
    AdbcQuirks() { std::filesystem::current_path(directory_.path()); }
    std::string library() override { return connector_path("adbc"); }
    Json config() override {
        return {{"url", "adbc:" + duckdb_library() + "?path=" + path_}};
    }
    std::vector<Json> broken_configs() override {
        write_file(directory_ / "text.db", "this is a letter, not a database, and long enough");
        auto at = [&](std::string const& path) {
            return Json{{"url", "adbc:" + duckdb_library() + "?path=" + path}};
        };
        return {at(directory_ / "no/such/folder/a.db"),
                at(directory_ / "text.db"),
                {{"url", "adbc:" + (directory_ / "no_driver.so")}},
                {{"url", "adbc:" + duckdb_library() + "?entrypoint=nothing&path=" + path_}},
                {{"url", "adbc:" + duckdb_library() + "?colour=red"}},
                {{"url", "sqlite:a.db"}}};
    }
    Sample make(std::int64_t rows, std::int64_t ties) override {
        DuckDb{path_}.run(
            "CREATE OR REPLACE TABLE people (id bigint PRIMARY KEY, name text, updated_at "
            "timestamptz NOT NULL);"
            "INSERT INTO people SELECT i, CASE WHEN i % 5 = 0 THEN NULL ELSE 'n' || i END, "
            "timestamptz '2024-01-01 00:00:00+00' + to_seconds(i // " +
            std::to_string(ties) + ") FROM range(" + std::to_string(rows) +
            ") r(i) ORDER BY i % 7");
        return {"people", {"id"}, "updated_at"};
    }
    /// By the connector itself: while it has the file open nobody else may.
    std::vector<Record> content(std::string const& target) override {
        testkit::TestHost host;
        testkit::Plugin plugin{library()};
        testkit::SourceInstance source{host, plugin.component(), config()};
        std::vector<testkit::FoundStream> const found = source.discover(target.c_str());
        if (found.empty()) throw std::runtime_error{"no table " + target};
        return source
            .open({.stream = target, .select = {{"key", {found[0].fields.at(0).name}}}})
            .rest();
    }
    bool exists(std::string const& target) override {
        if (!std::filesystem::exists(path_)) return false;
        testkit::TestHost host;
        testkit::Plugin plugin{library()};
        return !testkit::SourceInstance{host, plugin.component(), config()}
                    .discover(target.c_str())
                    .empty();
    }
    void drop(std::string const& target) override { DuckDb{path_}.run("DROP TABLE " + target); }

private:
    TempDir directory_;
    std::string const path_ = directory_ / "a.db";
};

}  // namespace weir::test

WEIR_TEST_CONNECTOR(Adbc, weir::test::AdbcQuirks);
