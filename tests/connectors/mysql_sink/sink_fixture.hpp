#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/connectors.hpp"
#include "support/mariadb_server.hpp"
#include "weir/testkit/driver.hpp"

namespace weir::test {

using testkit::Failure;
using testkit::Refused;
using testkit::Rows;
using testkit::WriteRequest;

/// A database of its own, its owner's session, and the connector as a sink on it.
class MysqlSinkFixture : public testing::Test {
protected:
    static Schema people() {
        return {{"id", Type::int64, true, "bigint"}, {"name", Type::utf8, true, "text"}};
    }
    static WriteRequest append() { return {.target = "people"}; }
    static WriteRequest upsert() {
        return {.target = "people", .write_mode = WEIR_WRITE_UPSERT, .key = {"id"}};
    }
    static WriteRequest replace() {
        return {.target = "people",
                .write_mode = WEIR_WRITE_REPLACE,
                .key = {"id"},
                .flags = WEIR_BEGIN_STAGED};
    }
    void run(WriteRequest const& request, Rows& rows, std::string const& cursor = "{}") {
        testkit::Writer writer = sink.start(request, rows.schema());
        writer.write(rows);
        writer.commit(cursor, true);
    }
    /// The rows that were refused; the others are committed.
    std::vector<Refused> write(Rows& rows, WriteRequest const& request) {
        testkit::Writer writer = sink.start(request, rows.schema());
        std::vector<Refused> refused = writer.write_some(rows);
        writer.commit("{}", true);
        return refused;
    }
    template <class Work>
    void expect_code(std::string const& code, Work&& work) {
        try {
            work();
            ADD_FAILURE() << "went well, wanted " << code;
        } catch (Failure const& failure) {
            EXPECT_EQ(failure.code, code) << failure.what();
        }
    }
    std::vector<Record> content() { return db.rows("SELECT id, name FROM people ORDER BY id"); }

    MariadbServer& server = MariadbServer::shared();
    std::string const database = server.fresh();
    My db = server.connect_as_owner(database);
    bool const is_mariadb = db.one("SELECT VERSION() LIKE '%MariaDB%'") == "1";
    /// Tells all texts apart, blanks at their end too.
    std::string const telling = is_mariadb ? "utf8mb4_nopad_bin" : "utf8mb4_0900_bin";
    testkit::TestHost host;
    testkit::Plugin plugin{connector_path("mysql")};
    testkit::SinkInstance sink{host, plugin.component(),
                               testkit::Json{{"url", server.url(database)}}};
};

}  // namespace weir::test
