// H9, H25: rows that exchange what is unique in them, a <-> b.
#include <algorithm>
#include <string>

#include "sink_fixture.hpp"

namespace weir::test {
namespace {

class MysqlExchange : public MysqlSinkFixture {
protected:
    MysqlExchange() {
        db.run(
            "CREATE TABLE people (id bigint PRIMARY KEY, name varchar(9) NOT NULL UNIQUE,"
            " mine varchar(9) NOT NULL DEFAULT '', big varchar(9) AS (UPPER(name)) VIRTUAL,"
            " boss bigint, at timestamp(6) NULL ON UPDATE CURRENT_TIMESTAMP(6),"
            " _weir_deleted_at timestamp(6) NULL);"
            "INSERT INTO people (id, name, mine) VALUES (1, 'a', 'm1'), (2, 'b', 'm2'),"
            " (3, 'c', 'm3'), (4, 'd', 'm4'), (5, 'e', 'm5'), (6, 'f', 'm6')");
    }
    /// A pair, and a ring of three; each keeps what is not written.
    static void exchange(Rows& rows) {
        rows.add(1, "b").add(2, "a").add(3, "d").add(4, "e").add(5, "c").add(6, "f");
    }
    void expect_exchanged() {
        EXPECT_EQ(db.one("SELECT GROUP_CONCAT(id, name, big, mine ORDER BY id) FROM people"),
                  "1bBm1,2aAm2,3dDm3,4eEm4,5cCm5,6fFm6");
    }
    void expect_as_it_was() {
        EXPECT_EQ(db.one("SELECT GROUP_CONCAT(id, name, mine ORDER BY id) FROM people"),
                  "1am1,2bm2,3cm3,4dm4,5em5,6fm6");
    }
};

class MysqlExchangeBy : public MysqlExchange, public testing::WithParamInterface<bool> {
protected:
    static WriteRequest way() { return GetParam() ? replace() : upsert(); }
};

INSTANTIATE_TEST_SUITE_P(Each, MysqlExchangeBy, testing::Bool(), [](auto const& each) {
    return each.param ? "Replace" : "Upsert";
});

TEST_P(MysqlExchangeBy, H9RowsLeaveAndComeAgainWithWhatOthersKeepInThem) {
    db.run("UPDATE people SET _weir_deleted_at = NOW(6) WHERE id = 2;"
           "UPDATE people SET at = NULL");
    Rows rows{people()};
    exchange(rows);
    EXPECT_TRUE(write(rows, way()).empty());
    expect_exchanged();
    EXPECT_EQ(db.one("SELECT COUNT(_weir_deleted_at) FROM people"), "0")
        << "what comes is not gone";
    EXPECT_EQ(db.one("SELECT GROUP_CONCAT(id ORDER BY id) FROM people WHERE at IS NOT NULL"),
              "1,2,3,4,5")
        << "who looks for what has changed finds it";
}

TEST_P(MysqlExchangeBy, H9NothingCascadesToRowsThatReferToThem) {
    db.run("CREATE TABLE guests (person bigint, FOREIGN KEY (person) REFERENCES people (id) ON"
           " DELETE CASCADE); INSERT INTO guests SELECT id FROM people;"
           "ALTER TABLE people ADD FOREIGN KEY (boss) REFERENCES people (id) ON DELETE CASCADE;"
           "UPDATE people SET boss = id % 6 + 1");
    Schema schema = people();
    schema.push_back({"boss", Type::int64});
    Rows rows{schema};
    rows.add(1, "b", 2).add(2, "a", nullptr).add(3, "d", 4).add(4, "e", 5).add(5, "c", 6);
    rows.add(6, "f", nullptr);
    EXPECT_TRUE(write(rows, way()).empty());
    expect_exchanged();
    EXPECT_EQ(db.one("SELECT GROUP_CONCAT(person ORDER BY person) FROM guests"), "1,2,3,4,5,6");
    // Meanwhile is over: what refers to nobody is refused.
    Rows wrong{schema};
    wrong.add(1, "b", 99);
    std::vector<Refused> const refused = write(wrong, upsert());
    ASSERT_EQ(refused.size(), 1u);
    EXPECT_EQ(refused[0].code, "mysql.foreign_key");
}

TEST_F(MysqlExchange, H9AnotherColumnThatIsReferredToIsLeftAlone) {
    db.run("CREATE TABLE guests (name varchar(9), FOREIGN KEY (name) REFERENCES people (name) ON"
           " DELETE CASCADE); INSERT INTO guests SELECT name FROM people");
    Rows rows{people()};
    exchange(rows);
    EXPECT_EQ(write(rows, upsert()).size(), 5u);
    expect_as_it_was();
    EXPECT_EQ(db.one("SELECT COUNT(*) FROM guests"), "6");
}

TEST_F(MysqlExchange, H9WhereTriggersWouldSeeItTheyAreRefusedAndStay) {
    db.run("CREATE TABLE gone (id bigint); CREATE TRIGGER goes AFTER DELETE ON people FOR EACH ROW"
           " INSERT INTO gone VALUES (OLD.id)");
    Rows rows{people()};
    exchange(rows);
    std::vector<Refused> const refused = write(rows, upsert());
    ASSERT_EQ(refused.size(), 5u);
    EXPECT_EQ(refused[0].code, "mysql.unique");
    std::string const key = is_mariadb ? "name" : "people.name";
    EXPECT_NE(refused[0].message.find("row 1 of a batch, id 1, was refused by people: Duplicate "
                                      "entry 'b' for key '" + key + "'"),
              std::string::npos)
        << refused[0].message;
    expect_as_it_was();
    EXPECT_EQ(db.one("SELECT COUNT(*) FROM gone"), "0");
}

TEST_F(MysqlExchange, H9WhoMayNotSeeTriggersOrDeleteIsRefusedAsBefore) {
    Rows same{people()};
    same.add(6, "f");
    EXPECT_TRUE(write(same, upsert()).empty());
    My root = server.connect();
    root.run("CREATE USER narrow IDENTIFIED BY 'x'; GRANT SELECT, INSERT, UPDATE, CREATE, CREATE"
             " TEMPORARY TABLES ON " + database + ".* TO narrow; GRANT DELETE ON " + database +
             "._weir_checkpoint TO narrow");
    testkit::SinkInstance narrow{host, plugin.component(),
                                 testkit::Json{{"url", server.url_as("narrow", "x", database)}}};
    auto const refused = [&] {
        Rows rows{people()};
        exchange(rows);
        testkit::Writer writer = narrow.start(upsert(), rows.schema());
        std::vector<Refused> out = writer.write_some(rows);
        writer.commit("{}", true);
        for (Refused const& each : out) EXPECT_EQ(each.code, "mysql.unique");
        return out.size();
    };
    root.run("GRANT DELETE ON " + database + ".people TO narrow");
    EXPECT_EQ(refused(), 5u) << "there could be triggers";
    root.run("REVOKE DELETE ON " + database + ".people FROM narrow; GRANT TRIGGER ON " + database +
             ".people TO narrow");
    EXPECT_EQ(refused(), 5u);
    expect_as_it_was();
    root.run("GRANT DELETE ON " + database + ".people TO narrow");
    EXPECT_EQ(refused(), 0u);
    expect_exchanged();
    root.run("DROP USER narrow");
}

TEST_F(MysqlExchange, H25ATrueClashIsARejectAndTheOthersExchange) {
    db.run("INSERT INTO people (id, name, mine) VALUES (99, 'taken', 'm99')");
    Rows rows{people()};
    exchange(rows);
    // 6 clashes; 7 waits for what it holds; 8 takes what 9 gives up, and comes before it.
    rows.add(6, "taken").add(7, "f").add(8, "h").add(9, "i");
    std::vector<Refused> refused = write(rows, upsert());
    std::ranges::sort(refused, {}, &Refused::row);
    ASSERT_EQ(refused.size(), 2u);
    EXPECT_NE(refused[0].message.find("id 6, was refused by people: Duplicate entry 'taken'"),
              std::string::npos)
        << refused[0].message;
    EXPECT_EQ(refused[1].row, 7);
    EXPECT_EQ(refused[1].code, "mysql.unique");
    db.run("DELETE FROM people WHERE id > 7");
    expect_exchanged();
}

// The earlier one would come again behind it.
TEST_F(MysqlExchange, H25OfTwoVersionsOfOneKeyTheLaterStaysWhenTheEarlierHadToWait) {
    Rows rows{people()};
    rows.add(1, "b").add(2, "a").add(1, "later");
    EXPECT_TRUE(write(rows, upsert()).empty());
    EXPECT_EQ(db.one("SELECT GROUP_CONCAT(id, name ORDER BY id) FROM people WHERE id < 3"),
              "1later,2a");
}

TEST_F(MysqlExchange, H25OfWhatIsNewerThereNothingLeaves) {
    db.run("ALTER TABLE people ADD v bigint NOT NULL DEFAULT 5");
    Schema schema = people();
    schema.push_back({"v", Type::int64});
    Rows rows{schema};
    rows.add(1, "b", 6).add(2, "a", 6).add(3, "d", 6).add(4, "c", 4);
    WriteRequest request = upsert();
    request.version = "v";
    std::vector<Refused> refused = write(rows, request);
    std::ranges::sort(refused, {}, &Refused::row);
    ASSERT_EQ(refused.size(), 2u);
    EXPECT_EQ(refused[0].code, "mysql.unique");
    EXPECT_EQ(refused[1].code, "mysql.row_is_newer");
    EXPECT_EQ(db.one("SELECT GROUP_CONCAT(id, name, mine ORDER BY id) FROM people WHERE id < 5"),
              "1bm1,2am2,3cm3,4dm4");
}

// Each of ten thousand wants what the next one has.
TEST_F(MysqlExchange, H9ARowOfManyMovesByOneAtOnce) {
    db.run("DELETE FROM people;"
           "INSERT INTO people (id, name, mine) SELECT seq, seq, 'm' FROM " + numbers(10'000));
    Rows rows{people()};
    for (int i = 1; i <= 10'000; ++i) rows.add(i, std::to_string(i % 10'000 + 1));
    EXPECT_TRUE(write(rows, upsert()).empty());
    EXPECT_EQ(db.one("SELECT COUNT(*) FROM people WHERE name = id % 10000 + 1 AND mine = 'm'"),
              "10000");
}

}  // namespace
}  // namespace weir::test
