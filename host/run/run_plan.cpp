#include "host/run/run_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "host/core/text.hpp"
#include "weir/cpp/nearest.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;
using Names = std::vector<std::string>;

constexpr std::int64_t batch_rows_limit = 1'000'000, batch_bytes_limit = 256u << 20;
constexpr std::int64_t row_bytes_limit = 1 << 30;
constexpr std::int64_t deadline_ms_limit = 30LL * 86'400'000;

/// Walks a plan and keeps what it finds wrong.
class Check {
public:
    explicit Check(Registry& registry) : registry_{registry} {}

    void plan(Json const& plan) {
        if (!object(plan, "", {"plan", "job", "owner", "tasks", "kind", "trigger"})) return;
        if (!plan.contains("plan") || plan["plan"] != 1)
            add("/plan", "plan.version", "a plan begins with \"plan\":1");
        if (!plan.contains("job") || !plan["job"].is_string() ||
            !is_job_id(plan["job"].get<std::string>()))
            add("/job", "plan.job",
                "job is 1 to 63 letters, digits, _ and -, a letter or digit "
                "first");
        if (!plan.contains("tasks") || !plan["tasks"].is_array() || plan["tasks"].size() != 1)
            return add("/tasks", "plan.tasks", "a plan has a list of exactly one task");
        task(plan["tasks"][0], "/tasks/0");
    }

    std::vector<Finding> findings;

private:
    void add(std::string pointer, std::string code, std::string message,
             std::string suggestion = {}) {
        if (findings.size() < findings_max)
            findings.push_back(
                {std::move(pointer), std::move(code), std::move(message), std::move(suggestion)});
    }

    bool object(Json const& json, std::string const& at, Names const& known) {
        if (!json.is_object()) {
            add(at, "plan.type", (at.empty() ? "a plan" : at) + " must be an object");
            return false;
        }
        for (auto const& [name, value] : json.items())
            if (std::ranges::find(known, name) == known.end()) {
                add(at + "/" + name, "plan.unknown_field", "there is no field \"" + name + "\"",
                    did_you_mean(nearest(name, known)));
            }
        return true;
    }

    void task(Json const& json, std::string const& at) {
        if (!object(
                json, at,
                {"task", "op", "source", "sink", "mode", "rejects", "retry", "limits", "force",
                 "letters", "reconcile"}))
            return;
        text(json, at, "task", true);
        one_of(json, at, "op", {"copy", "replay", "reconcile"}, true);
        if (json.contains("reconcile")) reconcile(json["reconcile"], at + "/reconcile");
        letters(json, at);
        one_of(json, at, "mode", {"full", "delta"}, false);
        flag(json, at, "force");
        if (present(json, at, "source")) source(json["source"], at + "/source");
        if (present(json, at, "sink")) sink(json["sink"], at + "/sink");
        if (json.contains("rejects") && object(json["rejects"], at + "/rejects", {"record"}))
            one_of(json["rejects"], at + "/rejects", "record", {"stop", "skip", "dead_letter"},
                   false);
        if (json.contains("retry")) retry(json["retry"], at + "/retry");
        if (json.contains("limits")) limits(json["limits"], at + "/limits");
    }

    void source(Json const& json, std::string const& at) {
        if (!object(json, at, {"connector", "config", "streams", "tracking", "key", "fields",
                               "lookback_ms"}))
            return;
        end(json, at, WEIR_ROLE_SOURCE);
        names(json, at, "streams");
        names(json, at, "key");
        names(json, at, "fields");
        text(json, at, "tracking", false);
        number(json, at, "lookback_ms", 0, deadline_ms_limit);
    }

    void sink(Json const& json, std::string const& at) {
        if (!object(json, at, {"connector", "config", "target", "write", "deleted_at", "drift",
                               "with"}))
            return;
        end(json, at, WEIR_ROLE_SINK);
        text(json, at, "target", false);
        text(json, at, "deleted_at", false);
        one_of(json, at, "write", {"append", "upsert", "replace"}, false);
        one_of(json, at, "drift", {"add", "ignore", "halt"}, false);
        names(json, at, "with");
    }

    void end(Json const& json, std::string const& at, std::uint32_t role) {
        if (json.contains("config") && !json["config"].is_object())
            add(at + "/config", "plan.type", at + "/config must be an object");
        if (!text(json, at, "connector", true)) return;
        std::string const id = json["connector"];
        Names known;
        for (auto const& info : registry_.components()) {
            if (info->id == id && !(info->roles & role))
                add(at + "/connector", "connector.role",
                    id + (role == WEIR_ROLE_SINK ? " cannot be written to; it is a source only"
                                                 : " cannot be read from; it is a sink only"));
            if (info->id == id) return;
            if (info->roles & role) known.push_back(info->id);
        }
        // Its plugin may be switched off, or its library refused: then that is what is wrong.
        if (Result<Component> const why = registry_.load(id);
            !why && why.error().code != "connector.unknown")
            return add(at + "/connector", why.error().code, why.error().message,
                       why.error().suggestion);
        add(at + "/connector", "connector.unknown",
            fmt::format("there is no connector \"{}\"; {}", id,
                        known.empty() ? "none may be loaded here"
                                      : fmt::format("there are {}", fmt::join(known, ", "))),
            did_you_mean(nearest(id, known)));
    }

    void letters(Json const& json, std::string const& at) {
        bool const is_replay = json.value("op", Json()) == "replay";
        if (is_replay != json.contains("letters"))
            return add(at + "/letters", is_replay ? "plan.missing" : "plan.value",
                       "letters are what a replay reads, and nothing else has any");
        if (!is_replay) return;
        names(json, at, "letters");
        std::size_t const count = json["letters"].size();
        if (count == 0 || count > RunPlan::letters_max)
            add(at + "/letters", "plan.value",
                fmt::format("a replay has 1 to {} letters", RunPlan::letters_max));
    }

    void reconcile(Json const& json, std::string const& at) {
        if (!object(json, at, {"on_delete", "compare", "max_delete_fraction"})) return;
        one_of(json, at, "on_delete", {"hard", "soft"}, false);
        one_of(json, at, "compare", {"keys", "values"}, false);
        if (!json.contains("max_delete_fraction")) return;
        Json const& most = json["max_delete_fraction"];
        if (!most.is_number() || most < 0 || most > 1)
            add(at + "/max_delete_fraction", "plan.value",
                at + "/max_delete_fraction must be a number from 0 to 1");
    }

    void retry(Json const& json, std::string const& at) {
        if (!object(json, at, {"retries", "delay_ms", "backoff", "cap_ms"})) return;
        number(json, at, "retries", 0, RetryPolicy::retries_max);
        number(json, at, "delay_ms", 0, RetryPolicy::delay_ms_max);
        number(json, at, "cap_ms", 0, RetryPolicy::delay_ms_max);
        one_of(json, at, "backoff", {"exponential", "linear", "fixed"}, false);
    }

    void limits(Json const& json, std::string const& at) {
        if (!object(json, at,
                    {"batch_rows_max", "batch_bytes_max", "row_bytes_max", "deadline_ms",
                     "streams", "parts"}))
            return;
        number(json, at, "batch_rows_max", 1, batch_rows_limit);
        number(json, at, "batch_bytes_max", 1, batch_bytes_limit);
        number(json, at, "row_bytes_max", 1, row_bytes_limit);
        number(json, at, "deadline_ms", 1, deadline_ms_limit);
        number(json, at, "streams", 1, std::int64_t{CopyRequest::parallel_max});
        number(json, at, "parts", 1, std::int64_t{CopyRequest::parts_max});
    }

    bool present(Json const& json, std::string const& at, char const* name) {
        if (json.contains(name)) return true;
        add(at + "/" + name, "plan.missing", fmt::format("{} needs \"{}\"", at, name));
        return false;
    }

    bool text(Json const& json, std::string const& at, char const* name, bool is_needed) {
        if (!json.contains(name)) return is_needed ? present(json, at, name) : false;
        if (json[name].is_string() && !json[name].get_ref<std::string const&>().empty())
            return true;
        add(at + "/" + name, "plan.type", fmt::format("{}/{} must be a text", at, name));
        return false;
    }

    void one_of(Json const& json, std::string const& at, char const* name, Names const& known,
                bool is_needed) {
        if (!text(json, at, name, is_needed)) return;
        std::string const value = json[name];
        if (std::ranges::find(known, value) != known.end()) return;
        add(at + "/" + name, "plan.value",
            fmt::format("\"{}\" is none of {}", value, fmt::join(known, ", ")),
            did_you_mean(nearest(value, known)));
    }

    void number(Json const& json, std::string const& at, char const* name, std::int64_t least,
                std::int64_t most) {
        if (!json.contains(name)) return;
        Json const& value = json[name];
        if (value.is_number_integer() && value >= least && value <= most) return;
        add(at + "/" + name, "plan.value",
            fmt::format("{}/{} must be a whole number from {} to {}", at, name, least, most));
    }

    void flag(Json const& json, std::string const& at, char const* name) {
        if (json.contains(name) && !json[name].is_boolean())
            add(at + "/" + name, "plan.type", fmt::format("{}/{} must be true or false", at, name));
    }

    void names(Json const& json, std::string const& at, char const* name) {
        if (!json.contains(name)) return;
        std::string const here = at + "/" + name;
        if (!json[name].is_array()) return add(here, "plan.type", here + " must be a list");
        std::set<std::string> seen;
        for (std::size_t i = 0; i < json[name].size(); ++i) {
            Json const& item = json[name][i];
            if (!item.is_string() || item.get_ref<std::string const&>().empty())
                add(fmt::format("{}/{}", here, i), "plan.type", "a name must be a text");
            else if (!seen.insert(item).second)
                add(fmt::format("{}/{}", here, i), "plan.value",
                    item.get<std::string>() + " is there twice");
        }
    }

    Registry& registry_;
};

ConnectorConfig end_of(Json const& json) {
    return {json["connector"], json.value("config", Json::object())};
}

WriteMode write_of(std::string const& word) {
    return word == "upsert"    ? WriteMode::upsert
           : word == "replace" ? WriteMode::replace
                               : WriteMode::append;
}

DriftPolicy drift_of(std::string const& word) {
    return word == "ignore" ? DriftPolicy::ignore
           : word == "halt" ? DriftPolicy::halt
                            : DriftPolicy::add;
}

RetryPolicy retry_of(Json const& json) {
    RetryPolicy policy;
    policy.retries = json.value("retries", policy.retries);
    policy.delay_ms = json.value("delay_ms", policy.delay_ms);
    policy.cap_ms = json.value("cap_ms", policy.cap_ms);
    std::string const backoff = json.value("backoff", "exponential");
    policy.backoff = backoff == "fixed"    ? Backoff::fixed
                     : backoff == "linear" ? Backoff::linear
                                           : Backoff::exponential;
    return policy;
}

CopyRequest request_of(Json const& task) {
    Json const& source = task["source"];
    Json const& sink = task["sink"];
    Json const limits = task.value("limits", Json::object());
    CopyRequest request;
    request.streams = source.value("streams", Names{});
    request.cursor = source.value("tracking", "");
    if (source.contains("lookback_ms")) request.lookback_ms = source["lookback_ms"];
    request.key = source.value("key", Names{});
    request.fields = source.value("fields", Names{});
    request.to = sink.value("target", "");
    if (sink.contains("write")) request.write = write_of(sink["write"]);
    request.deleted_at = sink.value("deleted_at", "");
    if (task.contains("mode"))
        request.mode = task["mode"] == "full" ? ReadMode::full : ReadMode::delta;
    if (task["op"] == "reconcile") request.mode = ReadMode::reconcile;
    Json const rules = task.value("reconcile", Json::object());
    request.reconcile = {rules.value("compare", "keys") == "values",
                         rules.value("on_delete", "hard") == "soft",
                         rules.value("max_delete_fraction", ReconcileRules{}.max_delete_fraction)};
    if (limits.contains("batch_rows_max")) request.batch_rows = limits["batch_rows_max"];
    if (limits.contains("batch_bytes_max")) request.batch_bytes = limits["batch_bytes_max"];
    if (limits.contains("row_bytes_max")) request.row_bytes_max = limits["row_bytes_max"];
    request.drift = drift_of(sink.value("drift", "add"));
    request.with = sink.value("with", Names{});
    if (limits.contains("streams")) request.parallel = limits["streams"];
    request.parts = limits.value("parts", request.parts);
    std::string const rejects = task.value("rejects", Json::object()).value("record", "stop");
    request.on_error = rejects == "skip"          ? OnError::skip
                       : rejects == "dead_letter" ? OnError::dead_letter
                                                  : OnError::stop;
    request.force = task.value("force", false);
    return request;
}

}  // namespace

std::vector<Finding> check_plan(Json const& plan, Registry& registry) {
    Check check{registry};
    check.plan(plan);
    return std::move(check.findings);
}

RunPlan read_plan(Json const& plan) {
    Json const& task = plan["tasks"][0];
    RunPlan read;
    read.job = plan["job"];
    read.task = task["task"];
    read.source = end_of(task["source"]);
    read.sink = end_of(task["sink"]);
    read.request = request_of(task);
    read.request.job = read.job;
    read.retry = retry_of(task.value("retry", Json::object()));
    Json const limits = task.value("limits", Json::object());
    if (limits.contains("deadline_ms")) read.deadline_ms = limits["deadline_ms"];
    read.letters = task.value("letters", Names{});
    return read;
}

Error error_of(std::vector<Finding> const& findings) {
    Names sentences;
    for (Finding const& finding : findings)
        sentences.push_back(finding.pointer + ": " + finding.detail);
    Finding const first = findings.empty() ? Finding{} : findings.front();
    return Error{WEIR_E_CONFIG, first.code, fmt::format("{}", fmt::join(sentences, "; ")),
                 first.pointer}
        .suggest(first.suggestion);
}

bool is_job_id(std::string_view id) {
    auto const is_word = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    constexpr std::size_t id_bytes_max = 63;
    return !id.empty() && id.size() <= id_bytes_max && is_word(id.front()) &&
           std::ranges::all_of(id, [&](char c) { return is_word(c) || c == '_' || c == '-'; });
}

}  // namespace weir::host
