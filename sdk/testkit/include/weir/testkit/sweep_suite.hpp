#pragma once

#include "weir/testkit/sink_suite.hpp"

namespace weir::testkit {

/// What a sink must do that compares a target with a stream; instantiated by WEIR_TEST_SWEEP.
template <class Q>
class SweepContract : public SinkContract<Q> {
protected:
    static WriteRequest keys() {
        WriteRequest request = SinkContract<Q>::replace();
        request.write_mode = WEIR_WRITE_KEYS;
        return request;
    }
    /// Counts the keys that a sweep tells.
    struct Told {
        explicit Told(std::uint64_t rows_max) : keys{sizeof keys, 0, this, rows_max, add} {}
        Told(Told const&) = delete;
        static weir_status add(void* self, ArrowSchema const* schema, ArrowArray const* keys) {
            static_cast<Told*>(self)->rows += keys->length;
            return schema->n_children == 1 ? weir_status{WEIR_OK} : weir_status{WEIR_E_DATA};
        }
        weir_keys keys;
        std::int64_t rows = 0;
    };
};
TYPED_TEST_SUITE_P(SweepContract);

TYPED_TEST_P(SweepContract, ASweepByKeysDeletesWhatIsExtraAndMovesNothing) {
    Rows old{this->people()}, keys{{this->people()[0]}};
    old.add(1, "a").add(2, "b").add(9, "gone");
    this->run(this->upsert(), old, "{\"at\":9}");
    keys.add(1).add(2).add(3);
    {
        Writer writer = this->sink->start(this->keys(), keys.schema());
        writer.write(keys);
        this->expect_failure(WEIR_E_CONFLICT, [&] { writer.sweep(0); }, "sink.sweep_grew");
    }
    Writer writer = this->sink->start(this->keys(), keys.schema());
    writer.write(keys);
    weir_sweep const looked = writer.sweep(0, WEIR_SWEEP_DRY_RUN);
    EXPECT_EQ(looked.target_rows, 3u);
    EXPECT_EQ(looked.extra_rows, 1u);
    EXPECT_EQ(looked.missing_rows, 1u);
    EXPECT_EQ(looked.deleted_rows, 0u);
    EXPECT_EQ(this->content(), (Content{{"1", "a"}, {"2", "b"}, {"9", "gone"}}));
    EXPECT_EQ(writer.sweep(1).deleted_rows, 1u);
    writer.commit_kept();
    EXPECT_EQ(this->content(), (Content{{"1", "a"}, {"2", "b"}}));
    EXPECT_EQ(this->sink->begin(this->upsert()).cursor(), "{\"at\":9}");
}

TYPED_TEST_P(SweepContract, ASweepByValuesCountsWhatDiffers) {
    Rows old{this->people()}, rows{this->people()};
    old.add(1, "a").add(2, "b").add(9, "gone");
    this->run(this->upsert(), old, "{\"at\":9}");
    rows.add(1, "a").add(2, "other").add(3, "new");
    Writer writer = this->sink->start(this->replace(), rows.schema());
    writer.write(rows);
    weir_sweep const looked = writer.sweep(0, WEIR_SWEEP_DRY_RUN);
    EXPECT_EQ(looked.extra_rows, 1u);
    EXPECT_EQ(looked.missing_rows, 1u);
    EXPECT_EQ(looked.drifted_rows, 1u);
    EXPECT_EQ(writer.sweep(1).deleted_rows, 1u);
    writer.commit_kept();
    EXPECT_EQ(this->content(), (Content{{"1", "a"}, {"2", "other"}, {"3", "new"}}));
    EXPECT_EQ(this->sink->begin(this->upsert()).cursor(), "{\"at\":9}");
}

TYPED_TEST_P(SweepContract, AWriterThatOnlyLooksChangesNothing) {
    Rows old{this->people()}, keys{{this->people()[0]}}, more{this->people()};
    old.add(1, "a").add(9, "gone");
    more.add(3, "c");
    Writer at_work = this->sink->start(this->upsert(), old.schema());
    at_work.write(old);
    at_work.commit("{\"at\":9}");
    Json const before = this->sink->peek(this->upsert());
    keys.add(1);
    {
        WriteRequest request = this->keys();
        request.flags |= WEIR_BEGIN_LOOK;
        SinkInstance looker{this->host, this->plugin.component(this->quirks.component()),
                            this->quirks.config()};
        Writer look = looker.start(request, keys.schema());
        look.write(keys);
        EXPECT_EQ(look.sweep(0, WEIR_SWEEP_DRY_RUN).extra_rows, 1u);
    }
    EXPECT_EQ(this->sink->peek(this->upsert()), before);
}

TYPED_TEST_P(SweepContract, ATargetOfTwoJobsIsNotSwept) {
    Rows one{this->people()}, other{this->people()}, keys{{this->people()[0]}};
    one.add(1, "a");
    other.add(2, "b");
    WriteRequest second = this->upsert();
    second.job = "another";
    this->run(this->upsert(), one);
    this->run(second, other);
    keys.add(1);
    {
        Writer writer = this->sink->start(this->keys(), keys.schema());
        writer.write(keys);
        this->expect_failure(WEIR_E_CONFLICT, [&] { writer.sweep(9, WEIR_SWEEP_DRY_RUN); });
    }
    Writer writer = this->sink->start(this->keys(), keys.schema());
    writer.write(keys);
    EXPECT_EQ(writer.sweep(9, WEIR_SWEEP_DRY_RUN | WEIR_SWEEP_SHARED).extra_rows, 1u);
}

// A sink need not tell them.
TYPED_TEST_P(SweepContract, RecordsOfMissingKeysThatWereToldAreTaken) {
    Rows old{this->people()}, keys{{this->people()[0]}}, rows{this->people()};
    old.add(1, "a").add(9, "gone");
    this->run(this->upsert(), old, "{\"at\":9}");
    keys.add(1).add(2).add(3).add(4);
    rows.add(2, "b").add(4, "d");
    Writer writer = this->sink->start(this->keys(), keys.schema());
    writer.write(keys);
    typename TestFixture::Told few{2}, all{3};
    writer.sweep(0, WEIR_SWEEP_DRY_RUN, false, &few.keys);
    EXPECT_EQ(few.rows, 0) << "more are missing";
    EXPECT_EQ(writer.sweep(0, WEIR_SWEEP_DRY_RUN, false, &all.keys).missing_rows, 3u);
    if (all.rows == 0) return;  // it tells none, and the stream is read whole
    EXPECT_EQ(all.rows, 3);
    EXPECT_EQ(writer.sweep(1).deleted_rows, 1u);
    this->sink->prepare(this->upsert(), rows.schema());
    writer.write(rows);
    EXPECT_EQ(this->content(), (Content{{"1", "a"}, {"9", "gone"}})) << "not before the commit";
    writer.commit_kept();
    EXPECT_EQ(this->content(), (Content{{"1", "a"}, {"2", "b"}, {"4", "d"}}));
    EXPECT_EQ(this->sink->begin(this->upsert()).cursor(), "{\"at\":9}");
}

REGISTER_TYPED_TEST_SUITE_P(SweepContract, RecordsOfMissingKeysThatWereToldAreTaken,
                            ASweepByKeysDeletesWhatIsExtraAndMovesNothing,
                            ASweepByValuesCountsWhatDiffers, AWriterThatOnlyLooksChangesNothing,
                            ATargetOfTwoJobsIsNotSwept);

// Not every sink has it.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(SweepContract);

}  // namespace weir::testkit

/// Runs the suite on a sink that has sweep(): WEIR_TEST_SWEEP(Acme, AcmeQuirks).
#define WEIR_TEST_SWEEP(Name, Quirks)                            \
    namespace weir::testkit {                                    \
    INSTANTIATE_TYPED_TEST_SUITE_P(Name, SweepContract, Quirks); \
    }                                                            \
    static_assert(true)
