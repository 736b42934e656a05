#include "sink_fixture.hpp"

namespace weir::test {
namespace {

class MysqlTarget : public MysqlSinkFixture {
protected:
    void refuses(std::string const& code, Schema schema, WriteRequest const& request) {
        Rows rows{std::move(schema)};
        expect_code(code, [&] { sink.prepare(request, rows.schema()); });
    }
};

TEST_F(MysqlTarget, H32TablesThatCouldChangeAValueAreRefused) {
    db.run("CREATE TABLE people (id bigint PRIMARY KEY, name decimal(10,1))");
    refuses("mysql.column_type",
            {{"id", Type::int64}, {"name", Type::decimal, true, "", 10, 2}}, upsert());
    db.run("ALTER TABLE people MODIFY name datetime(3)");
    refuses("mysql.column_type", {{"id", Type::int64}, {"name", Type::timestamp}}, upsert());
    db.run("ALTER TABLE people MODIFY name float");
    refuses("mysql.column_type", {{"id", Type::int64}, {"name", Type::float64}}, upsert());
    db.run("ALTER TABLE people MODIFY name year");
    refuses("mysql.column_type", {{"id", Type::int64}, {"name", Type::int64}}, upsert());
    db.run("ALTER TABLE people MODIFY name char(9)");
    refuses("mysql.column_type", people(), upsert());
    for (char const* const type : {"float(7,2)", "double(7,2)"}) {
        db.run(std::string{"ALTER TABLE people MODIFY name "} + type);
        refuses("mysql.column_type", {{"id", Type::int64}, {"name", Type::float32}}, upsert());
    }
    if (is_mariadb) {
        db.run("ALTER TABLE people MODIFY name inet6");
        refuses("mysql.column_type", people(), upsert());
    }
    db.run("ALTER TABLE people MODIFY name binary(4)");
    refuses("mysql.column_type", {{"id", Type::int64}, {"name", Type::binary}}, upsert());
    for (char const* const type : {"enum('A','b')", "set('a','b')"}) {
        db.run(std::string{"ALTER TABLE people MODIFY name "} + type);
        refuses("mysql.column_type", people(), upsert());
        refuses("mysql.column_type", {{"id", Type::int64}, {"name", Type::int64}}, upsert());
    }
}

TEST_F(MysqlTarget, H32AColumnOfTheSourcesOwnTypeIsTakenAndAWiderListToo) {
    auto const takes = [&](Type type, std::string const& own, std::string const& there) {
        db.run("DROP TABLE IF EXISTS people; CREATE TABLE people (id bigint PRIMARY KEY, name " +
               there + ")");
        Rows rows{{{"id", Type::int64}, {"name", type, true, own, 0, 0, "mysql"}}};
        try {
            sink.prepare(upsert(), rows.schema());
            return true;
        } catch (Failure const& failure) {
            EXPECT_EQ(failure.code, "mysql.column_type") << failure.what();
            return false;
        }
    };
    EXPECT_TRUE(takes(Type::binary, "binary(4)", "binary(4)"));
    EXPECT_FALSE(takes(Type::binary, "binary(4)", "binary(5)"));
    EXPECT_TRUE(takes(Type::float64, "double(7,2)", "double(7,2)"));
    EXPECT_FALSE(takes(Type::float64, "double", "double(7,2)"));
    EXPECT_TRUE(takes(Type::utf8, "enum('a','it''s') COLLATE utf8mb4_bin", "enum('a','it''s')"));
    EXPECT_TRUE(takes(Type::utf8, "enum('a','b,c')", "enum('b,c','x','a')"));
    EXPECT_FALSE(takes(Type::utf8, "enum('a','b')", "enum('a','B')"));
    EXPECT_FALSE(takes(Type::utf8, "enum('1','2')", "enum('x','1')"));
    EXPECT_TRUE(takes(Type::utf8, "set('a','b')", "set('a','x','b')"));
    EXPECT_FALSE(takes(Type::utf8, "set('a','b')", "set('b','a')"));
    EXPECT_FALSE(takes(Type::utf8, "set('a','b')", "enum('a','b')"));
}

// It would take the first letter of two keys for both.
TEST_F(MysqlTarget, AnIndexOnAPartOfTheKeyIsNoneOfIt) {
    db.run("CREATE TABLE people (id bigint, name varchar(20) COLLATE " + telling +
           " NOT NULL, UNIQUE (name(1)))");
    WriteRequest request = upsert();
    request.key = {"name"};
    refuses("mysql.no_unique_index", people(), request);
}

TEST_F(MysqlTarget, AKeyOfWholeTextsIsAKeyOfAStageToo) {
    std::string const type = is_mariadb ? "text" : "varchar(20)";  // MySQL has no key on a text
    db.run("CREATE TABLE people (id bigint, name " + type + " COLLATE " + telling +
           " NOT NULL, UNIQUE (name)); INSERT INTO people VALUES (1, 'a'), (2, 'gone')");
    WriteRequest request = replace();
    request.key = {"name"};
    Rows rows{people()};
    rows.add(3, "a").add(4, "b").add(5, "b");
    run(request, rows);
    EXPECT_EQ(content(), (std::vector<Record>{{"3", "a"}, {"5", "b"}}));
}

TEST_F(MysqlTarget, AServerWhoseRowsAreCompactKeepsPositionsAndLongKeys) {
    server.connect().run("SET GLOBAL innodb_default_row_format = compact");
    Rows rows{{{"id", Type::utf8}, {"name", Type::utf8}}};
    rows.add("1", "a");
    run(upsert(), rows);
    run(replace(), rows);
    server.connect().run("SET GLOBAL innodb_default_row_format = dynamic");
    EXPECT_EQ(content(), (std::vector<Record>{{"1", "a"}}));
}

TEST_F(MysqlTarget, AKeyThatNoIndexTakesSaysWhatToDo) {
    Schema schema;
    WriteRequest request = upsert();
    request.key.clear();
    for (std::string const name : {"a", "b", "c", "d"}) {
        schema.push_back({name, Type::utf8, false});
        request.key.push_back(name);
    }
    Rows rows{schema};
    try {
        sink.start(request, rows.schema());
        ADD_FAILURE() << "it was made";
    } catch (Failure const& failure) {
        EXPECT_EQ(failure.status, WEIR_E_SCHEMA);
        EXPECT_EQ(failure.code, "mysql.table_limit") << failure.what();
        EXPECT_NE(failure.suggestion.find("--key"), std::string::npos) << failure.suggestion;
    }
}

TEST_F(MysqlTarget, KeysColumnsAndKindsAreLookedAt) {
    db.run("CREATE TABLE people (id bigint, name text)");
    refuses("mysql.no_unique_index", people(), upsert());
    db.run("ALTER TABLE people ADD PRIMARY KEY (id), ADD more int NOT NULL");
    refuses("mysql.column_required", people(), upsert());
    db.run("ALTER TABLE people DROP more, DROP name");
    refuses("mysql.column_missing", people(), upsert());
    db.run("ALTER TABLE people ADD name text, ENGINE=MyISAM");
    refuses("mysql.not_a_table", people(), upsert());
    db.run("RENAME TABLE people TO others; CREATE VIEW people AS SELECT * FROM others");
    refuses("mysql.not_a_table", people(), upsert());
    WriteRequest request = upsert();
    request.key = {"nothing"};
    refuses("mysql.key_missing", people(), request);
    refuses("mysql.no_fields", {}, upsert());
    request = upsert();
    db.run("DROP VIEW people; CREATE TABLE people (id bigint PRIMARY KEY, name text)");
    request.version = "nothing";
    refuses("mysql.no_field", people(), request);
}

TEST_F(MysqlTarget, H30NamesThatTheServerFoldsOrCutsAreRefused) {
    refuses("mysql.bad_name", {{"id", Type::int64}, {"ID", Type::int64}}, upsert());
    refuses("mysql.bad_name", {{"id", Type::int64}, {std::string(65, 'x'), Type::utf8}}, upsert());
    refuses("mysql.bad_name", {{"id", Type::int64}, {"_weir_x", Type::utf8}}, upsert());
    WriteRequest request = upsert();
    refuses("mysql.bad_name", {{"id", Type::int64}, {"😀", Type::utf8}}, upsert());
    for (std::string const& name : {std::string(65, 't'), std::string{"_weir_x"},
                                    std::string{"😀"}}) {
        request.target = name;
        refuses("mysql.bad_name", people(), request);
    }
    request.target = "Sel\"ect `é";
    Rows rows{{{"id", Type::int64}, {"order`by", Type::utf8}, {std::string(64, 'y'), Type::utf8}}};
    rows.add(1, "a", "b");
    run(request, rows);
    EXPECT_EQ(db.rows("SELECT id, `order``by` FROM `Sel\"ect ``é`"),
              (std::vector<Record>{{"1", "a"}}));
}

TEST_F(MysqlTarget, AReadOnlyServerAndAForeignCheckpointSaySo) {
    Rows rows{people()};
    rows.add(1, "a");
    server.connect().run("SET GLOBAL read_only = 1");
    expect_code("mysql.read_only", [&] { run(upsert(), rows); });
    server.connect().run("SET GLOBAL read_only = 0");
    db.run("DROP TABLE IF EXISTS _weir_checkpoint; CREATE TABLE _weir_checkpoint (a int)");
    Rows again{people()};
    expect_code("mysql.foreign_checkpoint", [&] { sink.begin(upsert()); });
}

}  // namespace
}  // namespace weir::test
