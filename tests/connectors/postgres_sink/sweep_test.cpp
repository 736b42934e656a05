#include <algorithm>

#include "sink_fixture.hpp"

namespace weir::test {
namespace {

/// A target of the ids that are given, swept by others.
class PostgresSweep : public PostgresSinkTest {
protected:
    static constexpr int differences_max = 10'000;  ///< more are staged

    static WriteRequest keys() {
        WriteRequest request = replace();
        request.write_mode = WEIR_WRITE_KEYS;
        return request;
    }
    void fill(std::int64_t from, std::int64_t to) {
        Rows batch{people()};
        batch.add(from, "made by Weir");
        run(upsert(), batch);
        sql("INSERT INTO people SELECT i, 'n' FROM generate_series(" + std::to_string(from + 1) +
            "::bigint, " + std::to_string(to) + ") i; ANALYZE people");
    }
    void write(testkit::Writer& writer, std::vector<std::int64_t> const& ids) {
        Rows batch{{people()[0]}};
        for (std::int64_t const id : ids) batch.add(id);
        writer.write(batch);
    }
    void write_range(testkit::Writer& writer, std::int64_t from, std::int64_t to) {
        Rows batch{{people()[0]}};
        for (std::int64_t id = from; id <= to; ++id) batch.add(id);
        writer.write(batch);
    }
    testkit::Writer start() {
        Rows none{{people()[0]}};
        return sink.start(keys(), none.schema());
    }
    /// What a session needs to stage anything at all.
    void forbid_temporary_tables() {
        sql("REVOKE TEMPORARY ON DATABASE " + database + " FROM PUBLIC, weir");
    }
    void expect_counts(weir_sweep const& swept, std::uint64_t target, std::uint64_t extra,
                       std::uint64_t missing) {
        EXPECT_EQ(swept.target_rows, target);
        EXPECT_EQ(swept.extra_rows, extra);
        EXPECT_EQ(swept.missing_rows, missing);
    }
    std::string sum() { return one("SELECT count(*) || ' ' || sum(id) FROM people"); }
};

TEST_F(PostgresSweep, KeysInTheirOrderAreMetWithoutAStage) {
    fill(-20'000, 20'000);
    forbid_temporary_tables();
    {
        testkit::Writer writer = start();
        write_range(writer, -20'000, -1);
        writer.commit("");  // the host asks now and then whether it still counts
        write_range(writer, 0, 20'000);
        expect_counts(writer.sweep(0, WEIR_SWEEP_DRY_RUN), 40'001, 0, 0);
        expect_counts(writer.sweep(0), 40'001, 0, 0);
        writer.commit_kept();
    }
    testkit::Writer writer = start();
    expect_code("postgres.privilege", [&] { write(writer, {2, 1}); });
}

TEST_F(PostgresSweep, WhatDiffersIsFoundAndGoesByItsKey) {
    fill(1, 1000);
    testkit::Writer writer = start();
    write_range(writer, 3, 500);
    write_range(writer, 502, 998);
    write(writer, {2000, 2001});
    expect_counts(writer.sweep(0, WEIR_SWEEP_DRY_RUN), 1000, 5, 2);
    sql("INSERT INTO people VALUES (0, 'came since'); DELETE FROM people WHERE id = 1");
    weir_sweep const swept = writer.sweep(5);
    EXPECT_EQ(swept.deleted_rows, 4u) << "one was gone already";
    writer.commit_kept();
    EXPECT_EQ(one("SELECT count(*) FROM people"), "996");
    EXPECT_EQ(one("SELECT string_agg(id::text, ',') FROM people WHERE id IN (0, 2, 501, 999)"),
              "0")
        << "nobody agreed to that one";
}

TEST_F(PostgresSweep, SoftDeletesMarkTheSameRowsOnce) {
    fill(1, 100);
    for (std::uint64_t const marked : {2u, 0u}) {
        testkit::Writer writer = start();
        write_range(writer, 3, 100);
        expect_counts(writer.sweep(0, WEIR_SWEEP_DRY_RUN, true), 98 + marked, marked, 0);
        EXPECT_EQ(writer.sweep(marked, 0, true).deleted_rows, marked);
        writer.commit_kept();
    }
    EXPECT_EQ(one("SELECT count(*) FROM people WHERE _weir_deleted_at IS NOT NULL"), "2");
    testkit::Writer writer = start();
    write_range(writer, 1, 100);
    expect_counts(writer.sweep(0, WEIR_SWEEP_DRY_RUN, true), 98, 0, 2);
    expect_counts(writer.sweep(0, WEIR_SWEEP_DRY_RUN), 100, 0, 0);
}

TEST_F(PostgresSweep, KeysThatComeInAnyOrderAndTwiceAreStaged) {
    fill(1, 100);
    testkit::Writer writer = start();
    write_range(writer, 1, 50);
    write(writer, {70, 60, 60, 200, 1});
    write_range(writer, 61, 69);
    expect_counts(writer.sweep(0, WEIR_SWEEP_DRY_RUN), 100, 39, 1);
    EXPECT_EQ(writer.sweep(39).deleted_rows, 39u);
    writer.commit_kept();
    EXPECT_EQ(one("SELECT max(id) || ' ' || count(*) FROM people"), "70 61");
}

TEST_F(PostgresSweep, MoreThatDiffersThanIsListedIsStaged) {
    fill(1, 3 * differences_max);
    for (std::int64_t const more : {0, 1}) {
        SCOPED_TRACE(more);
        std::int64_t const extra = differences_max + more;
        testkit::Writer writer = start();
        write_range(writer, extra + 1, 3 * differences_max);
        write_range(writer, 100'000, 99'999 + extra);
        auto const count = static_cast<std::uint64_t>(extra);
        expect_counts(writer.sweep(0, WEIR_SWEEP_DRY_RUN), 3 * differences_max, count, count);
        EXPECT_EQ(writer.sweep(count).deleted_rows, count);
    }
    testkit::Writer writer = start();
    expect_counts(writer.sweep(0, WEIR_SWEEP_DRY_RUN), 3 * differences_max, 3 * differences_max, 0);
    EXPECT_EQ(writer.sweep(3 * differences_max).deleted_rows, 3u * differences_max);
    writer.commit_kept();
    EXPECT_EQ(one("SELECT count(*) FROM people"), "0");
}

TEST_F(PostgresSweep, WhatComesBehindALookIsComparedToo) {
    fill(1, 100);
    testkit::Writer writer = start();
    write_range(writer, 1, 90);
    expect_counts(writer.sweep(0, WEIR_SWEEP_DRY_RUN), 100, 10, 0);
    write_range(writer, 91, 99);
    expect_counts(writer.sweep(0, WEIR_SWEEP_DRY_RUN), 100, 1, 0);
    EXPECT_EQ(writer.sweep(1).deleted_rows, 1u);
    writer.commit_kept();
    EXPECT_EQ(one("SELECT max(id) FROM people"), "99");
}

TEST_F(PostgresSweep, ARowWithoutItsKeyIsRefusedAsEver) {
    fill(1, 10);
    Schema schema{people()[0]};
    schema[0].nullable = true;
    Rows whole{schema}, lacking{schema};
    whole.add(1).add(2);
    lacking.add(3).add(nullptr);
    testkit::Writer writer = sink.start(keys(), whole.schema());
    writer.write(whole);
    expect_code("postgres.null_key", [&] { writer.write(lacking); });
}

}  // namespace
}  // namespace weir::test
