#pragma once

#include <gtest/gtest.h>

#include "support/ledger.hpp"
#include "support/postgres_server.hpp"
#include "support/sqlite.hpp"
#include "support/weir.hpp"

namespace weir::test {

/// A fresh PostgreSQL database, an empty directory, and the binary between them.
class CopyFixture : public testing::Test {
protected:
    /// weir copy postgres://... sqlite:DIR/out.db ARGUMENTS --json, run in DIR.
    Ran copy(std::vector<std::string> const& arguments, ProcessOptions options = {}) {
        if (options.directory.empty()) options.directory = directory.path().string();
        return weir(copy_arguments(arguments), options);
    }
    std::vector<std::string> copy_arguments(std::vector<std::string> const& more) const {
        std::vector<std::string> all{"copy", server.url(database), sink_url()};
        all.insert(all.end(), more.begin(), more.end());
        all.push_back("--json");
        return all;
    }
    std::string sink_path() const { return directory / "out.db"; }
    std::string sink_url() const { return "sqlite:" + sink_path(); }
    Sqlite sink() const { return Sqlite{sink_path()}; }

    /// Checks how a run ended and that it said no password.
    void expect_exit(Ran const& ran, ExitCode code) const {
        EXPECT_EQ(ran.code, code) << ran;
        EXPECT_EQ((ran.out + ran.err).find(PostgresServer::password), std::string::npos) << ran;
    }
    void expect_moved(Ran const& ran, std::uint64_t read, std::uint64_t written) const {
        expect_exit(ran, 0);
        ASSERT_TRUE(ran.json.contains("streams")) << ran;
        ASSERT_EQ(ran.json["streams"].size(), 1u) << ran;
        EXPECT_EQ(ran.stream().at("read"), read) << ran;
        EXPECT_EQ(ran.stream().at("written"), written) << ran;
        EXPECT_EQ(ran.json.at("status"), "succeeded");
        EXPECT_TRUE(ran.json.at("error").is_null());
    }
    /// A failure as the Contract wants it: exit code, one object under --json, the sentence also
    /// on standard error, no password. Answers the sentence.
    std::string expect_failure(Ran const& ran, ExitCode code, std::string const& dotted) const {
        expect_exit(ran, code);
        EXPECT_EQ(ran.error_code(), dotted) << ran;
        if (!ran.json.contains("error") || !ran.json["error"].is_object()) return {};
        std::string const message = ran.json["error"].value("message", "");
        EXPECT_GT(message.size(), 10u) << ran;
        EXPECT_EQ(message.find('\n'), std::string::npos) << "one sentence: " << message;
        EXPECT_NE(ran.err.find(message), std::string::npos) << "standard error says it too " << ran;
        return message + " " + ran.json["error"].value("suggestion", "");
    }

    /// public.users (id bigint PRIMARY KEY, name text, updated_at timestamptz NOT NULL), `rows` of
    /// them from id 1, one second apart.
    void make_users(int rows) {
        db.run(
            "CREATE TABLE users (id bigint PRIMARY KEY, name text, "
            "updated_at timestamptz NOT NULL)");
        add_users(1, rows);
    }
    void add_users(int from, int to) {
        db.run(
            "INSERT INTO users SELECT i, 'user ' || i, timestamptz '2024-01-01 00:00Z' + "
            "i * interval '1 second' FROM generate_series(" +
            std::to_string(from) + ", " + std::to_string(to) + ") i");
    }
    std::vector<Record> users_in_source() {
        return db.rows(
            "SELECT id, name, to_char(updated_at AT TIME ZONE 'UTC', "
            "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') FROM users ORDER BY id");
    }
    Differences users_differ(std::string const& target = "users") {
        return compare(users_in_source(),
                       sink().rows("SELECT id, name, updated_at FROM \"" + target + "\""));
    }
    void expect_users_equal(std::string const& target = "users") {
        Differences const differences = users_differ(target);
        EXPECT_TRUE(differences.none()) << differences;
    }

    PostgresServer& server = PostgresServer::shared();
    std::string const database = server.fresh();
    Pg db = server.connect_as_owner(database);
    TempDir directory;
};

}  // namespace weir::test
