// What drivers and those who name them do wrong.
#include "connectors/adbc/adbc_fixture.hpp"

namespace weir::test {
namespace {

using Driver = AdbcTest;

TEST_F(Driver, AUrlThatCannotBeMeantIsRefused) {
    std::string const library = "adbc:" + duckdb_library();
    for (Json const& config :
         {Json{{"url", "duckdb:a.db"}}, Json{{"url", library + "?path"}}, Json{{"url", "adbc:"}},
          Json{{"url", library + "?path=%4"}}, Json{{"url", library + "?path=a&path=b"}},
          Json::object(),
          Json{{"url", library}, {"driver", duckdb_library()}},
          Json{{"driver", duckdb_library()}, {"options", "threads=2"}}})
        expect_code("adbc.options", [&] { source(config); });
}

TEST_F(Driver, TheFormSaysTheSameAsTheUrl) {
    sql("CREATE TABLE t (id int)");
    Json const form{{"driver", duckdb_library()}, {"path", file}, {"options", "?threads=1"}};
    EXPECT_EQ(source(form).discover("t").size(), 1u);
}

TEST_F(Driver, AFileThatIsNoDriverIsRefused) {
    write_file(directory / "text.so", "no library");
    for (std::string const& url :
         {"adbc:" + (directory / "none.so"), "adbc:" + (directory / "text.so"),
          "adbc:" + duckdb_library() + "?entrypoint=duckdb_adbc_inik"})
        expect_code("adbc.driver", [&] { source({{"url", url}}).discover(); });
}

// The loader dies of a file that ends too early, and of one for another machine it says that it is
// not there.
TEST_F(Driver, AFileThatTheLoaderWouldDieOfIsNamed) {
    std::string const whole = read_file(ADBC_LAME_DRIVER);
    auto said = [&](std::string const& bytes) {
        write_file(directory / "driver.so", bytes);
        return std::string{expect_code("adbc.driver", [&] {
                               source({{"url", "adbc:" + (directory / "driver.so")}}).discover();
                           }).what()};
    };
    EXPECT_NE(said(whole.substr(0, 5000)).find("is cut off: it has 5000 of"), std::string::npos);
    EXPECT_NE(said(whole.substr(0, 100)).find("is cut off"), std::string::npos);
    EXPECT_NE(said("no library").find("is no ELF library"), std::string::npos);
    std::string other = whole;
    other[18] = static_cast<char>(0xF3);  // e_machine
    other[19] = 0;
    EXPECT_NE(said(other).find("is for RISC-V"), std::string::npos);
    std::string program = whole;
    program[16] = 2;  // e_type
    EXPECT_NE(said(program).find("is no shared library"), std::string::npos);
    EXPECT_NE(said(std::string(20, '\0')).find("is no ELF library"), std::string::npos);
}

TEST_F(Driver, ADriverThatRefusesWithoutAWordIsQuotedSo) {
    Failure const silent = expect_code("adbc.driver", [&] {
        source({{"url", "adbc:" ADBC_LAME_DRIVER "?entrypoint=refuses"}}).discover();
    });
    EXPECT_NE(std::string_view{silent.what()}.find("the driver gives no reason"),
              std::string_view::npos)
        << silent.what();
}

TEST_F(Driver, AFileThatEverybodyMayWriteIsNotLoaded) {
    namespace fs = std::filesystem;
    fs::path const copy = directory / "driver.so";
    fs::copy_file(ADBC_LAME_DRIVER, copy);
    Json const config{{"driver", copy.string()}, {"options", "?lacks=1"}};
    fs::permissions(copy, fs::perms::others_write, fs::perm_options::add);
    expect_code("adbc.driver", [&] { source(config).discover(); });
    fs::permissions(copy, fs::perms::others_write, fs::perm_options::remove);
    expect_code("adbc.driver_lacks", [&] { source(config).discover(); });
}

TEST_F(Driver, ADatabaseThatDoesNotOpenIsRefused) {
    write_file(file, std::string(4096, 'x'));
    expect_code("adbc.connect", [&] { source().discover(); });
    Json const odd{{"url", "adbc:" + duckdb_library() + "?colour=red"}};
    expect_code("adbc.connect", [&] { source(odd).discover(); });
}

TEST_F(Driver, AFileThatIsNotThereIsNotMade) {
    expect_code("adbc.no_database", [&] { source().discover(); });
    EXPECT_TRUE(sink().peek(append()).is_null());
    EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(Driver, AFileIsOpenOnceInAProcess) {
    sql("CREATE TABLE t AS SELECT 1 AS i");
    testkit::SourceInstance one = source();
    testkit::Reader const reader = one.open({.stream = "t"});
    Json other = of_file(file);
    other["options"] = "?threads=1";
    expect_code("adbc.busy", [&] { source(other).discover(); });
    EXPECT_EQ(source().discover().size(), 1u) << "the same once more is no other";
}

TEST_F(Driver, WhatADriverOfTheOlderVersionLacksIsNamed) {
    Json const lacking{{"url", "adbc:" ADBC_LAME_DRIVER "?lacks=1&fails=0"}};
    expect_code("adbc.driver_lacks", [&] { source(lacking).discover(); });
    Failure const missing = expect_code("adbc.driver_lacks", [&] {
        testkit::SinkInstance into{host, plugin.component(), lacking};
        into.begin(append());
    });
    EXPECT_LT(missing.status, 0);
}

TEST_F(Driver, WhatADriverSaysIsOneSentence) {
    Json const failing{{"url", "adbc:" ADBC_LAME_DRIVER "?lacks=0&fails=1"}};
    Failure const failure = expect_code("adbc.failed", [&] { source(failing).discover(); });
    std::string const said = failure.what();
    EXPECT_NE(said.find("the moon is wrong"), std::string::npos) << said;
    EXPECT_EQ(said.find('\n'), std::string::npos) << said;
}

TEST_F(Driver, PasswordsStayOut) {
    Json const config{{"driver", ADBC_LAME_DRIVER},
                      {"password", "s3cret-pa55"},
                      {"uri", "x://u:s3cret-pa55@h/d?pw=s3cret-pa55"}};
    testkit::SourceInstance const secret = source(config);
    std::string const told = secret.describe().dump();
    EXPECT_EQ(told.find("s3cret-pa55"), std::string::npos) << told;
    EXPECT_NE(told.find("x://h/d"), std::string::npos) << told;
}

}  // namespace
}  // namespace weir::test
