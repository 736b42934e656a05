#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "e2e/weir_server.hpp"
#include "support/sqlite.hpp"
#include "support/temp_dir.hpp"

namespace weir::test {

/// A server with a directory of libraries beside its own, where builds of `acme` are put.
class Plugins : public testing::Test {
protected:
    Plugins() { std::filesystem::create_directory(libraries()); }

    std::string data() const { return directory / "data"; }
    std::filesystem::path libraries() const { return directory / "more"; }
    std::vector<std::string> with_libraries() const {
        return {"--connector-dir", libraries().string()};
    }
    /// Puts a built library there under this name, as an installation does: whole or not at all.
    void install(std::string const& built, std::string const& name = "acme.so") const {
        put(bytes_of(built), name);
    }
    static std::string bytes_of(std::string const& built) {
        std::ifstream file{std::filesystem::path{E2E_PLUGINS} / (built + ".so"), std::ios::binary};
        return {std::istreambuf_iterator<char>{file}, {}};
    }
    void put(std::string const& bytes, std::string const& name) const {
        using Perms = std::filesystem::perms;
        std::filesystem::path const unfinished = libraries() / (name + ".new");
        std::ofstream{unfinished, std::ios::binary} << bytes;
        std::filesystem::permissions(unfinished, Perms::owner_read | Perms::owner_exec);
        std::filesystem::rename(unfinished, libraries() / name);
    }

    static void make_job(WeirServer& host, Json const& config, Json const& schedule = nullptr) {
        Answer const made =
            host.post("/replication/connections",
                      {{"id", "parts"}, {"connector", "acme"}, {"config", config}});
        ASSERT_EQ(made.status, 201u) << made;
        Json job{{"id", "parts"},
                 {"source", {{"connection", "parts"}, {"stream", "parts"}}},
                 {"destination", {{"connection", "local"}, {"table", "parts"}}}};
        if (!schedule.is_null()) job["schedule"] = schedule;
        Answer const kept = host.post("/replication/jobs", job);
        ASSERT_EQ(kept.status, 201u) << kept;
    }
    static Json run_of(WeirServer& host, std::string const& id) {
        return host.get("/runs/" + id).body;
    }
    static bool has_ended(Json const& run) {
        std::string const status = run.at("status");
        return status != "queued" && status != "running" && status != "retrying";
    }
    static Json plugin(WeirServer& host, std::string const& id) {
        return host.get("/plugins/" + id).body;
    }
    std::vector<Record> parts(std::string const& sql) const {
        return Sqlite{data() + "/local.db"}.rows(sql);
    }

    TempDir directory;
};

}  // namespace weir::test
