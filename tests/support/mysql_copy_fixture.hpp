#pragma once

#include <gtest/gtest.h>

#include "support/mariadb_server.hpp"
#include "support/sqlite.hpp"
#include "support/weir.hpp"

namespace weir::test {

/// A fresh MariaDB database, an empty directory, and the binary between them.
class MysqlCopyFixture : public testing::Test {
protected:
    /// `of`: another server, MySQL 8 say.
    explicit MysqlCopyFixture(MariadbServer& of = MariadbServer::shared()) : server{of} {}

    /// weir copy mysql://... sqlite:DIR/out.db ARGUMENTS --json, run in DIR.
    Ran copy(std::vector<std::string> const& more, ProcessOptions options = {}) {
        options.directory = directory.path().string();
        Ran const ran = weir(arguments(more), options);
        EXPECT_EQ((ran.out + ran.err).find(MariadbServer::password), std::string::npos) << ran;
        return ran;
    }
    std::vector<std::string> arguments(std::vector<std::string> const& more) const {
        std::vector<std::string> all{"copy", server.url(database), "sqlite:" + sink_path()};
        all.insert(all.end(), more.begin(), more.end());
        all.push_back("--json");
        return all;
    }
    std::string sink_path() const { return directory / "out.db"; }
    Sqlite sink() const { return Sqlite{sink_path()}; }

    MariadbServer& server;
    std::string const database = server.fresh();
    My db = server.connect_as_owner(database);
    TempDir directory;
};

}  // namespace weir::test
