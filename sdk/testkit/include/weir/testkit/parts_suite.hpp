#pragma once

#include <map>

#include "weir/testkit/source_suite.hpp"

namespace weir::testkit {

/// What a source that says `"parts":true` in describe must do; instantiated by WEIR_TEST_PARTS. One
/// that says nothing of parts is left alone.
template <class Q>
class PartsContract : public SourceContract<Q> {
protected:
    using Place = std::vector<std::string>;
    static constexpr std::size_t parts = 4;

    /// Makes the stream; false: it has no parts.
    bool make_parts() {
        this->make(this->rows);
        return this->source->describe().value("parts", Json{}) == Json(true);
    }
    /// Where the source cuts the stream.
    std::vector<Place> cut() {
        ReadRequest request = this->full();
        request.select["cut"] = parts;
        std::vector<Place> places;
        for (Record const& record : this->read(request)) {
            EXPECT_EQ(record.size(), this->sample.key.size()) << "a text for each field of the key";
            Place& place = places.emplace_back();
            for (std::optional<std::string> const& value : record) {
                EXPECT_TRUE(value) << "a place with null";
                place.push_back(value.value_or(""));
            }
        }
        EXPECT_LT(places.size(), parts) << "more places than " << parts << " parts have";
        return places;
    }
    /// Places between parts, which any keys are: those of some of the records.
    std::vector<Place> places_among(std::vector<Record> const& all) {
        Reader reader = this->source->open(this->full());
        std::vector<std::size_t> columns;
        for (std::string const& name : this->sample.key)
            for (std::size_t i = 0; i < reader.fields().size(); ++i)
                if (reader.fields()[i].name == name && is_plain(reader.fields()[i]))
                    columns.push_back(i);
        if (columns.size() != this->sample.key.size()) return {};
        std::vector<Place> places;
        for (std::size_t const at : {all.size() / 3, all.size() / 3 + 1, all.size() - 2}) {
            Place& place = places.emplace_back();
            for (std::size_t const column : columns) place.push_back(all[at][column].value());
        }
        return places;
    }
    /// Whether its values are printed here as a place has them.
    static bool is_plain(FieldView const& field) {
        bool const is_integer = field.layout == Layout::int64 || field.layout == Layout::int32;
        return field.meaning == Meaning::plain && (is_integer || field.layout == Layout::text);
    }
    std::vector<ReadRequest> requests(std::vector<Place> const& places) const {
        std::vector<ReadRequest> all(places.size() + 1, this->full());
        for (std::size_t i = 0; i < places.size(); ++i) {
            all[i].select["upto"] = places[i];
            all[i + 1].select["above"] = places[i];
        }
        return all;
    }
    /// Each of `all` stands in one of the parts between `places`.
    void expect_each_once(std::vector<Record> const& all, std::vector<Place> const& places) {
        std::map<Record, int> seen;
        for (Record const& record : all) seen[record] = 0;
        for (ReadRequest const& request : requests(places))
            for (Record const& record : this->read(request)) {
                ASSERT_TRUE(seen.contains(record)) << "a part holds what the stream does not: "
                                                   << testing::PrintToString(record);
                ++seen[record];
            }
        for (auto const& [record, times] : seen)
            ASSERT_EQ(times, 1) << "so many of the parts between " << Json(places)
                                << " hold the record " << testing::PrintToString(record);
    }
};
TYPED_TEST_SUITE_P(PartsContract);

TYPED_TEST_P(PartsContract, PartsHoldEachRecordOnce) {
    if (!this->make_parts()) return;
    std::vector<Record> const all = this->read(this->full());
    ASSERT_EQ(static_cast<std::int64_t>(all.size()), this->rows);
    this->expect_each_once(all, this->cut());
    this->expect_each_once(all, this->places_among(all));
}

TYPED_TEST_P(PartsContract, APartGoesOnAtItsCursorAndEndsWhereItEnds) {
    if (!this->make_parts()) return;
    std::vector<Record> const all = this->read(this->full());
    for (auto const& places : {this->cut(), this->places_among(all)}) {
        for (ReadRequest request : this->requests(places)) {
            request.rows_max = 3;
            std::vector<Record> const part = this->read(request);
            std::size_t done = 0;
            Reader reader = this->source->open(request);
            while (std::optional<ReadBatch> batch = reader.next()) {
                done += static_cast<std::size_t>(batch->rows());
                ASSERT_TRUE(batch->cursor()) << "a part can be resumed after each batch";
                request.cursor = *batch->cursor();
                std::vector<Record> const rest{part.begin() + static_cast<std::ptrdiff_t>(done),
                                               part.end()};
                EXPECT_EQ(this->read(request), rest) << "after " << done << " rows of a part of "
                                                     << part.size() << ", " << request.cursor;
            }
        }
    }
}

REGISTER_TYPED_TEST_SUITE_P(PartsContract, PartsHoldEachRecordOnce,
                            APartGoesOnAtItsCursorAndEndsWhereItEnds);

// Who instantiates the suite of sources alone goes without.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PartsContract);

}  // namespace weir::testkit

/// Runs the suite on a source that may be read in parts: WEIR_TEST_PARTS(Acme, AcmeQuirks).
#define WEIR_TEST_PARTS(Name, Quirks)                            \
    namespace weir::testkit {                                    \
    INSTANTIATE_TYPED_TEST_SUITE_P(Name, PartsContract, Quirks); \
    }                                                            \
    static_assert(true)
