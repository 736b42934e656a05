// The formats that cross the boundary, and how large a batch is.
#include <weir/cpp/batch.hpp>

#include "abi/fixture.hpp"
#include "host/abi/arrow_check.hpp"
#include "host/abi/arrow_owned.hpp"

namespace weir::host {
namespace {

/// A struct of one field of this format.
struct OneField {
    explicit OneField(char const* format) {
        field.format = format;
        field.name = "f";
        top.format = "+s";
        top.n_children = 1;
        top.children = &pointer;
    }
    ArrowSchema field{}, top{};
    ArrowSchema* pointer = &field;
};

TEST(ArrowSchemaCheck, TakesEveryFormatThatCrossesTheBoundary) {
    for (char const* format :
         {"b",   "c",    "C",   "s",       "S",     "i",       "I",
          "l",   "L",    "f",   "g",       "u",     "U",       "z",
          "Z",   "w:16", "w:1", "d:38,10", "d:1,0", "tdD",     "tdm",
          "tts", "ttm",  "ttu", "ttn",     "tss:",  "tsm:UTC", "tsu:Europe/Berlin",
          "tsn:"})
        EXPECT_EQ(check_schema(OneField{format}.top), "") << format;
}

TEST(ArrowSchemaCheck, RefusesEveryOtherByTheNameOfTheField) {
    for (char const* format :
         {"",   "n",      "e",    "x",         "+s",   "+l",  "+m",
          "vu", "vz",     "w:",   "w:0",       "w:-1", "w:x", "w:99999999999999999999",
          "d:", "d:39,0", "d:5",  "d:5,2,256", "tdx",  "ttx", "tt",
          "ts", "tsu",    "tsx:", "tDu",       "tin",  "uu"})
        EXPECT_NE(check_schema(OneField{format}.top).find("field \"f\""), std::string::npos)
            << format;
}

TEST(ArrowSchemaCheck, RefusesImpossibleCountsAndMetadata) {
    OneField one{"l"};
    one.top.n_children = -1;
    EXPECT_NE(check_schema(one.top), "");
    one.top.n_children = fields_max + 1;
    EXPECT_NE(check_schema(one.top), "");
    one.top.n_children = 1;
    alignas(4) char metadata[12] = {};
    one.field.metadata = metadata;
    EXPECT_EQ(check_schema(one.top), "") << "no pairs";
    std::int32_t const numbers[] = {1, -5};
    std::memcpy(metadata, numbers, sizeof numbers);
    EXPECT_NE(check_schema(one.top).find("metadata of a negative size in field \"f\""),
              std::string::npos);
    std::int32_t const large[] = {1, 1 << 30};
    std::memcpy(metadata, large, sizeof large);
    EXPECT_NE(check_schema(one.top).find("more than 65536 bytes of metadata"), std::string::npos);
}

TEST(ArrowSchemaCheck, ACopyIsTheSameAndStandsAlone) {
    ArrowSchema made;
    export_schema({{"id", Type::uuid, false, "uuid"}, {"n", Type::decimal, true, {}, 12, 2}},
                  &made);
    OwnedSchema const copy = copy_schema(made);
    made.release(&made);
    ASSERT_EQ(copy->n_children, 2);
    EXPECT_STREQ(copy->format, "+s");
    EXPECT_STREQ(copy->children[0]->name, "id");
    EXPECT_EQ(copy->children[0]->flags, 0);
    EXPECT_EQ(detail::metadata_value(copy->children[0]->metadata, "weir.type"), "uuid");
    EXPECT_EQ(detail::metadata_value(copy->children[0]->metadata, "ARROW:extension:name"),
              "arrow.uuid");
    EXPECT_STREQ(copy->children[1]->format, "d:12,2");
    EXPECT_EQ(copy->children[1]->flags, ARROW_FLAG_NULLABLE);
}

TEST(BatchCheck, CountsTheBytesThatTheRowsUse) {
    Schema const schema{{"i", Type::int64},
                        {"b", Type::boolean},
                        {"t", Type::utf8},
                        {"u", Type::uuid},
                        {"d", Type::date}};
    ArrowSchema exported;
    export_schema(schema, &exported);
    BatchCheck const check{exported};
    Batch batch{schema};
    for (int row = 0; row < 10; ++row) {
        batch.column(0).integer(row);
        batch.column(1).boolean(true);
        batch.column(2).text("four");
        batch.column(3).bytes16("0123456789abcdef");
        if (row == 3)
            batch.column(4).null();
        else
            batch.column(4).integer(row);
    }
    ArrowArray array;
    batch.finish(&array);
    EXPECT_EQ(check.check(array), "");
    EXPECT_EQ(check.bytes(array), 80u + 2 + (40 + 44) + 160 + (40 + 2));
    array.release(&array);
    exported.release(&exported);
}

TEST(BatchCheck, TakesABatchWithoutRows) {
    Schema const schema{{"i", Type::int64}, {"t", Type::utf8}};
    ArrowSchema exported;
    export_schema(schema, &exported);
    BatchCheck const check{exported};
    Batch batch{schema};
    ArrowArray array;
    batch.finish(&array);
    EXPECT_EQ(check.check(array), "");
    EXPECT_EQ(check.bytes(array), 0u);
    array.release(&array);
    exported.release(&exported);
}

TEST(BatchCheck, HonoursTheOffsetOfAColumn) {
    OneField field{"u"};
    BatchCheck const check{field.top};
    alignas(8) std::int32_t offsets[] = {90, 0, 3, 5};  // the first is before the offset
    alignas(8) char const text[] = "abcde";
    void const* buffers[] = {nullptr, offsets, text};
    ArrowArray column{2, 0, 1, 3, 0, buffers, nullptr, nullptr, nullptr, nullptr};
    ArrowArray* columns[] = {&column};
    void const* none[] = {nullptr};
    ArrowArray const array{2, 0, 0, 1, 1, none, columns, nullptr, nullptr, nullptr};
    EXPECT_EQ(check.check(array), "");
    EXPECT_EQ(check.bytes(array), 5u + 3 * 4);
    column.offset = 0;
    EXPECT_NE(check.check(array), "");
}

/// What the C++ layer says to whoever builds a batch wrongly.
template <class Deed>
std::string refusal(Schema const& schema, Deed&& deed) {
    Batch batch{schema};
    ArrowArray array{};
    try {
        deed(batch);
        batch.finish(&array);
        array.release(&array);
    } catch (weir::Error const& error) {
        return error.message;
    }
    return "nothing";
}

TEST(BatchOfTheCppLayer, TakesOnlyWhatAFieldIs) {
    Schema const schema{{"n", Type::int64}, {"t", Type::utf8}};
    EXPECT_EQ(refusal(schema, [](Batch& batch) { batch.row(1, "one"); }), "nothing");
    EXPECT_EQ(refusal(schema, [](Batch& batch) { batch.column(0).text("hello"); }),
              "the field \"n\" is of type int64, which text() does not write");
    EXPECT_EQ(refusal(schema, [](Batch& batch) { batch.column(1).integer(1); }),
              "the field \"t\" is of type utf8, which integer() does not write");
    EXPECT_EQ(refusal(schema, [](Batch& batch) { batch.row(1.5, "one"); }),
              "the field \"n\" is of type int64, which float64() does not write");
    EXPECT_EQ(refusal({{"f", Type::float32}}, [](Batch& batch) { batch.row(1.5); }),
              "the field \"f\" is of type float32, which float64() does not write");
    EXPECT_EQ(refusal({{"d", Type::date}}, [](Batch& batch) { batch.row(INT64_C(1) << 31); }),
              "the field \"d\" is of type date, which cannot hold 2147483648");
    EXPECT_EQ(refusal({{"u", Type::uint64}}, [](Batch& batch) { batch.row(UINT64_MAX); }),
              "nothing");
    EXPECT_EQ(refusal({{"u", Type::uint64}}, [](Batch& batch) { batch.row(-1); }),
              "the field \"u\" is of type uint64, which cannot hold -1");
}

TEST(BatchOfTheCppLayer, WantsAValueOfEachFieldInEachRow) {
    Schema const schema{{"n", Type::int64}, {"t", Type::utf8}};
    EXPECT_EQ(refusal(schema, [](Batch& batch) { batch.row(1); }),
              "a batch of 2 fields is given 1");
    EXPECT_EQ(refusal(schema, [](Batch& batch) { batch.column(2).integer(1); }),
              "a batch of 2 fields is given 3");
    EXPECT_EQ(refusal(schema,
                      [](Batch& batch) {
                          batch.row(1, "one");
                          batch.column(0).integer(2);
                      }),
              "the field \"n\" has 2 values where \"t\" has 1");
}

}  // namespace
}  // namespace weir::host
