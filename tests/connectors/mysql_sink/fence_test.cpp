#include "sink_fixture.hpp"

namespace weir::test {
namespace {

using MysqlFence = MysqlSinkFixture;

TEST_F(MysqlFence, H24ALaterOwnerEndsTheTransactionOfTheEarlier) {
    Rows rows{people()}, more{people()};
    rows.add(1, "early");
    more.add(1, "late");
    testkit::Writer early = sink.start(upsert(), rows.schema());
    early.write(rows);  // and keeps the row locked
    testkit::SinkInstance other{host, plugin.component(),
                                testkit::Json{{"url", server.url(database)}}};
    testkit::Writer late = other.start(upsert(), more.schema());
    late.write(more);
    late.commit("{}", true);
    try {
        early.commit("{}", true);
        ADD_FAILURE() << "the earlier committed";
    } catch (Failure const& failure) {
        EXPECT_EQ(failure.status, WEIR_E_FENCED) << failure.what();
        EXPECT_EQ(failure.code, "sink.fenced");
    }
    EXPECT_EQ(content(), (std::vector<Record>{{"1", "late"}}));
}

TEST_F(MysqlFence, ATableThatIsMadeAnewMeanwhileIsNotGoneOnIn) {
    Rows rows{people()}, more{people()};
    rows.add(1, "a");
    more.add(2, "b");
    testkit::Writer writer = sink.start(upsert(), rows.schema());
    writer.write(rows);
    writer.commit("{\"at\":1}");
    db.run("DROP TABLE people; CREATE TABLE people (id bigint PRIMARY KEY, name text)");
    writer.write(more);
    expect_code("mysql.target_replaced", [&] { writer.commit("{\"at\":2}"); });
    writer.close();
    EXPECT_TRUE(content().empty());
    EXPECT_EQ(sink.begin(upsert()).cursor(), "");
}

}  // namespace
}  // namespace weir::test
