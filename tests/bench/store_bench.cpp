// How fast the state is: durable no-op runs (submit, claim, finish) by 8 threads over 100 jobs, and
// one tick of 10,000 events. Beside it the baseline: how often the disk makes 4 KiB durable.
//     weir_store_bench [DIRECTORY] [SECONDS]
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <thread>
#include <vector>

#include "host/store/documents.hpp"
#include "host/store/events.hpp"
#include "host/store/runs.hpp"

namespace {

using namespace weir::host;
using Steady = std::chrono::steady_clock;

double seconds_since(Steady::time_point start) {
    return std::chrono::duration<double>(Steady::now() - start).count();
}

double cpu_seconds() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    auto seconds = [](timeval const& time) {
        return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

template <class T>
void check(Result<T> const& result) {
    if (result) return;
    std::cerr << result.error().code << ": " << result.error().message << '\n';
    std::exit(1);
}

double syncs_per_second(std::filesystem::path const& file) {
    int const fd = ::open(file.c_str(), O_CREAT | O_WRONLY, 0600);
    std::vector<char> const page(4096, 'x');
    Steady::time_point const start = Steady::now();
    int count = 0;
    for (; seconds_since(start) < 1; ++count)
        if (::write(fd, page.data(), page.size()) < 0 || ::fdatasync(fd) != 0) break;
    ::close(fd);
    return count / seconds_since(start);
}

std::string plan_of(std::string const& job) {
    return R"({"plan":1,"job":")" + job + R"(","tasks":[{"task":"main","op":"copy",)" +
           R"("source":{"connector":"postgres","config":{"url":"postgres://shop@db/shop"},)" +
           R"("streams":["public.orders"],"tracking":"updated_at"},)" +
           R"("sink":{"connector":"sqlite","config":{"url":"sqlite:a.db"},"target":"orders"}}]})";
}

void cycles(Store& store, double seconds) {
    std::atomic<std::uint64_t> done{0};
    Store::Figures const before = store.figures();
    double const cpu_before = cpu_seconds();
    Steady::time_point const start = Steady::now();
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t)
        threads.emplace_back([&, t] {
            Runs runs{store};
            for (int i = t; seconds_since(start) < seconds; i += 8) {
                std::string const job = fmt::format("job{}", i % 100);
                Result<SubmittedRun> run = runs.submit(
                    {"replication", job, plan_of(job), "", R"({"by":"cron"})", "delta"});
                check(run);
                Result<std::vector<ClaimedTask>> claimed = runs.claim(1);
                check(claimed);
                for (ClaimedTask const& task : *claimed) {
                    check(runs.finish(task.run_id, "main", {.status = "succeeded"}));
                    ++done;
                }
            }
        });
    for (std::thread& thread : threads) thread.join();
    double const took = seconds_since(start);
    Store::Figures const after = store.figures();
    std::cout << fmt::format(
        "no-op runs: {:.0f}/s, {:.0f} us of CPU each, {:.0f} commits/s, {:.1f} works per commit\n",
        static_cast<double>(done) / took,
        1e6 * (cpu_seconds() - cpu_before) / static_cast<double>(done),
        static_cast<double>(after.commits - before.commits) / took,
        static_cast<double>(after.writes - before.writes) /
            static_cast<double>(after.commits - before.commits));
}

void tick(Store& store) {
    Changes changes;
    for (int i = 0; i < 10'000; ++i) {
        std::string const name = fmt::format("event{}", i);
        changes.puts.push_back({"events", "user/" + name, R"({"every":"1s","next_at":1})"});
        changes.events.push_back({"cron/1:p/" + name, "1", R"({"name":")" + name + "\"}"});
    }
    Events{store}.subscribe("p", {"cron/1:p/*"});
    Steady::time_point const start = Steady::now();
    Result<std::size_t> applied = Documents{store}.apply("cron", changes);
    check(applied);
    std::cout << fmt::format("one tick of 10,000 events: {:.0f} ms\n", 1e3 * seconds_since(start));
}

}  // namespace

int main(int argc, char** argv) {
    std::filesystem::path const directory =
        argc > 1 ? std::filesystem::path{argv[1]} : std::filesystem::current_path();
    double const seconds = argc > 2 ? std::stod(argv[2]) : 5;
    std::cout << fmt::format("baseline: {:.0f} syncs/s\n", syncs_per_second(directory / "sync"));
    SystemClock clock;
    Result<std::unique_ptr<Store>> store = Store::open(directory / "bench.db", clock);
    check(store);
    cycles(**store, seconds);
    tick(**store);
    std::filesystem::remove(directory / "sync");
}
