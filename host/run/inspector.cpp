#include "host/run/inspector.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "host/run/check_steps.hpp"
#include "host/run/copy.hpp"
#include "host/run/discovery.hpp"
#include "host/run/ends.hpp"
#include "host/run/plan.hpp"
#include "host/run/position.hpp"
#include "host/run/record_json.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;

/// A name that no stream has: asking for it connects and finds nothing.
constexpr char no_stream[] = "weir_check_connection";

std::int64_t deadline(Clock const& clock, std::int64_t ms) {
    return clock.monotonic_ns() + ms * 1'000'000;
}

Json roles_of(ComponentInfo const& info) {
    Json roles = Json::array();
    if (info.roles & WEIR_ROLE_SOURCE) roles.push_back("source");
    if (info.roles & WEIR_ROLE_SINK) roles.push_back("sink");
    return roles;
}

Result<std::string> look_for(Instance& instance, CallContext const& call) {
    Result<SourceProxy> source = instance.source();
    if (!source) return source.error();
    auto found = source->discover(call, no_stream);
    if (!found) return found.error();
    return std::string{"connected"};
}

Result<std::string> count_streams(Instance& instance, CallContext const& call) {
    Result<SourceProxy> source = instance.source();
    if (!source) return source.error();
    auto found = source->discover(call, std::nullopt);
    if (!found) return found.error();
    return fmt::format("{} stream{}", found->size(), found->size() == 1 ? "" : "s");
}

Result<std::string> look_at_sink(Instance& instance, CallContext const& call) {
    Result<SinkProxy> sink = instance.sink();
    if (!sink) return sink.error();
    BeginRequest request;
    request.job = request.stream = request.target.name = no_stream;
    Result<std::string> peeked = sink->peek(call, request);
    if (!peeked) return peeked.error();
    return std::string{"positions can be read; nothing was written"};
}

/// A database that is not there yet may be one that the sink makes: its own step tells.
bool is_not_made_yet(Error const& error, ComponentInfo const& info) {
    return (info.roles & WEIR_ROLE_SINK) && error.code.ends_with(".no_database");
}

BeginRequest begin_of(RunPlan const& plan, Task const& task) {
    BeginRequest begin;
    begin.target = target_of(task);
    begin.job = plan.job;
    begin.stream = task.stream;
    return begin;
}

}  // namespace

/// Both ends of a plan, and its streams.
struct Inspector::Ends {
    WarmInstances::Lent source, sink;
    SourceProxy reads;
    SinkProxy writes;
    std::vector<Task> tasks;

    void keep() { source.keep(), sink.keep(); }
};

Inspector::Inspector(Registry& registry, HostServices const& services, Limits const& limits,
                     WarmInstances& instances, SinkGates& gates, Circuits& circuits)
    : registry_{registry},
      services_{services},
      limits_{limits},
      instances_{instances},
      gates_{gates},
      circuits_{circuits} {}

Json Inspector::connectors() {
    Json items = Json::array();
    for (auto const& info : registry_.components()) {
        if (!(info->roles & (WEIR_ROLE_SOURCE | WEIR_ROLE_SINK))) continue;
        Json capabilities = info->meta.is_object() ? info->meta : Json::object();
        capabilities.erase("errors");
        items.push_back({{"type", info->id},
                         {"title", info->title},
                         {"roles", roles_of(*info)},
                         {"schemes", info->schemes},
                         {"config_schema", info->config_schema},
                         {"capabilities", std::move(capabilities)}});
    }
    return {{"items", items}};
}

Result<Json> Inspector::sink(std::string const& connector) {
    Result<Component> component = registry_.load(connector);
    if (!component) return component.error();
    return Json{{"sweeps", component->sink && WEIR_HAS(component->sink, weir_sink, sweep)}};
}

Result<WarmInstances::Lent> Inspector::lend(std::string const& owner,
                                            ConnectorConfig const& connector, std::uint32_t role,
                                            std::string const& job) {
    return instances_.lend({connector, owner, role, job}, nullptr);
}

Result<Json> Inspector::check(std::string const& owner, ConnectorConfig const& connector) {
    Result<Component> component = registry_.load(connector.connector);
    if (!component) return component.error();
    ComponentInfo const& info = *component->info;
    CallContext const call{services_.clock, nullptr, deadline(services_.clock, check_ms_max)};
    CheckSteps steps{services_.clock};
    std::optional<WarmInstances::Lent> lent;
    bool is_new = false;
    steps.step("config", [&]() -> Result<std::string> {
        auto made = lend(owner, connector, info.roles, "");
        if (!made) return made.error();
        lent.emplace(std::move(*made));
        return std::string{"fits the schema; references resolved"};
    });
    if (info.roles & WEIR_ROLE_SOURCE)
        steps.step("connect", [&]() -> Result<std::string> {
            auto looked = look_for(lent->instance(), call);
            is_new = !looked && is_not_made_yet(looked.error(), info);
            return is_new ? std::string{"does not exist yet; the first run makes it"} : looked;
        });
    if ((info.roles & WEIR_ROLE_SOURCE) && !is_new)
        steps.step("streams", [&] { return count_streams(lent->instance(), call); });
    if (info.roles & WEIR_ROLE_SINK)
        steps.step("write", [&] { return look_at_sink(lent->instance(), call); });
    if (steps.is_well()) circuits_.close(Circuits::key_of(owner, connector));
    return steps.answer();
}

Result<Json> Inspector::discover(std::string const& owner, ConnectorConfig const& connector,
                                 std::optional<std::string> const& pattern,
                                 std::int64_t ms) {
    auto lent = lend(owner, connector, WEIR_ROLE_SOURCE, "");
    if (!lent) return lent.error();
    Result<SourceProxy> source = lent->instance().source();
    if (!source) return source.error();
    CallContext const call{services_.clock, nullptr, deadline(services_.clock, ms)};
    auto found = source->discover(call, pattern);
    if (!found) circuits_.note(Circuits::key_of(owner, connector), found.error());
    if (!found) return found.error();
    circuits_.close(Circuits::key_of(owner, connector));
    lent->keep();
    Json streams = Json::array();
    for (FoundStream const& stream : *found) streams.push_back(Json(to_json(stream)));
    return Json{{"streams", streams}};
}

Result<Inspector::Ends> Inspector::open(std::string const& owner, RunPlan const& plan,
                                        CallContext const& call) {
    for (ConnectorConfig const* end : {&plan.source, &plan.sink})
        if (auto up = circuits_.look(Circuits::key_of(owner, *end)); !up) return up.error();
    auto source = lend(owner, plan.source, WEIR_ROLE_SOURCE, plan.job);
    if (!source) return source.error();
    auto sink = lend(owner, plan.sink, WEIR_ROLE_SINK, plan.job);
    if (!sink) return sink.error();
    Result<SourceProxy> reads = source->instance().source();
    if (!reads) return reads.error();
    Result<SinkProxy> writes = sink->instance().sink();
    if (!writes) return writes.error();
    Result<Json> described = sink->instance().describe();
    if (!described) return described.error();
    auto tasks = make_plan(plan.request, {*reads, call, limits_, *described});
    if (!tasks) return tasks.error();
    return Ends{std::move(*source), std::move(*sink), std::move(*reads), std::move(*writes),
                std::move(*tasks)};
}

Result<Json> Inspector::preview(std::string const& owner, RunPlan const& plan, std::int64_t limit) {
    CallContext const call{services_.clock, nullptr, deadline(services_.clock, look_ms_max)};
    Result<Ends> ends = open(owner, plan, call);
    if (!ends) return ends.error();
    Json streams = Json::array();
    for (Task const& task : ends->tasks) {
        Result<Json> seen = preview_of(*ends, plan, task, limit, call);
        if (!seen) return seen.error();
        streams.push_back(std::move(*seen));
    }
    ends->keep();
    return Json{{"streams", streams}};
}

Result<Json> Inspector::preview_of(Ends& ends, RunPlan const& plan, Task const& task,
                                   std::int64_t limit, CallContext const& call) {
    std::int64_t const rows_max = std::clamp<std::int64_t>(limit, 1, preview_rows_max);
    ReadRequest read;
    read.stream = task.stream;
    read.rows_max = static_cast<std::uint32_t>(rows_max);
    read.select = {{"key", task.unique_key}, {"limit", rows_max}};
    if (!plan.request.fields.empty()) read.select["fields"] = plan.request.fields;
    Result<ReaderProxy> reader = ends.reads.open(call, read);
    if (!reader) return reader.error();
    Result<OwnedSchema> schema = reader->schema();
    if (!schema) return schema.error();
    Json items = Json::array();
    while (static_cast<std::int64_t>(items.size()) < rows_max) {
        Result<NextBatch> batch = reader->next(call);
        if (!batch) return batch.error();
        if (batch->is_end) break;
        if (batch->schema_changed) schema = reader->schema();
        if (!schema) return schema.error();
        for (std::int64_t row = 0;
             row < batch->rows && static_cast<std::int64_t>(items.size()) < rows_max; ++row)
            items.push_back(Json(record_json(**schema, *batch->array, row)));
    }
    Result<Start> start = decide_start(plan.request, task.stream, task.key, std::nullopt);
    if (!start) return start.error();
    auto actions =
        ends.writes.prepare(call, target_of(task, start->selection), **schema, true);
    if (!actions) return actions.error();
    return Json{{"stream", task.stream},
                {"target", task.target},
                {"fields", fields_json(task.meta, **schema)},
                {"items", std::move(items)},
                {"actions", actions->actions}};
}

Result<Json> Inspector::position(std::string const& owner, RunPlan const& plan) {
    CallContext const call{services_.clock, nullptr, deadline(services_.clock, look_ms_max)};
    Result<Ends> ends = open(owner, plan, call);
    if (!ends) return ends.error();
    Json streams = Json::array();
    for (Task const& task : ends->tasks) {
        Result<std::string> peeked = ends->writes.peek(call, begin_of(plan, task));
        if (!peeked) return peeked.error();
        Json const found = Json::parse(*peeked, nullptr, false);
        Json stream{{"stream", task.stream},
                    {"target", task.target},
                    {"cursor", nullptr},
                    {"rows", 0},
                    {"updated_at", nullptr}};
        if (found.is_object()) {
            std::string const cursor = shown_cursor(found.value("cursor", ""));
            if (!cursor.empty()) stream["cursor"] = cursor;
            stream["rows"] = found.value("rows", 0);
            stream["updated_at"] = found.value("updated_at", "");
        }
        streams.push_back(std::move(stream));
    }
    ends->keep();
    return Json{{"streams", streams}};
}

Result<Json> Inspector::reset(std::string const& owner, RunPlan const& plan) {
    CallContext const call{services_.clock, nullptr, deadline(services_.clock, look_ms_max)};
    Result<Ends> ends = open(owner, plan, call);
    if (!ends) return ends.error();
    Result<std::string> identity = identity_of(ends->sink.instance());
    if (!identity) return identity.error();
    std::atomic<bool> const never{false};
    SinkTurn turn{gates_.at(*identity), never};
    Json streams = Json::array();
    for (Task const& task : ends->tasks) {
        if (Result<void> taken = turn.take(); !taken) return taken.error();
        BeginRequest begin = begin_of(plan, task);
        Result<std::string> peeked = ends->writes.peek(call, begin);
        if (!peeked) return peeked.error();
        // With the note of how it was read: the next run is to find its choices unchanged.
        Json const found = Json::parse(*peeked, nullptr, false);
        if (found.is_object()) begin.spec = found.value("spec", "");
        begin.reset = true;
        std::uint64_t epoch = 0;
        std::string cursor;
        Result<WriterProxy> writer = ends->writes.begin(call, begin, epoch, cursor);
        if (!writer) return writer.error();
        CommitRequest commit;
        commit.final = true;
        if (auto done = writer->commit(call, commit); !done) return done.error();
        turn.give();
        streams.push_back({{"stream", task.stream}, {"target", task.target}});
    }
    ends->keep();
    return Json{{"streams", streams}};
}

}  // namespace weir::host
