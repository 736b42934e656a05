#include "mysql_test.hpp"

namespace weir::test {
namespace {

class MysqlRead : public MysqlTest {
protected:
    /// How many entries of indexes and rows the sessions of this server have read since `from`.
    std::int64_t rows_read() {
        std::int64_t sum = 0;
        for (Record const& row : server_.connect().rows(
                 "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME"
                 " IN ('HANDLER_READ_NEXT', 'HANDLER_READ_KEY', 'HANDLER_READ_RND_NEXT',"
                 " 'HANDLER_READ_FIRST', 'HANDLER_READ_RND')"))
            sum += std::stoll(row[0].value());
        return sum;
    }
};

TEST_F(MysqlRead, SeesOneSnapshot) {
    owner_.run("CREATE TABLE t (id int PRIMARY KEY, v int)");
    owner_.run("INSERT INTO t SELECT seq, 1 FROM " + numbers(5000));
    testkit::Reader reader =
        source_->open({.stream = stream("t"), .select = {{"key", {"id"}}}, .rows_max = 10});
    ASSERT_TRUE(reader.next());
    owner_.run("UPDATE t SET v = 2; INSERT INTO t VALUES (9999, 2); DELETE FROM t WHERE id = 50");
    Records const rest = reader.rest();
    EXPECT_EQ(rest.size(), 4990u);
    for (testkit::Record const& record : rest) ASSERT_EQ(record[1], "1") << *record[0];
}

TEST_F(MysqlRead, H5CompositeKeysResumeInTheOrderOfTheSource) {
    owner_.run(
        "CREATE TABLE t (a varchar(9) COLLATE utf8mb4_general_ci, e enum('z','m','a'),"
        " n decimal(30,10), PRIMARY KEY (a, e, n));"
        "INSERT INTO t SELECT IF(seq % 2, 'x', 'Y'), 1 + seq % 3, seq / 7 FROM " + numbers(60));
    ReadRequest const request{
        .stream = stream("t"), .select = {{"key", {"a", "e", "n"}}}, .rows_max = 7};
    Records const all = read(request);
    ASSERT_EQ(all.size(), 60u);
    std::vector<std::string> ordered;
    for (Record const& row : owner_.rows("SELECT e FROM t ORDER BY a, e, n"))
        ordered.push_back(row[0].value());
    std::vector<std::string> got;
    for (testkit::Record const& record : all) got.push_back(record[1].value());
    EXPECT_EQ(got, ordered);
    EXPECT_EQ(run_with_kills(request).records, all);
}

TEST_F(MysqlRead, KeysOfEveryTypeResume) {
    struct Key {
        char const *type, *values;
    };
    for (Key const& key :
         {Key{"bigint unsigned", "(0), (1), (9223372036854775808), (18446744073709551615)"},
          Key{"bigint", "(-9223372036854775808), (-1), (0), (9223372036854775807)"},
          Key{"decimal(65,30)", "(-1.5), (0), (0.000000000000000000000000000001), (9e30)"},
          Key{"float", "(-3e38), (-0.0), (1.1), (1.2)"},
          Key{"double", "(-1e308), (0.1), (0.2), (1e308)"},
          Key{"varchar(9)", "(''), ('a'), ('é'), ('😀')"},
          Key{"varchar(9) CHARACTER SET latin1", "(''), ('a'), ('é'), ('z')"},
          Key{"varbinary(9)", "(''), (x'00'), (x'00ff'), (x'ff')"},
          Key{"date", "('0000-00-00'), ('2024-00-15'), ('2024-02-29'), ('9999-12-31')"},
          Key{"datetime(6)", "('0000-00-00'), ('2024-01-01 00:00:00.000001'), ('2024-01-02'),"
                             " ('9999-12-31 23:59:59.999999')"},
          Key{"timestamp(6)", "('1970-01-01 00:00:01'), ('2024-01-01 00:00:00.000001'),"
                              " ('2024-01-01 00:00:00.000002'), ('2038-01-19 03:14:07')"},
          Key{"time(6)", "('-838:59:59'), ('-00:00:00.000001'), ('00:00:01'), ('838:59:59')"},
          Key{"year", "(1901), (1999), (2000), (2155)"},
          Key{"bit(64)", "(0), (1), (256), (18446744073709551615)"},
          Key{"enum('z','m','a','b')", "('z'), ('m'), ('a'), ('b')"},
          Key{"set('z','m')", "(''), ('z'), ('m'), ('z,m')"},
          Key{"uuid", "('00000000-0000-0000-0000-000000000001'),"
                      " ('123e4567-e89b-12d3-a456-426655440000'),"
                      " ('023e4567-e89b-42d3-a456-426655440000'),"
                      " ('ffffffff-ffff-ffff-ffff-ffffffffffff')"},
          Key{"inet6", "('::'), ('::1'), ('::ffff:1.2.3.4'), ('ff02::1')"}}) {
        owner_.run(std::string{"DROP TABLE IF EXISTS t; CREATE TABLE t (k "} + key.type +
                   " PRIMARY KEY, n int AUTO_INCREMENT UNIQUE); INSERT INTO t (k) VALUES " +
                   key.values);
        ReadRequest request{.stream = stream("t"), .select = {{"key", {"k"}}}, .rows_max = 1};
        EXPECT_EQ(run_with_kills(request).records.size(), 4u) << key.type;
        request.select["fields"] = {"n"};
        EXPECT_EQ(run_with_kills(request).records.size(), 4u) << key.type << ", not selected";
    }
}

TEST_F(MysqlRead, H5AResumedReadReadsARangeOfTheIndex) {
    owner_.run(
        "CREATE TABLE t (u timestamp(6) NOT NULL, a int NOT NULL, b int NOT NULL,"
        " PRIMARY KEY (a, b), KEY (u, a, b));"
        "INSERT INTO t SELECT '2024-01-01', seq DIV 100, seq FROM " + numbers(20000));
    ReadRequest request{.stream = stream("t"),
                        .mode = WEIR_READ_DELTA,
                        .select = {{"key", {"a", "b"}}, {"tracking", "u"}}};
    request.cursor = run(request).cursor;
    owner_.run("INSERT INTO t SELECT '2024-01-02', 500, seq FROM " + numbers(100));
    std::int64_t const before = rows_read();
    EXPECT_EQ(run(request).records.size(), 100u);
    std::int64_t const cost = rows_read() - before;
    EXPECT_LT(cost, 2000) << "of 20,000 rows";
    // The control: a row value, as other databases take it, reads them all.
    std::int64_t const from = rows_read();
    owner_.run("SELECT * FROM t WHERE (u, a, b) > ('2024-01-01', 200, 20000) ORDER BY u, a, b");
    EXPECT_GT(rows_read() - from, 20000);
}

TEST_F(MysqlRead, TheTableStaysAsItIsUntilTheEnd) {
    owner_.run("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2)");
    testkit::Reader reader = source_->open({.stream = stream("t"), .select = {{"key", {"id"}}}});
    My other = server_.connect_as_owner(database_);
    other.run("SET lock_wait_timeout = 1");
    EXPECT_THROW(other.run("ALTER TABLE t ADD COLUMN more int"), std::runtime_error);
    EXPECT_EQ(reader.rest().size(), 2u);
    EXPECT_NO_THROW(other.run("ALTER TABLE t ADD COLUMN more int"));
}

TEST_F(MysqlRead, LimitsOfTheServerDoNotCutARead) {
    owner_.run("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT seq FROM " +
               numbers(100));
    My root = server_.connect();
    root.run(
        "SET GLOBAL sql_select_limit = 5, GLOBAL sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES',"
        " GLOBAL max_join_size = 10");
    std::size_t const found = connect(server_.url(database_))
                                  ->open({.stream = stream("t"), .select = {{"key", {"id"}}}})
                                  .rest()
                                  .size();
    root.run("SET GLOBAL sql_select_limit = DEFAULT, GLOBAL sql_mode = DEFAULT,"
             " GLOBAL max_join_size = DEFAULT");
    EXPECT_EQ(found, 100u);
}

TEST_F(MysqlRead, H30OddNamesAreNames) {
    owner_.run("CREATE TABLE `Sel\"ect ``é` (`order``by` int PRIMARY KEY, `a\"b` text);"
               "INSERT INTO `Sel\"ect ``é` VALUES (1, 'x')");
    ReadRequest const request{.stream = stream("\"Sel\"\"ect `é\""),
                              .select = {{"key", {"order`by"}}}};
    EXPECT_EQ(read(request), (Records{{"1", "x"}}));
    EXPECT_EQ(run_with_kills(request).records.size(), 1u);
}

TEST_F(MysqlRead, H29ALargeValueComesWhole) {
    admin("SET GLOBAL max_allowed_packet = 67108864");
    My db = server_.connect_as_owner(database_);
    db.run("CREATE TABLE t (id int PRIMARY KEY, v longblob);"
           "INSERT INTO t VALUES (1, REPEAT('ab', 10000000)), (2, 'c')");
    Records const all = connect(server_.url(database_))
                            ->open({.stream = stream("t"), .select = {{"key", {"id"}}}})
                            .rest();
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0][1].value().size(), 20'000'000u);
    EXPECT_EQ(all[1][1], "c");
}

}  // namespace
}  // namespace weir::test
