#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/connectors.hpp"
#include "support/duckdb.hpp"
#include "support/temp_dir.hpp"
#include "weir/testkit/driver.hpp"

namespace weir::test {

using testkit::Failure;
using testkit::Json;
using testkit::ReadRequest;
using testkit::Refused;
using testkit::Rows;
using testkit::WriteRequest;

/// A DuckDB file of its own behind the connector.
class AdbcTest : public testing::Test {
protected:
    static Schema people() {
        return {{"id", Type::int64, false, "bigint"}, {"name", Type::utf8, true, "text"}};
    }
    static WriteRequest append(std::string const& target = "people") { return {.target = target}; }
    static WriteRequest upsert(std::string const& target = "people") {
        return {.target = target, .write_mode = WEIR_WRITE_UPSERT, .key = {"id"}};
    }
    static WriteRequest replace(std::string const& target = "people") {
        return {.target = target,
                .write_mode = WEIR_WRITE_REPLACE,
                .key = {"id"},
                .flags = WEIR_BEGIN_STAGED};
    }
    static Json of_file(std::string const& path) {
        return {{"url", "adbc:" + duckdb_library() + "?path=" + path}};
    }

    testkit::SinkInstance sink() {
        return testkit::SinkInstance{host, plugin.component(), of_file(file)};
    }
    testkit::SourceInstance source() { return source(of_file(file)); }
    testkit::SourceInstance source(Json const& config) {
        return testkit::SourceInstance{host, plugin.component(), config};
    }
    /// One run of one batch.
    std::uint64_t run(WriteRequest const& request, Rows& rows, std::string const& cursor = "") {
        testkit::SinkInstance into = sink();
        testkit::Writer writer = into.start(request, rows.schema());
        writer.write(rows);
        return writer.commit(cursor, true);
    }
    /// Only while no reader or writer is at work.
    void sql(std::string const& text) { DuckDb{file}.run(text); }
    std::vector<Record> rows(std::string const& text) { return DuckDb{file}.rows(text); }
    std::string one(std::string const& text) { return DuckDb{file}.one(text); }

    template <class Work>
    Failure failure_of(Work&& work) {
        try {
            work();
        } catch (Failure const& failure) {
            return failure;
        }
        ADD_FAILURE() << "went well";
        return Failure{WEIR_OK, weir_error{}};
    }
    template <class Work>
    Failure expect_code(std::string const& code, Work&& work) {
        Failure failure = failure_of(std::forward<Work>(work));
        EXPECT_EQ(failure.code, code) << failure.what();
        EXPECT_GT(std::string_view{failure.what()}.size(), 10u);
        return failure;
    }

    TempDir directory;
    std::string const file = directory / "shop.db";
    testkit::TestHost host;
    testkit::Plugin plugin{connector_path("adbc")};
};

}  // namespace weir::test
