#include <array>
#include <cmath>
#include <cstring>
#include <iostream>
#include <limits>

#include "sink_fixture.hpp"

namespace weir::test {

class SqliteValues : public SqliteSink {
protected:
    /// What `fill` puts into one column, as SQLite's own client prints it.
    template <class Fill>
    std::vector<std::string> stored(Field field, Fill&& fill) {
        std::string const table = "t" + std::to_string(++tables_);
        field.name = "v";
        Rows batch{{{"id", Type::int64, false}, field}};
        fill(batch);
        run(upsert(table), batch);
        return printed(table);
    }
    std::vector<std::string> printed(std::string const& table) {
        std::vector<std::string> out;
        for (Record const& row :
             rows("SELECT typeof(v), CASE typeof(v) WHEN 'blob' THEN hex(v) WHEN 'real' THEN "
                  "printf('%!.17g', v) ELSE v END FROM " +
                  table + " ORDER BY id"))
            out.push_back(*row[0] + " " + row[1].value_or("NULL"));
        return out;
    }
    /// The same for a type that the SDK's builder does not make.
    template <class T>
    std::vector<std::string> stored_raw(char const* format, std::vector<T> const& values) {
        std::string const table = "t" + std::to_string(++tables_);
        std::vector<std::int64_t> ids(values.size());
        for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<std::int64_t>(i);
        ArrowSchema id{}, v{}, all{};
        id.format = "l";
        id.name = "id";
        v.format = format;
        v.name = "v";
        v.flags = ARROW_FLAG_NULLABLE;
        ArrowSchema* fields[] = {&id, &v};
        all.format = "+s";
        all.n_children = 2;
        all.children = fields;
        void const *id_buffers[] = {nullptr, ids.data()}, *v_buffers[] = {nullptr, values.data()};
        void const* no_buffers[] = {nullptr};
        ArrowArray id_array{}, v_array{}, batch{};
        auto const length = static_cast<std::int64_t>(values.size());
        id_array.length = v_array.length = batch.length = length;
        id_array.n_buffers = v_array.n_buffers = 2;
        id_array.buffers = id_buffers;
        v_array.buffers = v_buffers;
        ArrowArray* columns[] = {&id_array, &v_array};
        batch.n_buffers = 1;
        batch.buffers = no_buffers;
        batch.n_children = 2;
        batch.children = columns;
        testkit::Writer writer = sink.start(upsert(table), &all);
        writer.write(&all, &batch);
        writer.commit("", true);
        return printed(table);
    }

private:
    int tables_ = 0;
};

using Texts = std::vector<std::string>;

TEST_F(SqliteValues, Integers) {
    EXPECT_EQ(
        stored({"", Type::int64},
               [](Rows& r) { r.add(1, INT64_MIN).add(2, INT64_MAX).add(3, nullptr).add(4, 0); }),
        (Texts{"integer -9223372036854775808", "integer 9223372036854775807", "null NULL",
               "integer 0"}));
    EXPECT_EQ(stored({"", Type::boolean}, [](Rows& r) { r.add(1, true).add(2, false); }),
              (Texts{"integer 1", "integer 0"}));
    EXPECT_EQ(stored_raw<std::int8_t>("c", {-128, 127}), (Texts{"integer -128", "integer 127"}));
    EXPECT_EQ(stored_raw<std::uint32_t>("I", {0, UINT32_MAX}),
              (Texts{"integer 0", "integer 4294967295"}));
    EXPECT_EQ(stored_raw<std::uint64_t>("L", {0, INT64_MAX, 9223372036854775808u, UINT64_MAX}),
              (Texts{"integer 0", "integer 9223372036854775807", "text 9223372036854775808",
                     "text 18446744073709551615"}));
}

TEST_F(SqliteValues, H26Floats) {
    double const inf = std::numeric_limits<double>::infinity();
    EXPECT_EQ(
        stored({"", Type::float64},
               [inf](Rows& r) {
                   r.add(1, 1.1).add(2, -0.0).add(3, double{NAN}).add(4, inf).add(5, -inf);
                   r.add(6, 5e-324).add(7, 1.7976931348623157e308).add(8, 2.0);
               }),
        (Texts{"real 1.1000000000000001", "real 0.0", "text NaN", "text Infinity", "text -Infinity",
               "real 4.9406564584124654e-324", "real 1.7976931348623156e+308", "real 2.0"}));
    EXPECT_EQ(stored({"", Type::float32}, [](Rows& r) { r.add(1, 1.1f).add(2, float{NAN}); }),
              (Texts{"real 1.1000000238418579", "text NaN"}));
}

TEST_F(SqliteValues, H26RandomBitsOfFloatsComeBackByBits) {
    std::uint64_t state = 20240229;
    std::cout << "seed " << state << "\n";
    Rows batch{{{"id", Type::int64, false}, {"v", Type::float64}}};
    // What SQLite prints of these is not what it holds.
    std::vector<double> values{-0.0, 0.0, 1.7976931348623157e308, 5e-324, 0.1};
    for (int i = 0; i < 5; ++i) batch.add(i, values[static_cast<std::size_t>(i)]);
    for (int i = 5; i < 2000; ++i) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        double value;
        std::memcpy(&value, &state, sizeof value);
        values.push_back(std::isfinite(value) ? value : 0.5);
        batch.add(i, values.back());
    }
    run(upsert(), batch);
    testkit::SourceInstance source{host, plugin.component(), {{"url", "sqlite:" + file}}};
    testkit::Reader reader = source.open({.stream = "people", .select = {{"key", {"id"}}}});
    std::size_t at = 0;
    while (auto batch_read = reader.next()) {
        ColumnView const column{batch_read->fields()[1], *batch_read->array().children[1]};
        for (std::int64_t row = 0; row < batch_read->rows(); ++row, ++at) {
            double const value = column.float64(row);
            ASSERT_EQ(std::memcmp(&value, &values[at], sizeof value), 0) << values[at];
        }
    }
    EXPECT_EQ(at, values.size());
}

TEST_F(SqliteValues, TextsAndBytes) {
    EXPECT_EQ(
        stored({"", Type::utf8},
               [](Rows& r) {
                   r.add(1, "").add(2, std::string{"a\0b", 3}).add(3, "é😀 'x'").add(4, nullptr);
               })
            .size(),
        4u);
    EXPECT_EQ(one("SELECT hex(CAST(v AS BLOB)) FROM t1 WHERE id = 2"), "610062");
    EXPECT_EQ(one("SELECT typeof(v) || length(v) FROM t1 WHERE id = 1"), "text0");
    EXPECT_EQ(stored({"", Type::binary},
                     [](Rows& r) {
                         r.add(1, std::string{"\0\xff", 2}).add(2, "").add(3, nullptr);
                     }),
              (Texts{"blob 00FF", "blob ", "null NULL"}));
    EXPECT_EQ(stored({"", Type::numeric},
                     [](Rows& r) { r.add(1, "1.10").add(2, "NaN").add(3, "-0.000"); }),
              (Texts{"text 1.10", "text NaN", "text -0.000"}));
    EXPECT_EQ(stored({"", Type::json}, [](Rows& r) { r.add(1, "{\"a\": 1e400, \"a\":1}"); }),
              (Texts{"text {\"a\": 1e400, \"a\":1}"}));
    EXPECT_EQ(stored({"", Type::opaque, true, "inet"}, [](Rows& r) { r.add(1, "1.10"); }),
              (Texts{"text 1.10"}));
    EXPECT_EQ(stored({"", Type::uuid},
                     [](Rows& r) {
                         r.builder().column(0).integer(1);
                         r.builder().column(1).bytes16(
                             "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99"
                             "\xaa\xbb\xcc\xdd\xee\xff");
                     }),
              (Texts{"text 00112233-4455-6677-8899-aabbccddeeff"}));
    std::vector<std::array<char, 3>> const fixed{{'a', '\0', '\x7f'}};
    EXPECT_EQ(stored_raw("w:3", fixed), (Texts{"blob 61007F"}));
}

TEST_F(SqliteValues, Dates) {
    EXPECT_EQ(
        stored({"", Type::date},
               [](Rows& r) {
                   int id = 0;
                   for (int day : {0, -1, 19782, 2932896, 2932897, -719162, -719163, -720000})
                       r.add(++id, day);
               }),
        (Texts{"text 1970-01-01", "text 1969-12-31", "text 2024-02-29", "text 9999-12-31",
               "text 10000-01-01", "text 0001-01-01", "text 0001-12-31 BC", "text 0003-09-16 BC"}));
    EXPECT_EQ(stored_raw<std::int64_t>("tdm", {-1, 86'400'000}),
              (Texts{"text 1969-12-31", "text 1970-01-02"}));
}

TEST_F(SqliteValues, Times) {
    EXPECT_EQ(stored({"", Type::time},
                     [](Rows& r) { r.add(1, 0).add(2, 86'399'999'999).add(3, 86'400'000'000); }),
              (Texts{"text 00:00:00.000000", "text 23:59:59.999999", "text 24:00:00.000000"}));
    EXPECT_EQ(stored_raw<std::int32_t>("tts", {3661}), (Texts{"text 01:01:01.000000"}));
    EXPECT_EQ(stored_raw<std::int32_t>("ttm", {1}), (Texts{"text 00:00:00.001000"}));
    EXPECT_EQ(stored_raw<std::int64_t>("ttn", {1}), (Texts{"text 00:00:00.000000001"}));
}

TEST_F(SqliteValues, H28Timestamps) {
    auto fill = [](Rows& r) {
        r.add(1, 0).add(2, -1).add(3, 1'709'210'096'123'456).add(4, 253'402'300'800'000'000);
        r.add(5, -62'135'596'800'000'001).add(6, std::int64_t{-63'549'360'000'000'000});
    };
    EXPECT_EQ(
        stored({"", Type::instant}, fill),
        (Texts{"text 1970-01-01T00:00:00.000000Z", "text 1969-12-31T23:59:59.999999Z",
               "text 2024-02-29T12:34:56.123456Z", "text 10000-01-01T00:00:00.000000Z",
               "text 0001-12-31T23:59:59.999999Z BC", "text 0045-03-15T00:00:00.000000Z BC"}));
    EXPECT_EQ(stored({"", Type::timestamp}, [](Rows& r) { r.add(1, 0); }),
              (Texts{"text 1970-01-01T00:00:00.000000"}));
    EXPECT_EQ(stored_raw<std::int64_t>("tss:UTC", {-1}),
              (Texts{"text 1969-12-31T23:59:59.000000Z"}));
    EXPECT_EQ(stored_raw<std::int64_t>("tsm:", {1}), (Texts{"text 1970-01-01T00:00:00.001000"}));
    EXPECT_EQ(
        stored_raw<std::int64_t>("tsn:UTC", {-1, 1'000}),
        (Texts{"text 1969-12-31T23:59:59.999999999Z", "text 1970-01-01T00:00:00.000001000Z"}));
    EXPECT_EQ(stored_raw<std::int64_t>("tsu:", {INT64_MAX, INT64_MIN}),
              (Texts{"text 294247-01-10T04:00:54.775807", "text 290309-12-21T19:59:05.224192 BC"}));
}

TEST_F(SqliteValues, H26Decimals) {
    auto decimal = [](std::int64_t low, std::int64_t high) {
        std::array<std::int64_t, 2> const words{low, high};
        return words;
    };
    EXPECT_EQ((stored_raw<std::array<std::int64_t, 2>>(
                  "d:38,2", {decimal(110, 0), decimal(-110, -1), decimal(5, 0), decimal(0, 0),
                             decimal(-1, INT64_MAX), decimal(0, INT64_MIN)})),
              (Texts{"text 1.10", "text -1.10", "text 0.05", "text 0.00",
                     "text 1701411834604692317316873037158841057.27",
                     "text -1701411834604692317316873037158841057.28"}));
    EXPECT_EQ((stored_raw<std::array<std::int64_t, 2>>("d:10,0", {decimal(42, 0), decimal(0, 0)})),
              (Texts{"text 42", "text 0"}));
    EXPECT_EQ((stored_raw<std::array<std::int64_t, 2>>("d:10,-2", {decimal(42, 0), decimal(0, 0)})),
              (Texts{"text 4200", "text 0"}));
}

TEST_F(SqliteValues, ManyColumns) {
    Schema schema{{"id", Type::int64, false}};
    for (int i = 0; i < 1500; ++i) schema.push_back({"c" + std::to_string(i), Type::int64});
    for (WriteRequest const& request : {upsert("wide"), upsert("wide"), replace("wide")}) {
        Rows batch{schema};
        for (int row = 0; row < 2; ++row)
            for (std::size_t i = 0; i < schema.size(); ++i)
                batch.builder().column(i).integer(row * static_cast<int>(i + 1));
        run(request, batch);
    }
    EXPECT_EQ(one("SELECT c1499 FROM wide WHERE id = 1"), "1501");
}

}  // namespace weir::test
