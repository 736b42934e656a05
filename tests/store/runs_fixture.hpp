#pragma once

#include <nlohmann/json.hpp>

#include "store/fixture.hpp"

namespace weir::test {

using nlohmann::json;
using Words = std::vector<std::string>;

/// A plan with tasks of these names; `version` makes it another one.
inline std::string plan_of(std::string const& job, std::vector<std::string> const& tasks = {"main"},
                           std::string const& version = "1") {
    json plan{{"plan", 1}, {"job", job}, {"version", version}, {"tasks", json::array()}};
    for (std::string const& task : tasks)
        plan["tasks"].push_back({{"task", task},
                                 {"op", "copy"},
                                 {"source", {{"streams", {"public.a", "public.b"}}}},
                                 {"sink", {{"target", "a"}}}});
    return plan.dump();
}

class RunsTest : public StoreFixture {
protected:
    host::SubmitRun request(std::string const& job,
                            host::Overlap overlap = host::Overlap::buffer_one) {
        return {"replication", job, plan_of(job), "", R"({"by":"user"})", "delta", overlap};
    }
    host::SubmittedRun submit(host::SubmitRun const& asked) {
        clock.advance_us(1000);
        return must(host::Runs{*store}.submit(asked));
    }
    host::SubmittedRun submit(std::string const& job,
                              host::Overlap overlap = host::Overlap::buffer_one) {
        return submit(request(job, overlap));
    }
    /// The only task that is ready.
    host::ClaimedTask claim() {
        std::vector<host::ClaimedTask> claimed = must(runs.claim(10));
        if (claimed.size() != 1) throw std::runtime_error{std::to_string(claimed.size())};
        return claimed.front();
    }
    void finish(std::string const& run_id, host::TaskOutcome outcome = {.status = "succeeded"},
                std::string const& task = "main") {
        must(runs.finish(run_id, task, outcome));
    }
    std::string status(std::string const& run_id) { return must(runs.find(run_id))->status; }
    /// The statuses that were told of a run, in order.
    std::vector<std::string> told(std::string const& run_id) {
        std::vector<std::string> statuses;
        for (host::Event const& event : must(host::Events{*store}.list(0, 1000)))
            if (json const data = json::parse(event.data);
                event.topic == "runner/1:run" && data["run_id"] == run_id)
                statuses.push_back(data["status"]);
        return statuses;
    }

    host::Runs runs{*store};
};

}  // namespace weir::test
