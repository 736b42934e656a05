// The Arrow builders of the SDK, read back through its views.
#include <gtest/gtest.h>

#include <limits>

#include "weir/cpp/config.hpp"
#include "weir/testkit/quirks.hpp"
#include "weir/testkit/rows.hpp"

namespace weir {
namespace {

using testkit::Record;
using testkit::records_of;

struct Exported {
    explicit Exported(Batch& batch) {
        export_schema(batch.schema(), &schema);
        batch.finish(&array);
        fields = fields_of(schema);
    }
    ~Exported() {
        schema.release(&schema);
        array.release(&array);
    }
    std::vector<Record> records() const { return records_of(fields, array); }
    ArrowSchema schema{};
    ArrowArray array{};
    std::vector<FieldView> fields;
};

TEST(Batch, KeepsEachTypesExtremes) {
    Batch batch{Schema{{"b", Type::boolean},
                       {"l", Type::int64},
                       {"u", Type::uint64},
                       {"f", Type::float32},
                       {"g", Type::float64},
                       {"s", Type::utf8},
                       {"z", Type::binary},
                       {"d", Type::date},
                       {"t", Type::instant}}};
    batch.column(0).boolean(true);
    batch.column(1).integer(INT64_MIN);
    batch.column(2).unsigned_integer(UINT64_MAX);
    batch.column(3).float32(1.1F);
    batch.column(4).float64(-0.0);
    batch.column(5).text("é😀");
    batch.column(6).text(std::string_view{"\0x", 2});
    batch.column(7).integer(-1);
    batch.column(8).integer(INT64_MAX);
    Exported const out{batch};
    EXPECT_EQ(out.records(),
              (std::vector<Record>{{"true", "-9223372036854775808", "18446744073709551615",
                                    "1.1000000238418579", "-0", "é😀", std::string{"\0x", 2}, "-1",
                                    "9223372036854775807"}}));
    EXPECT_EQ(testkit::flaw_of(out.fields, out.array), "");
}

TEST(Batch, MarksNullsWhereverTheyBegin) {
    for (int first_null : {0, 1, 7, 8, 9, 63, 64, 199}) {
        Batch batch{Schema{{"a", Type::utf8}, {"b", Type::boolean}, {"c", Type::uuid}}};
        for (int row = 0; row < 200; ++row) {
            if (row >= first_null && row % 3 == first_null % 3) {
                batch.row(nullptr, nullptr, nullptr);
            } else {
                batch.column(0).text("x");
                batch.column(1).boolean(row % 2 == 0);
                batch.column(2).bytes16("0123456789abcdef");
            }
        }
        Exported const out{batch};
        EXPECT_EQ(testkit::flaw_of(out.fields, out.array), "") << first_null;
        std::vector<Record> const records = out.records();
        for (int row = 0; row < 200; ++row)
            EXPECT_EQ(records[static_cast<std::size_t>(row)][0].has_value(),
                      !(row >= first_null && row % 3 == first_null % 3))
                << row;
    }
}

TEST(Batch, IsEmptyAfterItWasFinished) {
    Batch batch{Schema{{"a", Type::utf8}}};
    batch.row("one");
    Exported const first{batch};
    EXPECT_EQ(batch.rows(), 0);
    batch.row("two");
    Exported const second{batch};
    EXPECT_EQ(first.records(), (std::vector<Record>{{"one"}}));
    EXPECT_EQ(second.records(), (std::vector<Record>{{"two"}}));
}

TEST(Batch, AColumnMayOutliveItsBatch) {
    Batch batch{Schema{{"a", Type::utf8}, {"b", Type::int64}}};
    batch.row("one", 1);
    ArrowArray array{};
    batch.finish(&array);
    ArrowArray moved = *array.children[0];  // as the specification allows
    array.children[0]->release = nullptr;
    array.release(&array);
    EXPECT_EQ(moved.length, 1);
    moved.release(&moved);
    EXPECT_EQ(moved.release, nullptr);
}

TEST(Batch, ResetIsToldOnce) {
    Batch batch{Schema{{"a", Type::utf8}}};
    EXPECT_FALSE(batch.take_reset()) << "the first schema is no change";
    batch.row("x");
    batch.reset(Schema{{"a", Type::int64}});
    EXPECT_EQ(batch.rows(), 0);
    EXPECT_TRUE(batch.take_reset());
    EXPECT_FALSE(batch.take_reset());
}

TEST(Schema, EachTypeComesBackAsItWas) {
    struct {
        Field field;
        Layout layout;
        Meaning meaning;
    } const cases[] = {
        {{"a", Type::boolean}, Layout::boolean, Meaning::plain},
        {{"a", Type::int64}, Layout::int64, Meaning::plain},
        {{"a", Type::uint64}, Layout::uint64, Meaning::plain},
        {{"a", Type::float32}, Layout::float32, Meaning::plain},
        {{"a", Type::float64}, Layout::float64, Meaning::plain},
        {{"a", Type::utf8}, Layout::text, Meaning::plain},
        {{"a", Type::binary}, Layout::text, Meaning::binary},
        {{"a", Type::uuid}, Layout::fixed, Meaning::binary},
        {{"a", Type::date}, Layout::int32, Meaning::date},
        {{"a", Type::time}, Layout::int64, Meaning::time},
        {{"a", Type::timestamp}, Layout::int64, Meaning::timestamp},
        {{"a", Type::instant}, Layout::int64, Meaning::instant},
        {{"a", Type::decimal, true, "", 38, 10}, Layout::decimal, Meaning::plain},
        {{"a", Type::numeric}, Layout::text, Meaning::plain},
        {{"a", Type::json}, Layout::text, Meaning::plain},
        {{"a", Type::opaque}, Layout::text, Meaning::plain},
    };
    for (auto const& one : cases) {
        ArrowSchema schema;
        export_schema({one.field}, &schema);
        FieldView const view = fields_of(schema).at(0);
        EXPECT_EQ(view.layout, one.layout) << static_cast<int>(one.field.type);
        EXPECT_EQ(view.meaning, one.meaning) << static_cast<int>(one.field.type);
        EXPECT_EQ(view.extension, detail::extension_of(one.field.type));
        if (one.field.type == Type::decimal) {
            EXPECT_EQ(view.precision, 38);
            EXPECT_EQ(view.scale, 10);
        }
        schema.release(&schema);
    }
}

TEST(Schema, KeepsNameNullabilityAndSourceType) {
    ArrowSchema schema;
    export_schema({{"the id", Type::int64, false, "bigint"}, {"é", Type::utf8}}, &schema);
    std::vector<FieldView> const fields = fields_of(schema);
    EXPECT_EQ(fields[0].name, "the id");
    EXPECT_FALSE(fields[0].nullable);
    EXPECT_EQ(fields[0].source_type, "bigint");
    EXPECT_EQ(fields[1].name, "é");
    EXPECT_TRUE(fields[1].nullable);
    schema.release(&schema);
}

TEST(Schema, AFormatThatDoesNotCrossIsRefused) {
    for (char const* format : {"+l", "vu", "tiM", "e", "d:10,2,256", "ts", ""}) {
        ArrowSchema child{}, parent{};
        child.format = format;
        child.name = "odd";
        ArrowSchema* children[] = {&child};
        parent.format = "+s";
        parent.n_children = 1;
        parent.children = children;
        EXPECT_THROW(fields_of(parent), Error) << format;
    }
}

TEST(ColumnView, HonoursAnOffset) {
    Batch batch{Schema{{"a", Type::utf8}, {"b", Type::boolean}, {"c", Type::int64}}};
    for (int row = 0; row < 20; ++row)
        if (row == 12)
            batch.row(nullptr, nullptr, nullptr);
        else
            batch.row(std::to_string(row), row % 2 == 0, row);
    Exported out{batch};
    for (std::int64_t i = 0; i < 3; ++i) {
        out.array.children[i]->offset = 11;
        out.array.children[i]->length = 3;
    }
    out.array.length = 3;
    EXPECT_EQ(out.records(), (std::vector<Record>{{"11", "false", "11"},
                                                  {std::nullopt, std::nullopt, std::nullopt},
                                                  {"13", "false", "13"}}));
}

TEST(Error, ATextThatIsTooLongIsCutAtACodePoint) {
    std::string text(1022, 'x');
    text += "é😀";
    weir_error out{};
    out.struct_size = sizeof out;
    EXPECT_EQ(detail::explain(&out, Error{WEIR_E_DATA, text}), WEIR_E_DATA);
    EXPECT_EQ(std::string_view{out.message}, std::string(1022, 'x'));
}

TEST(Error, NothingThrowsAcrossTheBarrier) {
    weir_error out{};
    out.struct_size = sizeof out;
    EXPECT_EQ(detail::barrier(&out, []() -> weir_status { throw std::bad_alloc{}; }), WEIR_E_NOMEM);
    EXPECT_EQ(detail::barrier(&out, []() -> weir_status { throw 7; }), WEIR_E_INTERNAL);
    EXPECT_EQ(detail::barrier(&out, []() -> weir_status { throw std::runtime_error{"odd"}; }),
              WEIR_E_INTERNAL);
    EXPECT_STREQ(out.message, "odd");
    EXPECT_EQ(detail::barrier(nullptr,
                              []() -> weir_status {
                                  throw Error{WEIR_E_IO, "x"};
                              }),
              WEIR_E_IO);
}

TEST(Error, AnOlderCallerGetsWhatItHasRoomFor) {
    weir_error out{};
    out.struct_size = offsetof(weir_error, suggestion);
    detail::explain(&out, Error{WEIR_E_DATA, "sentence"}.suggest("do this"));
    EXPECT_STREQ(out.message, "sentence");
    EXPECT_STREQ(out.suggestion, "");
}

TEST(Config, AValueOfAnotherTypeIsNamed) {
    Config const config{R"({"port":"x","list":[1],"on":1,"text":null})"};
    EXPECT_THROW(config.integer("port"), Error);
    EXPECT_THROW(config.names("list"), Error);
    EXPECT_THROW(config.flag("on"), Error);
    EXPECT_EQ(config.text("text", "fallback"), "fallback");
    EXPECT_EQ(config.integer("absent", 7), 7);
    EXPECT_THROW(Config{"[1]"}, Error);
    EXPECT_THROW(Config{"{"}, Error);
}

}  // namespace
}  // namespace weir
