#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/connectors.hpp"
#include "support/postgres_server.hpp"
#include "weir/testkit/driver.hpp"

namespace weir::test {

using testkit::Failure;
using testkit::Json;
using testkit::Refused;
using testkit::Rows;
using testkit::TestCall;
using testkit::WriteRequest;

/// A sink that writes into a database of its own.
class PostgresSinkTest : public testing::Test {
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

    testkit::SinkInstance make(std::string const& url) {
        return testkit::SinkInstance{host, plugin.component(), {{"url", url}}};
    }
    /// One run of one batch.
    std::uint64_t run(WriteRequest const& request, Rows& rows, std::string const& cursor = "") {
        testkit::Writer writer = sink.start(request, rows.schema());
        writer.write(rows);
        return writer.commit(cursor, true);
    }
    std::vector<Record> rows(std::string const& sql) { return owner.rows(sql); }
    std::string one(std::string const& sql) { return owner.one(sql); }
    void sql(std::string const& text) { owner.run(text); }

    /// What `work` fails with; a failure of the test when it goes well.
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
    void expect_code(std::string const& code, Work&& work) {
        Failure const failure = failure_of(std::forward<Work>(work));
        EXPECT_EQ(failure.code, code) << failure.what();
        EXPECT_GT(std::string_view{failure.what()}.size(), 10u);
    }

    PostgresServer& server = PostgresServer::shared();
    std::string const database = server.fresh();
    Pg owner = server.connect_as_owner(database);
    testkit::TestHost host;
    testkit::Plugin plugin{connector_path("postgres")};
    testkit::SinkInstance sink{host, plugin.component(), {{"url", server.url(database)}}};
};

}  // namespace weir::test
