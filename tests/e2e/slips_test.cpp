// Slips of the hand, in options, names, references and URLs: each is answered with what was meant,
// and nothing is made.
#include <sys/stat.h>

#include "support/copy_fixture.hpp"

namespace weir::test {
namespace {

class Slips : public CopyFixture {
protected:
    Slips() { make_users(3); }

    /// The sentence and suggestion of a copy that must be refused.
    std::string refused(Ran const& ran, ExitCode code, std::string const& dotted) {
        EXPECT_FALSE(std::filesystem::exists(sink_path())) << "nothing was made: " << ran;
        return expect_failure(ran, code, dotted);
    }
    Ran from(std::string const& url, ProcessOptions const& options = {}) {
        return weir({"copy", url, sink_url(), "--stream", "public.users", "--json"}, options);
    }
    std::string url_of(std::string const& hosts) const {
        return std::string{"postgres://weir:"} + PostgresServer::password + "@/" + database +
               "?host=" + hosts + "&port=" + std::to_string(server.port());
    }
    static bool has(std::string const& text, std::string const& part) {
        return text.find(part) != std::string::npos;
    }
};

TEST_F(Slips, ASwitchWithAValueDoesNotRun) {
    for (char const* option : {"--dry-run=later", "--dry-run=false", "--force=no"}) {
        SCOPED_TRACE(option);
        EXPECT_TRUE(has(refused(copy({"--stream", "public.users", option}), 2, "usage"),
                        std::string{option}.substr(0, std::string{option}.find('='))));
    }
}

TEST_F(Slips, AnOptionInThePlaceOfANameIsTold) {
    for (char const* option : {"--stream", "--to", "--cursor", "--key", "--fields"}) {
        SCOPED_TRACE(option);
        std::string const said =
            refused(weir({"copy", server.url(database), sink_url(), option, "--json"}), 2, "usage");
        EXPECT_TRUE(has(said, option) && has(said, "--json")) << said;
    }
}

TEST_F(Slips, AKeyFieldNamedTwiceIsRefused) {
    EXPECT_TRUE(has(refused(copy({"--stream", "public.users", "--key", "id,id"}), 2, "usage"),
                    "\"id\" twice"));
}

TEST_F(Slips, ANameWithoutItsSchemaIsFoundNearby) {
    Ran const ran = copy({"--stream", "usres"});
    EXPECT_TRUE(has(refused(ran, 2, "source.stream_not_found"), "did you mean public.users?"));
    Ran const looked = weir({"discover", server.url(database), "--match", "user", "--json"});
    EXPECT_TRUE(has(expect_failure(looked, 2, "source.stream_not_found"), "public.users"));
}

TEST_F(Slips, WhatIsNearNothingIsAnsweredWithALook) {
    EXPECT_TRUE(has(refused(copy({"--stream", "zz.*"}), 2, "source.stream_not_found"),
                    "weir discover"));
}

TEST_F(Slips, AReferenceToNoFileIsTold) {
    for (std::string const path : {"/tmp", "/dev/zero"})
        EXPECT_TRUE(has(refused(from("${file:" + path + "}"), 2, "config.reference"), path));
}

TEST_F(Slips, AReferenceToNoUrlShowsNothingOfWhatItHolds) {
    ProcessOptions options;
    options.environment["SHOP_URL"] = "s3cret:Pa55";
    Ran const ran = from("${env:SHOP_URL}", options);
    EXPECT_TRUE(has(refused(ran, 2, "copy.bad_url"), "${env:SHOP_URL}"));
    EXPECT_FALSE(has(ran.out + ran.err, "s3cret")) << ran;
}

TEST_F(Slips, AConnectTimeoutThatIsNoNumberIsRefused) {
    std::string const url = server.url(database) + "?connect_timeout=";
    EXPECT_TRUE(has(refused(from(url + "10s"), 2, "postgres.bad_url"), "connect_timeout"));
}

TEST_F(Slips, OneHostElsewhereMakesTlsDue) {
    // The server behind each place is one without TLS: what reaches it in clear moves rows.
    std::string const url = url_of("0.0.0.0,127.0.0.1");
    EXPECT_TRUE(has(refused(from(url), 3, "postgres.tls"), "sslmode=disable"));
    Ran const named = from(url_of("127.no-such-host.invalid,127.0.0.1"));
    refused(named, 3, named.error_code());
    expect_moved(from(url + "&sslmode=disable"), 3, 3);
}

TEST_F(Slips, AnAddressGoesBeforeTheNameBesideIt) {
    expect_moved(from(url_of("db.example.invalid") + "&hostaddr=127.0.0.1"), 3, 3);
}

TEST_F(Slips, AStatementTimeoutOfTheRoleIsNamed) {
    server.connect().run("CREATE ROLE hasty LOGIN PASSWORD 'ha5ty-Pa55'");
    server.connect().run("ALTER ROLE hasty SET statement_timeout = '100ms'");
    db.run("GRANT SELECT ON users TO hasty");
    // The catalog waits, so that its time runs out however fast the machine is.
    Pg locker = server.connect(database);
    locker.run("BEGIN; LOCK TABLE pg_catalog.pg_sequence IN ACCESS EXCLUSIVE MODE");
    std::string const said =
        refused(from(server.url_as("hasty", "ha5ty-Pa55", database)), 3, "postgres.cancelled");
    EXPECT_TRUE(has(said, "catalog: canceling")) << said;
    EXPECT_TRUE(has(said, "ALTER ROLE hasty SET statement_timeout")) << said;
}

TEST_F(Slips, ADatabaseWhoseDirectoryIsReadOnlySaysSo) {
    std::string const closed = directory / "closed", file = closed + "/out.db";
    std::filesystem::create_directory(closed);
    ASSERT_EQ(weir({"copy", "generator:rows=1", "sqlite:" + file}).code, 0);
    ::chmod(directory.path().c_str(), 0755);
    ::chmod(closed.c_str(), 0555);
    ProcessOptions options{.directory = "/"};
    if (::geteuid() == 0) options.uid = options.gid = 65534;  // root may write everywhere
    Ran const ran = weir({"copy", "generator:rows=1", "sqlite:" + file, "--json"}, options);
    std::string const said = expect_failure(ran, 3, "sqlite.not_readable");
    EXPECT_TRUE(has(said, "log must be kept beside it")) << said;
    EXPECT_TRUE(has(said, "chmod u+w " + closed)) << said;
}

}  // namespace
}  // namespace weir::test
