// The state copied while the host works, and what weir doctor finds.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>

#include "e2e/weir_server.hpp"
#include "support/temp_dir.hpp"

namespace weir::test {
namespace {

namespace fs = std::filesystem;

class Care : public testing::Test {
protected:
    static Answer add_job(WeirServer& host) {
        return host.post("/replication/jobs",
                         {{"id", "users"},
                          {"source", {{"url", "generator:rows=5"}, {"stream", "users"}}},
                          {"destination", {{"connection", "local"}, {"table", "users"}}}});
    }
    std::string data() const { return directory / "data"; }
    /// Nobody's host, unless `server` says where.
    Ran doctor(std::vector<std::string> more = {}) const {
        more.insert(more.begin(), {"doctor", "--data-dir", data(), "--json"});
        ProcessOptions options;
        options.environment = {{"WEIR_SERVER", "http://127.0.0.1:9"}, {"WEIR_TOKEN", "none"}};
        return weir(more, options);
    }
    /// "bad key", … of all that is not well.
    static std::vector<std::string> signs(Ran const& ran) {
        std::vector<std::string> out;
        for (Json const& each : ran.json.at("checks"))
            if (each.at("level") != "ok")
                out.push_back(each.at("level").get<std::string>() + " " +
                              each.at("name").get<std::string>());
        return out;
    }
    using Signs = std::vector<std::string>;

    TempDir directory;
};

TEST_F(Care, ACopyIsTheStateAsItWas) {
    fs::path copy;
    {
        WeirServer host{data()};
        ASSERT_EQ(add_job(host).status, 201u);
        ASSERT_EQ(host.run_job("users").body.at("written"), 5);
        Ran const made = host.cli({"backup", "one.db", "--json"});
        ASSERT_EQ(made.code, 0) << made;
        copy = made.json.at("file").get<std::string>();
        EXPECT_EQ(fs::file_size(copy), made.json.at("bytes"));
        struct ::stat seen{};
        ASSERT_EQ(::stat(copy.c_str(), &seen), 0);
        EXPECT_EQ(seen.st_mode & 0777, 0600u);
        ASSERT_EQ(host.call("DELETE", "/replication/jobs/users").status, 204u);
        EXPECT_EQ(host.post("/backup", {{"file", "one.db"}}).code(), "backup.exists");
        EXPECT_EQ(host.post("/backup", {{"file", "../one.db"}}).code(), "backup.file_name");
        EXPECT_EQ(host.post("/backup").status, 201u) << "named by the time";
    }
    std::string const restored = directory / "restored";
    fs::create_directory(restored);
    fs::permissions(restored, fs::perms::owner_all);
    fs::copy_file(copy, restored + "/state.db");
    fs::copy_file(data() + "/master.key", restored + "/master.key");
    WeirServer host{restored};
    EXPECT_EQ(host.get("/replication/jobs/users").status, 200u);
    EXPECT_EQ(host.get("/runs?job=users").body.at("items").size(), 1u);
}

TEST_F(Care, ADoctorFindsNothingWhereNothingIsWrong) {
    EXPECT_EQ(signs(doctor()), Signs{"warn host"}) << "no state yet, and no host";
    WeirServer host{data()};
    Ran const well = host.cli({"doctor", "--data-dir", data(), "--json"});
    EXPECT_EQ(well.code, 0) << well;
    EXPECT_EQ(signs(well), Signs{});
    Ran const shown = host.cli({"doctor", "--data-dir", data()});
    EXPECT_NE(shown.out.find("✓ library sqlite"), std::string::npos) << shown;
}

TEST_F(Care, ADoctorFindsWhatIsWrongAndSaysWhatToDo) {
    {
        WeirServer host{data()};
        ASSERT_EQ(add_job(host).status, 201u);
        host.process().kill(SIGTERM);
        ASSERT_EQ(host.process().wait(), 0);
    }
    fs::permissions(data() + "/master.key", fs::perms{0644});
    write_file(directory / "weir.yaml", "jobs: {users: {}}\n");
    Ran const ill = doctor({"--config", directory / "weir.yaml"});
    EXPECT_EQ(ill.code, 3);
    EXPECT_EQ(signs(ill), (Signs{"bad key", "bad config", "warn host"})) << ill;
    for (Json const& each : ill.json.at("checks"))
        EXPECT_EQ(each.contains("remedy"), each.at("level") != "ok") << each;
    fs::permissions(data() + "/master.key", fs::perms{0600});
    std::string bytes = read_file(data() + "/state.db");
    for (std::size_t at = 4096; at + 4096 < bytes.size(); at += 4096)
        bytes.replace(at, 64, 64, 'x');
    write_file(data() + "/state.db", bytes);
    EXPECT_EQ(signs(doctor()), (Signs{"bad state", "warn host"}));
}

}  // namespace
}  // namespace weir::test
