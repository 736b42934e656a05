#include "sink_fixture.hpp"

namespace weir::test {
namespace {

using MysqlDrift = MysqlSinkFixture;

TEST_F(MysqlDrift, H33WhatTheSourceLostOrRetypedStopsTheRun) {
    Rows rows{people()};
    rows.add(1, "a");
    run(upsert(), rows);
    Rows less{{people()[0]}};
    expect_code("mysql.column_gone", [&] { sink.start(upsert(), less.schema()); });
    Schema other = people();
    other[1] = {"name", Type::int64, true, "bigint"};
    Rows retyped{other};
    expect_code("mysql.column_retyped", [&] { sink.start(upsert(), retyped.schema()); });
}

TEST_F(MysqlDrift, H33AWiderNumberOfOneTypeHereStopsNothing) {
    auto const start = [&](std::string const& type) {
        Rows rows{{people()[0], {"name", Type::int64, true, type}}};
        rows.add(1, 7);
        run(upsert(), rows);
    };
    start("mediumint unsigned");
    start("int(11)");
    start("BIGINT");
    expect_code("mysql.column_retyped", [&] { start("bigint unsigned"); });
    expect_code("mysql.column_retyped", [&] { start("int"); });
    EXPECT_EQ(content(), (std::vector<Record>{{"1", "7"}}));
}

TEST_F(MysqlDrift, H33AColumnThatTheSourceAddsIsAdded) {
    Rows rows{people()};
    rows.add(1, "a");
    run(upsert(), rows);
    Schema more = people();
    more.push_back({"extra", Type::utf8});
    Rows wider{more};
    wider.add(2, "b", "new");
    run(upsert(), wider);
    EXPECT_EQ(db.rows("SELECT id, extra FROM people ORDER BY id"),
              (std::vector<Record>{{"1", std::nullopt}, {"2", "new"}}));
}

TEST_F(MysqlDrift, H33AColumnAddedAmidOpenRowsEndsTheRun) {
    Rows rows{people()};
    rows.add(1, "a");
    Schema more = people();
    more.push_back({"extra", Type::utf8});
    Rows wider{more};
    wider.add(2, "b", "new");
    testkit::Writer writer = sink.start(upsert(), rows.schema());
    writer.write(rows);
    expect_code("mysql.fields_changed", [&] { writer.write(wider); });
    expect_code("mysql.writer_ended", [&] { writer.commit("{}"); });
    writer.close();
    EXPECT_TRUE(content().empty()) << "a change of the table would have committed it";
}

}  // namespace
}  // namespace weir::test
