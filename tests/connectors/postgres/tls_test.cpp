#include <sys/stat.h>
#include <unistd.h>

#include "postgres_test.hpp"
#include "support/process.hpp"

namespace weir::test {
namespace {

/// A server with a certificate for "localhost", signed by itself.
class PostgresTls : public PostgresTest {
protected:
    PostgresTls() : tls_database_{tls_.fresh()} {
        certificate_ = tls_.data_directory() + "/server.crt";
        std::string const key = tls_.data_directory() + "/server.key";
        make_certificate("localhost", certificate_, key);
        struct stat owner {};
        ::stat(tls_.data_directory().c_str(), &owner);
        if (::chown(key.c_str(), owner.st_uid, owner.st_gid) != 0 ||
            ::chown(certificate_.c_str(), owner.st_uid, owner.st_gid) != 0)
            throw std::runtime_error{"cannot give the key away"};
        tls_.connect().run("ALTER SYSTEM SET ssl = on");
        tls_.stop();
        tls_.start();
    }
    static void make_certificate(std::string const& name, std::string const& certificate,
                                 std::string const& key) {
        Process openssl{{"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                         "-subj", "/CN=" + name, "-addext", "subjectAltName=DNS:" + name, "-keyout",
                         key, "-out", certificate}};
        if (openssl.wait() != 0) throw std::runtime_error{openssl.output()};
        ::chmod(key.c_str(), 0600);
    }
    std::string url(std::string const& host, std::string const& parameters) const {
        return "postgres://weir:" + std::string{PostgresServer::password} + "@" + host + ":" +
               std::to_string(tls_.port()) + "/" + tls_database_ + "?" + parameters;
    }
    testkit::Failure refused(std::string const& where) {
        return failure([&] { connect(where)->discover(); });
    }

    PostgresServer tls_;
    std::string tls_database_, certificate_;
};

TEST_F(PostgresTls, VerifiesTheServerAndSaysWhatIsWrong) {
    tls_.connect_as_owner(tls_database_)
        .run("CREATE VIEW mine AS SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
    TempDir directory;
    std::string const other = directory / "other.crt";
    make_certificate("localhost", other, directory / "other.key");
    for (std::string const& good :
         {url("localhost", "sslmode=verify-full&sslrootcert=" + certificate_),
          url("127.0.0.1", "sslmode=verify-ca&sslrootcert=" + certificate_),
          url("localhost", "sslrootcert=" + certificate_),
          url("127.0.0.1", "sslmode=require")})
        EXPECT_EQ(connect(good)->open({.stream = "public.mine"}).rest(), (Records{{"true"}}))
            << good;
    for (std::string const& bad :
         {url("127.0.0.1", "sslmode=verify-full&sslrootcert=" + certificate_),
          url("localhost", "sslmode=verify-full&sslrootcert=" + other),
          url("localhost", "sslmode=verify-full&sslrootcert=/nowhere.crt"),
          url("localhost", "sslrootcert=" + other), url("127.0.0.1", "sslrootcert=" + certificate_),
          server_.url(database_) + "?sslmode=require"}) {
        testkit::Failure const failed = refused(bad);
        EXPECT_EQ(failed.status, WEIR_E_IO) << bad;
        EXPECT_EQ(failed.code, "postgres.tls") << bad << failed.what();
        EXPECT_TRUE(failed.flags & WEIR_ERR_FINAL) << bad;
    }
    EXPECT_EQ(host_.everything_said().find(PostgresServer::password), std::string::npos);
}

}  // namespace
}  // namespace weir::test
