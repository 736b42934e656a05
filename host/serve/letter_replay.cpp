#include "host/serve/letter_replay.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "host/run/run_json.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;

constexpr std::int64_t replay_ask_ms_max = 30'000;

/// One job's part of what was asked for.
struct JobReplay {
    std::vector<std::string> ids;
    std::string run_id;
    bool has_ended = false;
    std::optional<Json> error;  ///< why none of them could be replayed
};

Json brief(Error const& error) {
    Json json{{"code", error.code}, {"message", error.message}};
    if (!error.suggestion.empty()) json["suggestion"] = error.suggestion;
    return json;
}

void start(LetterPorts const& ports, std::string const& job, JobReplay& replay) {
    CallContext const call{ports.clock, nullptr,
                           ports.clock.monotonic_ns() + replay_ask_ms_max * 1'000'000};
    MethodAnswer const answer = ports.bus.invoke("host", "jobs/1", "replay",
                                                 {{"job", job}, {"letters", replay.ids}}, call);
    if (answer.error)
        replay.error = brief(*answer.error);
    else
        replay.run_id = answer.json.value("run_id", "");
}

void await(LetterPorts const& ports, JobReplay& replay, std::int64_t wait_ms) {
    Result<Json> const run = ports.engine.wait(replay.run_id, std::max<std::int64_t>(wait_ms, 0));
    if (!run) {
        replay.error = brief(run.error());
        return;
    }
    std::string const status = run->value("status", "");
    replay.has_ended = is_ended(status);
    if ((status == "failed" || status == "cancelled") && run->at("error").is_object())
        replay.error = run->at("error");
}

Json item_of(Letter const& letter, JobReplay const& replay) {
    Json item{{"id", letter.id}, {"status", letter.status}};
    if (!replay.run_id.empty()) item["run_id"] = replay.run_id;
    if (letter.status != "waiting") return item;
    if (!replay.run_id.empty() && !replay.has_ended && !replay.error) item["status"] = "replaying";
    if (replay.error)
        item["error"] = *replay.error;
    else if (replay.has_ended)
        item["error"] = {{"code", letter.code}, {"message", letter.message}};
    return item;
}

}  // namespace

Json replay(LetterPorts const& ports, std::vector<Letter> const& letters, int wait_s) {
    std::map<std::string, JobReplay> jobs;
    for (Letter const& letter : letters) jobs[letter.job].ids.push_back(letter.id);
    for (auto& [job, each] : jobs) start(ports, job, each);
    std::int64_t const until_ns =
        ports.clock.monotonic_ns() + std::int64_t{wait_s} * 1'000'000'000;
    for (auto& [job, each] : jobs)
        if (!each.run_id.empty())
            await(ports, each, (until_ns - ports.clock.monotonic_ns()) / 1'000'000);
    Letters::Filter filter;
    for (Letter const& letter : letters) filter.ids.push_back(letter.id);
    filter.status.clear();
    filter.oldest_first = true;
    filter.with_record = false;
    filter.limit = letters.size();
    Result<std::vector<Letter>> const now = ports.letters.list(filter);
    Json items = Json::array();
    for (Letter const& letter : now ? *now : letters)
        items.push_back(item_of(letter, jobs[letter.job]));
    return items;
}

}  // namespace weir::host
