#include <algorithm>

#include "mysql_test.hpp"

namespace weir::test {
namespace {

class MysqlDelta : public MysqlTest {
protected:
    MysqlDelta() {
        owner_.run(
            "CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, v int, u datetime(6), KEY (u))");
    }
    ReadRequest delta() const {
        return {.stream = stream("t"),
                .mode = WEIR_READ_DELTA,
                .select = {{"key", {"id"}}, {"tracking", "u"}},
                .rows_max = 3};
    }
    ReadRequest keyless() const {
        ReadRequest request = delta();
        request.select["key"] = Json::array();
        return request;
    }
    std::vector<std::string> changed(ReadRequest& request) {
        Run const found = run(request);
        request.cursor = found.cursor;
        return firsts(found.records);
    }
};

TEST_F(MysqlDelta, LaterRunsBringWhatChanged) {
    owner_.run("INSERT INTO t (v, u) SELECT 0, '2024-01-01' FROM " + numbers(20));
    ReadRequest request = delta();
    EXPECT_EQ(changed(request).size(), 20u);
    EXPECT_TRUE(changed(request).empty());
    owner_.run("UPDATE t SET u = '2024-01-01 00:00:00.000001' WHERE id IN (5, 9);"
               "INSERT INTO t VALUES (100, 1, '2024-01-02')");
    EXPECT_EQ(changed(request), (std::vector<std::string>{"5", "9", "100"}));
    EXPECT_TRUE(changed(request).empty());
}

TEST_F(MysqlDelta, H1TiesAreToldApartByTheKey) {
    owner_.run("INSERT INTO t (v, u) SELECT 0, '2024-01-01' FROM " + numbers(50));
    ReadRequest request = delta();
    request.cursor = run_with_kills(request).cursor;
    owner_.run("INSERT INTO t (v, u) SELECT 0, '2024-01-02' FROM " + numbers(50));
    Run const second = run_with_kills(request);
    EXPECT_EQ(second.records.size(), 50u);
    std::vector<std::string> ids = firsts(second.records);
    std::ranges::sort(ids);
    EXPECT_EQ(std::ranges::unique(ids).begin(), ids.end());
}

TEST_F(MysqlDelta, H6TheFirstRunBringsNullsAndChangesMadeAfterAKill) {
    owner_.run("INSERT INTO t (v, u) SELECT 0, IF(seq % 4, '2024-01-01', NULL) FROM " +
               numbers(20));
    ReadRequest request = delta();
    Run const begun = run(request, 2);
    EXPECT_EQ(begun.records.size(), 6u);
    owner_.run("UPDATE t SET v = 7, u = '2024-02-01' WHERE id = 2");
    request.cursor = begun.cursor;
    Run const rest = run(request);
    EXPECT_EQ(rest.records.size(), 15u);
    EXPECT_EQ(rest.records.back()[0], "2") << "it changed behind the place of the kill";
    EXPECT_EQ(rest.records.back()[1], "7");
    request.cursor = rest.cursor;
    EXPECT_TRUE(changed(request).empty());
}

TEST_F(MysqlDelta, H28ZeroDatesAndEarlyOnesAreTrackingValuesToo) {
    owner_.run("INSERT INTO t (v, u) VALUES (0, '0000-00-00'), (0, '0001-01-01'),"
               " (0, '2024-00-15')");
    ReadRequest request = delta();
    EXPECT_EQ(run_with_kills(request).records.size(), 3u);
    request.cursor = run(request).cursor;
    owner_.run("INSERT INTO t (v, u) VALUES (0, '2024-00-15 00:00:00.5')");
    EXPECT_EQ(changed(request), (std::vector<std::string>{"4"}));
}

TEST_F(MysqlDelta, H7AFutureRowNeverHidesLaterOnes) {
    owner_.run("INSERT INTO t (v, u) VALUES (0, '2024-01-01'), (0, '2099-01-01')");
    ReadRequest request = delta();
    EXPECT_EQ(changed(request).size(), 2u);
    owner_.run("INSERT INTO t (v, u) VALUES (0, '2024-01-02')");
    EXPECT_EQ(changed(request), (std::vector<std::string>{"3", "2"}));
    owner_.run("INSERT INTO t (v, u) VALUES (0, '2024-01-03')");
    EXPECT_EQ(changed(request), (std::vector<std::string>{"4", "2"}));
}

TEST_F(MysqlDelta, H7AFutureRowWaitsOnlyWhereItIsAppendedKeyOrNot) {
    owner_.run("INSERT INTO t (v, u) VALUES (0, '2024-01-01'), (0, '2099-01-01')");
    ReadRequest request = keyless();
    EXPECT_EQ(changed(request).size(), 2u);
    owner_.run("INSERT INTO t (v, u) VALUES (0, '2024-01-02')");
    EXPECT_EQ(changed(request), (std::vector<std::string>{"3", "2"}));
    request.select["append"] = true;
    owner_.run("INSERT INTO t (v, u) VALUES (0, '2024-01-03')");
    EXPECT_EQ(changed(request), (std::vector<std::string>{"4"}));
}

TEST_F(MysqlDelta, WithoutAKeyCommitsStandWhereTheValueChanges) {
    owner_.run("INSERT INTO t (v, u) SELECT 0, DATE_ADD('2024-01-01', INTERVAL seq DIV 7 SECOND)"
               " FROM " + numbers(40));
    EXPECT_EQ(run(keyless()).records.size(), 40u);
    ReadRequest request = keyless();
    request.select["limit"] = 10;
    std::size_t sum = 0;
    for (int i = 0; i < 10; ++i) {
        std::vector<std::string> const part = changed(request);
        if (part.empty()) break;
        EXPECT_LE(part.size(), 10u + 6u) << "all of the last value, and no more";
        sum += part.size();
    }
    EXPECT_EQ(sum, 40u);
}

TEST_F(MysqlDelta, APositionElsewhereIsRefused) {
    owner_.run("INSERT INTO t (v, u) VALUES (0, '2024-01-01')");
    ReadRequest request = delta();
    request.cursor = run(request).cursor;
    ReadRequest other = request;
    other.select["tracking"] = "id";
    EXPECT_EQ(failure([&] { read(other); }).code, "source.cursor_mismatch");
    Json replaced = Json::parse(request.cursor);
    replaced["src"]["server"] = "77";
    other = request;
    other.cursor = replaced.dump();
    EXPECT_EQ(failure([&] { read(other); }).code, "source.replaced");
    Json odd = Json::parse(request.cursor);
    odd["settled"] = {"2024-01-01' OR '1'='1", "1"};
    other.cursor = odd.dump();
    EXPECT_EQ(failure([&] { read(other); }).code, "source.cursor_unreadable");
    other = delta();
    other.select["tracking"] = "nothing";
    EXPECT_EQ(failure([&] { read(other); }).code, "source.field_not_found");
    owner_.run("ALTER TABLE t ADD COLUMN f float");
    other.select["tracking"] = "f";
    EXPECT_EQ(failure([&] { read(other); }).code, "source.cursor_unsuitable");
}

}  // namespace
}  // namespace weir::test
