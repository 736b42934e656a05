#pragma once

#include <algorithm>
#include <set>

#include "weir/testkit/sink_contract.hpp"

namespace weir::testkit {

TYPED_TEST_SUITE_P(SinkContract);

TYPED_TEST_P(SinkContract, WritesWhatItIsGiven) {
    Rows rows{this->people()};
    rows.add(1, "a").add(2, "").add(3, nullptr).add(INT64_MAX, "é😀").add(INT64_MIN, "it's \"x\"");
    this->run(this->append(), rows);
    EXPECT_EQ(this->content(), (Content{{std::to_string(INT64_MIN), "it's \"x\""},
                                        {"1", "a"},
                                        {"2", ""},
                                        {"3", std::nullopt},
                                        {std::to_string(INT64_MAX), "é😀"}}));
}

TYPED_TEST_P(SinkContract, ExtremesOfEveryTypeAreWrittenOrRefused) {
    Rows rows{{{"id", Type::int64, false},
               {"flag", Type::boolean},
               {"real", Type::float64},
               {"bytes", Type::binary},
               {"day", Type::date},
               {"time", Type::time},
               {"local", Type::timestamp},
               {"at", Type::instant},
               {"json", Type::json}}};
    std::string const bytes{"\0\xff", 2};
    rows.add(1, true, 1.7976931348623157e308, bytes, 2'932'896, 86'399'999'999, 0, 0, "{}")
        .add(2, false, 5e-324, "", -719'162, 0, -62'135'596'800'000'000, -1, "null")
        .add(3, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr)
        .add(4, true, -0.0, bytes, 0, 1, 253'402'300'799'999'999, 1, "[\"\u00e9\"]");
    Writer writer = this->sink->start(this->upsert(), rows.schema());
    std::set<std::int64_t> refused;
    for (Refused const& row : writer.write_some(rows)) {
        EXPECT_FALSE(row.message.empty());
        EXPECT_TRUE(refused.insert(row.row).second) << "row " << row.row << " is refused twice";
    }
    writer.commit("{}", true);
    std::set<std::string> written;
    for (Record const& record : this->content()) {
        written.insert(record.at(0).value_or("null"));
        bool const holds_values = std::any_of(record.begin() + 1, record.end(),
                                              [](Cell const& cell) { return cell.has_value(); });
        EXPECT_NE(record.at(0) == "3", holds_values) << "a null is a null there too";
    }
    for (std::int64_t row = 0; row < 4; ++row)
        EXPECT_NE(written.contains(std::to_string(row + 1)), refused.contains(row))
            << "row " << row << " is written or refused, not both and not neither";
}

TYPED_TEST_P(SinkContract, ARunThatIsNotCommittedLeavesNothing) {
    Rows rows{this->people()};
    rows.add(1, "a");
    {
        Writer writer = this->sink->start(this->append(), rows.schema());
        writer.write(rows);
    }
    EXPECT_TRUE(this->content().empty());
    EXPECT_EQ(this->sink->begin(this->append()).cursor(), "");
}

TYPED_TEST_P(SinkContract, ABatchIsWrittenWholeOrNotAtAll) {
    Schema schema = this->people();
    schema[0].nullable = true;
    Rows good{schema}, bad{schema}, more{schema};
    good.add(1, "a");
    bad.add(2, "b").add(nullptr, "no key").add(3, "c");
    more.add(4, "d");
    Writer writer = this->sink->start(this->upsert(), good.schema());
    writer.write(good);
    this->expect_failure(WEIR_E_DATA, [&] { writer.write(bad); });
    writer.write(more);
    writer.commit("{}");
    EXPECT_EQ(this->content(), (Content{{"1", "a"}, {"4", "d"}}));
}

TYPED_TEST_P(SinkContract, ARefusedRowIsNamedAndTheOthersAreWritten) {
    Schema schema = this->people();
    schema[0].nullable = true;
    Rows rows{schema};
    rows.add(2, "b").add(nullptr, "no key").add(3, "c");
    Writer writer = this->sink->start(this->upsert(), rows.schema());
    std::vector<Refused> const refused = writer.write_some(rows);
    writer.commit("{}");
    ASSERT_EQ(refused.size(), 1u);
    EXPECT_EQ(refused[0].row, 1);
    EXPECT_LT(refused[0].why, 0);
    EXPECT_FALSE(refused[0].message.empty());
    EXPECT_EQ(this->content(), (Content{{"2", "b"}, {"3", "c"}}));
}

TYPED_TEST_P(SinkContract, TextThatIsNoUtf8IsRefused) {
    Rows rows{this->people()};
    rows.add(1, "a").add(2, "n\xff").add(3, "c");
    Writer writer = this->sink->start(this->upsert(), rows.schema());
    try {
        std::vector<Refused> const refused = writer.write_some(rows);
        writer.commit("{}", true);
        ASSERT_EQ(refused.size(), 1u) << "row 1 has text that is no UTF-8, in hex 6eff";
        EXPECT_EQ(refused[0].row, 1) << "row 1 has text that is no UTF-8, in hex 6eff";
        EXPECT_FALSE(refused[0].message.empty());
        EXPECT_EQ(this->content(), (Content{{"1", "a"}, {"3", "c"}}));
    } catch (Failure const& failure) {
        // As a whole is well too, where nothing of it is written.
        EXPECT_EQ(failure.status, WEIR_E_DATA) << failure.what();
        writer.close();
        EXPECT_EQ(this->content(), Content{});
    }
}

TYPED_TEST_P(SinkContract, AppendTwiceIsTwice) {
    for (int i = 0; i < 2; ++i) {
        Rows rows{this->people()};
        rows.add(1, "a");
        this->run(this->append(), rows);
    }
    EXPECT_EQ(this->content(), (Content{{"1", "a"}, {"1", "a"}}));
}

TYPED_TEST_P(SinkContract, UpsertTwiceIsOnce) {
    for (char const* name : {"a", "b"}) {
        Rows rows{this->people()};
        rows.add(1, name).add(2, "same");
        this->run(this->upsert(), rows);
    }
    EXPECT_EQ(this->content(), (Content{{"1", "b"}, {"2", "same"}}));
}

TYPED_TEST_P(SinkContract, TheLastOfOneKeyWins) {
    Rows rows{this->people()};
    rows.add(1, "first").add(2, "x").add(1, "last");
    this->run(this->upsert(), rows);
    EXPECT_EQ(this->content(), (Content{{"1", "last"}, {"2", "x"}}));
}

TYPED_TEST_P(SinkContract, TheCursorComesBackWithItsRows) {
    Rows one{this->people()}, two{this->people()};
    one.add(1, "a");
    two.add(2, "b");
    {
        Writer writer = this->sink->start(this->append(), one.schema());
        EXPECT_EQ(writer.cursor(), "");
        writer.write(one);
        writer.commit("{\"at\":1}");
        writer.write(two);  // lost with the writer
    }
    EXPECT_EQ(this->sink->begin(this->append()).cursor(), "{\"at\":1}");
    EXPECT_EQ(this->content(), (Content{{"1", "a"}}));
}

TYPED_TEST_P(SinkContract, ACursorMayMoveWithoutRows) {
    Rows rows{this->people()};
    Writer writer = this->sink->start(this->append(), rows.schema());
    writer.commit("{\"at\":1}");
    writer.commit("{\"at\":2}", true);
    EXPECT_EQ(this->sink->begin(this->append()).cursor(), "{\"at\":2}");
}

TYPED_TEST_P(SinkContract, AnEmptyCursorClearsThePosition) {
    Rows rows{this->people()};
    rows.add(1, "a");
    Writer writer = this->sink->start(this->append(), rows.schema());
    writer.write(rows);
    writer.commit("{\"at\":1}");
    writer.commit("", true);
    EXPECT_EQ(this->sink->begin(this->append()).cursor(), "");
}

TYPED_TEST_P(SinkContract, PeekSaysWhatBeginWouldFind) {
    WriteRequest request = this->append();
    request.spec = "{\"note\":1}";
    EXPECT_TRUE(this->sink->peek(request).is_null());
    Rows rows{this->people()};
    rows.add(1, "a").add(2, "b");
    this->run(request, rows, "{\"at\":2}");
    Json const found = this->sink->peek(request);
    EXPECT_EQ(found.at("cursor"), "{\"at\":2}");
    EXPECT_EQ(found.at("spec"), request.spec);
    EXPECT_EQ(found.at("rows"), 2);
    EXPECT_EQ(found.at("run_id"), request.run_id);
    EXPECT_EQ(this->sink->peek(request), found) << "looking changes nothing";
}

TYPED_TEST_P(SinkContract, AResetForgetsThePosition) {
    Rows rows{this->people()};
    rows.add(1, "a");
    this->run(this->append(), rows, "{\"at\":1}");
    WriteRequest again = this->append();
    again.flags = WEIR_BEGIN_RESET;
    EXPECT_EQ(this->sink->begin(again).cursor(), "");
}

TYPED_TEST_P(SinkContract, PositionsOfTwoStreamsAreApart) {
    Rows rows{this->people()};
    rows.add(1, "a");
    this->run(this->append(), rows, "{\"at\":1}");
    WriteRequest other = this->append();
    other.stream = "another";
    EXPECT_EQ(this->sink->begin(other).cursor(), "");
    other = this->append();
    other.job = "another";
    EXPECT_EQ(this->sink->begin(other).cursor(), "");
}

TYPED_TEST_P(SinkContract, APositionWhoseTargetIsGoneIsIgnored) {
    Rows rows{this->people()};
    rows.add(1, "a");
    this->run(this->append(), rows, "{\"at\":1}");
    this->quirks.drop("people");
    EXPECT_TRUE(this->sink->peek(this->append()).is_null());
    EXPECT_EQ(this->sink->begin(this->append()).cursor(), "");
}

TYPED_TEST_P(SinkContract, TheLaterOwnerFencesTheEarlier) {
    Rows rows{this->people()}, more{this->people()};
    rows.add(1, "early");
    more.add(2, "late");
    Writer early = this->sink->start(this->append(), rows.schema());
    Writer late = this->sink->begin(this->append());
    EXPECT_GT(late.epoch(), early.epoch());
    this->expect_failure(WEIR_E_FENCED, [&] {
        early.write(rows);
        early.commit("{\"at\":1}");
    });
    early.close();
    late.write(more);
    late.commit("{\"at\":2}", true);
    EXPECT_EQ(this->content(), (Content{{"2", "late"}}));
}

TYPED_TEST_P(SinkContract, AnOlderEpochIsRefused) {
    WriteRequest request = this->append();
    request.epoch = 7;
    EXPECT_EQ(this->sink->begin(request).epoch(), 7u);
    request.epoch = 6;
    this->expect_failure(WEIR_E_FENCED, [&] { this->sink->begin(request); });
}

TYPED_TEST_P(SinkContract, StagedRowsShowAtTheEnd) {
    Rows old{this->people()}, rows{this->people()}, more{this->people()};
    old.add(1, "old").add(9, "gone");
    this->run(this->upsert(), old);
    rows.add(1, "new");
    more.add(2, "b");
    Writer writer = this->sink->start(this->replace(), rows.schema());
    writer.write(rows);
    writer.commit("{\"at\":1}");
    writer.write(more);
    EXPECT_EQ(this->content(), (Content{{"1", "old"}, {"9", "gone"}}));
    EXPECT_EQ(writer.commit("", true), 1u) << "one row was removed";
    EXPECT_EQ(this->content(), (Content{{"1", "new"}, {"2", "b"}}));
}

TYPED_TEST_P(SinkContract, StagedRowsOfADeadRunAreDropped) {
    Rows lost{this->people()}, rows{this->people()};
    lost.add(1, "lost");
    rows.add(2, "kept");
    {
        Writer writer = this->sink->start(this->replace(), lost.schema());
        writer.write(lost);
        writer.commit("{\"at\":1}");
    }
    EXPECT_FALSE(this->quirks.exists("people") && !this->content().empty());
    EXPECT_EQ(this->sink->begin(this->replace()).cursor(), "");
    this->run(this->replace(), rows);
    EXPECT_EQ(this->content(), (Content{{"2", "kept"}}));
}

TYPED_TEST_P(SinkContract, ADryRunSaysWhatItWouldDoAndDoesNothing) {
    Rows rows{this->people()};
    std::vector<std::string> const plan = this->sink->prepare(this->upsert(), rows.schema(), true);
    ASSERT_FALSE(plan.empty());
    EXPECT_NE(plan[0].find("people"), std::string::npos) << plan[0];
    EXPECT_FALSE(this->quirks.exists("people"));
}

TYPED_TEST_P(SinkContract, PreparingTwiceIsOnce) {
    Rows rows{this->people()};
    EXPECT_FALSE(this->sink->prepare(this->upsert(), rows.schema()).empty());
    EXPECT_TRUE(this->sink->prepare(this->upsert(), rows.schema()).empty());
    EXPECT_TRUE(this->quirks.exists("people"));
}

TYPED_TEST_P(SinkContract, ACancelledWriteLeavesNothing) {
    Rows rows{this->people()};
    rows.add(1, "a");
    TestCall call;
    call.cancel();
    {
        Writer writer = this->sink->start(this->append(), rows.schema());
        this->expect_failure(WEIR_E_CANCELLED, [&] {
            writer.write(rows, call.get());
            writer.commit("{}", true, call.get());
        });
    }
    EXPECT_TRUE(this->content().empty());
}

TYPED_TEST_P(SinkContract, AWriteStoppedInItsMiddleIsWholeOrNotAtAll) {
    for (int looks = 0; looks < 6; ++looks) {
        bool const is_late = looks % 2 != 0;
        TestCall call;
        is_late ? call.be_late_after(looks) : call.cancel_after(looks);
        Rows rows{this->people()};
        rows.add(2 * looks, "a").add(2 * looks + 1, "b");
        Writer writer = this->sink->start(this->append(), rows.schema());
        std::size_t const before = this->content().size();
        bool is_well = false;
        try {
            writer.write(rows, call.get());
            writer.commit("{}", true, call.get());
            is_well = true;
        } catch (Failure const& failure) {
            EXPECT_EQ(failure.status, is_late ? WEIR_E_TIMEOUT : WEIR_E_CANCELLED)
                << failure.what();
        }
        writer.close();
        std::size_t const written = this->content().size() - before;
        EXPECT_TRUE(written == 2 || (written == 0 && !is_well))
            << written << " rows of 2 are there, stopped after " << looks << " looks";
    }
}

TYPED_TEST_P(SinkContract, AReloadedCopyFencesTheOneBefore) {
    Rows rows{this->people()}, late{this->people()};
    rows.add(1, "a");
    late.add(2, "late");
    Writer before = this->sink->start(this->append(), rows.schema());
    before.write(rows);
    before.commit("{\"at\":1}");
    LibraryCopy const copy{this->quirks.library()};
    Plugin const fresh{copy.path()};
    SinkInstance again{this->host, fresh.component(this->quirks.component()),
                       this->quirks.config()};
    Writer after = again.begin(this->append());
    EXPECT_EQ(after.cursor(), "{\"at\":1}");
    this->expect_failure(WEIR_E_FENCED, [&] {
        before.write(late);
        before.commit("{\"at\":2}");
    });
    EXPECT_EQ(this->content(), (Content{{"1", "a"}}));
}

TYPED_TEST_P(SinkContract, LeavesNoThreadBehind) {
    std::ptrdiff_t const left = threads_left_by([&] {
        SinkInstance one{this->host, this->plugin.component(this->quirks.component()),
                         this->quirks.config()};
        Rows rows{this->people()};
        rows.add(1, "a");
        Writer writer = one.start(this->upsert(), rows.schema());
        writer.write(rows);
        writer.commit("{}", true);
    });
    EXPECT_LE(left, 0) << "close() joins what begin() and write() began, and destroy() what "
                          "create() began";
}

TYPED_TEST_P(SinkContract, NoSecretIsSaid) {
    Rows rows{this->people()};
    for (Json const& config : this->quirks.broken_configs()) {
        bool refused = false;
        try {
            SinkInstance broken{this->host, this->plugin.component(this->quirks.component()),
                                config};
            broken.start(this->append(), rows.schema());
        } catch (Failure const& failure) {
            refused = std::string_view{failure.what()}.size() > 10;
        }
        EXPECT_TRUE(refused) << config << " went well, or was refused without a sentence";
    }
    for (std::string const& secret : this->quirks.secrets())
        EXPECT_EQ(this->host.everything_said().find(secret), std::string::npos);
}

REGISTER_TYPED_TEST_SUITE_P(SinkContract, WritesWhatItIsGiven,
                            ExtremesOfEveryTypeAreWrittenOrRefused,
                            ARunThatIsNotCommittedLeavesNothing,
                            ABatchIsWrittenWholeOrNotAtAll,
                            ARefusedRowIsNamedAndTheOthersAreWritten,
                            TextThatIsNoUtf8IsRefused, AppendTwiceIsTwice, UpsertTwiceIsOnce,
                            TheLastOfOneKeyWins, TheCursorComesBackWithItsRows,
                            ACursorMayMoveWithoutRows, AnEmptyCursorClearsThePosition,
                            PeekSaysWhatBeginWouldFind, AResetForgetsThePosition,
                            PositionsOfTwoStreamsAreApart, APositionWhoseTargetIsGoneIsIgnored,
                            TheLaterOwnerFencesTheEarlier, AnOlderEpochIsRefused,
                            StagedRowsShowAtTheEnd, StagedRowsOfADeadRunAreDropped,
                            ADryRunSaysWhatItWouldDoAndDoesNothing, PreparingTwiceIsOnce,
                            ACancelledWriteLeavesNothing,
                            AWriteStoppedInItsMiddleIsWholeOrNotAtAll,
                            AReloadedCopyFencesTheOneBefore, LeavesNoThreadBehind,
                            NoSecretIsSaid);

}  // namespace weir::testkit

/// Runs the suite on a sink: WEIR_TEST_SINK(Acme, AcmeQuirks).
#define WEIR_TEST_SINK(Name, Quirks)                            \
    namespace weir::testkit {                                   \
    INSTANTIATE_TYPED_TEST_SUITE_P(Name, SinkContract, Quirks); \
    }                                                           \
    static_assert(true)
