// A process with an engine: run_plan DIRECTORY PLAN. Submits the plan once, whatever became of the
// processes before, waits for the end of its run and prints it.
#include <cstdio>

#include "engine/host.hpp"

int main(int count, char** arguments) {
    if (count != 3) return 2;
    weir::test::Host host{arguments[1]};
    weir::test::must(host.engine.start(2));
    auto request = weir::test::request_of(weir::test::Json::parse(arguments[2]));
    request.idempotency_key = "once";
    auto const submitted = weir::test::must(host.engine.submit(request));
    constexpr std::int64_t patience_ms = 60'000;
    auto const run = weir::test::must(host.engine.wait(submitted.run_id, patience_ms));
    std::puts(run.dump().c_str());
    return run["status"] == "succeeded" ? 0 : 1;
}
