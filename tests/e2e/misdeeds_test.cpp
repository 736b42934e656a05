// A library of somebody else that breaks a promise where nobody looks: in the release of a batch,
// and with what its reads leave behind. In the host, and in a process of its own.
#include "e2e/contained_fixture.hpp"

namespace weir::test {
namespace {

class Misdeeds : public Plugins, public testing::WithParamInterface<std::string> {
protected:
    Misdeeds() {
        std::ifstream file{E2E_ODD, std::ios::binary};
        put({std::istreambuf_iterator<char>{file}, {}}, "odd.so");
    }
    std::vector<std::string> words() const {
        std::vector<std::string> all = with_libraries();
        if (GetParam() == "host") all.insert(all.end(), {"--in-process", id});
        return all;
    }
    static void make_odd_job(WeirServer& host, std::string const& deed) {
        Json const config{{"do", deed}};
        Answer const kept = host.post("/replication/connections",
                                      {{"id", "odd"}, {"connector", "odd"}, {"config", config}});
        ASSERT_EQ(kept.status, 201u) << kept;
        Json const retry{{"attempts", 3}, {"delay", 10}};
        Answer const made = host.post(
            "/replication/jobs",
            {{"id", "odd"},
             {"source", {{"connection", "odd"}, {"stream", "things"}, {"retry", retry}}},
             {"destination", {{"connection", "local"}, {"table", "things"}}}});
        ASSERT_EQ(made.status, 201u) << made;
    }
    static Json ran(WeirServer& host) {
        std::string const run = host.post("/replication/jobs/odd/run").body.at("run_id");
        EXPECT_TRUE(eventually([&] { return has_ended(run_of(host, run)); }));
        return run_of(host, run);
    }
    static std::string noted(WeirServer& host) {
        return plugin(host, id).at("last_error").dump();
    }

    static constexpr char const* id = "dev.weir.test.odd";
};
INSTANTIATE_TEST_SUITE_P(, Misdeeds, testing::Values("child", "host"),
                         [](auto const& each) { return each.param; });

TEST_P(Misdeeds, ABatchWhoseReleaseThrowsArrivesOnce) {
    WeirServer host{data(), words()};
    make_odd_job(host, "release_throws");
    Json const done = ran(host);
    EXPECT_NE(noted(host).find("let an exception "), std::string::npos) << noted(host);
    EXPECT_NE(noted(host).find("this is a bug in the plugin dev.weir.test.odd"), std::string::npos);
    if (done.at("status") != "succeeded") {
        EXPECT_EQ(ran(host).at("status"), "succeeded") << done;
    }
    EXPECT_EQ(parts("SELECT id FROM things ORDER BY id"),
              (std::vector<Record>{{"0"}, {"1"}, {"2"}, {"3"}, {"4"}, {"5"}}))
        << done;
}

TEST_P(Misdeeds, ThreadsThatItsReadsLeaveAreNamedWhileItsInstanceIsKept) {
    constexpr int runs_max = 60;
    WeirServer host{data(), words()};
    make_odd_job(host, "open_thread");
    auto const is_named = [&] {
        return noted(host).find("plugin.leaves_threads") != std::string::npos;
    };
    for (int runs = 0; runs < runs_max && !is_named(); ++runs)
        ASSERT_EQ(ran(host).at("status"), "succeeded");
    std::string const sentence = "leaves threads behind with each of its readers and writers";
    EXPECT_NE(noted(host).find(sentence), std::string::npos) << noted(host);
}

TEST_P(Misdeeds, AReleaseThatDoesNotComeBackIsEndedOrNamedUntilItDoes) {
    std::string const gate = directory / "gate";
    bool const is_inside = GetParam() == "host";
    std::vector<std::string> all = words();
    all.insert(all.end(), {"--call-ms", is_inside ? "300" : "3000"});
    WeirServer host{data(), all};
    make_odd_job(host, "release_hangs:" + gate);
    std::string const run = host.post("/replication/jobs/odd/run").body.at("run_id");
    std::string const sentence = is_inside ? "release() of the plugin dev.weir.test.odd did not "
                                             "come back within 300 ms"
                                           : "next() did not come back within 3000 ms";
    EXPECT_TRUE(eventually([&] {
        return noted(host).find(sentence) != std::string::npos;
    })) << noted(host);
    std::ofstream{gate} << "x";
    EXPECT_TRUE(eventually([&] { return has_ended(run_of(host, run)); }));
    Json const done = run_of(host, run);
    EXPECT_EQ(done.at("status"), "succeeded") << done;
    EXPECT_EQ(parts("SELECT count(*) || ' ' || sum(id) FROM things").front(), Record{"6 15"});
    if (!is_inside) return;
    EXPECT_NE(host.process().err().find(sentence), std::string::npos) << host.process().err();
    EXPECT_TRUE(eventually([&] { return noted(host) == "null"; })) << "it came back after all";
}

TEST_P(Misdeeds, ACrashInTheReleaseOfABatchIsNamed) {
    std::string const sentence = "in release() of the plugin dev.weir.test.odd";
    if (GetParam() == "child") {
        WeirServer host{data(), words()};
        make_odd_job(host, "release_aborts");
        EXPECT_EQ(ran(host).at("error").at("code"), "plugin.process_ended");
        return;
    }
    {
        WeirServer host{data(), words()};
        make_odd_job(host, "release_aborts");
        host.post("/replication/jobs/odd/run");
        EXPECT_NE(host.process().wait(), 0);
    }
    std::string said;
    try {
        WeirServer host{data(), words()};
        said = host.process().err();
    } catch (std::runtime_error const& before_it_was_ready) {
        said = before_it_was_ready.what();
    }
    EXPECT_NE(said.find(sentence), std::string::npos) << said;
}

}  // namespace
}  // namespace weir::test
