// What stands around the rows of MariaDB: indexes and foreign keys, into each system that has them.
#include "support/mysql_copy_fixture.hpp"
#include "support/postgres_server.hpp"

namespace weir::test {
namespace {

class MysqlStructure : public MysqlCopyFixture {
protected:
    MysqlStructure() {
        db.run("CREATE TABLE z_parents (id int PRIMARY KEY, code varchar(20) NOT NULL,"
               " UNIQUE parents_code (code));"
               "CREATE TABLE children (id int PRIMARY KEY, parent int NOT NULL, name varchar(20),"
               " note text, KEY by_name (name DESC, parent), KEY by_note (note(10)),"
               " FULLTEXT words (note), CONSTRAINT to_parent FOREIGN KEY (parent) REFERENCES"
               " z_parents (id) ON DELETE CASCADE ON UPDATE NO ACTION);"
               "INSERT INTO z_parents VALUES (1, 'a'), (2, 'b');"
               "INSERT INTO children VALUES (10, 1, 'x', 'n'), (11, 2, 'y', NULL)");
    }
    Ran to(std::string const& url, std::vector<std::string> more) {
        more.insert(more.begin(), {"copy", server.url(database), url, "--stream", "*"});
        more.push_back("--json");
        return weir(more);
    }
    static std::vector<Record> indexes(My& at) {
        return at.rows("SELECT TABLE_NAME, INDEX_NAME, NON_UNIQUE, INDEX_TYPE, GROUP_CONCAT("
                       "CONCAT(COLUMN_NAME, IFNULL(SUB_PART, ''), IFNULL(COLLATION, '')) ORDER BY"
                       " SEQ_IN_INDEX) FROM information_schema.STATISTICS WHERE TABLE_SCHEMA ="
                       " DATABASE() AND TABLE_NAME IN ('z_parents', 'children') GROUP BY 1, 2, 3, 4"
                       " ORDER BY 1, 2");
    }
    static std::vector<Record> foreign_keys(My& at) {
        return at.rows("SELECT CONSTRAINT_NAME, TABLE_NAME, REFERENCED_TABLE_NAME, DELETE_RULE,"
                       " UPDATE_RULE FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE"
                       " CONSTRAINT_SCHEMA = DATABASE()");
    }
    std::string const other = server.fresh();
    My there = server.connect_as_owner(other);
};

TEST_F(MysqlStructure, FollowsTheRowsIntoMariadbWhenAsked) {
    ASSERT_EQ(to(server.url(other), {}).code, 0);
    EXPECT_EQ(there.one("SELECT COUNT(*) FROM information_schema.STATISTICS WHERE TABLE_SCHEMA ="
                        " DATABASE() AND INDEX_NAME NOT IN ('PRIMARY')"),
              "0");
    Ran const looked = to(server.url(other), {"--with", "indexes", "--dry-run"});
    EXPECT_NE(looked.json.dump().find("add index words to children"), std::string::npos) << looked;
    Ran const ran = to(server.url(other), {"--with", "indexes,foreign_keys"});
    ASSERT_EQ(ran.code, 0) << ran;
    EXPECT_EQ(indexes(there), indexes(db));
    EXPECT_EQ(foreign_keys(there), foreign_keys(db));
    EXPECT_NE(ran.err.find("add foreign key to_parent to children"), std::string::npos) << ran;
    Ran const again = to(server.url(other), {"--with", "indexes,foreign_keys"});
    ASSERT_EQ(again.code, 0) << again;
    EXPECT_EQ(again.err.find("add "), std::string::npos) << "they are there" << again;
}

TEST_F(MysqlStructure, GoesIntoPostgresAndSqliteAsFarAsTheyHaveIt) {
    PostgresServer& postgres = PostgresServer::shared();
    std::string const far = postgres.fresh();
    Pg pg = postgres.connect_as_owner(far);
    Ran const ran = to(postgres.url(far), {"--with", "indexes,foreign_keys"});
    ASSERT_EQ(ran.code, 0) << ran;
    EXPECT_EQ(pg.one("SELECT string_agg(indexname, ',' ORDER BY indexname) FROM pg_indexes WHERE"
                     " schemaname = 'public' AND indexname NOT LIKE '%pkey'"),
              "by_name,parents_code,to_parent");
    EXPECT_EQ(pg.one("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f'"),
              "FOREIGN KEY (parent) REFERENCES z_parents(id) ON DELETE CASCADE");
    EXPECT_NE(ran.err.find("index words of children is left out"), std::string::npos) << ran;
    Ran const again = to(postgres.url(far), {"--with", "indexes,foreign_keys"});
    ASSERT_EQ(again.code, 0) << again;
    EXPECT_EQ(again.err.find("add "), std::string::npos) << again;
    Ran const lite = copy({"--stream", "*", "--with", "indexes"});
    ASSERT_EQ(lite.code, 0) << lite;
    EXPECT_EQ(sink().one("SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND name IN"
                         " ('by_name', 'parents_code', 'to_parent')"),
              "3");
    EXPECT_NE(lite.err.find("index by_note of children is left out"), std::string::npos) << lite;
}

TEST_F(MysqlStructure, ComesFromPostgresToo) {
    PostgresServer& postgres = PostgresServer::shared();
    std::string const far = postgres.fresh();
    Pg pg = postgres.connect_as_owner(far);
    pg.run("CREATE TABLE z_parents (id int PRIMARY KEY, code text NOT NULL UNIQUE);"
           "CREATE TABLE children (id int PRIMARY KEY, parent int REFERENCES z_parents ON DELETE"
           " SET NULL DEFERRABLE INITIALLY DEFERRED, name text);"
           "CREATE INDEX by_name ON children (name, parent);"
           "CREATE INDEX lower_name ON children (lower(name));"
           "INSERT INTO z_parents VALUES (1, 'a'); INSERT INTO children VALUES (10, 1, 'x')");
    Ran const ran = weir({"copy", postgres.url(far), server.url(other), "--stream", "public.*",
                          "--with", "indexes,foreign_keys", "--json"});
    ASSERT_EQ(ran.code, 0) << ran;
    EXPECT_NE(ran.err.find("index lower_name of children is left out"), std::string::npos) << ran;
    EXPECT_EQ(there.one("SELECT CONCAT(DELETE_RULE, ' ', REFERENCED_TABLE_NAME) FROM"
                        " information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA ="
                        " DATABASE()"),
              "SET NULL z_parents");
    EXPECT_EQ(there.one("SELECT COUNT(*) FROM information_schema.STATISTICS WHERE TABLE_SCHEMA ="
                        " DATABASE() AND INDEX_NAME IN ('by_name', 'z_parents_code_key')"),
              "3");
    EXPECT_ANY_THROW(there.run("INSERT INTO z_parents VALUES (2, 'a')")) << "unique";
}

TEST_F(MysqlStructure, WhatTheRowsBreakFailsTheStreamAndKeepsThem) {
    there.run("CREATE TABLE z_parents (id int PRIMARY KEY, code varchar(20) NOT NULL);"
              "INSERT INTO z_parents VALUES (9, 'a')");
    Ran const ran = weir({"copy", server.url(database), server.url(other), "--stream", "z_parents",
                          "--with", "indexes", "--json"});
    EXPECT_EQ(ran.code, 1) << ran;
    EXPECT_EQ(ran.error_code(), "mysql.structure") << ran;
    EXPECT_EQ(there.one("SELECT COUNT(*) FROM z_parents"), "3");
    Ran const alone = weir({"copy", server.url(database), server.url(server.fresh()), "--stream",
                            "children", "--with", "foreign_keys", "--json"});
    EXPECT_EQ(alone.code, 0) << alone;
    EXPECT_NE(alone.err.find("left out: there is no table z_parents"), std::string::npos) << alone;
}

}  // namespace
}  // namespace weir::test
