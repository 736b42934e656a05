#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <thread>

#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/cli/steer.hpp"
#include "host/cli/table.hpp"
#include "host/cli/verbs.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;
using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds redraw_after{1'000};
constexpr char home_and_clear[] = "\x1b[H\x1b[J";

/// Records read so far by each run that is at work, to tell how fast it is.
struct Pace {
    SteadyClock::time_point at = SteadyClock::now();
    std::map<std::string, std::uint64_t> read;
};

std::string short_time(Json const& object, char const* name) {
    std::string const text = cell(object, name);
    return text.size() > 19 ? text.substr(0, 19) + "Z" : text;
}

std::string runs_table(Json const& runs, Pace& pace) {
    Pace const before = std::exchange(pace, Pace{});
    double const seconds = std::chrono::duration<double>(pace.at - before.at).count();
    std::vector<std::vector<std::string>> rows;
    for (Json const& run : runs) {
        std::string const id = cell(run, "run_id");
        std::uint64_t const read = run.value("read", std::uint64_t{0});
        pace.read[id] = read;
        auto const last = before.read.find(id);
        bool const is_known = last != before.read.end() && read >= last->second && seconds > 0;
        rows.push_back({id, cell(run, "job"), cell(run, "status"), cell(run, "read"),
                        cell(run, "written"), cell(run, "rejected"),
                        is_known ? fmt::format("{:.0f}", double(read - last->second) / seconds)
                                 : ""});
    }
    if (rows.empty()) return "no run is at work\n";
    return table({"RUN", "JOB", "STATUS", "READ", "WRITTEN", "REJECTED", "ROWS/S"}, rows);
}

std::string jobs_table(Json const& jobs) {
    std::vector<std::vector<std::string>> rows;
    for (Json const& job : jobs) {
        Json const error = job.value("lastError", Json());
        rows.push_back({cell(job, "id"), cell(job, "state"), cell(job, "last_status"),
                        short_time(job, "lastRun"), short_time(job, "nextRun"),
                        cell(job, "rows_synced"), cell(error, "code")});
    }
    if (rows.empty()) return "no jobs; weir job create NAME SOURCE SINK makes one\n";
    return table({"JOB", "STATE", "LAST", "RAN", "NEXT", "ROWS", "ERROR"}, rows);
}

struct Frame {
    std::string text;
    Json json;
};

Result<Frame> frame(ApiClient& client, Pace& pace) {
    auto ready = client.get("/readyz");
    if (!ready) return ready.error();
    auto runs = client.get("/runs?limit=20&status=queued&status=running&status=retrying");
    if (!runs) return runs.error();
    auto jobs = all_items(client, "/replication/jobs");
    if (!jobs) return jobs.error();
    Frame out;
    out.text = fmt::format("weir at {}: {}\n\n{}\n{}", client.server(),
                           cell(ready->body, "status"), runs_table(runs->body["items"], pace),
                           jobs_table(jobs->body["items"]));
    out.json = {{"status", ready->body.value("status", "")},
                {"runs", runs->body["items"]},
                {"jobs", jobs->body["items"]}};
    return out;
}

/// On a terminal drawn anew each second until Ctrl-C; into a pipe, or with --json, once and plain.
Exit top(ApiClient& client, ClientOptions const& options) {
    bool const is_live = !options.voice.json && ::isatty(STDOUT_FILENO) == 1;
    Pace pace;
    for (;;) {
        Result<Frame> const now = frame(client, pace);
        if (!now) return fail(now.error(), options.voice);
        std::string const text = options.voice.json ? now->json.dump() + "\n" : now->text;
        Result<void> const printed = print_steered(is_live ? home_and_clear : "", text);
        if (!printed) return fail(printed.error(), options.voice);
        if (!is_live) return Exit::done;
        std::this_thread::sleep_for(redraw_after);
    }
}

}  // namespace

void add_top(CLI::App& app, Verb& chosen) {
    add_verb(app, "top", "Runs at work and jobs, drawn anew each second; into a pipe once", chosen,
             top);
}

}  // namespace weir::host
