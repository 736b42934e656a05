#include <sys/stat.h>
#include <unistd.h>

#include "mysql_test.hpp"
#include "support/process.hpp"

namespace weir::test {
namespace {

/// Makes a certificate for `name`, signed by itself, that everybody may read.
void make_certificate(std::string const& name, std::string const& certificate,
                      std::string const& key) {
    Process openssl{{"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                     "-subj", "/CN=" + name, "-addext", "subjectAltName=DNS:" + name, "-keyout",
                     key, "-out", certificate}};
    if (openssl.wait() != 0) throw std::runtime_error{openssl.output()};
    ::chmod(key.c_str(), 0644);
    ::chmod(certificate.c_str(), 0644);
}

/// A server with a certificate for "localhost".
class MysqlTls : public MysqlTest {
protected:
    MysqlTls() {
        ::chmod(directory_.path().c_str(), 0755);
        make_certificate("localhost", certificate_, directory_ / "server.key");
        tls_ = std::make_unique<MariadbServer>(std::vector<std::string>{
            "--ssl-cert=" + certificate_, "--ssl-key=" + (directory_ / "server.key")});
        tls_database_ = tls_->fresh();
    }
    std::string url(std::string const& host, std::string const& parameters) const {
        return "mysql://weir:" + std::string{MariadbServer::password} + "@" + host + ":" +
               std::to_string(tls_->port()) + "/" + tls_database_ + "?" + parameters;
    }

    TempDir directory_;
    std::string const certificate_ = directory_ / "server.crt";
    std::unique_ptr<MariadbServer> tls_;
    std::string tls_database_;
};

TEST_F(MysqlTls, VerifiesTheServerAndSaysWhatIsWrong) {
    tls_->connect("mysql").run("ALTER USER weir REQUIRE SSL");
    std::string const other = directory_ / "other.crt";
    make_certificate("localhost", other, directory_ / "other.key");
    for (std::string const& good :
         {url("localhost", "sslmode=verify-full&sslrootcert=" + certificate_),
          url("localhost", "sslrootcert=" + certificate_), url("127.0.0.1", "sslmode=require")})
        EXPECT_EQ(connect(good)->discover().size(), 0u) << good;
    for (std::string const& bad :
         {url("127.0.0.1", "sslmode=verify-full&sslrootcert=" + certificate_),
          url("localhost", "sslmode=verify-full&sslrootcert=" + other),
          url("localhost", "sslmode=verify-full"),
          url("localhost", "sslmode=verify-full&sslrootcert=/nowhere.crt"),
          server_.url(database_) + "?sslmode=require"}) {
        testkit::Failure const failed = failure([&] { connect(bad)->discover(); });
        EXPECT_EQ(failed.status, WEIR_E_IO) << bad;
        EXPECT_EQ(failed.code, "mysql.tls") << bad << failed.what();
        EXPECT_TRUE(failed.flags & WEIR_ERR_FINAL) << bad;
    }
    EXPECT_EQ(failure([&] { connect(url("127.0.0.1", "sslmode=disable"))->discover(); }).code,
              "mysql.login_refused")
        << "the control: without TLS the server does not let us in";
    EXPECT_EQ(host_.everything_said().find(MariadbServer::password), std::string::npos);
}

}  // namespace
}  // namespace weir::test
