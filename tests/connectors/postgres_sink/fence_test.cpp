#include "sink_fixture.hpp"
#include "support/tcp_gate.hpp"

namespace weir::test {
namespace {

class PostgresFence : public PostgresSinkTest {
protected:
    Rows& batch_of(int id, char const* name) {
        batches.emplace_back(std::make_unique<Rows>(people()))->add(id, name);
        return *batches.back();
    }
    std::vector<std::unique_ptr<Rows>> batches;
};

TEST_F(PostgresFence, TheCheckpointRowSaysWhatTheContractSays) {
    WriteRequest request = upsert();
    request.spec = R"({"fields":null})";
    Rows batch{people()};
    batch.add(1, "a").add(2, "b");
    run(request, batch, "{\"at\":2}");
    EXPECT_EQ(rows("SELECT job, stream, epoch, \"cursor\", run_id, \"rows\", batch, target, spec,"
                   " updated_at > now() - interval '1 minute' FROM _weir_checkpoint"),
              (std::vector<Record>{{"job", "stream", "1", "{\"at\":2}", "run", "2", "1", "people",
                                    request.spec, "t"}}));
}

TEST_F(PostgresFence, RefusesAnOlderEpochAndSaysTheStoredOne) {
    WriteRequest request = upsert();
    request.epoch = 7;
    sink.begin(request);
    request.epoch = 6;
    Failure const failure = failure_of([&] { sink.begin(request); });
    EXPECT_EQ(failure.status, WEIR_E_FENCED);
    EXPECT_EQ(failure.code, "sink.fenced");
    EXPECT_EQ(one("SELECT epoch FROM _weir_checkpoint"), "7");
}

TEST_F(PostgresFence, AnEmptyCommitIsFencedToo) {
    Rows batch{people()};
    testkit::Writer early = sink.start(upsert(), batch.schema());
    testkit::Writer late = sink.begin(upsert());
    Failure const failure = failure_of([&] { early.commit("{}", true); });
    EXPECT_EQ(failure.status, WEIR_E_FENCED);
    EXPECT_NE(std::string{failure.what()}.find("newer run"), std::string::npos);
    late.commit("{\"at\":1}", true);
    EXPECT_EQ(one("SELECT \"cursor\" FROM _weir_checkpoint"), "{\"at\":1}");
}

TEST_F(PostgresFence, H24AnOwnerThatIsFrozenWithRowsInHandHoldsNobodyUp) {
    testkit::SinkInstance other = make(server.url(database));
    Rows& first = batch_of(1, "early");
    testkit::Writer early = sink.start(upsert(), first.schema());
    early.write(first);  // and there it stands, with the row of id 1 locked
    Rows& second = batch_of(1, "late");
    testkit::Writer late = other.start(upsert(), second.schema());
    late.write(second);
    late.commit("{\"at\":2}", true);
    Failure const failure = failure_of([&] { early.commit("{\"at\":1}", true); });
    EXPECT_EQ(failure.status, WEIR_E_FENCED) << failure.what();
    EXPECT_EQ(failure.code, "sink.fenced");
    EXPECT_EQ(rows("SELECT * FROM people"), (std::vector<Record>{{"1", "late"}}));
}

TEST_F(PostgresFence, OwnersOfOtherStreamsAreLeftAlone) {
    testkit::SinkInstance other = make(server.url(database));
    Rows& first = batch_of(1, "early");
    WriteRequest request = append();
    testkit::Writer early = sink.start(request, first.schema());
    early.write(first);
    request.stream = "another";
    Rows& second = batch_of(1, "other");
    testkit::Writer late = other.start(request, second.schema());
    late.write(second);
    late.commit("{}", true);
    early.commit("{}", true);
    EXPECT_EQ(one("SELECT count(*) FROM people"), "2");
}

TEST_F(PostgresFence, H24TwoWritersOfOneTableWithoutAKeyLeaveNoRowTwice) {
    testkit::SinkInstance other = make(server.url(database));
    Rows& row = batch_of(1, "a");
    testkit::Writer early = sink.start(append(), row.schema());
    early.write(row);
    early.commit("{\"at\":1}");
    testkit::Writer late = other.start(append(), row.schema());
    EXPECT_EQ(late.cursor(), "{\"at\":1}");
    early.write(row);
    EXPECT_EQ(failure_of([&] { early.commit("{\"at\":9}"); }).status, WEIR_E_FENCED);
    late.write(row);
    late.commit("{\"at\":2}", true);
    Failure const ended = failure_of([&] { early.commit("{\"at\":9}"); });
    EXPECT_EQ(ended.status, WEIR_E_STATE);
    EXPECT_EQ(ended.code, "postgres.writer_ended");
    EXPECT_EQ(one("SELECT count(*) FROM people"), "2");
    EXPECT_EQ(one("SELECT \"cursor\" FROM _weir_checkpoint"), "{\"at\":2}");
}

TEST_F(PostgresFence, ATableMadeAnewAmidACopyStopsIt) {
    Rows& row = batch_of(1, "a");
    testkit::Writer writer = sink.start(append(), row.schema());
    writer.write(row);
    writer.commit("{\"at\":1}");
    sql("DROP TABLE people; CREATE TABLE people(id bigint, name text)");
    writer.write(row);
    expect_code("postgres.target_replaced", [&] { writer.commit("{\"at\":2}"); });
    writer.close();
    EXPECT_EQ(one("SELECT count(*) FROM people"), "0");
    EXPECT_EQ(sink.begin(append()).cursor(), "");
}

TEST_F(PostgresFence, H23WhoseReplyToACommitIsLostFindsOutWhatBecameOfIt) {
    Rows& row = batch_of(1, "a");
    TcpGate gate{server.port()};
    std::string url = server.url(database);
    url.replace(url.find(std::to_string(server.port())), std::to_string(server.port()).size(),
                std::to_string(gate.port()));
    testkit::SinkInstance shaky = make(url);
    int lost = 0, done = 0;
    for (int turn = 0; turn < 40; ++turn) {
        testkit::Writer writer = shaky.start(append(), row.schema());
        std::string const cursor = "{\"at\":" + std::to_string(turn) + "}";
        writer.write(row);
        gate.cut_after(turn * 8);  // from the first byte of the answer on
        try {
            writer.commit(cursor);
            gate.cut_after(-1);
            ++done;
            continue;
        } catch (Failure const& failure) {
            EXPECT_EQ(failure.status, WEIR_E_IO) << failure.what();
            EXPECT_EQ(failure.code, "postgres.connection_lost");
        }
        writer.close();
        gate.cut_after(-1);
        // The position tells: is it the one that was sent, then the rows are there.
        testkit::Writer again = shaky.start(append(), row.schema());
        if (again.cursor() == cursor) {
            ++done;
            ++lost;
            continue;
        }
        again.write(row);
        again.commit(cursor);
        ++done;
    }
    EXPECT_GT(lost, 0) << "no reply was lost after the server had committed";
    EXPECT_EQ(one("SELECT count(*) FROM people"), std::to_string(done));
    EXPECT_EQ(one("SELECT \"rows\" FROM _weir_checkpoint"), std::to_string(done));
}

TEST_F(PostgresFence, AStrangersTableOfPositionsIsLeftAlone) {
    sql("CREATE TABLE _weir_checkpoint(a integer)");
    expect_code("postgres.foreign_checkpoint", [&] { sink.begin(append()); });
    expect_code("postgres.foreign_checkpoint", [&] { sink.peek(append()); });
}

TEST_F(PostgresFence, NothingIsLockedBetweenTransactions) {
    Rows& row = batch_of(1, "a");
    testkit::Writer writer = sink.start(upsert(), row.schema());
    writer.write(row);
    writer.commit("{\"at\":1}");
    sql("SET lock_timeout = '5s'; ALTER TABLE people ADD COLUMN more text;"
        "UPDATE _weir_checkpoint SET run_id = run_id");
    writer.commit("", true);
}

}  // namespace
}  // namespace weir::test
