// The program that crash_test kills: works on the state in DIRECTORY with several threads and says
// each thing that it was told is durable.
//     store_child DIRECTORY THREADS
#include <iostream>
#include <mutex>
#include <thread>
#include <vector>

#include "store/fixture.hpp"

namespace weir::test {
namespace {

using namespace host;

std::mutex output;

void say(std::string const& line) {
    std::lock_guard const lock{output};
    std::cout << line << std::endl;
}

/// Runs of a job of its own, and a document that counts them, for ever.
void work(Store& store, int thread) {
    Runs runs{store};
    Documents documents{store};
    std::string const job = "job" + std::to_string(thread);
    std::string const plan = R"({"job":")" + job + R"(","tasks":[{"task":"main"}]})";
    for (int i = 1;; ++i) {
        std::string const run_id = must(runs.submit({"p", job, plan})).run_id;
        say("submitted " + run_id);
        for (ClaimedTask const& task : must(runs.claim(1))) {
            must(runs.finish(task.run_id, "main", {.status = "succeeded"}));
            say("succeeded " + task.run_id);
        }
        std::uint64_t const revision =
            must(documents.put("p", "counts", job, "1", Documents::any_revision));
        say("counted " + job + " " + std::to_string(revision));
    }
}

}  // namespace
}  // namespace weir::test

int main(int, char** argv) {
    using namespace weir::test;
    weir::host::SystemClock const clock;
    auto const store = must(weir::host::Store::open(std::string{argv[1]} + "/state.db", clock));
    must(weir::host::Runs{*store}.recover());
    std::vector<std::thread> threads;
    for (int i = 0; i < std::stoi(argv[2]); ++i) threads.emplace_back([&, i] { work(*store, i); });
    for (std::thread& thread : threads) thread.join();
}
