#include "host/store/stored_plan.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <set>

#include "host/store/runs.hpp"

namespace weir::host {

namespace {

using nlohmann::json;

std::string sha256_hex(std::string const& text) {
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(digest, reinterpret_cast<unsigned char const*>(text.data()), text.size());
    std::string hex(2 * sizeof digest + 1, '\0');
    sodium_bin2hex(hex.data(), hex.size(), digest, sizeof digest);
    hex.pop_back();
    return hex;
}

Error invalid(std::string const& why, std::string const& where = {}) {
    return {WEIR_E_CONFIG, "plan.invalid", "the plan cannot be run: " + why, where};
}

/// The text at `object`.`outer`.`inner`; empty when there is none.
std::string text_at(json const& object, char const* outer, char const* inner) {
    auto const found = object.find(outer);
    if (found == object.end() || !found->is_object()) return {};
    auto const value = found->find(inner);
    return value != found->end() && value->is_string() ? value->get<std::string>() : "";
}

std::string streams_of(json const& task) {
    auto const source = task.find("source");
    if (source == task.end() || !source->is_object()) return {};
    auto const streams = source->find("streams");
    if (streams == source->end() || !streams->is_array()) return text_at(task, "source", "stream");
    std::string all;
    for (json const& stream : *streams)
        if (stream.is_string()) all += (all.empty() ? "" : ", ") + stream.get<std::string>();
    return all;
}

}  // namespace

Result<StoredPlan> StoredPlan::parse(std::string const& text) {
    if (text.size() > Runs::plan_bytes_max)
        return Error{WEIR_E_CONFIG, "plan.too_large",
                     fmt::format("the plan has {} bytes, {} are allowed", text.size(),
                                 Runs::plan_bytes_max)};
    json const plan = json::parse(text, nullptr, false);
    if (!plan.is_object()) return invalid("it is no JSON object");
    auto const tasks = plan.find("tasks");
    if (tasks == plan.end() || !tasks->is_array() || tasks->empty())
        return invalid("it has no tasks", "/tasks");
    if (tasks->size() > Runs::tasks_per_plan_max)
        return Error{WEIR_E_CONFIG, "plan.too_large",
                     fmt::format("the plan has {} tasks, {} are allowed", tasks->size(),
                                 Runs::tasks_per_plan_max)};
    StoredPlan stored{sha256_hex(text), text, {}};
    std::set<std::string> names;
    for (std::size_t i = 0; i < tasks->size(); ++i) {
        json const& task = (*tasks)[i];
        std::string const where = fmt::format("/tasks/{}/task", i);
        auto const name = task.is_object() ? task.find("task") : task.end();
        if (!task.is_object() || name == task.end() || !name->is_string())
            return invalid("a task has no name", where);
        stored.tasks.push_back({*name, streams_of(task), text_at(task, "sink", "target")});
        if (!names.insert(*name).second)
            return invalid(fmt::format("two tasks are called {}", name->get<std::string>()), where);
    }
    return stored;
}

std::int64_t StoredPlan::find(Session& session) const {
    return session.value<std::int64_t>("SELECT id FROM weir_plan WHERE sha256 = ?1", sha256)
        .value_or(0);
}

std::int64_t StoredPlan::keep(Session& session) const {
    if (std::int64_t const id = find(session)) return id;
    return session
        .value<std::int64_t>("INSERT INTO weir_plan(sha256, body) VALUES (?1, ?2) RETURNING id",
                             sha256, body)
        .value();
}

json task_of(json const& plan, std::string const& task) {
    for (json const& each : plan.at("tasks"))
        if (each.at("task") == task) return each;
    return nullptr;
}

}  // namespace weir::host
