#pragma once

#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <set>
#include <thread>

#include "weir/testkit/quirks.hpp"

namespace weir::testkit {

/// What every source must do; instantiated by WEIR_TEST_SOURCE.
template <class Q>
class SourceContract : public testing::Test {
protected:
    static constexpr std::int64_t rows = 50;

    void make(std::int64_t count, std::int64_t ties = 1) {
        sample = quirks.make(count, ties);
        source = std::make_unique<SourceInstance>(host, component(), quirks.config());
    }
    weir_component const& component() {
        if (!plugin) plugin.emplace(quirks.library());
        return plugin->component(quirks.component());
    }
    ReadRequest full() const {
        return {.stream = sample.stream, .select = {{"key", sample.key}}, .rows_max = 7};
    }
    ReadRequest delta() const {
        ReadRequest request = full();
        request.mode = WEIR_READ_DELTA;
        request.select["tracking"] = sample.tracking;
        return request;
    }
    /// Every record of the read, each batch of which is as Arrow wants it.
    std::vector<Record> read(ReadRequest const& request) {
        std::vector<Record> all;
        Reader reader = source->open(request);
        EXPECT_EQ(flaw_of(reader.fields()), "");
        while (std::optional<ReadBatch> batch = reader.next()) {
            std::string const flaw = flaw_of(batch->fields(), batch->array());
            EXPECT_EQ(flaw, "");
            if (!flaw.empty()) return all;
            for (Record& record : batch->records()) all.push_back(std::move(record));
        }
        return all;
    }

    /// Reads `request` in one pass, then again from the cursor after each batch: the rest must be
    /// the rest.
    void expect_resumes(ReadRequest request) {
        std::vector<Record> const all = read(request);
        ASSERT_EQ(static_cast<std::int64_t>(all.size()), rows);
        std::size_t done = 0;
        Reader reader = source->open(request);
        while (std::optional<ReadBatch> batch = reader.next()) {
            done += static_cast<std::size_t>(batch->rows());
            ASSERT_TRUE(batch->cursor()) << "a read with a key can be resumed after each batch";
            request.cursor = *batch->cursor();
            std::vector<Record> const expected{all.begin() + static_cast<std::ptrdiff_t>(done),
                                               all.end()};
            EXPECT_EQ(read(request), expected) << "after " << done << " rows, " << request.cursor;
        }
        EXPECT_EQ(done, all.size());
    }
    /// Opens and reads with `call` to the end, which must not be reached.
    void expect_ended(TestCall& call, weir_status wanted) {
        try {
            Reader reader = source->open(full(), call.get());
            while (reader.next(call.get())) {
            }
            ADD_FAILURE() << "the read went on to its end";
        } catch (Failure const& failure) {
            EXPECT_EQ(failure.status, wanted) << failure.what();
        }
    }
    std::string refusal(ReadRequest const& request, weir_status wanted) {
        try {
            read(request);
        } catch (Failure const& failure) {
            EXPECT_EQ(failure.status, wanted) << failure.what();
            EXPECT_FALSE(failure.code.empty()) << failure.what();
            return failure.what();
        }
        ADD_FAILURE() << "the read went well";
        return {};
    }

    Q quirks;
    TestHost host;
    std::optional<Plugin> plugin;
    Sample sample;
    std::unique_ptr<SourceInstance> source;
};
TYPED_TEST_SUITE_P(SourceContract);

TYPED_TEST_P(SourceContract, Discovers) {
    this->make(3);
    std::vector<FoundStream> const all = this->source->discover();
    auto const found = std::find_if(all.begin(), all.end(), [this](FoundStream const& stream) {
        return stream.name == this->sample.stream;
    });
    ASSERT_NE(found, all.end());
    EXPECT_TRUE(found->modes & WEIR_READ_FULL);
    EXPECT_GE(found->fields.size(), 2u);
    EXPECT_EQ(flaw_of(found->fields), "");
    Json const keys = found->meta.value("keys", Json::array());
    EXPECT_EQ(keys.empty() ? Json{} : keys[0], Json(this->sample.key)) << "keys of meta_json";
    EXPECT_NE(found->meta.value("target", ""), "") << "target of meta_json";
    EXPECT_EQ(found->meta.value("fields", Json::array()).size(), found->fields.size())
        << "fields of meta_json";
}

TYPED_TEST_P(SourceContract, DiscoversByName) {
    this->make(3);
    std::vector<FoundStream> const one = this->source->discover(this->sample.stream.c_str());
    ASSERT_EQ(one.size(), 1u);
    EXPECT_EQ(one[0].name, this->sample.stream);
    EXPECT_TRUE(this->source->discover("no_such_stream_at_all").empty());
}

TYPED_TEST_P(SourceContract, ReadsEachRecordOnce) {
    this->make(this->rows);
    std::vector<Record> const all = this->read(this->full());
    EXPECT_EQ(static_cast<std::int64_t>(all.size()), this->rows);
    EXPECT_EQ(std::set<Record>(all.begin(), all.end()).size(), all.size());
    EXPECT_EQ(this->read(this->full()), all) << "the order is the same each time";
}

TYPED_TEST_P(SourceContract, NullsAndExtremesOfEveryTypeArriveAsTheyAre) {
    Known const known = this->quirks.make_extremes();
    if (known.records.empty()) return;
    this->sample = known.sample;
    this->source =
        std::make_unique<SourceInstance>(this->host, this->component(), this->quirks.config());
    ReadRequest request = this->full();
    for (std::uint32_t const rows_max : {1u, 2u, 8192u}) {
        request.rows_max = rows_max;
        EXPECT_EQ(this->read(request), known.records) << rows_max << " rows in a batch";
    }
}

TYPED_TEST_P(SourceContract, ResumesAFullReadAfterEachBatch) {
    this->make(this->rows);
    this->expect_resumes(this->full());
}

TYPED_TEST_P(SourceContract, ResumesADeltaReadAfterEachBatch) {
    this->make(this->rows);
    this->expect_resumes(this->delta());
}

TYPED_TEST_P(SourceContract, ResumesAmongRecordsOfOneTrackingValue) {
    this->make(this->rows, this->rows);
    this->expect_resumes(this->delta());
}

TYPED_TEST_P(SourceContract, ASecondDeltaReadsNothing) {
    this->make(this->rows, 4);
    Reader reader = this->source->open(this->delta());
    std::optional<std::string> last;
    while (std::optional<ReadBatch> batch = reader.next()) last = batch->cursor();
    if (reader.end_cursor()) last = reader.end_cursor();
    ASSERT_TRUE(last);
    ReadRequest again = this->delta();
    again.cursor = *last;
    Reader second = this->source->open(again);
    EXPECT_EQ(second.rest().size(), 0u);
    EXPECT_TRUE(second.end_cursor()) << "else the position would be lost at the end";
}

TYPED_TEST_P(SourceContract, AnEmptyStreamHasASchemaAndNoRecords) {
    this->make(0);
    Reader reader = this->source->open(this->full());
    EXPECT_GE(reader.fields().size(), 2u);
    EXPECT_EQ(reader.rest().size(), 0u);
    Reader delta = this->source->open(this->delta());
    EXPECT_EQ(delta.rest().size(), 0u);
}

TYPED_TEST_P(SourceContract, ABatchEndsAtTheRowLimit) {
    this->make(this->rows);
    ReadRequest request = this->full();
    for (std::uint32_t const limit : {1u, 7u, 50u, 51u}) {
        request.rows_max = limit;
        Reader reader = this->source->open(request);
        while (std::optional<ReadBatch> batch = reader.next()) EXPECT_LE(batch->rows(), limit);
    }
}

TYPED_TEST_P(SourceContract, ABatchEndsAtTheByteLimit) {
    this->make(this->rows);
    ReadRequest request = this->full();
    request.rows_max = 1000;
    request.bytes_max = 1;
    Reader reader = this->source->open(request);
    std::int64_t sum = 0;
    while (std::optional<ReadBatch> batch = reader.next()) {
        ASSERT_EQ(batch->rows(), 1) << "one record may exceed the limit, alone in its batch";
        sum += batch->rows();
    }
    EXPECT_EQ(sum, this->rows);
}

TYPED_TEST_P(SourceContract, AnswersTheFieldsAskedForInTheirOrder) {
    this->make(3);
    Reader all = this->source->open(this->full());
    std::string const first = all.fields().front().name, last = all.fields().back().name;
    ReadRequest request = this->full();
    request.select["fields"] = {last, first};
    Reader some = this->source->open(request);
    ASSERT_EQ(some.fields().size(), 2u);
    EXPECT_EQ(some.fields()[0].name, last);
    EXPECT_EQ(some.fields()[1].name, first);
    EXPECT_EQ(some.rest().size(), 3u);
}

TYPED_TEST_P(SourceContract, EndsAtTheLimit) {
    this->make(this->rows);
    ReadRequest request = this->full();
    for (std::size_t const limit : {std::size_t{1}, std::size_t{7}, std::size_t{10}}) {
        request.select["limit"] = limit;
        EXPECT_EQ(this->read(request).size(), limit);
    }
}

TYPED_TEST_P(SourceContract, ReadsOnePassWithoutAKey) {
    this->make(this->rows);
    ReadRequest request = this->full();
    request.select["key"] = Json::array();
    EXPECT_EQ(static_cast<std::int64_t>(this->read(request).size()), this->rows);
}

TYPED_TEST_P(SourceContract, CancellingEndsARead) {
    this->make(2000);
    Reader reader = this->source->open(this->full());
    TestCall call;
    ASSERT_TRUE(reader.next(call.get()));
    std::thread stopper{[&] {
        call.cancel();
        reader.interrupt();
    }};
    stopper.join();
    try {
        while (reader.next(call.get())) {
        }
        ADD_FAILURE() << "the read went on to its end";
    } catch (Failure const& failure) {
        EXPECT_EQ(failure.status, WEIR_E_CANCELLED) << failure.what();
    }
}

TYPED_TEST_P(SourceContract, CancellingInTheMiddleOfACallEndsARead) {
    this->make(2000);
    for (int const looks : {0, 1, 2, 3, 10}) {
        TestCall call;
        call.cancel_after(looks);
        this->expect_ended(call, WEIR_E_CANCELLED);
    }
}

TYPED_TEST_P(SourceContract, ADeadlineInTheMiddleOfACallEndsARead) {
    this->make(2000);
    for (int const looks : {0, 1, 2, 3, 10}) {
        TestCall call;
        call.be_late_after(looks);
        this->expect_ended(call, WEIR_E_TIMEOUT);
    }
}

TYPED_TEST_P(SourceContract, AReloadedCopyGoesOnFromACursor) {
    this->make(this->rows);
    std::vector<Record> const all = this->read(this->full());
    ReadRequest request = this->full();
    std::vector<Record> begun;
    {
        Reader reader = this->source->open(request);
        std::optional<ReadBatch> batch = reader.next();
        ASSERT_TRUE(batch && batch->cursor());
        begun = batch->records();
        request.cursor = *batch->cursor();
    }
    LibraryCopy const copy{this->quirks.library()};
    Plugin const fresh{copy.path()};
    SourceInstance again{this->host, fresh.component(this->quirks.component()),
                         this->quirks.config()};
    for (Record& record : again.open(request).rest()) begun.push_back(std::move(record));
    EXPECT_EQ(begun, all);
}

TYPED_TEST_P(SourceContract, TwoReadsOfOneInstanceAreApart) {
    this->make(this->rows);
    std::vector<Record> const all = this->read(this->full());
    Reader first = this->source->open(this->full());
    std::vector<Record> begun = first.next().value().records();
    EXPECT_EQ(this->read(this->full()), all);
    for (Record& record : first.rest()) begun.push_back(std::move(record));
    EXPECT_EQ(begun, all);
}

TYPED_TEST_P(SourceContract, ReadingAgainAndAgainKeepsNoMemory) {
    constexpr std::size_t smallest_chunk = 32;  // of the C library
    this->make(this->rows);
    auto const read_some = [this] {
        Reader reader = this->source->open(this->full());
        reader.next();  // closed in the middle of the stream
        this->read(this->full());
    };
    constexpr int rounds = 50, windows_max = 40;
    // Caches fill in some windows; what is forgotten with each read shows in all of them.
    std::size_t least = SIZE_MAX;
    for (int window = 0; window < windows_max && least >= rounds * smallest_chunk; ++window) {
        std::size_t const before = mallinfo2().uordblks;
        for (int i = 0; i < rounds; ++i) read_some();
        this->host.forget();
        std::size_t const after = mallinfo2().uordblks;
        least = std::min(least, after > before ? after - before : 0);
    }
    EXPECT_LT(least, rounds * smallest_chunk) << "memory grows with every read";
}

TYPED_TEST_P(SourceContract, AStreamThatIsNotThereIsAnError) {
    this->make(3);
    ReadRequest request = this->full();
    request.stream += "_gone";
    EXPECT_NE(this->refusal(request, WEIR_E_NOT_FOUND).find(request.stream), std::string::npos);
}

TYPED_TEST_P(SourceContract, AFieldThatIsNotThereIsAnError) {
    this->make(3);
    ReadRequest request = this->full();
    request.select["fields"] = {"no_such_field"};
    EXPECT_NE(this->refusal(request, WEIR_E_NOT_FOUND).find("no_such_field"), std::string::npos);
    request = this->delta();
    request.select["tracking"] = "no_such_field";
    EXPECT_NE(this->refusal(request, WEIR_E_NOT_FOUND).find("no_such_field"), std::string::npos);
}

TYPED_TEST_P(SourceContract, ADamagedCursorIsAnError) {
    this->make(3);
    for (char const* cursor : {"x", "{}", "[1", "{\"key\":{}}"}) {
        ReadRequest request = this->delta();
        request.cursor = cursor;
        EXPECT_THROW(this->read(request), Failure) << cursor;
    }
}

TYPED_TEST_P(SourceContract, NoSecretIsSaid) {
    this->make(3);
    this->read(this->full());
    ReadRequest request = this->full();
    request.stream += "_gone";
    EXPECT_THROW(this->read(request), Failure);
    for (Json const& config : this->quirks.broken_configs()) {
        bool refused = false;
        try {
            SourceInstance broken{this->host, this->component(), config};
            broken.discover();
        } catch (Failure const& failure) {
            refused = std::string_view{failure.what()}.size() > 10;
        }
        EXPECT_TRUE(refused) << config << " went well, or was refused without a sentence";
    }
    for (std::string const& secret : this->quirks.secrets())
        EXPECT_EQ(this->host.everything_said().find(secret), std::string::npos)
            << this->host.everything_said();
}

TYPED_TEST_P(SourceContract, SaysWhichSystemIsMeantWithoutItsPassword) {
    this->make(0);
    Json const about = this->source->describe();
    EXPECT_FALSE(about.at("identity").template get<std::string>().empty());
    for (std::string const& secret : this->quirks.secrets())
        EXPECT_EQ(about.dump().find(secret), std::string::npos);
}

REGISTER_TYPED_TEST_SUITE_P(SourceContract, Discovers, DiscoversByName, ReadsEachRecordOnce,
                            NullsAndExtremesOfEveryTypeArriveAsTheyAre,
                            ResumesAFullReadAfterEachBatch, ResumesADeltaReadAfterEachBatch,
                            ResumesAmongRecordsOfOneTrackingValue, ASecondDeltaReadsNothing,
                            AnEmptyStreamHasASchemaAndNoRecords, ABatchEndsAtTheRowLimit,
                            ABatchEndsAtTheByteLimit, AnswersTheFieldsAskedForInTheirOrder,
                            EndsAtTheLimit, ReadsOnePassWithoutAKey, CancellingEndsARead,
                            CancellingInTheMiddleOfACallEndsARead,
                            ADeadlineInTheMiddleOfACallEndsARead, AReloadedCopyGoesOnFromACursor,
                            TwoReadsOfOneInstanceAreApart, ReadingAgainAndAgainKeepsNoMemory,
                            AStreamThatIsNotThereIsAnError, AFieldThatIsNotThereIsAnError,
                            ADamagedCursorIsAnError, NoSecretIsSaid,
                            SaysWhichSystemIsMeantWithoutItsPassword);

}  // namespace weir::testkit

/// Runs the suite on a source: WEIR_TEST_SOURCE(Acme, AcmeQuirks).
#define WEIR_TEST_SOURCE(Name, Quirks)                            \
    namespace weir::testkit {                                     \
    INSTANTIATE_TYPED_TEST_SUITE_P(Name, SourceContract, Quirks); \
    }                                                             \
    static_assert(true)
